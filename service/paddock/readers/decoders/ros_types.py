"""Types of ROS as Arrow columns: how many messages at once become them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.lists import offsets_of
from paddock.readers.decoders.decoded import Undecodable
from paddock.readers.decoders.ros_bytes import Cursor, CutMessages, Int64s, Leaf, stretches_of
from paddock.readers.decoders.ros_schema import DURATION, TEXT, TIME, Member, Message

Leaves = Iterator[npt.NDArray[np.generic]]
_NS_PER_S = 1_000_000_000
_MAX_BYTES = 1 << 40
"""What a message of a fixed size may have: none is as large, and its sizes can still be counted."""


class Kind:
    """A type."""

    arrow: pa.DataType
    leaves: list[Leaf] | None = None
    """What it is made of, where all values have the same size."""

    def read(self, cursor: Cursor) -> pa.Array:
        """Its next value in each message."""
        assert self.leaves is not None
        return self.built(iter(cursor.values(self.leaves)))

    def built(self, leaves: Leaves) -> pa.Array:
        """The values of all messages from its ``leaves``, which were read together with those of other fields."""
        raise NotImplementedError


class NumberKind(Kind):
    """A number, or whether something is so."""

    def __init__(self, name: str, arrow: pa.DataType | None = None) -> None:
        self.is_bool = name == "bool"
        self.dtype: np.dtype[np.generic] = np.dtype(np.uint8 if self.is_bool else name)
        self.arrow: pa.DataType = arrow or (pa.bool_() if self.is_bool else pa.from_numpy_dtype(self.dtype))
        self.leaves: list[Leaf] = [(self.dtype, 1)]

    def built(self, leaves: Leaves) -> pa.Array:
        """See ``Kind``."""
        return self.array(next(leaves).reshape(-1))

    def array(self, values: npt.NDArray[np.generic]) -> pa.Array:
        """As Arrow has them."""
        if self.is_bool:
            return pa.array(values != 0)
        return pa.array(values).cast(self.arrow, safe=False)


class InstantKind(Kind):
    """Seconds and nanoseconds: an instant, or how long something takes."""

    def __init__(self, name: str, *, is_ros1: bool) -> None:
        seconds, rest = ("u4", "u4") if is_ros1 and name == TIME else ("i4", "i4" if is_ros1 else "u4")
        self.arrow: pa.DataType = pa.timestamp("ns") if name == TIME else pa.duration("ns")
        self.leaves: list[Leaf] = [(np.dtype(seconds), 1), (np.dtype(rest), 1)]

    def built(self, leaves: Leaves) -> pa.Array:
        """See ``Kind``."""
        seconds, rest = (next(leaves).reshape(-1).astype(np.int64) for _ in range(2))
        return pa.array(seconds * _NS_PER_S + rest).view(self.arrow)


class TextKind(Kind):
    """A text: its size in front of it, and, in ROS 2, a zero behind it."""

    arrow: pa.DataType = pa.string()

    def __init__(self, *, is_ended: bool) -> None:
        self._is_ended = is_ended

    def read(self, cursor: Cursor) -> pa.Array:
        """See ``Kind``."""
        sizes = cursor.counts()
        begins = cursor.at
        cursor.pass_over(sizes)
        if self._is_ended and len(sizes):
            last = cursor.content[np.maximum(begins + sizes - 1, 0)]
            sizes = sizes - ((sizes > 0) & (last == 0))
        texts = stretches_of(cursor.content, begins, sizes)
        offsets = offsets_of(sizes).astype(np.int32)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(texts))]
        if not texts.size or int(texts.max()) < 0x80:
            return pa.Array.from_buffers(pa.string(), len(sizes), buffers)
        found = pa.BinaryArray.from_buffers(pa.binary(), len(sizes), buffers)
        try:
            return found.cast(pa.string())
        except pa.ArrowInvalid:
            return pa.array([each.decode(errors="replace") for each in found.to_pylist()], pa.string())


class BytesKind(Kind):
    """As many bytes as a message says: pixels of an image, points of a cloud."""

    arrow: pa.DataType = pa.binary()

    def read(self, cursor: Cursor) -> pa.Array:
        """See ``Kind``."""
        sizes = cursor.counts()
        begins = cursor.at
        cursor.pass_over(sizes)
        content = stretches_of(cursor.content, begins, sizes)
        offsets = offsets_of(sizes).astype(np.int32)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(content))]
        return pa.BinaryArray.from_buffers(pa.binary(), len(sizes), buffers)


class StructKind(Kind):
    """Fields behind each other. Those of fixed sizes that are neighbours are read together."""

    def __init__(self, members: Sequence[tuple[str, Kind]], *, is_padded: bool) -> None:
        self._kinds = [kind for _, kind in members]
        self.arrow: pa.StructType = pa.struct([pa.field(name, kind.arrow) for name, kind in members])
        self._runs: list[tuple[list[Leaf] | None, list[Kind]]] = []
        for kind in self._kinds:
            if kind.leaves is None:
                self._runs.append((None, [kind]))
            elif self._runs and self._runs[-1][0] is not None:
                self._runs[-1][0].extend(kind.leaves)
                self._runs[-1][1].append(kind)
            else:
                self._runs.append((list(kind.leaves), [kind]))
        # In ROS 2 a message without fields has a byte for lack of any.
        self._padding: list[Leaf] = [(np.dtype(np.uint8), 1)] if is_padded and not members else []
        self.leaves: list[Leaf] | None = None
        if all(leaves is not None for leaves, _ in self._runs):
            self.leaves = [*self._padding, *(leaf for leaves, _ in self._runs for leaf in leaves or ())]

    def read(self, cursor: Cursor) -> pa.Array:
        """See ``Kind``."""
        if self._padding:
            cursor.values(self._padding)
        arrays = []
        for leaves, kinds in self._runs:
            if leaves is None:
                arrays.append(kinds[0].read(cursor))
            else:
                found = iter(cursor.values(leaves))
                arrays += [kind.built(found) for kind in kinds]
        return self._struct(arrays, len(cursor))

    def built(self, leaves: Leaves) -> pa.Array:
        """See ``Kind``."""
        count = len(next(leaves)) if self._padding else 0
        return self._struct([kind.built(leaves) for kind in self._kinds], count)

    def _struct(self, arrays: list[pa.Array], count: int) -> pa.StructArray:
        if not arrays:
            return pa.StructArray.from_buffers(self.arrow, count, [None])
        return pa.StructArray.from_arrays(arrays, fields=list(self.arrow))


class NumbersKind(Kind):
    """Always so many numbers."""

    def __init__(self, item: NumberKind, count: int) -> None:
        self._item = item
        self._count = count
        self.arrow: pa.DataType = pa.list_(item.arrow)
        self.leaves: list[Leaf] = [(item.dtype, count)]

    def built(self, leaves: Leaves) -> pa.Array:
        """See ``Kind``."""
        values = next(leaves)
        offsets = np.arange(len(values) + 1, dtype=np.int32) * self._count
        return pa.ListArray.from_arrays(pa.array(offsets), self._item.array(values.reshape(-1)))


class ListKind(Kind):
    """Values of another type: as many as a message says, or always so many."""

    def __init__(self, item: Kind, count: int | None) -> None:
        self._item = item
        self._count = count
        self.arrow: pa.DataType = pa.list_(item.arrow)

    def read(self, cursor: Cursor) -> pa.Array:
        """See ``Kind``."""
        counts = cursor.counts() if self._count is None else np.full(len(cursor), self._count, np.int64)
        fine = counts <= cursor.end - cursor.at
        if not fine.all():
            # A value has a byte at least.
            raise CutMessages(cursor.which[~fine])
        offsets = pa.array(offsets_of(counts).astype(np.int32))
        if isinstance(self._item, NumberKind):
            items = self._item.array(cursor.items(self._item.dtype, counts))
        elif (stride := self._stride(cursor.is_aligned)) is not None:
            items = self._side_by_side(cursor, counts, *stride)
        else:
            items = self._one_by_one(cursor, counts)
        return pa.ListArray.from_arrays(offsets, items)

    def _stride(self, is_aligned: bool) -> tuple[int, int, int] | None:
        """Alignment and bytes of an item, and those up to the next one; None where they are not always the same."""
        leaves = self._item.leaves
        if not leaves:
            return None
        largest = max(dtype.itemsize for dtype, _ in leaves) if is_aligned else 1
        if is_aligned and leaves[0][0].itemsize < largest:
            return None
        size = 0
        for dtype, count in leaves:
            size = (size + dtype.itemsize - 1) & -dtype.itemsize if is_aligned else size
            size += dtype.itemsize * count
        return largest, size, (size + largest - 1) & -largest

    def _side_by_side(self, cursor: Cursor, counts: Int64s, alignment: int, size: int, stride: int) -> pa.Array:
        some = np.flatnonzero(counts)
        part, times = cursor.taken(some), counts[some]
        part.align(alignment)
        begins = part.at
        part.pass_over((times - 1) * stride + size)
        cursor.at = cursor.at.copy()
        cursor.at[some] = part.at
        numbers = np.arange(int(times.sum())) - np.repeat(np.cumsum(times) - times, times)
        items = part.taken(np.repeat(np.arange(len(some)), times))
        items.at = np.repeat(begins, times) + numbers * stride
        return self._item.read(items)

    def _one_by_one(self, cursor: Cursor, counts: Int64s) -> pa.Array:
        """The first of each message, then the second of those that have one, …"""
        found, messages = [], []
        some = np.flatnonzero(counts)
        number = 0
        while len(some):
            part = cursor.taken(some)
            found.append(self._item.read(part))
            messages.append(some)
            cursor.at = cursor.at.copy()
            cursor.at[some] = part.at
            number += 1
            some = some[counts[some] > number]
        if not found:
            return pa.array([], self._item.arrow)
        order = np.argsort(np.concatenate(messages), kind="stable")
        return pa.concat_arrays(found).take(pa.array(order))


@dataclass(frozen=True)
class Dialect:
    """How ROS 1 and ROS 2 differ."""

    is_ros1: bool


def kind_of(message: Message, dialect: Dialect, depth: int = 0) -> StructKind:
    """The type of a message.

    Raises:
        Undecodable: no message can be as large.
    """
    members = [(member.name, _member_kind(member, dialect, depth)) for member in message.members]
    kind = StructKind(members, is_padded=not dialect.is_ros1 and depth > 0)
    if kind.leaves and sum(dtype.itemsize * count for dtype, count in kind.leaves) > _MAX_BYTES:
        raise Undecodable("its schema has an array that fits into no message")
    return kind


def _member_kind(member: Member, dialect: Dialect, depth: int) -> Kind:
    if member.message is not None:
        kind: Kind = kind_of(member.message, dialect, depth + 1)
    elif member.kind == TEXT:
        kind = TextKind(is_ended=not dialect.is_ros1)
    elif member.kind in (TIME, DURATION):
        kind = InstantKind(member.kind, is_ros1=dialect.is_ros1)
    else:
        kind = NumberKind(member.kind, pa.int32() if member.names else None)
    for count in reversed(member.counts):
        kind = _list_of(kind, count.fixed)
    return kind


def _list_of(item: Kind, count: int | None) -> Kind:
    if count is None:
        return BytesKind() if isinstance(item, NumberKind) and item.arrow == pa.uint8() else ListKind(item, None)
    if count > _MAX_BYTES:
        raise Undecodable("its schema has an array that fits into no message")
    return NumbersKind(item, count) if isinstance(item, NumberKind) else ListKind(item, count)
