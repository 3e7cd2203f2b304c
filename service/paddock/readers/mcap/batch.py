"""Messages that wait to be decoded, and their way from file order to one array per channel.

They are sorted twice: run by run as they come, while their bytes are still in the processor's cache, and all that
gathered once more. The second time whole stretches are moved; alone it would fetch every message from far away.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.columns import Int64s
from paddock.readers.mcap.message_heads import HEAD_BYTES
from paddock.readers.mcap.reader import LAST_TIME, MessageRun

BATCH_BYTES = 32 << 20
"""Message records over all channels: what is done per batch and channel then costs little per message. With 20 MB
decoding takes a fifth longer, with 48 MB it is no faster."""
_MAX_ROWS = BATCH_BYTES // HEAD_BYTES
_USED_BYTES = BATCH_BYTES + _MAX_ROWS * (8 + 8 + 4 + 4 + 4)
MEMORY_BYTES = -(-_USED_BYTES // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
"""What a ``Batch`` takes, and the most that ``Sorted`` does."""
MAX_MESSAGE_BYTES = 2**31 - 1
"""More than Arrow can count in one array of payloads."""

_MANY_STRETCHES = 1 << 14

Bytes = npt.NDArray[np.uint8]
Values = npt.NDArray[Any]
Numbers = npt.NDArray[np.int32]


class Batch:
    """Payloads end to end, each with the number of its channel, in memory that is used again and again.

    Memory that is asked for anew costs more than what is moved there: the kernel empties every page of it.

    Args:
        memory: a writable buffer, perhaps shared with another process: one fills the batch, the other takes it in.
        offset: where in it this has its ``MEMORY_BYTES``.
    """

    def __init__(self, memory: Any = None, offset: int = 0) -> None:
        if memory is None:
            memory = np.empty(MEMORY_BYTES, np.uint8)
        self._data = np.frombuffer(memory, np.uint8, BATCH_BYTES, offset)
        offset += BATCH_BYTES
        self._log_time = np.frombuffer(memory, np.int64, _MAX_ROWS, offset)
        offset += self._log_time.nbytes
        self._publish_time = np.frombuffer(memory, np.int64, _MAX_ROWS, offset)
        offset += self._publish_time.nbytes
        self._sequence = np.frombuffer(memory, np.uint32, _MAX_ROWS, offset)
        offset += self._sequence.nbytes
        self._ends = np.frombuffer(memory, np.int32, _MAX_ROWS, offset)
        self._numbers = np.frombuffer(memory, np.int32, _MAX_ROWS, offset + self._ends.nbytes)
        self.oversized: bytes | memoryview | None = None
        """The payload of a message larger than a whole batch, which then is alone in it, and not copied."""
        self.clear()

    def clear(self) -> None:
        """Begin a new one."""
        self.rows = self.size_bytes = self.ordinal = 0
        self.record_bytes = 0
        """The messages' with their heads: what is counted against ``BATCH_BYTES``."""
        self.is_published_late = False
        """Whether ``publish_time`` is not ``log_time`` in all of them; else it is not filled in."""
        self.oversized = None

    @property
    def extent(self) -> tuple[int, int, int, bool]:
        """What is said of it beside what is in its memory: for the process that takes it in."""
        return self.rows, self.size_bytes, self.ordinal, self.is_published_late

    def take_in(self, extent: tuple[int, int, int, bool], oversized: bytes | None) -> None:
        """Be what another process filled this memory with."""
        self.rows, self.size_bytes, self.ordinal, self.is_published_late = extent
        self.oversized = oversized

    @property
    def data(self) -> Bytes:
        """The payloads, unless one is oversized."""
        return self._data[: self.size_bytes]

    @property
    def ends(self) -> Numbers:
        """Where in ``data`` each payload ends, shape (rows,)."""
        return self._ends[: self.rows]

    @property
    def numbers(self) -> Numbers:
        """The number of each message's channel, shape (rows,)."""
        return self._numbers[: self.rows]

    @property
    def log_time(self) -> Int64s:
        """Shape (rows,)."""
        return self._log_time[: self.rows]

    @property
    def publish_time(self) -> Int64s:
        """Shape (rows,)."""
        return self._publish_time[: self.rows]

    @property
    def sequence(self) -> npt.NDArray[np.uint32]:
        """Shape (rows,)."""
        return self._sequence[: self.rows]

    def add(self, run: MessageRun, numbers: Numbers, first: int, stop: int) -> None:
        """Take the messages ``first`` to ``stop`` (not taken) of a run, those with the number -1 left out.

        They must fit, or be one message alone.
        """
        if not self.rows:
            self.ordinal = run.ordinal + first
        begin, end = int(run.starts[first]), int(run.ends[stop - 1])
        order = _sorted_by_number(numbers[first:stop])
        self.record_bytes += end - begin
        here = slice(self.rows, self.rows + len(order))
        if end - begin > BATCH_BYTES:
            self.oversized = memoryview(run.data)[begin + HEAD_BYTES : end]
            self._ends[0] = self.size_bytes = len(self.oversized)
        else:
            self._copy(run, begin, end, first, stop, order, here)
        log_time = run.log_time[first:stop]
        _gather(numbers[first:stop], order, self._numbers[here])
        # In one piece first: far apart, four bytes in thirty-one, they are gathered three times as slowly.
        _gather(run.heads["sequence"][first:stop].copy(), order, self._sequence[here])
        _gather(log_time, order, self._log_time[here])
        published = run.heads["publish_time"][first:stop]
        is_late = bool((published != log_time.view(np.uint64)).any())
        if is_late and not self.is_published_late:
            self.is_published_late = True
            self._publish_time[: self.rows] = self.log_time
        if self.is_published_late:
            self._publish_time[here] = np.minimum(published[order], np.uint64(LAST_TIME)).astype(np.int64)
        self.rows += len(order)

    def _copy(
        self, run: MessageRun, begin: int, end: int, first: int, stop: int, order: Int64s, here: slice
    ) -> None:
        begins, ends = run.starts[first:stop] + (HEAD_BYTES - begin), run.ends[first:stop] - begin
        payloads = gathered(alternating(memoryview(run.data)[begin:end], begins, ends), order)
        _, offsets, values = payloads.buffers()
        payload_ends = np.frombuffer(offsets, np.int32, len(order), 4)
        if size := int(payload_ends[-1]):
            self._data[self.size_bytes : self.size_bytes + size] = np.frombuffer(values, np.uint8, size)
        np.add(payload_ends, self.size_bytes, out=self._ends[here])
        self.size_bytes += size


