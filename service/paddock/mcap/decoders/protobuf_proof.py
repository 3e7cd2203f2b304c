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

from paddock.mcap.decoders.protobuf_types import FieldPlan, MessagePlan

_F = FieldDescriptor
_FIXED = {
    _F.TYPE_DOUBLE: np.uint64,
    _F.TYPE_FLOAT: np.uint32,
    _F.TYPE_FIXED64: np.uint64,
    _F.TYPE_FIXED32: np.uint32,
    _F.TYPE_SFIXED64: np.uint64,
    _F.TYPE_SFIXED32: np.uint32,
}
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
    """Whether the messages have no lists, whose shortest form is another one for every length."""
    return all(
        not each.repeated and each.special != "json" and (each.message is None or can_be_proven(each.message))
        for each in plan.fields
    )


def least_bytes(columns: list[pa.Array], plan: MessagePlan) -> int:
    """The length of these values in protobuf at least, over all rows; exact where no message inside has 128 bytes.

    Args:
        columns: as ptars makes them, one per field of ``plan``. What stands for null in them is zero.
    """
    return sum(_least_bytes(column, each) for column, each in zip(columns, plan.fields, strict=True))


def _least_bytes(column: pa.Array, each: FieldPlan) -> int:
    tag = _varint_size(each.number << 3)
    not_null: int = len(column) - column.null_count
    if each.message is not None:
        inside = [column.field(index) for index in range(column.type.num_fields)]
        return not_null * (tag + 1) + least_bytes(inside, each.message)
    if each.kind == _F.TYPE_BOOL:
        there: int = not_null if each.has_presence else column.true_count
        return there * (tag + 1)
    if each.kind in (_F.TYPE_STRING, _F.TYPE_BYTES):
        sizes = np.diff(_numbers(column, np.int32, len(column) + 1))
        return _there(column, each, sizes) * tag + _varints(column, each, sizes) + int(sizes.sum())
    if each.kind in _FIXED:
        values = _numbers(column, _FIXED[each.kind], len(column))
        return _there(column, each, values) * (tag + values.itemsize)
    values = _numbers(column, _VARINTS[each.kind], len(column))
    if each.kind in (_F.TYPE_SINT32, _F.TYPE_SINT64):
        values = (values << 1) ^ (values >> (8 * values.itemsize - 1))
        values = values.view(np.uint32 if values.itemsize == 4 else np.uint64)
    return _there(column, each, values) * tag + _varints(column, each, values)


def _numbers(column: pa.Array, kind: Any, count: int) -> npt.NDArray[Any]:
    """The values, or the offsets of texts."""
    return np.frombuffer(column.buffers()[1], kind, count, column.offset * np.dtype(kind).itemsize)


def _there(column: pa.Array, each: FieldPlan, values: npt.NDArray[Any]) -> int:
    """How many messages say the field."""
    return len(column) - column.null_count if each.has_presence else int(np.count_nonzero(values))


def _varints(column: pa.Array, each: FieldPlan, values: npt.NDArray[Any]) -> int:
    """The length of all values that are there, as varints."""
    total = _there(column, each, values)
    if not len(values):
        return total
    largest = int(values.max())
    if values.dtype.kind == "i" and int(values.min()) < 0:
        total += (_NEGATIVE_BYTES - 1) * int(np.count_nonzero(values < 0))
    bits = 7
    while largest >> bits:
        total += int(np.count_nonzero(values >= 1 << bits))
        bits += 7
    return total


def _varint_size(value: int) -> int:
    return max(1, -(-value.bit_length() // 7))
