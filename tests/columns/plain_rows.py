"""What Arrow columns say, row by row."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import pyarrow as pa

from paddock.columns.arrow_numpy import is_list, is_time
from paddock.columns.lists import list_lengths, offsets_of


def json_rows(array: pa.Array) -> list[str | None]:
    """Each row as JSON text."""
    return [None if row is None else msgspec.json.encode(row).decode() for row in plain_rows(array)]


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
