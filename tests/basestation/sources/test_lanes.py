"""Several connections read one file: every byte once and in order, whatever they do."""

from __future__ import annotations

import asyncio
import math
import random

import pytest

from paddock.basestation.sources import lanes
from paddock.basestation.sources.lanes import MAX_LANES, Blocks, Kept, LanesRead, Pace, Put, Span
from paddock.errors import Conflict, Unavailable

DATA = random.Random(1).randbytes(3_000_000)
BLOCKS = [
    pytest.param(Blocks(16 * 1024, 128 * 1024, in_turn=False), id="sftp"),
    pytest.param(Blocks(64 * 1024, 1024 * 1024, in_turn=True), id="http"),
]


class FakeLane:
    """Gives bytes in pieces of any size, until it breaks."""

    def __init__(self, car: FakeCar, breaks_after: int | None) -> None:
        self._car = car
        self._left = breaks_after

    async def fetch(self, span: Span, put: Put) -> None:
        while span.at < span.end:
            await asyncio.sleep(0)
            size = self._car.random.randint(1, 40_000)
            piece = self._car.data[span.at : min(span.end, span.at + size)]
            if self._left is not None:
                self._left -= len(piece)
                if self._left < 0:
                    raise Unavailable("The connection is lost.", code="away")
            if not piece:
                return
            self._car.sent += len(piece)
            await put(span, piece)

    async def check(self) -> None:
        self._car.checks += 1
        if self._car.changed:
            raise Conflict("It is being written.", code="changed")

    async def close(self) -> None:
        self._car.open -= 1


class FakeCar:
    def __init__(
        self, data: bytes = DATA, breaks_after: dict[int, int] | None = None, most: int = MAX_LANES
    ) -> None:
        self.data = data
        self.random = random.Random(7)
        self.breaks_after = breaks_after or {}
        self.most = most
        self.sent = self.checks = self.open = 0
        self.changed = False

    async def lane(self, number: int) -> FakeLane | None:
        if number >= self.most:
            return None
        self.open += 1
        return FakeLane(self, self.breaks_after.get(number))


async def read(
    car: FakeCar, blocks: Blocks, pace: Pace | None = None, kept: Kept | None = None, offset: int = 0
) -> bytes:
    reading = LanesRead(car.lane, pace or Pace(), kept or Kept(), blocks)
    return b"".join([piece async for piece in reading.read(offset, len(DATA))])


def of_a_slow_link() -> Pace:
    """One that is never measured again, however fast the tests are."""
    return Pace(lanes=MAX_LANES, bytes_s=600_000, reads=1, measured_at=math.inf)


@pytest.mark.anyio
@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("lanes_before", [1, MAX_LANES])
async def test_every_byte_comes_once_and_in_order(blocks: Blocks, lanes_before: int) -> None:
    car = FakeCar()
    assert await read(car, blocks, Pace(lanes=lanes_before, bytes_s=600_000)) == DATA
    assert (car.sent, car.checks, car.open) == (len(DATA), 1, 0)


@pytest.mark.anyio
@pytest.mark.parametrize("blocks", BLOCKS)
async def test_what_a_broken_lane_owed_the_others_bring(blocks: Blocks) -> None:
    car = FakeCar(breaks_after={0: 200_000, 2: 50_000, 3: 0})
    assert await read(car, blocks, of_a_slow_link()) == DATA
    assert car.open == 0


@pytest.mark.anyio
@pytest.mark.parametrize("blocks", BLOCKS)
async def test_after_a_cut_reading_goes_on_and_nothing_that_came_is_asked_for_again(blocks: Blocks) -> None:
    kept, got = Kept(), bytearray()
    sent = 0
    for _ in range(1000):
        car = FakeCar(breaks_after=dict.fromkeys(range(MAX_LANES), 60_000))
        reading = LanesRead(car.lane, of_a_slow_link(), kept, blocks)
        try:
            async for piece in reading.read(len(got), len(DATA)):
                got += piece
            break
        except Unavailable:
            continue
        finally:
            sent += car.sent
    assert bytes(got) == DATA
    assert sent == len(DATA)


@pytest.mark.anyio
@pytest.mark.parametrize("blocks", BLOCKS)
async def test_what_came_in_order_is_given_before_the_failure(blocks: Blocks) -> None:
    car, kept, got = FakeCar(breaks_after={0: 1_000_000}), Kept(), bytearray()
    with pytest.raises(Unavailable):
        async for piece in LanesRead(car.lane, Pace(), kept, blocks).read(0, len(DATA)):
            got += piece
    assert bytes(got) == DATA[: len(got)]
    assert len(got) not in kept.blocks
    assert len(got) + sum(map(len, kept.blocks.values())) == car.sent > 0


@pytest.mark.anyio
@pytest.mark.parametrize("blocks", BLOCKS)
async def test_a_file_that_became_shorter_ends_early_and_is_looked_at(blocks: Blocks) -> None:
    car = FakeCar(DATA[:1_234_567])
    car.changed = True
    with pytest.raises(Conflict):
        await read(car, blocks, of_a_slow_link())
    assert car.open == 0


@pytest.mark.anyio
@pytest.mark.parametrize("blocks", BLOCKS)
async def test_a_car_that_takes_fewer_connections_is_read_through_those(blocks: Blocks) -> None:
    car, pace = FakeCar(most=3), of_a_slow_link()
    assert await read(car, blocks, pace) == DATA
    assert pace.lanes == 3


@pytest.mark.anyio
async def test_a_reader_who_waits_lets_no_more_come_than_fits() -> None:
    car = FakeCar(bytes(64_000_000))
    reading = LanesRead(car.lane, Pace(bytes_s=1e9), Kept(), Blocks(64 * 1024, 1024 * 1024, in_turn=True))
    pieces = reading.read(0, len(car.data))
    await anext(pieces)
    for _ in range(3000):
        await asyncio.sleep(0)
    assert car.sent <= 2 * lanes.MAX_AHEAD + 100_000
    await pieces.aclose()
    assert car.open == 0


@pytest.mark.anyio
async def test_an_empty_file_is_looked_at_and_has_no_bytes() -> None:
    car = FakeCar(b"")
    reading = LanesRead(car.lane, Pace(), Kept(), Blocks(16, 128, in_turn=False))
    assert [piece async for piece in reading.read(0, 0)] == []
    assert car.checks == 1


def test_a_slow_link_gets_all_lanes_a_fast_one_no_second() -> None:
    slow, fast = Pace(bytes_s=100_000), Pace(bytes_s=80e6)
    slow.judge(10)
    fast.judge(10)
    assert (slow.lanes, fast.lanes) == (MAX_LANES, 1)


def test_lanes_are_doubled_while_that_brings_more() -> None:
    pace, now = Pace(bytes_s=5e6), 10.0
    for bytes_s, expected in ((5e6, 2), (9e6, 4), (9.5e6, 2), (20e6, 2)):
        pace.bytes_s = bytes_s
        pace.judge(now)
        assert pace.lanes == expected
        now += 2
    pace.judge(now + 100)  # after a while it is tried again
    assert pace.lanes == 4
