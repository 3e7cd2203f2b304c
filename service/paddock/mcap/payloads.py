"""Messages of many chunks, sorted by channel with a few array operations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.mcap.columns import Int64s
from paddock.mcap.message_heads import HEAD, HEAD_BYTES, OPAQUE_HEAD
from paddock.mcap.reader import LAST_TIME, Run

Numbers = npt.NDArray[np.int32]
_INT32_MAX = 2**31 - 1


@dataclass(frozen=True)
class Payloads:
    """Messages of one channel in file order, not yet decoded. Shapes: all (N,)."""

    payloads: pa.BinaryArray
    log_time: Int64s
    publish_time: Int64s
    sequence: Int64s
    ordinal: int
    """How many messages the file has before."""
    unaddressable: int = 0
    """Messages that end beyond what Arrow can count in one batch, 2 GiB; they are given up."""


def by_channel(waiting: Sequence[tuple[Run, Numbers]]) -> Iterator[tuple[int, Payloads]]:
    """The messages of some runs by the number that each was given; those with -1 are left out."""
    data, starts, ends = _joined([run for run, _ in waiting])
    numbers = np.concatenate([each for _, each in waiting])
    # Radix sort, which is stable and fast, is for small types.
    order = np.argsort(numbers.astype(np.int16) if numbers.max() < 2**15 else numbers, kind="stable")
    order = order[np.count_nonzero(numbers < 0) :]
    if not len(order):
        return
    addressable = ends[order] <= _INT32_MAX if ends[-1] > _INT32_MAX else None
    # As opaque bytes heads are copied whole, not field by field.
    heads = np.concatenate([run.heads.view(OPAQUE_HEAD) for run, _ in waiting])[order].view(HEAD)
    payloads = gathered(data, starts + HEAD_BYTES, ends, order)
    log_time = heads["log_time"].astype(np.int64)
    publish_time = np.minimum(heads["publish_time"], np.uint64(LAST_TIME)).astype(np.int64)
    sequence = heads["sequence"].astype(np.int64)
    numbers = numbers[order]
    ordinal = waiting[0][0].ordinal
    for begin, end in pairwise([0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]):
        part: slice | Int64s = slice(begin, end)
        rows, lost = payloads[begin:end], 0
        if addressable is not None:
            part = begin + np.flatnonzero(addressable[begin:end])
            rows, lost = rows.take(pa.array(part - begin)), end - begin - len(part)
        yield int(numbers[begin]), Payloads(rows, log_time[part], publish_time[part], sequence[part], ordinal, lost)


def gathered(data: bytes | memoryview, begins: Int64s, ends: Int64s, order: Int64s) -> pa.BinaryArray:
    """The bytes ``data[begins[i]:ends[i]]`` for each i of ``order``, shape (len(order),).

    They and what lies between them are alternating elements of one array over the whole of ``data``, so that one
    gather in C++ gets them all. Bytes beyond 2 GiB come out empty.
    """
    offsets = np.empty(2 * len(begins), np.int32)
    offsets[0::2] = np.minimum(begins, _INT32_MAX)
    offsets[1::2] = np.minimum(ends, _INT32_MAX)
    elements = pa.Array.from_buffers(
        pa.binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )
    places = (order * 2).astype(np.int32)
    return elements.take(pa.Array.from_buffers(pa.int32(), len(places), [None, pa.py_buffer(places)]))


def _joined(runs: Sequence[Run]) -> tuple[bytes, Int64s, Int64s]:
    """The bytes of all runs end to end, and where in them messages begin and end."""
    pieces: list[bytes] = []
    size = base = 0
    starts, ends = [], []
    for run in runs:
        # Runs of one chunk share their bytes.
        if not pieces or pieces[-1] is not run.data:
            base, size = size, size + len(run.data)
            pieces.append(run.data)
        starts.append(run.starts + base)
        ends.append(run.ends + base)
    data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    return data, np.concatenate(starts), np.concatenate(ends)
