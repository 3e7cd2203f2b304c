"""Many messages at once: where they are in a chunk, and their heads, as numpy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from paddock.readers.mcap.events import Event, Indexes, Int64s, Messages, Record
from paddock.readers.mcap.plausible import IN_CHUNKS, looks_plausible
from paddock.readers.mcap.records import MESSAGE, MESSAGE_HEAD_BYTES, PREFIX, PREFIX_BYTES, Data

HEAD_BYTES = PREFIX_BYTES + MESSAGE_HEAD_BYTES
HEAD = np.dtype(
    [
        ("opcode", "u1"),
        ("length", "<u8"),
        ("channel", "<u2"),
        ("sequence", "<u4"),
        ("log_time", "<u8"),
        ("publish_time", "<u8"),
    ]
)
_ENTRY_BYTES = 16
"""An entry of a MessageIndex: ``log_time`` and ``offset``."""
_MANY_ENTRIES = 16
"""In a record: then one record after the other is sooner read than all at once."""
_OPAQUE_OFFSET = np.dtype("V8")
_OPAQUE_HEAD = np.dtype(f"V{HEAD_BYTES}")
"""A message's head as bytes without fields."""

Heads = npt.NDArray[np.void]


def heads_at(data: Data, starts: npt.NDArray[np.signedinteger[Any]]) -> Heads:
    """The heads of the messages that begin at ``starts``; shape (N,), dtype ``HEAD``.

    A view with an element at every byte makes this one gather; as opaque bytes it needs no aligned copy.
    """
    everywhere = np.ndarray((max(0, len(data) - HEAD_BYTES + 1),), _OPAQUE_HEAD, data, strides=(1,))
    heads: Heads = everywhere[starts].view(HEAD)
    return heads


def index_offsets(indexes: Indexes) -> Int64s:
    """The offsets within their chunk that MessageIndex records claim, one record after the other, shape (N,)."""
    total = sum(count for _, count in indexes.entries)
    if total > _MANY_ENTRIES * len(indexes.entries):
        offsets = [
            np.ndarray((count,), _OPAQUE_OFFSET, indexes.data, begin + 8, strides=(_ENTRY_BYTES,))
            for begin, count in indexes.entries
            if count
        ]
        return np.concatenate(offsets).view(np.int64)
    entries = np.array(indexes.entries, np.int64)
    begins, counts = entries[:, 0], entries[:, 1]
    first, last = int(begins[0]), int(begins[-1] + counts[-1] * _ENTRY_BYTES)
    # A view with an offset at every byte: one gather, however many records there are.
    data = memoryview(indexes.data)[first:last]
    everywhere = np.ndarray((max(0, len(data) - _ENTRY_BYTES + 1),), _OPAQUE_OFFSET, data, 8, strides=(1,))
    within = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    found: Int64s = everywhere[np.repeat(begins - first, counts) + within * _ENTRY_BYTES].view(np.int64)
    return found


def indexed_events(data: Data, indexes: Sequence[Int64s]) -> list[Event] | None:
    """The records of a chunk by its message indexes; None when these are wrong in any way.

    The indexes are a hint only. They are right when the messages they name tile the chunk without an overlap, and
    whole records of another kind fill what is between them.
    """
    if not indexes:
        return None
    claimed = np.concatenate(indexes)
    if not len(claimed):
        return None
    # Half as wide they are sorted in half the time. What does not fit is no worse a hint as another number.
    starts = np.sort(claimed.astype(np.int32)).astype(np.int64)
    if starts[0] < 0 or starts[-1] > len(data) - HEAD_BYTES:
        return None
    heads = heads_at(data, starts)
    lengths = heads["length"].astype(np.int64)
    if lengths.min() < MESSAGE_HEAD_BYTES or lengths.max() > len(data) or (heads["opcode"] != MESSAGE).any():
        return None
    ends = starts + lengths
    ends += PREFIX_BYTES
    between = starts[1:] - ends[:-1]
    if ends[-1] > len(data) or between.min(initial=0) < 0:
        return None
    after_gap = np.flatnonzero(between) + 1
    events: list[Event] = []
    row = 0
    gaps = [(row, int(ends[row - 1]), int(starts[row])) for row in after_gap.tolist()]
    for stop, begin, end in [(0, 0, int(starts[0])), *gaps, (len(starts), int(ends[-1]), len(data))]:
        if row < stop:
            events.append(Messages(data, starts[row:stop], ends[row:stop], 0, heads[row:stop]))
            row = stop
        while begin < end:
            if not looks_plausible(data, begin, end - begin, IN_CHUNKS) or data[begin] == MESSAGE:
                return None
            opcode, length = PREFIX.unpack_from(data, begin)
            events.append(Record(opcode, begin, length))
            begin += PREFIX_BYTES + length
        if begin > end:
            return None
    return events
