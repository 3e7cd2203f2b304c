"""How the records of an MDF 4 file are laid out that hold frames of CAN buses: ``CAN_DataFrame`` and its like."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from paddock.columns.columns import Int64s
from paddock.domain.instants import NS_PER_S
from paddock.readers.can.mf4_blocks import Block, Mdf

Bytes = npt.NDArray[np.uint8]

DATA, REMOTE, ERROR = "CAN_DataFrame", "CAN_RemoteFrame", "CAN_ErrorFrame"
_FRAMES = (DATA, REMOTE, ERROR)
_CHANNEL = struct.Struct("<BBBBLLLL")
"""Its type, whether it is the time, type and place of the value: bits, byte, count of bits; flags, invalidation."""
_GROUP = struct.Struct("<QQHHLLL")
"""Id of its records, how many there are, flags, a separator; bytes of each, and of its invalidation bits."""
_VARIABLE, _MASTER, _LONGEST = 1, 2, 5
_TIME = 1
_OF_VARIABLE_LENGTH, _TIME_IS_ELSEWHERE = 1, 8
_LINEAR = 1
_BIG_ENDIAN = (1, 3, 5)
_SIGNED = (2, 3)
_FLOAT = (4, 5)
_NUMBERS = 6
"""Types below are numbers."""
_MAX_NS = float(1 << 61)
_MAX_RECORD_BYTES = 1 << 16
_MAX_DEPTH = 4
_MAX_CHANNELS = 4096


@dataclass(frozen=True)
class Number:
    """Some bits of a record."""

    byte: int
    bit: int
    bits: int
    kind: int

    @property
    def end(self) -> int:
        """The byte after its last."""
        return self.byte + (self.bit + self.bits + 7) // 8

    def of(self, records: Bytes) -> npt.NDArray[np.int64] | npt.NDArray[np.float64]:
        """Its value in each record. ``records``: shape (N, bytes of a record)."""
        places = range(self.byte, self.end)
        value = np.zeros(len(records), np.uint64)
        for place in places if self.kind in _BIG_ENDIAN else reversed(places):
            value = value << np.uint64(8) | records[:, place]
        value >>= np.uint64(self.bit)
        if self.kind in _FLOAT:
            if self.bits == 64:
                return value.view(np.float64)
            return value.astype(np.uint32).view(np.float32).astype(np.float64)
        unused = np.uint64(64 - self.bits)
        value <<= unused
        return value.view(np.int64) >> unused.astype(np.int64) if self.kind in _SIGNED else _int64s(value >> unused)


def _int64s(values: npt.NDArray[np.uint64]) -> Int64s:
    """Numbers beyond 63 bits are none that anything here counts."""
    return np.minimum(values, np.uint64((1 << 63) - 1)).astype(np.int64)


@dataclass(frozen=True)
class Clock:
    """The time of a record: nanoseconds since the file's beginning are ``number * scale + offset``."""

    number: Number
    scale: float
    offset: float

    def times(self, records: Bytes) -> tuple[Int64s, npt.NDArray[np.bool_]]:
        """Each one's, and which are times at all; shape (N,)."""
        number = self.number.of(records)
        whole = round(self.scale)
        is_whole = whole > 0 and abs(self.scale - whole) < 1e-9 * whole
        values = number * (float(whole) if is_whole else self.scale) + self.offset
        fine = np.abs(values) < _MAX_NS
        if is_whole and number.dtype == np.int64:
            return np.where(fine, number, 0) * whole + round(self.offset), fine
        return np.rint(np.where(fine, values, 0)).astype(np.int64), fine


@dataclass(frozen=True)
class Layout:
    """Records that are frames of one kind."""

    what: str
    record_id: int
    size_bytes: int
    """The size of a record, without its id."""
    clock: Clock
    numbers: dict[str, Number]
    """``ID``, ``IDE``, ``BusChannel``, ``DataLength``, ``DLC``, ``EDL``, as far as there are."""
    data: tuple[int, int] | None = None
    """Byte and bytes of the data within the record."""
    data_offset: Number | None = None
    """Else the place of the data among all data,"""
    data_at: int = 0
    """which is where in the file,"""
    data_record_id: int | None = None
    """or in records of this id."""


@dataclass
class DataGroup:
    """Records that lie in the file together."""

    data_at: int
    id_bytes: int
    """The size of the id in front of each record; 0 where all are of one kind."""
    sizes: dict[int, int | None] = field(default_factory=dict)
    """Bytes of the records of each id; None where each says so itself."""
    layouts: list[Layout] = field(default_factory=list)


class ByColumn(Exception):
    """The frames of a file lie there channel by channel (MDF 4.2): their times are in another group."""


