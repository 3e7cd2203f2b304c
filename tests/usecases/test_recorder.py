"""The recorder: what devices sent is in exactly one recording, wherever it was killed."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import io
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from mcap.reader import make_reader

from paddock.device_log.entry import Entry, Kind
from paddock.domain.alerts import AlertState
from paddock.domain.devices import Device, StreamCuts
from paddock.domain.instants import NS_PER_S
from paddock.domain.principal import LOCAL_USER
from paddock.domain.streams import Stream, StreamState
from paddock.ports.documents import Sort
from paddock.usecases.devices.devices import add_device, change_device, cut_stream
from paddock.usecases.devices.schemas import keep_schema
from paddock.usecases.intake import take_file
from paddock.usecases.streams import into_recording, recorder
from paddock.usecases.streams.recorder import Recorder
from paddock.usecases.streams.stream_file import StreamFile
from tests.usecases.conftest import Team
from tests.usecases.test_streams import car, car_schema

pytestmark = pytest.mark.anyio

T = 1_776_522_720 * NS_PER_S
CUTS = StreamCuts(idle_s=60, max_s=3_600, max_bytes=10**9)


class Track:
    """A device whose clock and Paddock's are the test's."""

    def __init__(self, team: Team, folder: Path) -> None:
        self.team, self.folder, self.now_ns, self.runs = team, folder, T, 0
        self.context = dataclasses.replace(team.context, now=lambda: self.now_ns)

    async def add(self, name: str = "box", **said: Any) -> Device:
        device = Device(id="", name=name, **{"cuts": CUTS, "car": "HT09", **said})
        return await add_device(self.context, LOCAL_USER, device)

    def send(self, *messages: Any, device: str = "box", kind: Kind = Kind.DATA, after_s: float = 0) -> None:
        self.now_ns += int(after_s * NS_PER_S)
        entries = [
            Entry(device, kind, self.now_ns, "", each if isinstance(each, bytes) else json.dumps(each).encode())
            for each in messages
        ]
        self.context.appender().append(entries).result()

    async def record(self, *, until_s: float = 0) -> Recorder:
        """One recorder's life: it reads all there is, looks at the clock, and is gone without another word."""
        self.now_ns += int(until_s * NS_PER_S)
        self.runs += 1
        scratch = self.folder / f"scratch-{self.runs}"
        scratch.mkdir()
        made = Recorder(self.context, scratch)
        stop = asyncio.Event()
        running = asyncio.ensure_future(made.run(stop))
        while not running.done() and not made.has_caught_up:
            await asyncio.sleep(0.005)
        stop.set()
        await running
        return made

    async def streams(self) -> Sequence[Stream]:
        return (await self.context.documents.streams.find(sort=Sort("first_position"), limit=500)).items

    async def recorded(self) -> list[list[dict[str, Any]]]:
        """The messages of each recording in ``incoming/``, in their order."""
        found = []
        for stream in await self.streams():
            if stream.state is StreamState.RECORDED:
                found.append(await self.messages_of(stream))
        return found

    async def messages_of(self, stream: Stream) -> list[dict[str, Any]]:
        key = f"incoming/{stream.id}-{stream.last_position:x}"
        data = b"".join([piece async for piece in self.context.objects.read(key)])
        reader = make_reader(io.BytesIO(data))
        return [json.loads(message.data) for _, _, message in reader.iter_messages(log_time_order=False)]


@pytest.fixture
def track(team: Team, tmp_path: Path) -> Track:
    return Track(team, tmp_path)


async def test_a_stream_that_is_idle_becomes_a_recording_like_every_other(track: Track) -> None:
    await track.add(type="tires")
    for n in range(10):
        track.send({"timestamp": (T + n * NS_PER_S) / 1e9, "seq": n, "temp": 80 + n}, after_s=1)
    await track.record()
    (live,) = await track.streams()
    assert (live.state, live.messages, live.device, live.car) == (StreamState.LIVE, 10, "box", "HT09")
    await track.record(until_s=61)
    (done,) = await track.streams()
    assert (done.id, done.state, done.messages) == (live.id, StreamState.RECORDED, 10)
    await track.team.work()
    recording = await track.team.recording(done.recording)
    assert recording.status == "ready" and recording.uploaded_by == "box"
    assert recording.metadata["car"].value == "HT09" and recording.clock_offset_ns is None
    assert recording.started_ns == T and recording.message_count == 10
    assert recording.name == "box_2026-04-18_143201Z.mcap"
    signals = (await track.context.documents.signals.find(limit=10)).items
    assert [(each.name, each.min, each.max) for each in signals] == [("tires.temp", 80, 89)]


