"""The agent as a whole, on real folders and on cars that come and go."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from paddock.basestation import look, pull, pulling
from paddock.basestation.ledger import open_ledger
from paddock.basestation.look import Place
from paddock.basestation.observed import Observed
from paddock.basestation.sources.directory import DirectorySource
from paddock.basestation.sources.source import SeenFile
from paddock.basestation.status import CarStatus
from paddock.domain.sidecar import Sidecar, parse_sidecar
from paddock.errors import Conflict, NotFound, Unavailable
from tests.basestation.offloading import CLOUD, MemorySource, Station, some_bytes


@pytest.fixture
def station(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Station:
    monkeypatch.setattr(look, "_LOOK_EVERY_S", 0.005)
    monkeypatch.setattr(look, "_FIRST_RETRY_S", 0.005)
    monkeypatch.setattr(pulling, "_FIRST_RETRY_S", 0.005)
    return Station(tmp_path / "ledger")


@pytest.mark.slow("a thousand logs")
def test_a_thousand_small_logs(station: Station, tmp_path: Path) -> None:
    car = tmp_path / "car"
    for number in range(1000):
        folder = car / f"day {number % 7}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.mcap").write_bytes(b"%d" % (number // 2))
    station.offload(DirectorySource(car))
    station.must_have(*(b"%d" % number for number in range(500)))
    assert station.excess_bytes == 0


def test_several_cars_at_once_of_which_one_is_away(station: Station, tmp_path: Path) -> None:
    first, second, away = (
        MemorySource({"1.mcap": b"a"}),
        MemorySource({"1.mcap": b"b", "2.mcap": b"a"}),
        MemorySource(),
    )
    for number, car in enumerate((first, second, away)):
        car.place = f"car {number}"
    away.is_away = True
    station.offload(first, second, away)
    station.must_have(b"a", b"b")
    assert [line for line in station.lines if "away" in line] == [
        "car 2 is away: the car is away It is waited for."
    ]


def test_the_newest_is_pulled_first(station: Station) -> None:
    car = MemorySource({f"{number}.mcap": some_bytes(number, 5_000_000) for number in range(3)})
    car.modified = {"0.mcap": 5, "1.mcap": 9, "2.mcap": 1}
    order: list[str] = []
    car.reading = lambda name, offset: order.append(name)
    car.piece_bytes = 1 << 20
    station.offload(car)
    assert list(dict.fromkeys(order)) == ["1.mcap", "0.mcap", "2.mcap"]


def test_what_came_later_is_newer_whatever_the_cars_clock_says(station: Station) -> None:
    car = MemorySource({"old.mcap": some_bytes(1, 5_000_000)})
    car.modified["old.mcap"] = 10**18
    car.cuts = [0] * 10
    station.offload(car)
    car.cuts = []
    car.files["after re-imaging.mcap"] = some_bytes(2, 5_000_000)
    order: list[str] = []
    car.reading = lambda name, offset: order.append(name)
    station.offload(car)
    assert order[0] == "after re-imaging.mcap"


def test_sending_does_not_wait_for_the_last_log(station: Station) -> None:
    car = MemorySource({"new.mcap": b"new", "old.mcap": some_bytes(1, 5_000_000)})
    car.modified = {"new.mcap": 9, "old.mcap": 1}
    stored_meanwhile: list[int] = []
    car.reading = lambda name, offset: stored_meanwhile.append(len(station.stored))
    car.piece_bytes, car.piece_s = 64 * 1024, 0.01
    station.offload(car)
    assert stored_meanwhile[0] == 0
    assert stored_meanwhile[-1] == 1


def test_the_active_recording_is_left_alone_until_it_is_closed(station: Station) -> None:
    car = MemorySource({"1.mcap": b"done", "2.mcap": b"recording"})
    car.closed["2.mcap"] = False
    station.offload(car)
    station.must_have(b"done")
    car.files["2.mcap"], car.closed["2.mcap"] = b"recording, done", True
    station.offload(car)
    station.must_have(b"done", b"recording, done")


def test_where_nobody_says_that_a_log_is_closed_it_is_when_it_has_not_changed_for_a_while(station: Station) -> None:
    station.settle_s = 0.3
    car = MemorySource({"1.mcap": b"done", "2.mcap": b"growing"})
    car.closed = {"1.mcap": None, "2.mcap": None}

    async def work() -> None:
        with station.agent(car) as agent:
            running = asyncio.create_task(agent.run(once=False))
            while not station.stored:
                car.files["2.mcap"] += b"."
                await asyncio.sleep(0.02)
            car.files["3.mcap"], car.closed["3.mcap"] = b"closed at once", True
            while len(station.stored) < 3:
                await asyncio.sleep(0.02)
            running.cancel()
            await asyncio.wait([running])

    asyncio.run(work())
    station.must_have(b"done", car.files["2.mcap"], b"closed at once")


def test_an_empty_file_is_no_log_yet(station: Station) -> None:
    car = MemorySource({"1.mcap": b""})
    station.offload(car)
    station.must_have()
    car.files["1.mcap"] = b"now"
    station.offload(car)
    station.must_have(b"now")


def test_a_car_that_comes_goes_and_comes_again(station: Station) -> None:
    car = MemorySource({"1.mcap": some_bytes(1, 200_000)})
    car.is_away = True

    async def work() -> None:
        with station.agent(car) as agent:
            running = asyncio.create_task(agent.run(once=False))
            await asyncio.sleep(0.1)
            car.reading = lambda name, offset: setattr(car, "is_away", offset > 50_000)
            car.is_away = False
            while not car.is_away:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            car.reading = lambda name, offset: None
            car.is_away = False
            while not station.stored:
                await asyncio.sleep(0.01)
            running.cancel()
            await asyncio.wait([running])

    asyncio.run(work())
    station.must_have(some_bytes(1, 200_000))
    assert station.excess_bytes <= 2 * pull.OVERLAP_BYTES
    # One line when it comes and one when it goes, however often it is looked for meanwhile.
    said = [line.partition(",")[0].partition(":")[0] for line in station.lines if line.startswith("memory")]
    assert said == ["memory is away", "memory is there", "memory is away", "memory is there"]


def test_logs_of_another_stick_in_the_same_place(station: Station, tmp_path: Path) -> None:
    place = tmp_path / "usb"
    for stick in ("first", "second"):
        (tmp_path / stick).mkdir()
        (tmp_path / stick / "1.mcap").write_text(f"log of {stick}")
        os.utime(tmp_path / stick / "1.mcap", (len(stick), len(stick)))
    for stick in ("first", "second", "first", "second"):
        (tmp_path / stick).rename(place)
        station.offload(DirectorySource(place))
        place.rename(tmp_path / stick)
        place.mkdir()  # where it was mounted
        station.offload(DirectorySource(place))
        place.rmdir()
    station.must_have(b"log of first", b"log of second")
    assert station.excess_bytes == 0


def test_one_process_at_a_time(station: Station) -> None:
    with (
        station.agent(MemorySource()),
        pytest.raises(Conflict, match=r"Another `paddock offload` works with .*ledger: stop it, or"),
        station.agent(MemorySource()),
    ):
        pass


def test_what_one_server_lacks_stays_here(station: Station) -> None:
    car = MemorySource({"1.mcap": b"one"})
    station.offload(car)
    with station.agent(car) as agent:
        (log,) = agent.ledger.logs()
        assert agent.ledger.droppable([CLOUD]) == [log]
        assert agent.ledger.droppable([CLOUD, "http://another"]) == []
        assert agent.ledger.droppable([]) == []


def test_an_answer_says_how_it_was_when_it_was_asked_for(tmp_path: Path) -> None:
    """A bad link may hold it up while the car records another log: the screen is not green because of it."""

    class SlowSource(MemorySource):
        async def look(self) -> Sequence[SeenFile]:
            answer = await super().look()
            self.files["newer.mcap"], self.answered_ns = b"newer", time.time_ns()
            return answer

    car, observed = SlowSource({"1.mcap": b"a"}), Observed()
    observed.cars[car.place] = CarStatus(place=car.place, name="car")
    with open_ledger(tmp_path / "ledger") as ledger:
        asyncio.run(Place(car, ledger, observed, 0).look())
    looked_ns = observed.cars[car.place].looked_ns
    assert looked_ns is not None
    assert looked_ns < car.answered_ns


def test_a_log_that_grows_on_keeps_no_run_that_ends_by_itself_from_ending(station: Station) -> None:
    station.settle_s = 0.2
    car = MemorySource({"1.mcap": b"done", "2.mcap": b"growing"})
    car.closed = {"1.mcap": None, "2.mcap": None}
    look = car.look

    async def grow_and_look() -> Sequence[SeenFile]:
        car.files["2.mcap"] += b"."
        return await look()

    car.look = grow_and_look  # type: ignore[method-assign]
    station.offload(car)
    station.must_have(b"done")


class Contrary(MemorySource):
    """Shows what it does not give."""

    def __init__(self, trouble: Exception) -> None:
        super().__init__({"1.mcap": b"done", "2.mcap": some_bytes(1, 100_000)})
        self.trouble = trouble
        self.reads = 0

    async def read(self, seen: SeenFile, offset: int) -> AsyncIterator[bytes]:
        self.reads += seen.name == "2.mcap"
        async for piece in super().read(seen, offset):
            yield piece
            if seen.name == "2.mcap":
                raise self.trouble


@pytest.mark.parametrize(
    "trouble",
    [NotFound("It is not there."), Conflict("It is being written."), Unavailable("At byte 9.", code="unreadable")],
    ids=["gone", "written", "unreadable"],
)
def test_what_a_place_shows_and_never_gives_is_given_up(station: Station, trouble: Exception) -> None:
    car = Contrary(trouble)
    station.offload(car)
    assert len(station.stored) == 1
    assert car.reads < 10
    with open_ledger(station.folder) as ledger:
        assert [file.trouble for file in ledger.files() if file.sha256 is None] == [str(trouble)]


def test_a_car_whose_hash_is_wrong_does_not_give_the_log_again_and_again(station: Station) -> None:
    car = MemorySource({"1.mcap": some_bytes(1, 100_000)})
    seen = car.seen

    def wrong(name: str) -> SeenFile:
        return msgspec.structs.replace(seen(name), sha256="0" * 64)

    car.seen = wrong  # type: ignore[method-assign]
    station.offload(car)
    station_has = list((station.folder / "files").iterdir())
    assert station_has == [] and car.given_bytes <= 5 * 100_000


@pytest.mark.parametrize(
    "said",
    [
        {"clock_offset_ns": 10**30},
        {"clock_offset_ns": -9 * 10**18},
        {"sha256": "none"},
        {"trouble": None, "metadata": {"driver": "\ud800", "x" * 101: "y", "notes": "n" * 20_001}},
        {"metadata": {str(number): "x" for number in range(200)}},
    ],
    ids=["far", "too far", "hash", "metadata", "many fields"],
)
def test_what_no_log_can_have_is_not_believed(station: Station, said: dict[str, Any]) -> None:
    car = MemorySource({"1.mcap": b"one"})
    seen = car.seen
    car.seen = lambda name: msgspec.structs.replace(seen(name), **said)  # type: ignore[method-assign]
    station.offload(car)
    station.must_have(b"one")
    with open_ledger(station.folder) as ledger:
        (log,) = ledger.logs()
    assert Sidecar(log.metadata, log.clock_offset_ns) == parse_sidecar(
        Sidecar(log.metadata, log.clock_offset_ns).to_bytes(), "1.mcap.json"
    )


@pytest.mark.parametrize("size_bytes", [-1, 10**30])
def test_a_size_that_no_file_has_is_a_trouble(station: Station, size_bytes: int) -> None:
    car = MemorySource({"1.mcap": b"one", "2.mcap": b"two"})
    seen = car.seen
    impossible = {"1.mcap": size_bytes}
    car.seen = lambda name: msgspec.structs.replace(  # type: ignore[method-assign]
        seen(name), size_bytes=impossible.get(name, 3)
    )
    station.offload(car)
    station.must_have(b"two")
    with open_ledger(station.folder) as ledger:
        assert [file.seen.trouble for file in ledger.files() if file.sha256 is None] == [
            "The car says that it has a size which no file has."
        ]
