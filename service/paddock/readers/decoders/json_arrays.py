"""JSON values ↔ Arrow arrays of the type that their shape has."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from paddock.readers.decoders.json_shape import FLOAT, INT, JSON_TEXT, LIST, MIXED, OBJECT, Shape
from paddock.readers.decoders.json_text import as_float, json_text

_EXACT = 2**53
_SPARSE = 8
"""To look whether an object has a member costs less than to put one where it belongs."""


def array_of(values: list[Any], shape: Shape) -> pa.Array:
    """Values, None where missing, of a shape that has absorbed them; of the type that was learnt."""
    kind = shape.kind
    if kind == OBJECT:
        return _structs(values, shape)
    if kind == LIST:
        assert shape.items is not None, "a list has been absorbed"
        items = [item for value in values if value is not None for item in value]
        return _list_array(values, array_of(items, shape.items))
    if kind == FLOAT:
        return pa.array([None if value is None else as_float(value) for value in values], pa.float64())
    if kind == MIXED:
        return pa.array([None if value is None else json_text(value) for value in values], JSON_TEXT)
    return pa.array(values, shape.arrow(final=False))


def _structs(values: list[Any], shape: Shape) -> pa.StructArray:
    objects = [{} if value is None else value for value in values]
    if sum(map(len, objects)) * _SPARSE < len(objects) * len(shape.fields):
        columns = _sparse_columns(objects, shape)
    else:
        columns = [array_of([each.get(name) for each in objects], field) for name, field in shape.fields.items()]
    kind = shape.arrow(final=False)
    if shape.others:
        columns.append(pa.array([_others(each, shape) for each in objects], JSON_TEXT))
    missing = np.array([value is None for value in values], bool)
    return _struct_array(columns, kind, len(values), missing if missing.any() else None)


def _sparse_columns(objects: list[dict[str, Any]], shape: Shape) -> list[pa.Array]:
    """The same columns in a time that grows with the members that there are, not with all that could be."""
    found: dict[str, tuple[list[int], list[Any]]] = {name: ([], []) for name in shape.fields}
    for row, each in enumerate(objects):
        for name, value in each.items():
            if name in found:
                found[name][0].append(row)
                found[name][1].append(value)
    columns = []
    for name, field in shape.fields.items():
        rows, values = found[name]
        places = np.full(len(objects), -1, np.int32)
        places[rows] = np.arange(len(rows), dtype=np.int32)
        columns.append(array_of(values, field).take(pa.array(places, mask=places < 0)))
    return columns


def _others(value: dict[str, Any], shape: Shape) -> str | None:
    others = {key: each for key, each in value.items() if key not in shape.fields}
    return json_text(others) if others else None


def _list_array(values: list[Any], items: pa.Array) -> pa.ListArray:
    lengths = np.array([0 if value is None else len(value) for value in values], np.int64)
    missing = np.array([value is None for value in values], bool)
    return _lists(lengths, items, missing if missing.any() else None)


def _lists(lengths: Any, items: pa.Array, missing: Any) -> pa.ListArray:
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    mask = None if missing is None else pa.array(missing)
    return pa.ListArray.from_arrays(pa.array(offsets), items, type=pa.list_(items.type), mask=mask)


def _struct_array(columns: list[pa.Array], kind: pa.StructType, rows: int, missing: Any) -> pa.StructArray:
    mask = None if missing is None else pa.array(missing)
    if columns:
        return pa.StructArray.from_arrays(columns, fields=list(kind), mask=mask)
    validity = None if mask is None else pc.invert(mask).buffers()[1]
    return pa.Array.from_buffers(kind, rows, [validity])


def conformed(array: pa.Array, shape: Shape) -> pa.Array:
    """Values of a type that was right when they were decoded as the final type, that of all messages."""
    kind = shape.kind
    if array.null_count == len(array):
        return pa.nulls(len(array), shape.arrow(final=True))
    if kind == MIXED:
        if array.type == JSON_TEXT:
            return array.cast(pa.string())
        return pa.array([None if each is None else json_text(each) for each in _values(array, shape)], pa.string())
    missing = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    if kind == OBJECT:
        known = dict(zip((field.name for field in array.type), array.flatten(), strict=True))
        columns = [
            conformed(known[name] if name in known else pa.nulls(len(array)), field)
            for name, field in shape.fields.items()
        ]
        if shape.others:
            columns.append(known.get(shape.others, pa.nulls(len(array), JSON_TEXT)).cast(pa.string()))
        return _struct_array(columns, shape.arrow(final=True), len(array), missing)
    if kind == LIST:
        assert shape.items is not None, "a list has been absorbed"
        return _lists(array.value_lengths().fill_null(0), conformed(array.flatten(), shape.items), missing)
    if kind == FLOAT and array.type == JSON_TEXT:  # Whole numbers of more than 64 bits.
        return pa.array([None if each is None else as_float(int(each)) for each in array.to_pylist()], pa.float64())
    return array.cast(shape.arrow(final=True), safe=kind != FLOAT)


def _values(array: pa.Array, shape: Shape | None) -> list[Any]:
    """What ``array_of`` made an array from."""
    if array.type == JSON_TEXT:
        return [None if each is None else json.loads(each) for each in array.to_pylist()]
    if shape is None or not pa.types.is_nested(array.type):
        values: list[Any] = array.to_pylist()
        return values
    there = array.is_valid().to_pylist()
    if pa.types.is_list(array.type):
        items = iter(_values(array.flatten(), shape.items))
        lengths = array.value_lengths().fill_null(0).to_pylist()
        return [
            list(islice(items, length)) if known else None for length, known in zip(lengths, there, strict=True)
        ]
    names = [field.name for field in array.type]
    columns = [_values(column, shape.fields.get(name)) for name, column in zip(names, array.flatten(), strict=True)]
    rows: list[Any] = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)] or [
        {} for _ in there
    ]
    for row in rows if shape.others else ():
        row |= row.pop(shape.others, None) or {}
    return [row if known else None for row, known in zip(rows, there, strict=True)]


def noted(array: pa.Array, shape: Shape) -> bool:
    """Tell the shape what it has to know of an array that was not made from values; False where these are needed.

    They are where a double may stand for a whole number that it does not hold.
    """
    kind = shape.kind
    if kind == OBJECT:
        return all(noted(array.field(index), each) for index, each in enumerate(shape.fields.values()))
    if kind == LIST:
        assert shape.items is not None, "a list has been absorbed"
        return noted(array.values, shape.items)
    if kind == FLOAT:
        values = array.to_numpy(zero_copy_only=False)
        return not (np.abs(values) >= _EXACT).any()
    if kind == INT and len(array) > array.null_count:
        ends = pc.min_max(array).as_py()
        shape.note(ends["min"], ends["max"])
    return True
