"""Arrow columns → numpy, with a defined answer for what is missing. No Python per row where rows are many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.domain.instants import NS_PER_S

Array = npt.NDArray[Any]


def pick(messages: pa.StructArray, path: Sequence[str]) -> pa.Array:
    """The field at ``path``; where a message on the way is missing, so is the value."""
    array = messages
    for name in path:
        index = array.type.get_field_index(name)
        array = array.flatten()[index] if array.null_count else array.field(index)
    return array


def nullable(kind: pa.DataType) -> pa.DataType:
    """The same message type, in which every field may be missing."""
    if not pa.types.is_struct(kind):
        return kind
    return pa.struct([field.with_type(nullable(field.type)).with_nullable(True) for field in kind])


def as_nullable(array: pa.Array) -> pa.Array:
    """The same rows in their ``nullable`` type; nothing is copied."""
    kind = nullable(array.type)
    if array.type == kind:
        return array
    children = [as_nullable(array.field(index)) for index in range(kind.num_fields)]
    mask = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays(children, fields=list(kind), mask=mask)


def is_time(kind: pa.DataType) -> bool:
    """Timestamp or duration: nanoseconds in int64."""
    return bool(pa.types.is_timestamp(kind) or pa.types.is_duration(kind))


def is_number(kind: pa.DataType) -> bool:
    """Everything that becomes a number or logical in MATLAB."""
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind) or is_time(kind)
    )


def is_text(kind: pa.DataType) -> bool:
    """UTF-8 text of either offset width."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def is_binary(kind: pa.DataType) -> bool:
    """Bytes of either offset width."""
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def is_list(kind: pa.DataType) -> bool:
    """A repeated field of either offset width; a map is something else here."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def numbers(array: pa.Array, dtype: npt.DTypeLike = np.float64) -> Array:
    """Numbers as ``dtype``, shape (n,); missing ones NaN (0 or False where ``dtype`` has no NaN).

    Times become seconds when ``dtype`` is a float, and keep their nanoseconds otherwise. float64 holds integers
    exactly up to 2**53 only; larger ones are rounded to the nearest. NaN and infinities of a float column are as
    missing where ``dtype`` has none.
    """
    target = np.dtype(dtype)
    time = is_time(array.type)
    plain = array.view(pa.int64()) if time else array
    values: Array
    if pa.types.is_floating(plain.type):
        values = plain.to_numpy(zero_copy_only=False)
        if target.kind != "f":
            return np.where(np.isfinite(values), values, 0).astype(target)
        # Bytes off a bus may be a signalling NaN, which NumPy warns of although it stays NaN.
        with np.errstate(invalid="ignore"):
            return values.astype(target, copy=False)
    if plain.null_count == 0:
        values = plain.to_numpy(zero_copy_only=False)
    else:
        values = plain.fill_null(False if pa.types.is_boolean(plain.type) else 0).to_numpy(zero_copy_only=False)
    if time and target.kind == "f":
        # Whole seconds apart from the rest: the sum is rounded once only.
        seconds, rest = np.divmod(values, NS_PER_S)
        values = seconds + rest / NS_PER_S
    converted = values.astype(target, copy=False)
    if plain.null_count and target.kind == "f":
        if not converted.flags.writeable or converted is values:
            converted = converted.copy()
        converted[plain.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return converted


def matrix(array: pa.Array, width: int, dtype: npt.DTypeLike = np.float64) -> Array:
    """Lists that all have ``width`` elements (or are missing) as shape (n, width); missing rows are NaN."""
    values = numbers(array.flatten(), dtype)
    if array.null_count == 0:
        return values.reshape(len(array), width)
    filled = np.full((len(array), width), np.nan if values.dtype.kind == "f" else 0, values.dtype)
    known = len(array) - array.null_count
    filled[array.is_valid().to_numpy(zero_copy_only=False)] = values.reshape(known, width)
    return filled
