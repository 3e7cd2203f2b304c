"""Rows on disk: batches of columns in one temporary file, read back ordered by time with bounded memory."""

from __future__ import annotations

import heapq
import os
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.columns import Int64s

_BUFFERS_AT_ONCE = 64
_MERGED_ROWS = 1 << 16
_HELD_EXTENTS = 4
_GROUP_BYTES = 16 << 20
_CACHE_BYTES = 64 << 20


@dataclass(frozen=True)
class Rows:
    """Some messages of one channel. Shapes: the times and ``sequence`` int64 (N,), ``messages`` length N."""

    log_time: Int64s
    publish_time: Int64s
    sequence: Int64s
    messages: pa.StructArray


class Column(NamedTuple):
    """Where a top-level field of some rows lies in the file, so that it can be read alone."""

    position: int
    size: int
    is_plain: bool
    """Values end to end, none missing; else an Arrow IPC message."""
    texts_at: int = 0
    """Where the bytes of plain texts lie; at ``position`` are then their offsets from there, one more than rows."""


@dataclass(frozen=True)
class Extent:
    """Where rows lie in the file; ordered by time within."""

    ordinal: int
    """Extents of a channel in file order: decides between equal times. Those of one batch have the same."""
    rows: int
    first_time: int
    last_time: int
    log_time_at: int
    sequence_at: int
    publish_time_at: int
    """Equal to ``log_time_at`` where every ``publish_time`` is the ``log_time``."""
    columns: tuple[Column, ...]
    """One per top-level field."""
    kind: pa.StructType

    @property
    def is_whole(self) -> bool:
        """Whether it is all that was written at once, so that its parts follow each other."""
        return self.sequence_at == self.log_time_at + 8 * self.rows

    @property
    def size_bytes(self) -> int:
        """In the file, about."""
        return self.rows * 20 + sum(column.size for column in self.columns)


