"""The recorder: reads the log of devices with a position of its own, and does everything with it but show it live.

Each device's messages become a stream, each stream a recording when it is cut. What is in no recording yet is kept
in the log: killed at any moment, the recorder reads it again, cuts at the same places, and makes the same files.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import structlog

from paddock.device_log.entry import Entry, Kind
from paddock.device_log.reader import KeptReader
from paddock.domain.device_messages import Sample
from paddock.domain.devices import Device
from paddock.domain.streams import StreamState, begins_anew, is_over
from paddock.errors import PaddockError, Unavailable
from paddock.ports.documents import MAX_PAGE, Equals
from paddock.usecases.actions.from_devices import take_device_answers
from paddock.usecases.alerts.from_devices import take_device_alerts
from paddock.usecases.alerts.live_rules import LiveRules, LiveSample
from paddock.usecases.context import Context
from paddock.usecases.devices.refused import RefusedInput
from paddock.usecases.streams.decoders import Decoders
from paddock.usecases.streams.decoding import counted_problems
from paddock.usecases.streams.into_recording import take_in_stream
from paddock.usecases.streams.kept_streams import KeptDevice, KeptStreams, keep_streams, read_kept_streams
from paddock.usecases.streams.seen_devices import SeenDevices
from paddock.usecases.streams.stream_file import Seen, StreamFile

READER = "recorder"
AT_ONCE = 512
WAIT_S = 0.1
MANY, GATHER_S = 16, 0.05
"""Where so many came at once, the next ones are let gather: a turn costs as much for one as for many."""
WRITE_S = 0.3
"""How often what is known of devices is written down."""
KEEP_S = 2.0
"""How often the position is."""
AFTER_ERROR_S = 1.0

log = structlog.get_logger()


class Recorder:
    """One for a data directory.

    Args:
        context: whose devices; its ``device_log`` is read.
        scratch: a directory of its own, for files of open streams.
        written: is told up to where what came is in the database, a few times a second while something comes.
    """

    def __init__(self, context: Context, scratch: Path, written: Callable[[int], None] = lambda _: None) -> None:
        assert context.device_log is not None, "bootstrap says where the log is"
        self._context, self._scratch, self._directory = context, scratch, context.device_log
        self._tell_written, self._told_written = written, -1
        self._decoders = Decoders(context)
        self._refused = RefusedInput(context)
        self._seen = SeenDevices(context)
        self._rules = LiveRules(context)
        self._kept = KeptStreams()
        self._entries: Sequence[Entry] = []
        """That were read and not taken yet."""
        self._comes_fast = False
        """Whether there is to be more in a moment, and it is not behind."""
        self._behind = 0
        """The position of the last entry that was taken."""
        self._untold: list[tuple[Entry, Sequence[Sample]]] = []
        """That were taken, and others were not told of yet."""
        self.has_caught_up = False
        """Whether it is done with all that there was when it began."""
        self._open: dict[str, StreamFile] = {}
        self._asked: set[str] = set()
        """Devices whose decoder was made, or that nobody knows."""
        self._unreadable = ""
        """The device whose message cannot be read, perhaps because its schema was given a moment ago."""
        self._looked_again: set[str] = set()
        """Devices of which that was looked for in this turn."""
        self._counted = 0
        self._written_at = self._kept_at = float("-inf")
        self._kept_position = 0
        self._changed: set[str] = set()
        """Devices whose stream is to be written down."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set. What fails outside, such as the database, is tried again."""
        self._kept = read_kept_streams(self._directory)
        self._counted = self._kept.counted
        with KeptReader(self._directory, READER) as reader:
            # From now on nothing is removed that is in no recording.
            await asyncio.to_thread(reader.keep)
            self._behind = reader.position
            begun = False
            while not stop.is_set():
                try:
                    if not begun:
                        await self._seen.begin()
                        begun = True
                    await self._turn(reader)
                except (Unavailable, OSError) as error:
                    log.warning("recorder_waits", error=str(error) or type(error).__name__)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), AFTER_ERROR_S)
            with contextlib.suppress(Unavailable):
                await self._write()
        for opened in self._open.values():
            opened.drop()

    async def _turn(self, reader: KeptReader) -> None:
        """Read some, do everything with it, and what is due by the clock."""
        await self._decoders.refresh()
        self._looked_again.clear()
        read_to_ns = self._context.now()
        if not self._entries:
            self._entries = await asyncio.to_thread(_read, reader, GATHER_S if self._comes_fast else 0)
            self._comes_fast = MANY <= len(self._entries) < AT_ONCE
            await self._learn_new_devices()
        was_all = not self._entries
        if not was_all:
            read_to_ns = self._entries[-1].received_ns
        while self._entries or self._untold:
            # What was taken is not taken again when one of the others does not answer.
            cut = await asyncio.to_thread(self._take_some)
            if self._unreadable:
                await self._decoders.look_again(self._unreadable)
                self._looked_again.add(self._unreadable)
                self._unreadable = ""
            await self._tell()
            if cut:
                await self._cut(self._open[cut])
        if was_all and not self.has_caught_up:
            await self._forget_lost_streams()
        await self._look(reader, read_to_ns)
        self.has_caught_up = self.has_caught_up or was_all

    async def _learn_new_devices(self) -> None:
        """Wait for devices that were added a moment ago: their first message is decoded as all others are."""
        for device_id in {entry.device_id for entry in self._entries} - self._asked:
            await self._decoders.learn(device_id)
            self._asked.add(device_id)

    def _take_some(self) -> str:
        """Take what was read, up to the first entry before which a stream is to be cut: its device. On a thread.

        It also stops before one that is ``_unreadable``.
        """
        for number, entry in enumerate(self._entries):
            if entry.kind is not Kind.DATA:
                self._seen.note(entry, None, is_counted=entry.position <= self._counted)
                self._untold.append((entry, []))
            elif (device := self._take_data_safely(entry)) is not None or self._unreadable:
                self._entries = self._entries[number:]
                return device or ""
            self._behind = entry.position
        self._entries = []
        return ""

    def _take_data_safely(self, entry: Entry) -> str | None:
        """Take a message; one on which our code fails is left out: read again after every start, it would stop us.

        Raises:
            OSError: the disk is full, say; it is taken again.
        """
        try:
            return self._take_data(entry)
        except OSError:
            raise
        except Exception as error:
            log.exception("message_failed", device=entry.device_id, position=entry.position, exc_info=error)
            self._refused.note(entry.device_id, "internal_error", "Paddock failed on a message: its log says why.")
            return None

    def _take_data(self, entry: Entry) -> str | None:
        """Take values into the stream of their device; the device where that has to be cut before."""
        device = self._device(entry.device_id)
        kept = self._kept.devices.get(device.id, KeptDevice())
        if entry.position <= kept.recorded:
            return None
        opened = self._open.get(device.id)
        if opened is not None and self._ends_before(opened, device, kept, entry):
            return device.id
        decoded = self._decoders.decode(entry)
        if not decoded.samples and device.id not in self._looked_again:
            self._unreadable = device.id
            return None
        is_counted = entry.position <= self._counted
        self._seen.note(entry, decoded, is_counted=is_counted)
        problems = list(decoded.problems)
        if decoded.samples:
            if opened is None:
                opened = StreamFile(device, entry, self._behind, self._scratch, Seen(kept.seen))
                self._open[device.id] = opened
            problems += opened.add(entry, decoded.samples, self._decoders.schema(device.id))
            self._changed.add(device.id)
            self._untold.append((entry, decoded.samples))
        if not is_counted:
            for problem, count in counted_problems(problems):
                self._refused.note(device.id, problem.code, problem.reason, count)
        return None

    def _device(self, device_id: str) -> Device:
        return self._decoders.known.get(device_id) or Device(id=device_id, name=device_id)

    @staticmethod
    def _ends_before(opened: StreamFile, device: Device, kept: KeptDevice, entry: Entry) -> bool:
        if kept.closing and opened.stream.last_position <= kept.closing < entry.position:
            return True
        return begins_anew(opened.stream, device.cuts, device.cut_at, entry.received_ns, len(entry.payload))

    async def _tell(self) -> None:
        """Tell others what came: the rules, of values; alerts and answers, of what devices say themselves.

        Raises:
            Unavailable: the database does not answer; it is told the next time.
        """
        values: dict[str, list[LiveSample]] = {}
        for entry, samples in self._untold:
            values.setdefault(entry.device_id, []).extend(
                LiveSample(each.topic, each.time_ns, each.values, entry.received_ns) for each in samples
            )
        for device_id, found in values.items():
            if found:
                await self._tell_rules(device_id, found)
        while self._untold:
            entry, samples = self._untold[0]
            if not samples:
                await self._tell_said(entry)
            self._untold.pop(0)

    async def _tell_rules(self, device_id: str, samples: list[LiveSample]) -> None:
        """What they have looked at already they pass over; a rule on which we fail stops no recording."""
        try:
            await self._rules.take(device_id, self._device(device_id).car, samples)
        except Unavailable:
            raise
        except Exception as error:
            log.exception("rules_failed", device=device_id, exc_info=error)

    async def _tell_said(self, entry: Entry) -> None:
        device = self._device(entry.device_id)
        try:
            if entry.kind is Kind.ALERTS:
                await take_device_alerts(
                    self._context,
                    device.id,
                    entry.payload,
                    content_type=entry.content_type,
                    received_ns=entry.received_ns,
                    car=device.car,
                )
            else:
                await take_device_answers(
                    self._context,
                    device.id,
                    entry.payload,
                    content_type=entry.content_type,
                    received_ns=entry.received_ns,
                )
        except Unavailable:
            raise
        except PaddockError as error:
            if entry.position > self._counted:
                self._refused.note(device.id, error.code, error.message)

    async def _look(self, reader: KeptReader, read_to_ns: int) -> None:
        """Cut what is over, and write down what is new.

        Args:
            reader: of the log.
            read_to_ns: all that came before was taken.
        """
        now = time.monotonic()
        await self._seen.look_for_silence(self._decoders.known.all(), read_to_ns)
        for opened in list(self._open.values()):
            device, kept = self._device(opened.device.id), self._kept.devices.get(opened.device.id, KeptDevice())
            closing = 0 < kept.closing <= opened.stream.last_position
            if closing or is_over(opened.stream, device.cuts, device.cut_at, read_to_ns):
                await self._cut(opened)
        if now - self._written_at >= WRITE_S:
            await self._write()
            self._written_at = now
        if now - self._kept_at >= KEEP_S:
            await self._keep(reader)
            self._kept_at = now

    async def _write(self) -> None:
        await self._seen.write()
        await self._refused.write()
        changed, self._changed = self._changed, set()
        streams = [self._open[each].said() for each in changed if each in self._open]
        if streams:
            await self._context.documents.streams.put_many(streams)
        if self._told_written != self._behind:
            self._told_written = self._behind
            self._tell_written(self._behind)

    async def _keep(self, reader: KeptReader) -> None:
        """Say durably how far it is: up to the first entry that is in no recording."""
        self._counted = max(self._counted, self._behind)
        position = min([self._behind, *(opened.behind for opened in self._open.values())])
        if position == self._kept_position and self._counted == self._kept.counted:
            return
        self._kept = msgspec.structs.replace(self._kept, counted=self._counted)
        await asyncio.to_thread(keep_streams, self._directory, self._kept)
        await asyncio.to_thread(reader.keep, position)
        self._kept_position = position

    async def _cut(self, opened: StreamFile) -> None:
        """Make a recording of a stream.

        Raises:
            Unavailable: the store or the database does not answer; it is tried again.
        """
        stream = opened.stream
        kept = self._kept.devices.get(stream.device, KeptDevice())
        if kept.closing != stream.last_position:
            # Said first: whoever goes on after a kill ends it at the same message.
            await self._keep_device(stream.device, msgspec.structs.replace(kept, closing=stream.last_position))
        if stream.messages:
            await asyncio.to_thread(opened.finish)
            recording = await take_in_stream(self._context, stream, opened.path, opened.clock_offset_ns)
            said = msgspec.structs.replace(opened.said(), state=StreamState.RECORDED, recording=recording)
            await self._context.documents.streams.put_many([said])
            log.info("stream_recorded", stream=stream.id, messages=stream.messages, recording=recording[:10])
        else:
            await self._context.documents.streams.delete([Equals("id", stream.id)])
        done = KeptDevice(recorded=stream.last_position, seen=opened.seen.last())
        await self._keep_device(stream.device, done)
        del self._open[stream.device]
        self._changed.discard(stream.device)
        await asyncio.to_thread(opened.drop)

    async def _keep_device(self, device_id: str, kept: KeptDevice) -> None:
        devices = {**self._kept.devices, device_id: kept}
        self._kept = msgspec.structs.replace(self._kept, devices=devices)
        await asyncio.to_thread(keep_streams, self._directory, self._kept)

    async def _forget_lost_streams(self) -> None:
        """Those that are said to be live and of which nothing is left, as after the log was removed."""
        streams = self._context.documents.streams
        live = {opened.stream.id for opened in self._open.values()}
        for stream in (await streams.find([Equals("state", StreamState.LIVE)], limit=MAX_PAGE)).items:
            if stream.id not in live:
                await streams.delete([Equals("id", stream.id)])


def _read(reader: KeptReader, gather_s: float) -> list[Entry]:
    """The next entries; empty when none came for a moment."""
    time.sleep(gather_s)
    reader.wait(WAIT_S)
    return reader.read(AT_ONCE)
