"""A whole log of CAN frames, decoded by databases into the spool: what they do not know is kept as bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.columns import AS_BYTES, UNIT, FileFacts, Int64s
from paddock.columns.spool import Spool, SpooledColumns
from paddock.columns.spool_channel import SpoolChannel
from paddock.columns.spool_file import Rows
from paddock.domain.can_database import Databases
from paddock.domain.words import counted
from paddock.readers.can.frame_reader import FoundInLog, FrameReader
from paddock.readers.can.frames import MAX_ID, Frames, joined
from paddock.readers.can.j1939_transport import CONNECTION, TRANSFER, Assembled, Transport
from paddock.readers.can.message import MessageDecoder
from paddock.readers.can.read_ahead import read_in_batches
from paddock.readers.can.routes import Route, Routes
from paddock.readers.can.text import size_of

BATCH_FRAMES = 1 << 19
"""Frames that are decoded together: few for memory, many for each message."""
FIRST_FRAMES = 1 << 17
"""In the first batch: decoding begins the sooner."""
_MAX_CHANNELS = 2_000
"""A page lists as many. A bus has some hundred ids; garbage has millions."""
_MAX_IDS = 100_000
_OTHER = "other_ids"
_FEW = 1 << 16
_MOST_NAMED = 8


class _Channel:
    """A channel, and what its frames become."""

    def __init__(self, route: Route, topic: str, spool: Spool) -> None:
        self.topic = topic
        self.frames = 0
        self.short_frames = 0
        self.decoder = MessageDecoder(route.message) if route.message else None
        if self.decoder:
            self.spooled: SpoolChannel = spool.channel(
                topic,
                self.decoder.fields,
                schema=(route.name, "dbc", b""),
                message_encoding="can",
                enums=self.decoder.enums,
                metadata={UNIT + name: unit for name, unit in self.decoder.units.items()},
            )
        else:
            self.spooled = spool.channel(topic, AS_BYTES, message_encoding="can")
            self.spooled.as_bytes = True

    def rows(self, frames: _Payloads) -> Rows:
        """Its frames of a batch as messages."""
        self.frames += len(frames)
        if self.decoder:
            self.short_frames += int(np.count_nonzero(frames.length < self.decoder.needed_bytes))
            messages = self.decoder.decode(frames.data, frames.length)
        else:
            messages = pa.StructArray.from_arrays([_bytes(frames)], fields=list(AS_BYTES))
        return Rows(frames.time_ns, frames.time_ns, frames.position, messages)


@dataclass(frozen=True)
class _Payloads:
    """What is needed of the frames of one channel; see ``Frames``."""

    time_ns: Int64s
    position: Int64s
    length: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    data: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.time_ns)

    def taken(self, which: npt.NDArray[np.intp] | slice) -> _Payloads:
        """Some of them, or all in another order."""
        return _Payloads(self.time_ns[which], self.position[which], self.length[which], self.data[which])


def _payloads(messages: list[Assembled]) -> _Payloads:
    """Long messages as those of single frames."""
    width = max(8, max(len(each.data) for each in messages))
    return _Payloads(
        np.array([each.time_ns for each in messages], np.int64),
        np.array([each.position for each in messages], np.int64),
        np.array([len(each.data) for each in messages], np.uint16),
        np.frombuffer(b"".join(each.data.ljust(width, b"\0") for each in messages), np.uint8).reshape(-1, width),
    )


def _bytes(frames: _Payloads) -> pa.BinaryArray:
    """The data of each frame."""
    there = np.arange(frames.data.shape[1]) < frames.length[:, None]
    offsets = np.zeros(len(frames) + 1, np.int32)
    np.cumsum(frames.length, out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(frames.data[there].tobytes())]
    return pa.BinaryArray.from_buffers(pa.binary(), len(frames), buffers)


def spool_frames(
    read: FrameReader,
    log: BinaryIO,
    directory: Path,
    *,
    databases: Databases,
    topics: Callable[[str], bool] | None = None,
    progress: Callable[[float], None] | None = None,
    memory_bytes: int | None = None,
    statistics: bool = True,
) -> SpooledColumns:
    """Read a log of frames, see ``readers/registry.py``.

    Args:
        read: for its way of writing.
        databases: by the name of the bus, see ``Routes``.
    """
    for has_several_buses in (False, True):
        found = FoundInLog()
        with Spool(directory, size_of(log), memory_bytes, statistics=statistics) as spool:
            spool.found.losses = found.losses
            wires = Wires(spool, found, databases, topics, has_several_buses)
            try:
                with closing(read_in_batches(read, log, found, progress or (lambda _: None), _batches)) as batches:
                    for frames in batches:
                        spool.found.clock.observe(frames.time_ns)
                        found.losses.messages_seen(int(frames.time_ns[0]), int(frames.time_ns[-1]))
                        wires.take(frames)
            except SeveralBuses:
                spool.close()
                continue
            return _finished(spool, found, wires)
    raise AssertionError("unreachable: the second reading knows that there are several")


def _finished(spool: Spool, found: FoundInLog, wires: Wires) -> SpooledColumns:
    spool.found.oddities = wires.sentences()
    said = found.said | wires.counts()
    facts = FileFacts(said=said, oddities=tuple(found.oddities), has_clock=not found.is_relative)
    spool.found.facts = lambda _loss, _count: facts
    return spool.finish()


class SeveralBuses(Exception):
    """There is more than one after all, so their names belong into those of the channels: read again."""


def _batches(read: Iterable[Frames]) -> Iterator[Frames]:
    """Enough frames at a time for each message to have many."""
    waiting: list[Frames] = []
    count, wanted = 0, min(FIRST_FRAMES, BATCH_FRAMES)
    for frames in read:
        if len(frames):
            waiting.append(frames)
            count += len(frames)
        if count >= wanted:
            yield joined(waiting)
            waiting, count, wanted = [], 0, BATCH_FRAMES
    if waiting:
        yield joined(waiting)


def _numbered(keys: Int64s) -> tuple[Int64s, npt.NDArray[np.intp]]:
    """The different keys, ascending, and which of them each is."""
    low = int(keys.min())
    span = int(keys.max()) - low
    if span >= _FEW:
        return np.unique(keys, return_inverse=True)
    # Ids of 11 bits on one bus: without sorting.
    there = np.zeros(span + 1, bool)
    there[keys - low] = True
    different = np.flatnonzero(there)
    numbers = np.cumsum(there) - 1
    return different + low, numbers[keys - low]


class Wires:
    """The buses of a log, and the channels of each.

    Args:
        spool: takes what is decoded.
        found: names the buses.
        databases: by the name of the bus, see ``Routes``.
        topics: which ones to take; None for all.
        has_several_buses: whether their names belong into those of channels.
        taken: topics that others have: a message of such a name has its bus in front.
    """

    def __init__(
        self,
        spool: Spool,
        found: FoundInLog,
        databases: Databases,
        topics: Callable[[str], bool] | None,
        has_several_buses: bool,
        taken: Collection[str] = (),
    ) -> None:
        self._taken = taken
        self._spool = spool
        self._found = found
        self._databases = databases
        self._wanted = topics
        self._has_several_buses = has_several_buses
        self._routes: Routes | None = None
        self._channels: dict[Route, _Channel | None] = {}
        self._routes_by_key: dict[int, Route] = {}
        self._other: Route | None = None
        self._first_bus: int | None = None
        self._frames = 0
        self._remote_frames = 0
        self._known_frames = 0
        self._transport = Transport()
        self._transport_frames = 0
        self._unknown_messages = 0
        self._unknown: Counter[str] = Counter()

    def take(self, frames: Frames) -> None:
        """Decode frames that follow in the log."""
        if self._first_bus is None:
            self._first_bus = int(frames.bus[0])
        if not self._has_several_buses and (frames.bus != self._first_bus).any():
            raise SeveralBuses
        self._frames += len(frames)
        if frames.is_remote.any():
            self._remote_frames += int(np.count_nonzero(frames.is_remote))
            frames = frames.taken(~frames.is_remote)
        if len(frames):
            for route, some in self._by_route(frames):
                self._take(route, some)
            self._put_together(frames)

    def _put_together(self, frames: Frames) -> None:
        """Take the long messages of J1939 that are whole with these frames."""
        buses = {route.bus for route in self._channels if route.is_transport}
        if not buses:
            return
        formats = frames.id >> 16 & 0xFF
        is_part = frames.is_extended & ((formats == CONNECTION) | (formats == TRANSFER))
        parts = frames.taken(is_part & np.isin(frames.bus, list(buses)))
        by_route: dict[Route, list[Assembled]] = {}
        for each in self._transport.take(parts):
            by_route.setdefault(self._route(each.bus << 30 | 1 << 29 | each.id), []).append(each)
        for route, messages in by_route.items():
            self._take(route, _payloads(messages), is_whole=False)

    def _by_route(self, frames: Frames) -> Iterator[tuple[Route, _Payloads]]:
        """The frames of each channel, in their order."""
        keys = frames.bus.astype(np.int64) << 30 | frames.is_extended.astype(np.int64) << 29 | frames.id
        different, key_of_frame = _numbered(keys)
        routes: dict[Route, int] = {}
        number_of_key = [routes.setdefault(self._route(key), len(routes)) for key in different.tolist()]
        number_of_frame = np.array(number_of_key, np.uint32)[key_of_frame]
        if len(routes) <= _FEW:
            # Which NumPy sorts in one pass.
            number_of_frame = number_of_frame.astype(np.uint16)
        order = np.argsort(number_of_frame, kind="stable")
        counts = np.bincount(number_of_frame, minlength=len(routes))
        ordered = _Payloads(frames.time_ns, frames.position, frames.length, frames.data).taken(order)
        end = 0
        for route, count in zip(routes, counts.tolist(), strict=True):
            begin, end = end, end + count
            yield route, ordered.taken(slice(begin, end))

    def _route(self, key: int) -> Route:
        if key not in self._routes_by_key:
            if self._routes is None:
                self._routes = Routes(self._databases, self._found.has_extended_flag)
            bus, is_extended, id = key >> 30, bool(key >> 29 & 1), key & MAX_ID
            route = self._routes.route(bus, self._found.bus_name(bus), is_extended, id)
            if len(self._routes_by_key) >= _MAX_IDS:
                return route if route in self._channels else Route(bus, _OTHER)
            self._routes_by_key[key] = route
        return self._routes_by_key[key]

    def _take(self, route: Route, frames: _Payloads, *, is_whole: bool = True) -> None:
        """Decode what belongs to a channel: whole frames, or messages that several frames make."""
        if route not in self._channels:
            if len(self._channels) >= _MAX_CHANNELS and route.name != _OTHER:
                route = Route(route.bus, _OTHER)
            if route not in self._channels:
                topic = route.name
                if self._has_several_buses or topic in self._taken:
                    topic = f"{self._found.bus_name(route.bus)}/{topic}"
                is_wanted = self._wanted is None or self._wanted(topic)
                self._channels[route] = _Channel(route, topic, self._spool) if is_wanted else None
        if route.is_transport:
            self._transport_frames += len(frames)
        elif route.message and is_whole:
            self._known_frames += len(frames)
        elif not route.message and is_whole:
            self._unknown[route.name] += len(frames)
        elif not route.message:
            self._unknown_messages += len(frames)
        if channel := self._channels[route]:
            self._spool.write(channel.spooled, channel.rows(frames))

    def counts(self) -> dict[str, str]:
        """All frames are taken: how many there were, and how many have a message."""
        return {
            "frames": str(self._frames),
            "decoded": str(self._known_frames),
            "unknown": str(self._unknown.total()),
            **{name: str(count) for name, count in self._others().items() if count},
        }

    def _others(self) -> dict[str, int]:
        return {
            "transport_frames": self._transport_frames,
            "too_short": sum(channel.short_frames for channel in self._channels.values() if channel),
            "remote_frames": self._remote_frames,
            "error_frames": self._found.error_frames,
        }

    def sentences(self) -> list[str]:
        """What became of the frames."""
        self._transport.finish()
        return [*self._found.oddities, *self._about_frames()]

    def _about_frames(self) -> Iterator[str]:
        found, unknown = self._found, self._unknown.total()
        if found.is_relative:
            yield "The logger had no clock: times count from when it was switched on, and a date is the name's."
        if unknown:
            some = ", ".join(sorted(self._unknown)[:_MOST_NAMED]) + (
                " …" if len(self._unknown) > _MOST_NAMED else ""
            )
            what = f"{counted(unknown, 'frame')} with {counted(len(self._unknown), 'id')}"
            if self._databases:
                yield f"The database does not know {what}, kept as bytes: {some}."
            else:
                yield f"There is no database for this log: {what} are kept as bytes."
        if self._transport_frames:
            messages = counted(self._transport.messages, "long message")
            lacking = f", {self._transport.incomplete:,} more lack a part" if self._transport.incomplete else ""
            strange = (
                f", {self._unknown_messages:,} of them unknown and kept as bytes" if self._unknown_messages else ""
            )
            frames = counted(self._transport_frames, "frame")
            yield f"{frames} of J1939's transport protocol: {messages}{strange}{lacking}."
        if self._remote_frames:
            yield f"{counted(self._remote_frames, 'remote frame')} ask for a message and carry none: left out."
        if found.error_frames:
            yield f"The bus reports {counted(found.error_frames, 'error frame')}."
        for channel in self._channels.values():
            if channel and channel.short_frames:
                short, all_ = counted(channel.short_frames, "frame"), f"{channel.frames:,}"
                yield f"{short} of the {all_} of {channel.topic} are too short for all of its signals."
            if channel and channel.decoder:
                yield from channel.decoder.notices
