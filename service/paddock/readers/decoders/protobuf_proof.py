"""The proof that ptars read a batch of payloads as google.protobuf would, which is asked only where there is none.

What ptars lets pass and google.protobuf refuses (tags of six bytes, groups that end as another one, the rest of a
packed list) takes bytes, and so does everything that one of the two might read in its own way: fields that are
unknown, sent twice, or sent although they are zero. So where payloads are no longer than what they say needs, there
is none of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from google.protobuf.descriptor import FieldDescriptor

from paddock.readers.decoders.protobuf_types import FIXED, FieldPlan, MessagePlan

_F = FieldDescriptor
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
    """Whether it is known how long the messages are at least: those without lists of other than fixed length."""
    return all(
        each.special != "json"
        and (not each.repeated or each.kind in FIXED)
        and (each.message is None or can_be_proven(each.message))
        for each in plan.fields
    )


class Proof:
    """Knows how long messages of a type are at least.

    Args:
        plan: of which ``can_be_proven`` says so.
    """

    def __init__(self, plan: MessagePlan) -> None:
        # Arrow gives all buffers of a nested column in one list, which saves most of the time that this takes.
        self._fixed: list[tuple[int, Any, int]] = []
        """Most fields, numbers of a fixed length: where in that list their values are, their type and length."""
        self._others: list[tuple[FieldPlan, int, int]] = []
        """The length of their tags, and where their buffers begin."""
        self._add(plan, 1)

    def least_bytes(self, messages: pa.StructArray) -> int:
        """The length of all messages in protobuf at least; exact where no message inside one has 128 bytes.

        Args:
            messages: as ptars makes them. What stands for null in them is zero.
        """
        buffers, rows = messages.buffers(), len(messages)
        total = 0
        for at, kind, size in self._fixed:
            total += size * int(np.count_nonzero(np.frombuffer(buffers[at], kind, rows)))
        for field, tag, at in self._others:
            total += _least_bytes(field, tag, buffers[at : at + 2], rows)
        return total

    def _add(self, plan: MessagePlan, at: int) -> int:
        """Note the fields of a message; where the buffers of what follows begin."""
        for each in plan.fields:
            tag = _varint_size(each.number << 3)
            if each.kind in FIXED and not each.has_presence and not each.repeated:
                size = FIXED[each.kind]
                self._fixed.append((at + 1, _UNSIGNED[size], tag + size))
            else:
                self._others.append((each, tag, at))
            if each.message is not None:
                at = self._add(each.message, at + 1)
            else:
                at += 2 + (2 * each.repeated or each.kind in (_F.TYPE_STRING, _F.TYPE_BYTES))
        return at


def _least_bytes(each: FieldPlan, tag: int, buffers: list[pa.Buffer | None], rows: int) -> int:
    """The least bytes of a field in all rows; for a message its tag and length, as its fields count themselves."""
    if each.message is not None:
        return _ones(buffers[0], rows) * (tag + 1)
    if each.kind == _F.TYPE_BOOL:
        return _ones(buffers[0] if each.has_presence else buffers[1], rows) * (tag + 1)
    if each.repeated:
        return _least_list_bytes(FIXED[each.kind], tag, _numbers(buffers[1], np.int32, rows + 1))
    if each.kind in (_F.TYPE_STRING, _F.TYPE_BYTES):
        ends = _numbers(buffers[1], np.int32, rows + 1)
        sizes = ends[1:] - ends[:-1]
        there = _ones(buffers[0], rows) if each.has_presence else int(np.count_nonzero(sizes))
        return there * (tag + 1) + _longer(sizes) + int(ends[-1] - ends[0])
    kind = _UNSIGNED[FIXED[each.kind]] if each.kind in FIXED else _VARINTS[each.kind]
    values = _numbers(buffers[1], kind, rows)
    if each.kind in (_F.TYPE_SINT32, _F.TYPE_SINT64):
        values = (values << 1) ^ (values >> (8 * values.itemsize - 1))
        values = values.view(np.uint32 if values.itemsize == 4 else np.uint64)
    there = _ones(buffers[0], rows) if each.has_presence else int(np.count_nonzero(values))
    if each.kind in FIXED:
        return there * (tag + int(values.itemsize))
    return there * (tag + 1) + _longer(values)


def _least_list_bytes(width: int, tag: int, offsets: npt.NDArray[Any]) -> int:
    """The least bytes of lists of numbers: packed, or with a tag each where that is shorter."""
    sizes = (offsets[1:] - offsets[:-1]).astype(np.int64) * width
    heads = np.where(sizes, tag + 1, 0)
    bits = 7
    while len(sizes) and int(sizes.max()) >> bits:
        heads += sizes >= 1 << bits
        bits += 7
    return int(np.minimum(heads, sizes // width * tag).sum() + sizes.sum())


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
    while largest >> bits:
        total += int(np.count_nonzero(values >= 1 << bits))
        bits += 7
    return total


def _varint_size(value: int) -> int:
    return max(1, -(-value.bit_length() // 7))