def _gather(values: Values, places: Int64s, room: Values) -> None:
    """Put the values at these places, which all exist, into ``room``."""
    # Were they looked at one by one whether they exist, it would be written twice.
    values.take(places, out=room, mode="clip")


def _sorted_by_number(numbers: Numbers) -> Int64s:
    """The places of all but those with -1, by number, ties in order."""
    # Radix sort, which is stable and fast, is for small types.
    small = numbers.astype(np.int16) if numbers.max() < 2**15 else numbers
    return np.argsort(small, kind="stable")[np.count_nonzero(numbers < 0) :]


def pieces(run: MessageRun, limit: int) -> Iterator[tuple[int, int]]:
    """(first, stop) of parts of a run that have at most ``limit`` bytes, or one message."""
    first = 0
    while first < len(run.starts):
        stop = int(np.searchsorted(run.ends, run.starts[first] + limit, side="right"))
        stop = max(first + 1, stop)
        yield first, stop
        first = stop


@dataclass(frozen=True)
class Payloads:
    """Messages of one channel in file order, not yet decoded. Shapes: all (N,)."""

    payloads: pa.BinaryArray
    log_time: Int64s
    publish_time: Int64s
    sequence: Int64s
    ordinal: int
    """How many messages the file has before."""


@dataclass(frozen=True)
class Contents:
    """What ``Sorted`` has, beside what is in its memory: goes from one process to another."""

    numbers: Int64s
    """Those of the channels that have messages, ascending, shape (C,)."""
    rows: Int64s
    """How many each of these has, shape (C,)."""
    ordinal: int
    is_published_late: bool
    """Both as ``Batch`` says."""


