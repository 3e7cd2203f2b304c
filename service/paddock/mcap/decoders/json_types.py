"""Arrow types for JSON values whose shape nobody promised."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

MAX_DEPTH = 24
"""Deeper values are JSON text."""
TEXT = pa.string()
JSON_TEXT = pa.large_string()
"""Marks a field whose values did not fit together while types are merged; its values are JSON text."""
_INT64 = range(-(2**63), 2**63)

Path = tuple[str, ...]


def infer(value: Any, numbers: frozenset[Path], path: Path = ()) -> pa.DataType:
    """The type of one value; ``numbers`` are the paths where whole numbers are floats too."""
    if value is None:
        return pa.null()
    if isinstance(value, bool):
        return pa.bool_()
    if isinstance(value, int):
        return pa.int64() if value in _INT64 and path not in numbers else pa.float64()
    if isinstance(value, float):
        return pa.float64()
    if isinstance(value, str):
        return TEXT
    if len(path) >= MAX_DEPTH:
        return JSON_TEXT
    if isinstance(value, dict):
        return pa.struct([(key, infer(each, numbers, (*path, key))) for key, each in value.items()])
    kind: pa.DataType = pa.null()
    for item in value:
        kind = merge(kind, infer(item, numbers, (*path, "")))
    return pa.list_(kind)


def merge(one: pa.DataType | None, other: pa.DataType) -> pa.DataType:
    """The type that holds values of both; fields keep the order in which they came."""
    if one is None or one == other or pa.types.is_null(one):
        return other
    if pa.types.is_null(other):
        return one
    if {one, other} == {pa.int64(), pa.float64()}:
        return pa.float64()
    if pa.types.is_struct(one) and pa.types.is_struct(other):
        merged = {one.field(index).name: one.field(index).type for index in range(one.num_fields)}
        for index in range(other.num_fields):
            field = other.field(index)
            merged[field.name] = merge(merged.get(field.name), field.type)
        return pa.struct(list(merged.items()))
    if pa.types.is_list(one) and pa.types.is_list(other):
        return pa.list_(merge(one.value_type, other.value_type))
    return JSON_TEXT


def shaped(value: Any, kind: pa.DataType) -> Any:
    """The value as pyarrow takes it for ``kind``."""
    if value is None:
        return None
    if kind == JSON_TEXT:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if pa.types.is_floating(kind):
        return as_float(value)
    if pa.types.is_struct(kind):
        return {
            field.name: shaped(value.get(field.name), field.type)
            for field in (kind.field(index) for index in range(kind.num_fields))
        }
    if pa.types.is_list(kind):
        return [shaped(item, kind.value_type) for item in value]
    return value


def as_float(value: float) -> float:
    """JSON has no limit for numbers; beyond a double's they are infinite."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def schema_numbers(data: bytes) -> frozenset[Path]:
    """The paths that a JSON Schema calls ``number``; none from one that cannot be read."""
    try:
        schema = json.loads(data)
    except (ValueError, RecursionError):
        return frozenset()
    found: set[Path] = set()
    _collect(schema, (), found)
    return frozenset(found)


def _collect(schema: Any, path: Path, found: set[Path]) -> None:
    if not isinstance(schema, dict) or len(path) >= MAX_DEPTH:
        return
    kind = schema.get("type")
    if kind == "number" or (isinstance(kind, list) and "number" in kind):
        found.add(path)
    properties = schema.get("properties")
    if isinstance(properties, dict):
        for name, each in properties.items():
            _collect(each, (*path, name), found)
    _collect(schema.get("items"), (*path, ""), found)


def conformed(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """Values of a type that was right earlier as the type that holds all; see ``merge``."""
    if array.type == kind:
        return array
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), kind)
    if kind == JSON_TEXT:
        texts = [None if value is None else shaped(value, JSON_TEXT) for value in array.to_pylist()]
        return pa.array(texts, JSON_TEXT)
    if pa.types.is_struct(kind):
        columns = []
        flat = dict(zip((field.name for field in array.type), array.flatten(), strict=True))
        for field in kind:
            column = flat.get(field.name)
            columns.append(pa.nulls(len(array), field.type) if column is None else conformed(column, field.type))
        mask = array.is_null() if array.null_count else None
        if not columns:
            return pa.Array.from_buffers(kind, len(array), array.buffers()[:1])
        return pa.StructArray.from_arrays(columns, fields=list(kind), mask=mask)
    if pa.types.is_list(kind):
        items = conformed(array.values, kind.value_type)
        mask = array.is_null() if array.null_count else None
        return pa.ListArray.from_arrays(array.offsets, items, type=kind, mask=mask)
    return array.cast(kind)


def settled(kind: pa.DataType) -> pa.DataType:
    """The type that a channel shows: JSON text is a string, and what was always null is a missing number."""
    if kind == JSON_TEXT:
        return TEXT
    if pa.types.is_null(kind):
        return pa.float64()
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, settled(field.type)) for field in kind])
    return pa.list_(settled(kind.value_type)) if pa.types.is_list(kind) else kind
