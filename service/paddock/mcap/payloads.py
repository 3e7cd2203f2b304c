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
    numbers = np.concatenate([each for _, each in waiting])
    # Radix sort, which is stable and fast, is for small types.
    order = np.argsort(numbers.astype(np.int16) if numbers.max() < 2**15 else numbers, kind="stable")
    order = order[np.count_nonzero(numbers < 0) :]
    if not len(order):
        return
    addressable = _addressable(waiting, order)
    # As opaque bytes heads are copied whole, not field by field.
    heads = np.concatenate([run.heads.view(OPAQUE_HEAD) for run, _ in waiting])[order].view(HEAD)
    payloads = _payloads([run for run, _ in waiting], order)
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


def alternating(data: bytes | memoryview, begins: Int64s, ends: Int64s) -> pa.BinaryArray:
    """The bytes ``data[begins[i]:ends[i]]`` as elements 2·i of an array of 2·N elements, without a copy.

    Between them is what lies between them, so that the array needs no other bytes than ``data``, and one gather in
    C++ gets all that is wanted. Bytes beyond 2 GiB come out empty.
    """
    offsets = np.empty(2 * len(begins) + 1, np.int32)
    offsets[0:-1:2] = np.minimum(begins, _INT32_MAX)
    offsets[1::2] = np.minimum(ends, _INT32_MAX)
    offsets[-1] = offsets[-2]
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.binary(), len(offsets) - 1, buffers)


def gathered(elements: pa.BinaryArray, order: Int64s) -> pa.BinaryArray:
    """The elements 2·i of ``alternating`` for each i of ``order``."""
    places = (order * 2).astype(np.int32)
    return elements.take(pa.Array.from_buffers(pa.int32(), len(places), [None, pa.py_buffer(places)]))


def _payloads(runs: Sequence[Run], order: Int64s) -> pa.BinaryArray:
    """The payloads of all runs in this order. Arrow lets other threads run while it copies."""
    return gathered(
        pa.concat_arrays([alternating(run.data, run.starts + HEAD_BYTES, run.ends) for run in runs]), order
    )


def _addressable(waiting: Sequence[tuple[Run, Numbers]], order: Int64s) -> npt.NDArray[np.bool_] | None:
    """Which messages end within the 2 GiB that Arrow can count; None for all."""
    if all(len(run.data) <= _INT32_MAX for run, _ in waiting):
        return None
    within: npt.NDArray[np.bool_] = np.concatenate([run.ends <= _INT32_MAX for run, _ in waiting])[order]
    return within