class Sorted:
    """The messages of one batch after the other by the number of their channel.

    Args:
        memory: a writable buffer, perhaps shared with another process: one sorts, the other reads.
        offset: where in it this has its ``MEMORY_BYTES``.
    """

    def __init__(self, memory: Any, offset: int = 0) -> None:
        self._data = np.frombuffer(memory, np.uint8, BATCH_BYTES, offset)
        offset += BATCH_BYTES
        self._log_time = np.frombuffer(memory, np.int64, _MAX_ROWS, offset)
        offset += self._log_time.nbytes
        self._publish_time = np.frombuffer(memory, np.int64, _MAX_ROWS, offset)
        offset += self._publish_time.nbytes
        self._sequence = np.frombuffer(memory, np.uint32, _MAX_ROWS, offset)
        self._offsets = np.frombuffer(memory, np.int32, _MAX_ROWS + 1, offset + self._sequence.nbytes)

    def sort(self, batch: Batch) -> Contents:
        """Take the messages of a batch; the payload of one that is oversized stays where it is.

        They lie in stretches of one channel each, as long as the runs that they came in allow; these are moved
        whole.
        """
        changes = np.flatnonzero(np.diff(batch.numbers)) + 1
        bounds = np.concatenate([np.zeros(1, np.int64), changes, np.full(1, batch.rows)])
        stretch_numbers = batch.numbers[bounds[:-1]]
        order = np.argsort(stretch_numbers, kind="stable")
        ends = np.concatenate([np.zeros(1, np.int32), batch.ends])
        _put_in_order(batch.log_time, bounds, order, self._log_time)
        if batch.is_published_late:
            _put_in_order(batch.publish_time, bounds, order, self._publish_time)
        _put_in_order(batch.sequence, bounds, order, self._sequence)
        self._offsets[0] = 0
        _put_in_order(np.diff(ends), bounds, order, self._offsets[1:])
        offsets = self._offsets[1 : batch.rows + 1]
        np.cumsum(offsets, out=offsets)
        if batch.oversized is None:
            _put_in_order(batch.data, ends[bounds], order, self._data)
        numbers, firsts = np.unique(stretch_numbers[order], return_index=True)
        rows = np.add.reduceat(np.diff(bounds)[order], firsts)
        return Contents(numbers.astype(np.int64), rows, batch.ordinal, batch.is_published_late)

    def by_channel(
        self, contents: Contents, oversized: bytes | memoryview | None, alone: int
    ) -> Iterator[tuple[Int64s, Int64s, Payloads]]:
        """The messages that were sorted last: (numbers, rows of each, messages).

        The messages are valid until the next batch is sorted.

        Args:
            contents: what ``sort`` said of them.
            oversized: the batch's.
            alone: a channel with a lower number comes alone, all others come together.
        """
        numbers, rows = contents.numbers, contents.rows
        count = int(rows.sum())
        publish_time = self._publish_time if contents.is_published_late else self._log_time
        data = self._data if oversized is None else oversized
        buffers = [None, pa.py_buffer(self._offsets[: count + 1]), pa.py_buffer(data)]
        payloads = pa.Array.from_buffers(pa.binary(), count, buffers)
        first_others = int(np.searchsorted(numbers, alone))
        begin = row = 0
        for stop in [*range(1, first_others + 1), *([len(numbers)] if first_others < len(numbers) else [])]:
            count = int(rows[begin:stop].sum())
            part = slice(row, row + count)
            times = self._log_time[part], publish_time[part], self._sequence[part].astype(np.int64)
            waiting = Payloads(payloads[part], *times, contents.ordinal)
            yield numbers[begin:stop], rows[begin:stop], waiting
            begin, row = stop, row + count


def _put_in_order(data: Values, bounds: npt.NDArray[Any], order: Int64s, room: Values) -> None:
    """Put the stretches ``data[bounds[i]:bounds[i + 1]]`` one after the other, in this order, into ``room``."""
    room = room[: bounds[-1]]
    if len(order) > _MANY_STRETCHES:  # Arrow is sooner done with them.
        offsets = pa.py_buffer((bounds * data.itemsize).astype(np.int32))
        stretches = pa.Array.from_buffers(pa.binary(), len(order), [None, offsets, pa.py_buffer(data)])
        room[:] = np.frombuffer(stretches.take(pa.array(order)).buffers()[2], data.dtype)
        return
    begins, ends = bounds[:-1][order].tolist(), bounds[1:][order].tolist()
    np.concatenate([data[begin:end] for begin, end in zip(begins, ends, strict=True)], out=room)


def alternating(data: Any, begins: Int64s | Numbers, ends: Int64s | Numbers) -> pa.BinaryArray:
    """The bytes ``data[begins[i]:ends[i]]`` as elements 2·i of an array of 2·N elements, without a copy.

    Between them is what lies between them, so that the array needs no other bytes than ``data``, and one gather in
    C++ gets all that is wanted. Bytes beyond 2 GiB come out empty.
    """
    offsets = np.empty(2 * len(begins) + 1, np.int32)
    is_small = memoryview(data).nbytes <= MAX_MESSAGE_BYTES
    offsets[0:-1:2] = begins if is_small else np.minimum(begins, MAX_MESSAGE_BYTES)
    offsets[1::2] = ends if is_small else np.minimum(ends, MAX_MESSAGE_BYTES)
    offsets[-1] = offsets[-2]
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.binary(), len(offsets) - 1, buffers)


def gathered(elements: pa.BinaryArray, order: Int64s) -> pa.BinaryArray:
    """The elements 2·i of ``alternating`` for each i of ``order``."""
    places = (order * 2).astype(np.int32)
    return elements.take(pa.Array.from_buffers(pa.int32(), len(places), [None, pa.py_buffer(places)]))
