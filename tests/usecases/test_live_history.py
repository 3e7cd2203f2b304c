"""A live plot goes on into the recordings of its device: nothing of what was sent is missing, and nothing twice."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from paddock.device_log.reader import Reader
from paddock.domain.devices import StreamCuts
from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.domain.streams import StreamState
from paddock.errors import NotFound
from paddock.usecases.live.history import live_plot
from paddock.usecases.live.live import Live
from paddock.usecases.streams.decoders import Decoders
from tests.usecases.conftest import Team
from tests.usecases.test_recorder import T, Track

pytestmark = [pytest.mark.anyio, pytest.mark.slow("converts recordings")]
MS = NS_PER_S // 1000


class Site(Track):
    """A site beside the device and the recorder: what is sent is also in its memory."""

    def __init__(self, team: Team, folder: Path) -> None:
        super().__init__(team, folder)
        self.decoders = Decoders(self.context)

    async def follow(self) -> None:
        """Take what came since."""
        await self.decoders.refresh()
        live = self.context.watching.live
        assert self.context.device_log is not None
        with Reader(self.context.device_log, live.sequence) as reader:
            for entry in reader.entries():
                live.take(entry.device_id, entry.position, entry.received_ns, self.decoders.decode(entry).samples)

    def forgets(self, position: int) -> None:
        """The site is started anew, and its memory begins at a position."""
        self.context.watching.live = Live()
        self.context.watching.live.begin(position)

    async def drawn(self, name: str = "box.a", start_s: float = T / 1e9 - 10) -> list[tuple[int, object]]:
        """Milliseconds since the first message, and values."""
        plot = await live_plot(self.context, "box", [name], start_s, self.now_ns / 1e9 + 10, 50_000)
        (series,) = plot.series
        return [
            (round((at - T / 1e9) * 1e3), value) for at, value in zip(series.seconds, series.values, strict=True)
        ]


@pytest.fixture
def site(team: Team, tmp_path: Path) -> Site:
    return Site(team, tmp_path)


@pytest.mark.parametrize("seed", range(2))
async def test_all_that_was_sent_is_drawn_once_wherever_it_was_cut_and_the_memory_begins(
    site: Site, seed: int
) -> None:
    chance = random.Random(seed)
    await site.add(cuts=StreamCuts(idle_s=1_000, max_s=20, max_bytes=10**9))
    sent: dict[int, float] = {}
    for number in range(120):
        # Some are kept while there is no link and come late, some come again.
        at_ms = number * 500 if chance.random() < 0.9 else number * 500 - chance.randrange(3_000) * 2 - 1
        again = chance.random() < 0.1 and sent
        at_ms = chance.choice(list(sent)) if again else at_ms
        sent.setdefault(at_ms, float(number))
        site.send({"timestamp": (T + at_ms * MS) / 1e9, "a": sent[at_ms]}, after_s=0.5)
        if chance.random() < 0.05:
            await site.record()
        if chance.random() < 0.05:
            await site.team.work()
    await site.record()
    await site.team.work()
    streams = await site.streams()
    assert [each.state for each in streams][-1] is StreamState.LIVE and len(streams) > 2
    # As early as the memory may begin, so that all is there: with the stream that is live.
    site.forgets(chance.choice([0, *(each.last_position for each in streams[:-1])]))
    await site.follow()
    assert await site.drawn() == sorted(sent.items())


async def test_until_a_recording_can_be_read_the_memory_has_what_is_in_it(site: Site) -> None:
    await site.add(cuts=StreamCuts(idle_s=1_000, max_s=10, max_bytes=10**9))
    for number in range(25):
        site.send({"timestamp": T / 1e9 + number, "a": float(number), "on": number % 2 == 0}, after_s=1)
    await site.follow()
    everything = [(number * 1000, float(number)) for number in range(25)]
    assert await site.drawn() == everything
    await site.record()
    assert await site.drawn() == everything, "two recordings, not converted"
    await site.team.work()
    assert await site.drawn() == everything
    assert await site.drawn(start_s=T / 1e9 + 3.5) == everything[3:], (
        "with the one before, so that the line goes on"
    )
    assert [value for _, value in await site.drawn("box.on")] == [number % 2 == 0 for number in range(25)]


async def test_a_signal_that_is_new_or_was_another_kind_is_drawn_with_what_there_is(site: Site) -> None:
    await site.add()
    for number in range(5):
        site.send({"timestamp": T / 1e9 + number, "a": "off" if number < 3 else 1.0}, after_s=1)
    await site.record(until_s=61)
    await site.team.work()
    (stream,) = await site.streams()
    site.forgets(stream.last_position)
    site.send({"timestamp": site.now_ns / 1e9, "a": 7.0, "b": 8.0})
    await site.follow()
    assert [value for _, value in await site.drawn()] == [7.0]
    assert [value for _, value in await site.drawn("box.b")] == [8.0]


async def test_of_what_sends_nothing_it_is_said_where_its_recordings_are(site: Site) -> None:
    async def said() -> str:
        with pytest.raises(NotFound) as refused:
            await site.drawn()
        assert refused.value.code == "nothing_live"
        return refused.value.message

    assert "No device has the id box" in await said()
    await site.add()
    assert "has no recording yet" in await said()
    site.send({"timestamp": T / 1e9, "a": 1.0})
    await site.record(until_s=61)
    (stream,) = await site.streams()
    assert f"/recordings/{stream.recording[:16]}" in (sentence := await said())
    assert to_rfc3339(stream.received_ns) in sentence and "/devices/box" in sentence


async def test_times_of_a_clock_that_is_wrong_by_years_join_nothing(site: Site) -> None:
    await site.add()
    site.send({"timestamp": T / 1e9 - 10**8, "a": 1.0})
    await site.record(until_s=61)
    await site.team.work()
    site.send({"timestamp": T / 1e9 - 10**8 + 61, "a": 2.0})
    await site.follow()
    drawn = await site.drawn(start_s=1.0)
    assert [value for _, value in drawn] == [1.0, 2.0] and np.all(np.diff([at for at, _ in drawn]) > 0)
    assert drawn[0][0] == 0, "when it came"
