"""Arrow columns → numpy, with a defined answer for what is missing. No Python per row where rows are many."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.lists import list_lengths, offsets_of
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
    exactly up to 2**53 only; larger ones are rounded to the nearest.
    """
    target = np.dtype(dtype)
    time = is_time(array.type)
    plain = array.view(pa.int64()) if time else array
    values: Array
    if plain.null_count == 0:
        values = plain.to_numpy(zero_copy_only=False)
    elif pa.types.is_floating(plain.type):
        values = plain.to_numpy(zero_copy_only=False)
        return values.astype(target, copy=False)
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


def json_texts(array: pa.Array) -> list[str]:
    """Each row as JSON text: for repeated messages, maps, and whatever else has no column.

    Bytes are base64, times integer nanoseconds, NaN and infinities null, missing rows empty text.
    """
    encode = msgspec.json.encode
    return ["" if row is None else encode(row).decode() for row in plain_rows(array)]


def plain_rows(array: pa.Array) -> list[Any]:
    """Rows as Python values: dicts, lists, numbers, text, bytes; times as integer nanoseconds."""
    kind = array.type
    if is_time(kind):
        return array.view(pa.int64()).to_pylist()  # type: ignore[no-any-return]
    if pa.types.is_struct(kind):
        names = [kind.field(index).name for index in range(kind.num_fields)]
        children = [plain_rows(array.field(index)) for index in range(kind.num_fields)]
        valid = array.is_valid().to_pylist()
        rows = zip(*children, strict=True) if children else ((),) * len(array)
        return [dict(zip(names, row, strict=True)) if ok else None for ok, row in zip(valid, rows, strict=True)]
    if is_list(kind) or pa.types.is_map(kind):
        return _plain_lists(array)
    return array.to_pylist()  # type: ignore[no-any-return]


def _plain_lists(array: pa.Array) -> list[Any]:
    as_map = pa.types.is_map(array.type)
    lists = _map_as_list(array) if as_map else array
    items = plain_rows(lists.flatten())
    offsets = offsets_of(list_lengths(lists)).tolist()
    rows: list[Any] = [items[a:b] for a, b in pairwise(offsets)]
    if as_map:
        rows = [{_key(item["key"]): item["value"] for item in row} for row in rows]
    return [row if ok else None for ok, row in zip(array.is_valid().to_pylist(), rows, strict=True)]


def _key(key: object) -> str:
    """JSON has text keys only."""
    return str(key).lower() if isinstance(key, bool) else str(key)


def _map_as_list(array: pa.MapArray) -> pa.ListArray:
    entries = pa.StructArray.from_arrays([array.keys, array.items], ["key", "value"])
    return pa.ListArray.from_arrays(array.offsets, entries)
