"""MDF 4 with raw frames of buses (``.mf4``), finished or not, as CANedge and others log: those of CAN are read."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np

from paddock.columns.byte_rows import rows_of
from paddock.columns.columns import Int64s
from paddock.readers.can.frame_reader import FoundInLog
from paddock.readers.can.frames import MAX_ID, MAX_STANDARD_ID, Bools, Frames, joined, no_frames
from paddock.readers.can.kind import frames_kind
from paddock.readers.can.mf4_blocks import FINISHED, HEADER_AT, UNFINISHED, Block, Mdf, Stream
from paddock.readers.can.mf4_layout import ERROR, REMOTE, ByColumn, Bytes, DataGroup, Layout, data_groups
from paddock.readers.can.mf4_records import (
    MAX_VARIABLE_BYTES,
    SIZE_BYTES,
    MixedRecords,
    Records,
    equal_records,
    paired,
)
from paddock.readers.can.text import size_of

_LENGTHS = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64])
"""Bytes of data by the code of the length (DLC)."""
_SHORT, _LONG = 8, 64
_STARTED = struct.Struct("<QhhB")
"""Nanoseconds, offsets of the time zone and of summer time in minutes, flags."""
_IS_LOCAL = 1
_EXTENDED = 1 << 31
_WINDOW_BYTES = 8 << 20
_TOGETHER = 1 << 14
_SERIAL = re.compile(r'<e name="serial number"[^>]*>\s*([^<\s]+)')


def recognises(head: bytes) -> bool:
    """Whether a file begins with its head."""
    return head.startswith((FINISHED, UNFINISHED))


def read_frames(log: BinaryIO, found: FoundInLog, progress: Callable[[float], None]) -> Iterator[Frames]:
    """All frames of a file; see ``FrameReader``. Those of several groups are put in order of time."""
    mdf = Mdf(log, size_of(log), found.losses)
    header = mdf.block(HEADER_AT, b"HD")
    if header is None:
        found.losses.lose("cut_off", HEADER_AT, max(0, mdf.size_bytes - HEADER_AT))
        return
    began_ns = _began(header, found)
    found.said |= {"library": mdf.program} if mdf.program else {}
    if serial := _SERIAL.search(mdf.text(header.link(5))):
        found.said["device"] = serial[1]
    try:
        groups = list(data_groups(mdf, header))
    except ByColumn:
        found.losses.lose("bad_record", HEADER_AT, mdf.size_bytes - HEADER_AT)
        found.oddities.append(
            "This MDF file has its frames by column (MDF 4.2), which is not read: save it as MDF 4.1, which has "
            "them record by record, and add that one."
        )
        return
    if not groups:
        found.oddities.append(
            "This MDF file has no frames of a CAN bus (CAN_DataFrame): nothing else is read of it."
        )
    streams = [_Group(mdf, group, found, began_ns).frames(progress) for group in groups]
    position = 0
    for frames in merged(streams):
        order = position + np.arange(len(frames))
        yield Frames(**{**vars(frames), "position": order})
        position += len(frames)


def _began(header: Block, found: FoundInLog) -> int:
    started_ns, _, _, flags = _STARTED.unpack_from(header.body.ljust(_STARTED.size, b"\0"))
    found.is_relative = not 0 < started_ns < 1 << 62
    if found.is_relative:
        return 0
    if flags & _IS_LOCAL:
        found.oddities.append("The log says its start in local time without a time zone: taken as UTC.")
    return int(started_ns)


def merged(streams: list[Iterator[Frames]]) -> Iterator[Frames]:
    """Frames of several streams, each in order of time, as one such; memory is bounded by a batch of each."""
    if len(streams) == 1:
        yield from streams[0]
        return
    live, waiting = dict(enumerate(streams)), dict[int, Frames]()
    while True:
        for number in list(live):
            while number not in waiting:
                following = next(live[number], None)
                if following is None:
                    del live[number]
                    break
                if len(following):
                    waiting[number] = following
        if not waiting:
            return
        times = {number: np.maximum.accumulate(each.time_ns) for number, each in waiting.items()}
        # Up to here all streams are known.
        until = min(int(each[-1]) for each in times.values())
        ready = []
        for number, each in list(waiting.items()):
            count = int(np.searchsorted(times[number], until, side="right"))
            ready.append(each.taken(slice(0, count)))
            waiting[number] = each.taken(slice(count, None))
            if count == len(each):
                del waiting[number]
        together = joined(ready)
        yield together.taken(np.argsort(together.time_ns, kind="stable"))


class _Group:
    """Records that lie together, and the frames among them."""

    def __init__(self, mdf: Mdf, group: DataGroup, found: FoundInLog, began_ns: int) -> None:
        self._mdf = mdf
        self._group = group
        self._found = found
        self._parts = [_Part(layout, mdf, group, found, began_ns) for layout in group.layouts]

    def frames(self, progress: Callable[[float], None]) -> Iterator[Frames]:
        """Those in it, as they follow each other."""
        if not self._group.id_bytes:
            (part, *_) = self._parts
            for records in equal_records(self._mdf, self._group.data_at, part.layout.size_bytes):
                for first in range(0, len(records.places), _TOGETHER):
                    yield part.frames(records, records.places[first : first + _TOGETHER])
                progress(min(1.0, records.at / max(self._mdf.size_bytes, 1)))
            return
        mixed = MixedRecords(self._mdf, self._group)
        for records in mixed.read():
            held = [place for part in self._parts if (place := part.hold_from(records)) is not None]
            if held and mixed.hold(min(held)):
                records = records.before(min(held))
            some = [each for part in self._parts if len(each := part.of_mixed(records))]
            if len(some) == 1:
                yield some[0]
            elif some:
                together = joined(some)
                yield together.taken(np.argsort(together.position, kind="stable"))
            progress(min(1.0, records.at / max(self._mdf.size_bytes, 1)))


class _Part:
    """Records of one layout."""

    def __init__(self, layout: Layout, mdf: Mdf, group: DataGroup, found: FoundInLog, began_ns: int) -> None:
        self.layout = layout
        self._id_bytes = group.id_bytes
        self._found = found
        self._began_ns = began_ns
        self._none = no_frames()
        self._stream = Stream(mdf, layout.data_at) if layout.data_offset and layout.data_at else None
        self._data_before: int | None = 0
        """Bytes of data so far; None once some are lost."""
        if layout.what != ERROR and "IDE" not in layout.numbers:
            found.has_extended_flag = False

    def hold_from(self, records: Records) -> int | None:
        """The first record that belongs together with one that is still to come."""
        if self.layout.data_record_id is None:
            return None
        frames, data, which, _ = self._paired(records)
        paired_frames = np.flatnonzero(which >= 0)
        first_frame = int(paired_frames[-1]) + 1 if len(paired_frames) else 0
        first_data = int(which.max(initial=-1)) + 1
        places = [*frames[first_frame : first_frame + 1].tolist(), *data[first_data : first_data + 1].tolist()]
        return min(places, default=None)

    def of_mixed(self, records: Records) -> Frames:
        """Its frames among some records."""
        if self.layout.data_record_id is None:
            return self.frames(records, records.of(self.layout.record_id))
        frames, data, which, sizes = self._paired(records)
        self._data_before = self._data_before + int(sizes.sum()) if self._data_before is not None else None
        if (which < 0).any():
            self._data_before = None
        return self.frames(records, frames, np.append(data, -1)[which])

    def _paired(self, records: Records) -> tuple[Int64s, Int64s, Int64s, Int64s]:
        layout = self.layout
        assert layout.data_record_id is not None
        if records.is_after_loss:
            self._data_before = None
        frames, data = records.of(layout.record_id), records.of(layout.data_record_id)
        sizes = _sizes(records.content, data + self._id_bytes) + SIZE_BYTES
        offsets = np.full(len(frames), -1, np.int64)
        if layout.data_offset is not None:
            rows = rows_of(records.content, frames + self._id_bytes, layout.size_bytes)
            offsets = layout.data_offset.of(rows).astype(np.int64)
        return frames, data, paired(frames, offsets, data, sizes, self._data_before), sizes

    def frames(self, records: Records, places: Int64s, data_places: Int64s | None = None) -> Frames:
        """The frames at some places.

        Args:
            records: of the file.
            places: of the frames, shape (N,).
            data_places: of the record of data of each, -1 where it is lost; None where it is elsewhere.
        """
        layout = self.layout
        rows = rows_of(records.content, places + self._id_bytes, layout.size_bytes)
        if layout.what == ERROR:
            self._found.error_frames += len(rows)
            return self._none
        times, fine = layout.clock.times(rows)
        ids, zeros = self._number(rows, "ID"), np.zeros(len(rows), np.int64)
        is_extended = (ids & _EXTENDED) != 0
        ids &= ~_EXTENDED
        is_extended |= self._number(rows, "IDE") != 0 if "IDE" in layout.numbers else ids > MAX_STANDARD_ID
        fine &= (ids >= 0) & (ids <= np.where(is_extended, MAX_ID, MAX_STANDARD_ID))
        bus = np.minimum(self._number(rows, "BusChannel"), 255)
        is_fd = self._number(rows, "EDL") != 0
        code = self._number(rows, "DLC") & 15
        said = np.where(is_fd, _LENGTHS[code], np.minimum(code, _SHORT))
        if "DataLength" in layout.numbers:
            said = self._number(rows, "DataLength")
        if layout.what == REMOTE:
            data, length = np.zeros((len(rows), _SHORT), np.uint8), zeros
        else:
            data, length, good = self._data(records, rows, data_places, said)
            fine &= good
        if not fine.all():
            self._found.losses.lose("bad_record", records.at, 0, int(np.count_nonzero(~fine)))
        for number in np.unique(bus[fine]).tolist():
            self._found.buses.setdefault(f"CAN{number}", number)
        frames = Frames(
            time_ns=self._began_ns + times,
            bus=bus.astype(np.uint8),
            id=ids.astype(np.uint32),
            is_extended=is_extended,
            is_fd=is_fd | (length > _SHORT),
            is_remote=np.full(len(rows), layout.what == REMOTE),
            length=length.astype(np.uint8),
            data=data,
            position=places,
        )
        return frames if fine.all() else frames.taken(fine)

    def _number(self, rows: Bytes, name: str) -> Int64s:
        """A number of each record; 0 where there is none such."""
        number = self.layout.numbers.get(name)
        return number.of(rows).astype(np.int64) if number else np.zeros(len(rows), np.int64)

    def _data(
        self, records: Records, rows: Bytes, data_places: Int64s | None, said: Int64s
    ) -> tuple[Bytes, Int64s, Bools]:
        """The data of each frame, how many bytes it has, and which frames have theirs."""
        layout = self.layout
        if layout.data is not None:
            begin, size = layout.data
            length, fine = np.minimum(said, size), said <= _LONG
            width = _LONG if length.max(initial=0) > _SHORT else _SHORT
            data = np.zeros((len(rows), width), np.uint8)
            data[:, : min(size, width)] = rows[:, begin : begin + min(size, width)]
        else:
            if data_places is not None:
                content, begins = records.content, data_places + self._id_bytes
                fine = data_places >= 0
            else:
                content, begins, fine = self._of_stream(rows)
            begins = np.where(fine, begins, 0)
            stored = _sizes(content, begins)
            # Less than the frame says is damage: what is missing is not zero.
            fine &= (stored >= said) & (said <= _LONG)
            length = np.where(fine, said, 0)
            width = _LONG if length.max(initial=0) > _SHORT else _SHORT
            padded = np.concatenate([content, np.zeros(SIZE_BYTES + width, np.uint8)])
            data = rows_of(padded, begins + SIZE_BYTES, width)
        data[np.arange(data.shape[1]) >= length[:, None]] = 0
        return data, length, fine

    def _of_stream(self, rows: Bytes) -> tuple[Bytes, Int64s, Bools]:
        """The stretch of the other stream in which the data of these records is, and where in it."""
        number = self.layout.data_offset
        if self._stream is None or number is None or not len(rows):
            return np.zeros(SIZE_BYTES, np.uint8), np.zeros(len(rows), np.int64), np.zeros(len(rows), bool)
        offsets = number.of(rows).astype(np.int64)
        # A damaged one may be anywhere.
        middle = np.partition(offsets, len(offsets) // 2)[len(offsets) // 2]
        fine = np.abs(offsets - middle) <= _WINDOW_BYTES
        fine &= (offsets >= 0) & (offsets <= self._stream.size_bytes - SIZE_BYTES)
        if not fine.any():
            return np.zeros(SIZE_BYTES, np.uint8), np.zeros(len(rows), np.int64), fine
        begin = int(offsets[fine].min())
        content = self._stream.read(begin, int(offsets[fine].max()) + SIZE_BYTES + MAX_VARIABLE_BYTES)
        begins = offsets - begin
        sizes = _sizes(np.frombuffer(content, np.uint8), np.where(fine, begins, 0))
        fine &= begins + SIZE_BYTES + sizes <= len(content)
        return np.frombuffer(content, np.uint8), begins, fine


def _sizes(content: Bytes, begins: Int64s) -> Int64s:
    """The size that stands at each place."""
    return rows_of(content, begins, SIZE_BYTES).view("<u4").ravel().astype(np.int64)


READER = frames_kind(recognises, read_frames)