async def test_it_is_cut_by_time_by_size_and_by_an_action(track: Track) -> None:
    device = await track.add(cuts=StreamCuts(idle_s=1_000, max_s=100, max_bytes=10**9))
    for n in range(5):
        track.send({"n": n}, after_s=30)
    await track.record()
    assert await track.recorded() == [[{"n": n} for n in range(4)]]
    await change_device(
        track.context, LOCAL_USER, device.id, {"cuts": StreamCuts(idle_s=1_000, max_s=10**6, max_bytes=20)}
    )
    track.send({"n": 5}, {"n": 6}, after_s=30)
    await track.record()
    assert [len(each) for each in await track.recorded()] == [4, 2]
    track.now_ns += NS_PER_S
    await cut_stream(track.context, LOCAL_USER, device.id)
    await track.record(until_s=1)
    assert [len(each) for each in await track.recorded()] == [4, 2, 1]
    assert {each.state for each in await track.streams()} == {StreamState.RECORDED}


async def test_messages_that_come_again_are_in_it_once(track: Track) -> None:
    await track.add()
    first = {"timestamp": T / 1e9, "seq": 1, "a": 1}
    track.send(first, first, {**first, "seq": 2}, {**first, "timestamp": T / 1e9 + 1}, [first, first])
    track.send({"a": 1}, {"a": 1})
    await track.record(until_s=61)
    (stream,) = await track.streams()
    assert (stream.messages, stream.duplicates) == (5, 3), "without a time and a number each is new"
    track.send(first, {**first, "seq": 9}, after_s=1)
    await track.record(until_s=61)
    assert [len(each) for each in await track.recorded()] == [5, 1], "also in the next recording"


