"""Rows as JSON text, for repeated messages, maps, and whatever else has no column. No Python per row.

Each text is put together from those of its parts, all rows at once, and is what msgspec would write. Bytes are
base64, times integer nanoseconds, NaN and infinities null.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from paddock.columns.arrow_numpy import is_binary, is_list, is_text, is_time, numbers
from paddock.columns.columns import Int64s
from paddock.columns.lists import list_lengths, offsets_of

_TEXT = pa.large_string()
_COMMA, _QUOTE, _BACKSLASH, _SPACE = b',"\\ '


def json_texts(array: pa.Array) -> pa.LargeStringArray:
    """Each row as JSON text, shape (N,); missing where the row is."""
    kind = array.type
    if not len(array):
        return pa.array([], _TEXT)
    if pa.types.is_struct(kind):
        texts = _objects(array)
    elif pa.types.is_map(kind):
        texts = _maps(array)
    elif is_list(kind):
        texts = _together("[", _end_to_end(list_lengths(array), _inside(array.flatten())), "]")
    elif is_text(kind):
        texts = _strings(array)
    elif is_binary(kind):
        texts = _written(array.to_pylist())
    elif pa.types.is_floating(kind):
        texts = _written(numbers(array).tolist())
    else:
        texts = (array.view(pa.int64()) if is_time(kind) else array).cast(_TEXT)
    return pc.if_else(array.is_valid(), texts, None) if array.null_count else texts


def _inside(array: pa.Array) -> pa.LargeStringArray:
    """The same inside of another value."""
    return json_texts(array).fill_null("null")


def _objects(array: pa.StructArray) -> pa.LargeStringArray:
    parts: list[object] = []
    for index, field in enumerate(array.type):
        name = msgspec.json.encode(field.name).decode()
        parts += [f"{',' if index else '{'}{name}:", _inside(array.field(index))]
    return _together(*parts, "}") if parts else pa.array(["{}"] * len(array), _TEXT)


def _maps(array: pa.MapArray) -> pa.LargeStringArray:
    """Maps as objects, whose keys are texts."""
    entries = pa.StructArray.from_arrays([array.keys, array.items], ["key", "value"])
    lists = pa.ListArray.from_arrays(array.offsets, entries)
    entries = lists.flatten()
    quote = "" if is_text(array.type.key_type) else '"'
    members = [quote, json_texts(entries.field(0)), f"{quote}:", _inside(entries.field(1))]
    return _together("{", _end_to_end(list_lengths(lists), *members), "}")


def _together(*parts: object) -> pa.LargeStringArray:
    """The texts of each row one after the other; a text that is not an array is in every row."""
    wide = [part.cast(_TEXT) if isinstance(part, pa.Array) else pa.scalar(part, _TEXT) for part in parts]
    return pc.binary_join_element_wise(*wide, pa.scalar("", _TEXT))


def _end_to_end(lengths: Int64s, *parts: object) -> pa.LargeStringArray:
    """The texts of each list's items, with commas between them.

    Args:
        lengths: how many items each list has, shape (N,).
        parts: what each item's text is made of, see ``_together``.
    """
    bounds = offsets_of(lengths)
    if not bounds[-1]:
        return pa.array([""] * len(lengths), _TEXT)
    commas = np.ones(int(bounds[-1]), np.int64)
    commas[bounds[1:][lengths > 0] - 1] = 0
    separators = _texts(offsets_of(commas), b"," * len(commas))
    _, ends, data = _together(*parts, separators).buffers()
    return _texts(np.frombuffer(ends, np.int64)[bounds], data)


def _written(values: list[Any]) -> pa.LargeStringArray:
    """Values whose texts have no commas, as msgspec writes them."""
    data = np.frombuffer(msgspec.json.encode(values), np.uint8)[1:-1]
    is_comma = data == _COMMA
    bounds = np.concatenate([[-1], np.flatnonzero(is_comma), [len(data)]]) - np.arange(-1, len(values))
    return _texts(bounds, data[~is_comma])


def _strings(array: pa.Array) -> pa.LargeStringArray:
    """In quotes; those in which something has to be escaped are written one by one."""
    quoted = _together('"', array.fill_null(""), '"')
    _, ends, data = quoted.buffers()
    inside = np.ones(len(data), bool)
    bounds = np.frombuffer(ends, np.int64, len(quoted) + 1)
    inside[bounds[:-1]] = inside[bounds[1:] - 1] = False
    units = np.frombuffer(data, np.uint8)
    escaped = np.flatnonzero(inside & ((units < _SPACE) | (units == _QUOTE) | (units == _BACKSLASH)))
    if not len(escaped):
        return quoted
    rows = np.unique(np.searchsorted(bounds, escaped, side="right") - 1)
    written = [msgspec.json.encode(text).decode() for text in array.take(pa.array(rows)).to_pylist()]
    mask = np.zeros(len(array), bool)
    mask[rows] = True
    return pc.replace_with_mask(quoted, mask, pa.array(written, _TEXT))


def _texts(bounds: Int64s, data: Any) -> pa.LargeStringArray:
    """``data[bounds[i]:bounds[i + 1]]``, which is UTF-8, for each i."""
    buffers = [None, pa.py_buffer(np.ascontiguousarray(bounds, np.int64)), pa.py_buffer(data)]
    return pa.Array.from_buffers(_TEXT, len(bounds) - 1, buffers)