def data_groups(mdf: Mdf, header: Block) -> Iterator[DataGroup]:
    """Those of a file that hold frames.

    Raises:
        ByColumn: they are not there as records.
    """
    for block in mdf.chain(header.link(0), b"DG"):
        if not block.body or block.body[0] not in (0, 1, 2, 4, 8):
            continue
        found = DataGroup(block.link(2), block.body[0])
        by_place: dict[int, int] = {}
        groups = []
        for group in mdf.chain(block.link(1), b"CG"):
            if len(group.body) < _GROUP.size:
                continue
            record_id, _, flags, _, _, data_bytes, more_bytes = _GROUP.unpack_from(group.body)
            by_place[group.at] = record_id
            if flags & _TIME_IS_ELSEWHERE and any(_is_frame(each.name) for each in _channels(mdf, group.link(1))):
                raise ByColumn
            if mdf.has_values_alone(block.link(2)):
                more_bytes = 0
            if flags & _OF_VARIABLE_LENGTH:
                found.sizes[record_id] = None
            elif data_bytes + more_bytes <= _MAX_RECORD_BYTES:
                found.sizes[record_id] = data_bytes + more_bytes
                groups.append((group, record_id, data_bytes + more_bytes))
        for group, record_id, size_bytes in groups:
            layout = _layout(mdf, group, record_id, size_bytes, by_place)
            if layout is not None:
                found.layouts.append(layout)
        if found.layouts:
            yield found


def _is_frame(name: str) -> str:
    """Which frames a channel of this name is of; empty for none."""
    first, _, last = name.rpartition(".")
    return next((each for each in _FRAMES if each in (first, last)), "")


@dataclass(frozen=True)
class _Channel:
    name: str
    type: int
    is_time: bool
    number: Number
    block: Block


def _channels(mdf: Mdf, at: int, depth: int = 0) -> Iterator[_Channel]:
    for block in mdf.chain(at, b"CN"):
        if len(block.body) >= _CHANNEL.size:
            kind, sync, data_type, bit, byte, bits, _, _ = _CHANNEL.unpack_from(block.body)
            name = mdf.text(block.link(2))
            is_time = kind == _MASTER and sync == _TIME
            yield _Channel(name, kind, is_time, Number(byte, bit, bits, data_type), block)
        if block.link(1) and depth < _MAX_DEPTH:
            yield from _channels(mdf, block.link(1), depth + 1)


def _layout(
    mdf: Mdf, group: Block, record_id: int, size_bytes: int, records_by_place: dict[int, int]
) -> Layout | None:
    """How its records are laid out; None where they are no frames."""
    what = ""
    clock: Clock | None = None
    numbers: dict[str, Number] = {}
    data: _Channel | None = None
    for count, channel in enumerate(_channels(mdf, group.link(1))):
        if count > _MAX_CHANNELS:
            return None
        last = channel.name.rpartition(".")[2]
        what = _is_frame(channel.name) or what
        if last == "DataBytes":
            data = channel
        elif channel.number.kind >= _NUMBERS or not _fits(channel.number, size_bytes):
            continue
        elif channel.is_time:
            clock = _clock(mdf, channel)
        elif channel.type == 0:
            numbers.setdefault(last, channel.number)
    if not what or clock is None or (what != ERROR and "ID" not in numbers):
        return None
    layout = Layout(what, record_id, size_bytes, clock, numbers)
    return _with_data(layout, data, records_by_place) if what == DATA else layout


def _fits(number: Number, size_bytes: int) -> bool:
    is_whole = number.bits in (32, 64) if number.kind in _FLOAT else number.bits > 0
    return is_whole and number.bit + number.bits <= 64 and number.end <= size_bytes


def _clock(mdf: Mdf, channel: _Channel) -> Clock | None:
    """How the time is written; None where it cannot be so."""
    factor, offset = 1.0, 0.0
    conversion = mdf.block(channel.block.link(4), b"CC") if channel.block.link(4) else None
    if conversion and len(conversion.body) >= 40 and conversion.body[0] == _LINEAR:
        offset, factor = struct.unpack_from("<2d", conversion.body, 24)
    clock = Clock(channel.number, factor * NS_PER_S, offset * NS_PER_S)
    if abs(clock.scale) < _MAX_NS and abs(clock.offset) < _MAX_NS:
        return clock
    mdf.losses.lose("bad_record", channel.block.at, 0)
    return None


def _with_data(layout: Layout, data: _Channel | None, records_by_place: dict[int, int]) -> Layout | None:
    if data is None:
        return None
    at, number = data.block.link(5), data.number
    if data.type != _VARIABLE:
        size = min(number.bits // 8, layout.size_bytes - number.byte)
        return replace(layout, data=(number.byte, size)) if size >= 0 else None
    offset = Number(number.byte, 0, 64, 0)
    has_offset = _fits(offset, layout.size_bytes)
    if at in records_by_place:
        return replace(layout, data_record_id=records_by_place[at], data_offset=offset if has_offset else None)
    return replace(layout, data_offset=offset, data_at=at) if has_offset else None