async def test_gaps_of_the_radio_are_known_by_numbers_or_by_silence(track: Track) -> None:
    await track.add()
    for n in (0, 1, 2, 5, 6):
        track.send({"timestamp_ms": T // 10**6 + n * 100, "seq": n, "a": n}, after_s=0.1)
    for n in (*range(20), 60):
        track.send({"timestamp_ms": T // 10**6 + n * 100, "topic": "b", "a": n}, after_s=0.1)
    await track.record(until_s=61)
    (stream,) = await track.streams()
    assert (stream.gap_count, stream.missing) == (2, 2)
    by_number, by_silence = stream.gaps
    assert (by_number.from_ns, by_number.until_ns, by_number.missing) == (T + 2 * 10**8, T + 5 * 10**8, 2)
    assert (by_silence.from_ns, by_silence.until_ns) == (T + 19 * 10**8, T + 60 * 10**8)


async def test_a_wrong_clock_is_said_and_corrects_the_start(track: Track) -> None:
    await track.add()
    for n in range(3):
        track.send({"timestamp": T // NS_PER_S + n - 7_200, "a": n}, after_s=1)
    await track.record()
    state = await track.context.documents.device_states.get("box")
    assert state is not None and state.clock_offset_ns == 7_201 * NS_PER_S
    await track.record(until_s=61)
    (stream,) = await track.streams()
    await track.team.work()
    recording = await track.team.recording(stream.recording)
    assert recording.clock_offset_ns == 7_201 * NS_PER_S
    assert recording.started_ns == T + NS_PER_S


async def test_what_is_known_of_a_device_and_what_was_refused_is_written_down_once(track: Track) -> None:
    await track.add()
    track.send({"a": 1.5, "deep": {"b": "x"}}, b"nonsense", {"a": 2.5}, [1], after_s=1)
    track.send({"text": "hot"}, kind=Kind.ALERTS, after_s=1)
    await track.record()
    await track.record()
    state = await track.context.documents.device_states.get("box")
    latest = await track.context.documents.device_latest.get("box")
    assert state is not None and latest is not None
    assert (state.last_seen_ns, state.messages) == (track.now_ns, 2)
    assert state.refused == {"not_json": 1, "not_an_object": 1}
    assert {name: each.value for name, each in latest.values.items()} == {"box.a": 2.5, "box.deep.b": "x"}
    (alert,) = (await track.context.documents.alerts.find()).items
    assert (alert.text, alert.device, alert.car) == ("hot", "box", "HT09")


async def test_silence_is_an_alarm_that_clears_by_itself(track: Track) -> None:
    await track.add(timeout_s=10)
    await track.add("other", timeout_s=1_000)
    track.send({"a": 1})
    track.send({"a": 1}, device="other")
    await track.record(until_s=9.9)
    assert (await track.context.documents.alerts.find()).items == ()
    await track.record(until_s=0.2)
    await track.record(until_s=5)
    (alert,) = (await track.context.documents.alerts.find()).items
    assert (alert.key, alert.state, alert.count) == ("silence/box", AlertState.FIRING, 1)
    assert alert.fired_at == T + 10 * NS_PER_S and alert.text == "box has sent nothing for 10 s."
    track.send({"a": 2})
    await track.record()
    (alert,) = (await track.context.documents.alerts.find()).items
    assert alert.state is AlertState.CLEARED


async def test_names_made_up_anew_fill_no_disk_and_cost_no_other(track: Track) -> None:
    await track.add()
    await track.add("other")
    for n in range(25):
        track.send({f"f{n}_{i}": i for i in range(100)})
    track.send({"a": 1}, device="other")
    await track.record(until_s=61)
    state = await track.context.documents.device_states.get("box")
    assert state is not None and state.refused == {"too_many_fields": 5}
    assert [len(each) for each in await track.recorded()] == [20, 1]


async def test_a_message_on_which_paddock_fails_costs_itself(track: Track, monkeypatch: pytest.MonkeyPatch) -> None:
    await track.add()
    real = StreamFile.add

    def fails(self: StreamFile, entry: Entry, *given: Any) -> Any:
        if b"poison" in entry.payload:
            raise RuntimeError("a mistake of ours")
        return real(self, entry, *given)

    monkeypatch.setattr(StreamFile, "add", fails)
    track.send({"n": 1}, {"poison": 2}, {"n": 3})
    await track.record(until_s=61)
    assert await track.recorded() == [[{"n": 1}, {"n": 3}]]
    state = await track.context.documents.device_states.get("box")
    assert state is not None and state.refused == {"internal_error": 1}


class Killed(BaseException):
    """``kill -9``."""


@pytest.mark.slow("many lives of a recorder")
@pytest.mark.parametrize("seed", range(4))
async def test_killed_anywhere_every_message_is_in_exactly_one_recording(
    track: Track, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    left = 0

    def may_be_killed(module: Any, name: str) -> None:
        real = getattr(module, name)

        def killed_before_or_after(*given: Any, **more: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed
            result = real(*given, **more)
            left -= 1
            if left == 0 and not asyncio.iscoroutine(result):
                raise Killed
            return result

        monkeypatch.setattr(module, name, killed_before_or_after)

    may_be_killed(recorder, "keep_streams")
    may_be_killed(recorder, "take_in_stream")
    may_be_killed(recorder, "take_device_alerts")
    may_be_killed(take_file, "accept")
    may_be_killed(into_recording, "load_fields")
    may_be_killed(recorder, "StreamFile")
    for name in ("box", "other"):
        await track.add(name, cuts=StreamCuts(idle_s=5, max_s=20, max_bytes=2_000))
    sent: dict[str, list[int]] = {"box": [], "other": []}
    for turn in range(8):
        for _ in range(chance.randrange(30)):
            device, n = chance.choice(("box", "other")), len(sent["box"]) + len(sent["other"])
            sent[device].append(n)
            track.send({"n": n}, device=device, after_s=chance.choice((0, 0.1, 1, 6)))
        left = chance.randrange(1, 15)
        with contextlib.suppress(Killed):
            await track.record(until_s=chance.choice((0, 0, 3, 30)))
        if turn % 4 == 3:
            await track.team.work()
    left = -1
    await track.record(until_s=60)
    found: dict[str, list[int]] = {"box": [], "other": []}
    for stream in await track.streams():
        assert stream.state is StreamState.RECORDED
    await track.team.work()
    recordings = (await track.context.documents.recordings.find(limit=500)).items
    assert {each.id for each in recordings} == {stream.recording for stream in await track.streams()}
    for each in recordings:
        assert each.status == "ready", each.error
        data = b"".join([piece async for piece in track.context.objects.read(f"raw/{each.id}.mcap")])
        for _, channel, message in make_reader(io.BytesIO(data)).iter_messages(log_time_order=False):
            found[channel.topic].append(json.loads(message.data)["n"])
    assert {device: sorted(numbers) for device, numbers in found.items()} == sent


async def test_a_schema_of_a_moment_ago_decodes_what_came_after_it(track: Track, tmp_path: Path) -> None:
    await track.add()
    recorder = Recorder(track.context, tmp_path)
    stop = asyncio.Event()
    running = asyncio.ensure_future(recorder.run(stop))
    track.send({"fl": 1})
    while await track.context.documents.device_latest.get("box") is None:
        await asyncio.sleep(0.005)
    # By the clock of this test no time passes, and what is known of devices never gets old.
    await keep_schema(track.context, LOCAL_USER, "box", "ht.Car", car_schema())
    track.send(car(speed=2))
    while "box.speed" not in (await track.context.documents.device_latest.get("box")).values:  # type: ignore[union-attr]
        await asyncio.sleep(0.005)
    stop.set()
    await running
    state = await track.context.documents.device_states.get("box")
    assert state is not None and (state.messages, state.refused_count) == (2, 0)
