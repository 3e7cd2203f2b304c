"""The proof that ptars read a batch of payloads as google.protobuf would, which is asked only where there is none.

What ptars lets pass and google.protobuf refuses (tags of six bytes, groups that end as another one, the rest of a
packed list) takes bytes, and so does everything that one of the two might read in its own way: fields that are
unknown, sent twice, or sent although they are zero. So where payloads are no longer than what they say needs, there
is none of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from google.protobuf.descriptor import FieldDescriptor

from paddock.readers.decoders.protobuf_types import FIXED, FieldPlan, MessagePlan

_F = FieldDescriptor
_TEXTS = (_F.TYPE_STRING, _F.TYPE_BYTES)
_UNSIGNED = {4: np.uint32, 8: np.uint64}
_VARINTS = {
    _F.TYPE_INT64: np.int64,
    _F.TYPE_UINT64: np.uint64,
    _F.TYPE_INT32: np.int32,
    _F.TYPE_UINT32: np.uint32,
    _F.TYPE_ENUM: np.int32,
    _F.TYPE_SINT32: np.int32,
    _F.TYPE_SINT64: np.int64,
}
_NEGATIVE_BYTES = 10


def can_be_proven(plan: MessagePlan) -> bool:
    """Whether it is known how long the messages are at least: those in which nothing is left undecoded."""
    return all(
        each.special != "json" and (each.message is None or can_be_proven(each.message)) for each in plan.fields
    )


@dataclass
class _Level:
    """The fields of messages that are as many: the messages themselves, or the items of one list in them."""

    offsets_at: int | None
    """The buffer that says how many items there are; None for the messages themselves."""
    above: int
    """The number of the level that this list is in."""
    fixed: list[tuple[int, Any, int]] = field(default_factory=list)
    """Most fields, numbers of a fixed length: which buffer has their values, their type and length."""
    others: list[tuple[FieldPlan, int, int]] = field(default_factory=list)
    """The length of their tags, and where their buffers begin."""


class Proof:
    """Knows how long messages of a type are at least.

    Args:
        plan: of which ``can_be_proven`` says so.
    """

    def __init__(self, plan: MessagePlan) -> None:
        # Arrow gives all buffers of a nested column in one list, which saves most of the time that this takes.
        self._levels = [_Level(None, 0)]
        self._add(plan, 1, 0)

    def least_bytes(self, messages: pa.StructArray) -> int:
        """The length of all messages in protobuf at least; exact where no message inside one has 128 bytes.

        Args:
            messages: as ptars makes them. What stands for null in them is zero.
        """
        buffers, counts, total = messages.buffers(), [len(messages)], 0
        for number, level in enumerate(self._levels):
            if level.offsets_at is not None:
                above = counts[level.above]
                counts.append(int(_numbers(buffers[level.offsets_at], np.int32, above + 1)[-1]) if above else 0)
            rows = counts[number]
            if not rows:
                continue
            for at, kind, size in level.fixed:
                total += size * int(np.count_nonzero(np.frombuffer(buffers[at], kind, rows)))
            for each, tag, at in level.others:
                total += _least_bytes(each, tag, buffers[at : at + 5], rows)
        return total

    def _add(self, plan: MessagePlan, at: int, level: int) -> int:
        """Note the fields of a message; where the buffers of what follows begin."""
        for each in plan.fields:
            tag = _varint_size(each.number << 3)
            if each.kind in FIXED and not each.has_presence and not each.repeated:
                size = FIXED[each.kind]
                self._levels[level].fixed.append((at + 1, _UNSIGNED[size], tag + size))
            else:
                self._levels[level].others.append((each, tag, at))
            inner = level
            if each.repeated:
                if each.message is not None:
                    inner = len(self._levels)
                    self._levels.append(_Level(at + 1, level))
                at += 2
            if each.message is not None:
                at = self._add(each.message, at + 1, inner)
            else:
                at += 2 + (each.kind in _TEXTS)
        return at


def _least_bytes(each: FieldPlan, tag: int, buffers: list[pa.Buffer | None], rows: int) -> int:
    """The least bytes of a field in all rows; of messages those before their fields, which count themselves."""
    if each.repeated:
        return _least_list_bytes(each, tag, _numbers(buffers[1], np.int32, rows + 1), buffers[2:])
    if each.message is not None:
        return _ones(buffers[0], rows) * (tag + 1)
    if each.kind == _F.TYPE_BOOL:
        return _ones(buffers[0] if each.has_presence else buffers[1], rows) * (tag + 1)
    if each.kind in _TEXTS:
        ends = _numbers(buffers[1], np.int32, rows + 1)
        sizes = ends[1:] - ends[:-1]
        there = _ones(buffers[0], rows) if each.has_presence else int(np.count_nonzero(sizes))
        return there * (tag + 1) + _longer(sizes) + int(ends[-1] - ends[0])
    values = _values(each, buffers[1], rows)
    there = _ones(buffers[0], rows) if each.has_presence else int(np.count_nonzero(values))
    if each.kind in FIXED:
        return there * (tag + int(values.itemsize))
    return there * (tag + 1) + _longer(values)


def _values(each: FieldPlan, buffer: pa.Buffer | None, rows: int) -> npt.NDArray[Any]:
    """The numbers of a field as they are on the wire."""
    kind = _UNSIGNED[FIXED[each.kind]] if each.kind in FIXED else _VARINTS[each.kind]
    values = _numbers(buffer, kind, rows)
    if each.kind in (_F.TYPE_SINT32, _F.TYPE_SINT64):
        values = (values << 1) ^ (values >> (8 * values.itemsize - 1))
        values = values.view(np.uint32 if values.itemsize == 4 else np.uint64)
    return values


def _least_list_bytes(each: FieldPlan, tag: int, offsets: npt.NDArray[Any], items: list[pa.Buffer | None]) -> int:
    """The least bytes of lists.

    Args:
        each: their field.
        tag: the length of its tag.
        offsets: where in the items each list begins, and where the last ends.
        items: the buffers of all items end to end.
    """
    count = int(offsets[-1])
    if not count:
        return 0
    if each.message is not None:
        return count * (tag + 1)
    if each.kind in _TEXTS:
        ends = _numbers(items[1], np.int32, count + 1)
        return count * (tag + 1) + _longer(ends[1:] - ends[:-1]) + int(ends[-1] - ends[0])
    lengths = (offsets[1:] - offsets[:-1]).astype(np.int64)
    if each.kind == _F.TYPE_BOOL:
        sizes = lengths
    elif each.kind in FIXED:
        sizes = lengths * FIXED[each.kind]
    else:
        sizes = _varint_list_sizes(_values(each, items[1], count), offsets)
    # Packed, or with a tag each where that is shorter.
    heads = np.where(sizes, tag + 1, 0)
    bits = 7
    while int(sizes.max()) >> bits:
        heads += sizes >= 1 << bits
        bits += 7
    return int(np.minimum(heads, lengths * tag).sum() + sizes.sum())


def _varint_list_sizes(values: npt.NDArray[Any], offsets: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """How many bytes the values of each list take as varints."""
    sizes = np.ones(len(values), np.int64)
    if values.dtype.kind == "i":
        sizes[values < 0] = _NEGATIVE_BYTES
    largest, bits = int(values.max()), 7
    while largest >> bits > 0:
        sizes += values >= 1 << bits
        bits += 7
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    lists: npt.NDArray[np.int64] = before[offsets[1:]] - before[offsets[:-1]]
    return lists


def _numbers(buffer: Any, kind: Any, count: int) -> npt.NDArray[Any]:
    return np.frombuffer(buffer, kind, count)


def _ones(bits: pa.Buffer | None, rows: int) -> int:
    """How many of so many bits are set; all where there are none."""
    if bits is None:
        return rows
    whole, rest = divmod(rows, 8)
    data = _numbers(bits, np.uint8, whole + bool(rest))
    last = int(data[whole]) & (1 << rest) - 1 if rest else 0
    return int(np.bitwise_count(data[:whole]).sum()) + last.bit_count()


def _longer(values: npt.NDArray[Any]) -> int:
    """How many bytes more than one each the values take as varints."""
    if not len(values):
        return 0
    total = 0
    if values.dtype.kind == "i" and int(values.min()) < 0:
        total = (_NEGATIVE_BYTES - 1) * int(np.count_nonzero(values < 0))
    largest, bits = int(values.max()), 7
    while largest >> bits > 0:
        total += int(np.count_nonzero(values >= 1 << bits))
        bits += 7
    return total


def _varint_size(value: int) -> int:
    return max(1, -(-value.bit_length() // 7))