class SpoolFile:
    """A temporary file without a name: gone when closed, also after a kill.

    Args:
        file: unbuffered and empty.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._end = 0

    @classmethod
    def temporary(cls, directory: Path) -> SpoolFile:
        """A new one, on the disk that has room for it."""
        return cls(cast(BinaryIO, tempfile.TemporaryFile(dir=directory, buffering=0)))

    def fileno(self) -> int:
        """For another process that writes it."""
        return self._file.fileno()

    def close(self) -> None:
        """Remove it."""
        self._file.close()

    def go_on(self) -> None:
        """Write from now on behind what another process wrote."""
        self._end = os.lseek(self._file.fileno(), 0, os.SEEK_END)

    def write(self, rows: Rows, ordinal: int) -> Extent:
        """Append rows that are ordered by ``log_time``."""
        count, log_time_at = len(rows.log_time), self._end
        sequence_at = log_time_at + 8 * count
        publish_time_at, at = log_time_at, sequence_at + 4 * count + _padding(4 * count)
        times: list[npt.NDArray[Any]] = [rows.log_time, rows.sequence.astype(np.uint32, copy=False)]
        if not _are_the_same(rows.publish_time, rows.log_time):
            times.append(rows.publish_time)
            publish_time_at, at = at, at + 8 * count
        buffers: list[memoryview] = []
        for each in times:
            buffers += each.data.cast("B"), _ZEROS[: _padding(each.nbytes)]
        columns = []
        for index in range(rows.messages.type.num_fields):
            array = rows.messages.field(index)
            plain = _plain(array)
            parts = plain or [pa.RecordBatch.from_arrays([array], names=[""]).serialize()]
            buffers += map(memoryview, parts)
            size = sum(part.size for part in parts)
            buffers.append(_ZEROS[: _padding(size)])
            columns.append(Column(at, size, plain is not None, at + parts[0].size if len(parts) > 1 else 0))
            at += size + _padding(size)
        for begin in range(0, len(buffers), _BUFFERS_AT_ONCE):
            self._append(buffers[begin : begin + _BUFFERS_AT_ONCE])
        first, last = int(rows.log_time[0]), int(rows.log_time[-1])
        kind = rows.messages.type
        return Extent(ordinal, count, first, last, log_time_at, sequence_at, publish_time_at, tuple(columns), kind)

    def read(self, extent: Extent, names: Sequence[str] | None = None) -> Rows:
        """Rows with all top-level fields, or with those of ``names`` that it has."""
        rows = extent.rows
        every = zip(extent.kind, extent.columns, strict=True)
        wanted = [(field, column) for field, column in every if names is None or field.name in names]
        read: Callable[[int, int], Any] = self._read
        if sum(column.size for _, column in wanted) > extent.size_bytes // 2 and extent.is_whole:
            read = self._read_at_once(extent)
        log_time = publish_time = np.frombuffer(read(extent.log_time_at, rows * 8), np.int64)
        sequence = np.frombuffer(read(extent.sequence_at, rows * 4), np.uint32).astype(np.int64)
        if extent.publish_time_at != extent.log_time_at:
            publish_time = np.frombuffer(read(extent.publish_time_at, rows * 8), np.int64)
        arrays = [_column(column, field, rows, read) for field, column in wanted]
        return Rows(log_time, publish_time, sequence, struct_array(arrays, [field for field, _ in wanted], rows))

    def _read_at_once(self, extent: Extent) -> Callable[[int, int], Any]:
        """What reads from an extent, all of which is fetched now: a call per column costs more than its bytes."""
        begin, last = extent.log_time_at, extent.columns[-1]
        data = memoryview(self._read(begin, last.position + last.size - begin))
        return lambda position, size: data[position - begin : position - begin + size]

    def log_times(self, extent: Extent) -> Int64s:
        """Only the times, shape (rows,)."""
        return np.frombuffer(self._read(extent.log_time_at, extent.rows * 8), np.int64)

    def _append(self, buffers: list[memoryview]) -> None:
        while buffers:
            written = os.writev(self._file.fileno(), buffers)
            self._end += written
            while buffers and written >= len(buffers[0]):
                written -= len(buffers.pop(0))
            if buffers:
                buffers[0] = buffers[0][written:]

    def _read(self, position: int, size: int) -> bytes:
        return os.pread(self._file.fileno(), size, position)


def _are_the_same(times: Int64s, others: Int64s) -> bool:
    """Whether they are equal, which those of one place in memory are without a look at them; shapes (N,)."""
    is_one = times.__array_interface__["data"] == others.__array_interface__["data"]
    return is_one or np.array_equal(times, others)


_ZEROS = memoryview(bytes(8))


def _padding(size: int) -> int:
    """How many bytes make it a whole number of eight: numbers are aligned where their column begins."""
    return -size % 8


def _column(column: Column, field: pa.Field, rows: int, read: Callable[[int, int], Any]) -> pa.Array:
    if column.texts_at:
        offsets = np.frombuffer(read(column.position, (rows + 1) * 4), np.int32)
        first, last = int(offsets[0]), int(offsets[-1])
        buffers = [offsets - first, read(column.texts_at + first, last - first)]
        return pa.Array.from_buffers(field.type, rows, [None, *map(pa.py_buffer, buffers)], null_count=0)
    data = pa.py_buffer(read(column.position, column.size))
    if column.is_plain:
        return pa.Array.from_buffers(field.type, rows, [None, data], null_count=0)
    return pa.ipc.read_record_batch(data, pa.schema([pa.field("", field.type, field.nullable)])).column(0)


def _plain(array: pa.Array) -> list[pa.Buffer] | None:
    """The values of an array of numbers that lacks none, or offsets and bytes of such texts; None of others."""
    if array.null_count:
        return None
    if pa.types.is_binary(array.type) or pa.types.is_string(array.type):
        _, offsets, texts = array.buffers()
        if offsets is None or texts is None:
            return None
        ends = np.frombuffer(offsets, np.int32, len(array) + 1, array.offset * 4)
        first, last = int(ends[0]), int(ends[-1])
        return [pa.py_buffer(ends - first if first else ends), texts.slice(first, last - first)]
    if not pa.types.is_primitive(array.type) or pa.types.is_boolean(array.type):
        return None
    _, values = array.buffers()
    width = array.type.bit_width // 8
    return None if values is None else [values.slice(array.offset * width, len(array) * width)]


def part_of(extent: Extent, first: int, rows: int, first_time: int, last_time: int) -> Extent:
    """Some rows of an extent, from ``first`` on, all columns of which are plain texts; ordered within."""
    columns = [column._replace(position=column.position + 4 * first) for column in extent.columns]
    return replace(
        extent,
        rows=rows,
        first_time=first_time,
        last_time=last_time,
        log_time_at=extent.log_time_at + 8 * first,
        sequence_at=extent.sequence_at + 4 * first,
        publish_time_at=extent.publish_time_at + 8 * first,
        columns=tuple(columns),
    )


def struct_array(arrays: Sequence[pa.Array], fields: Sequence[pa.Field], rows: int) -> pa.StructArray:
    """A StructArray that knows its length without fields too."""
    if not fields:
        return pa.Array.from_buffers(pa.struct([]), rows, [None])
    return pa.StructArray.from_arrays(arrays, fields=list(fields))


def is_ordered(extents: Sequence[Extent]) -> bool:
    """Whether extents in file order are in order of time too."""
    return all(a.last_time <= b.first_time for a, b in pairwise(extents))


class OrderedReader:
    """Reads a channel's extents by ``log_time``, ties in file order.

    Extents that overlap in time are merged. Few at a time are held whole until no later extent can come before
    them; where too many overlap, their times (8 bytes a row) are sorted in memory and their rows fetched in pieces.

    Args:
        file: where they are.
        extents: in file order.
        names: the top-level fields to read; None for all.
    """

    def __init__(
        self,
        file: SpoolFile,
        extents: Sequence[Extent],
        names: Sequence[str] | None = None,
    ) -> None:
        self._file = file
        self._extents = extents
        self._names = names
        self._cache: OrderedDict[int, Rows] = OrderedDict()

    def __iter__(self) -> Iterator[Rows]:
        if is_ordered(self._extents):
            for extents in _in_groups(self._extents):
                yield joined([self._read(extent) for extent in extents])
            return
        by_time = sorted(self._extents, key=lambda extent: (extent.first_time, extent.ordinal))
        if _most_at_once(by_time) <= _HELD_EXTENTS:
            yield from self._held(by_time)
        else:
            yield from self._merged(by_time)

    def _read(self, extent: Extent) -> Rows:
        return self._file.read(extent, self._names)

    def _held(self, by_time: list[Extent]) -> Iterator[Rows]:
        """Hold rows back until those of all extents that begin before them are there."""
        held: list[tuple[int, Rows]] = []
        for number, extent in enumerate(by_time):
            held.append((extent.ordinal, self._read(extent)))
            following = by_time[number + 1].first_time if number + 1 < len(by_time) else None
            if following is not None and all(rows.log_time[0] >= following for _, rows in held):
                continue
            held.sort(key=itemgetter(0))
            ready = [_between(rows, None, following) for _, rows in held]
            merged = joined([rows for rows in ready if len(rows.log_time)])
            if len(ready) > 1:
                merged = taken(merged, np.argsort(merged.log_time, kind="stable"))
            yield merged
            rest = [(ordinal, _between(rows, following, None)) for ordinal, rows in held if following is not None]
            held = [(ordinal, rows) for ordinal, rows in rest if len(rows.log_time)]

    def _merged(self, extents: list[Extent]) -> Iterator[Rows]:
        extents = sorted(extents, key=lambda extent: extent.ordinal)
        self._cache.clear()
        begins = np.cumsum([0] + [extent.rows for extent in extents])
        order = np.argsort(np.concatenate([self._file.log_times(extent) for extent in extents]), kind="stable")
        for at in range(0, len(order), _MERGED_ROWS):
            wanted = order[at : at + _MERGED_ROWS]
            yield self._gather(extents, begins, wanted)

    def _gather(self, extents: list[Extent], begins: Int64s, wanted: Int64s) -> Rows:
        """Rows by their number over all ``extents``."""
        which = np.searchsorted(begins, wanted, side="right") - 1
        parts: list[Rows] = []
        places = np.empty(len(wanted), np.int64)
        done = 0
        for index in np.unique(which).tolist():
            here = np.flatnonzero(which == index)
            rows = wanted[here] - begins[index]
            whole = self._cached(extents[index])
            first, last = int(rows.min()), int(rows.max()) + 1
            parts.append(sliced(whole, first, last))
            places[here] = rows - first + done
            done += last - first
        return taken(joined(parts), places)

    def _cached(self, extent: Extent) -> Rows:
        rows = self._cache.pop(extent.log_time_at, None) or self._read(extent)
        self._cache[extent.log_time_at] = rows
        while len(self._cache) > 1 and sum(each.messages.nbytes for each in self._cache.values()) > _CACHE_BYTES:
            self._cache.popitem(last=False)
        return rows


def _in_groups(extents: Sequence[Extent]) -> Iterator[list[Extent]]:
    """Extents that are read at once, so that what is done per batch and column costs less than the rows."""
    group: list[Extent] = []
    rows = size_bytes = 0
    for extent in extents:
        rows, size_bytes = rows + extent.rows, size_bytes + extent.size_bytes
        if group and (rows > _MERGED_ROWS or size_bytes > _GROUP_BYTES):
            yield group
            group, rows, size_bytes = [], extent.rows, extent.size_bytes
        group.append(extent)
    if group:
        yield group


def _most_at_once(by_time: Sequence[Extent]) -> int:
    """How many extents overlap at most."""
    ends: list[int] = []
    most = 0
    for extent in by_time:
        while ends and ends[0] < extent.first_time:
            heapq.heappop(ends)
        heapq.heappush(ends, extent.last_time)
        most = max(most, len(ends))
    return most


def sliced(rows: Rows, first: int, last: int) -> Rows:
    """The rows ``first`` to ``last`` (not taken)."""
    part = slice(first, last)
    return Rows(rows.log_time[part], rows.publish_time[part], rows.sequence[part], rows.messages[part])


def _between(rows: Rows, begin: int | None, end: int | None) -> Rows:
    """Ordered rows with ``begin <= log_time < end``."""
    first = 0 if begin is None else int(np.searchsorted(rows.log_time, begin))
    last = len(rows.log_time) if end is None else int(np.searchsorted(rows.log_time, end))
    return sliced(rows, first, last)


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows one after the other; the types of their messages must be equal."""
    if len(parts) == 1:
        return parts[0]
    return Rows(
        np.concatenate([part.log_time for part in parts]),
        np.concatenate([part.publish_time for part in parts]),
        np.concatenate([part.sequence for part in parts]),
        pa.concat_arrays([part.messages for part in parts]),
    )


def taken(rows: Rows, places: Int64s) -> Rows:
    """The rows at these places, in this order."""
    return Rows(
        rows.log_time[places],
        rows.publish_time[places],
        rows.sequence[places],
        rows.messages.take(pa.array(places)),
    )
