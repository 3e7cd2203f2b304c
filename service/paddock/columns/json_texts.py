"""Rows as JSON text, for repeated messages, maps, and whatever else has no column. No Python per row.

Each text is put together from those of its parts, all rows at once, and is what msgspec would write. Bytes are
base64, times integer nanoseconds, NaN and infinities null.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from paddock.columns.arrow_numpy import is_binary, is_list, is_text, is_time, numbers
from paddock.columns.columns import Int64s
from paddock.columns.lists import list_lengths, offsets_of

_BYTES = pa.large_binary()
_COMMA, _QUOTE, _BACKSLASH, _SPACE = b',"\\ '
_NULL = -1


class _Texts(NamedTuple):
    """A text for each of N rows."""

    texts: pa.LargeBinaryArray
    """UTF-8, none missing; in whatever order."""
    places: Int64s
    """Where in ``texts`` the row's is, shape (N,); ``_NULL`` where it is that of null."""


_Part = bytes | _Texts
"""A part of the text of every row: the same in all of them, or one for each."""


def json_texts(array: pa.Array) -> pa.LargeStringArray:
    """Each row as JSON text, shape (N,); missing where the row is."""
    joined = _joined(_known(array), len(array))
    valid = array.is_valid().buffers()[1] if array.null_count else None
    return pa.Array.from_buffers(pa.large_string(), len(array), [valid, *joined.buffers()[1:]])


def _parts(array: pa.Array) -> list[_Part]:
    """What the rows of an array are made of inside of another value."""
    if not array.null_count:
        return _known(array)
    places = np.arange(len(array))
    places[array.is_null().to_numpy(zero_copy_only=False)] = _NULL
    return [_Texts(_joined(_known(array), len(array)), places)]


def _known(array: pa.Array) -> list[_Part]:
    """What the rows of an array are made of; a missing row may have any text."""
    kind = array.type
    if pa.types.is_struct(kind):
        return _objects(array)
    if pa.types.is_map(kind):
        return _maps(array)
    if is_list(kind):
        return [b"[", _end_to_end(list_lengths(array), _parts(array.flatten())), b"]"]
    if is_text(kind):
        return [b'"', _escaped(array), b'"']
    if is_binary(kind):
        return [_written(array.to_pylist())]
    if pa.types.is_floating(kind):
        return [_written(numbers(array).tolist())]
    texts = (array.view(pa.int64()) if is_time(kind) else array).cast(pa.large_string())
    return [_all_of(texts.cast(_BYTES))]


def _objects(array: pa.StructArray) -> list[_Part]:
    parts: list[_Part] = []
    for index, field in enumerate(array.type):
        parts += [(b"," if index else b"{") + msgspec.json.encode(field.name) + b":", *_parts(array.field(index))]
    return [*parts, b"}"] if parts else [b"{}"]


def _maps(array: pa.MapArray) -> list[_Part]:
    """Maps as objects, whose keys are texts."""
    entries = pa.StructArray.from_arrays([array.keys, array.items], ["key", "value"])
    lists = pa.ListArray.from_arrays(array.offsets, entries)
    entries = lists.flatten()
    # There are as many maps as messages, but few keys.
    keys = entries.field(0).dictionary_encode()
    named = [*_known(keys.dictionary), b":"]
    if not is_text(array.type.key_type):
        named = [b'"', *named[:-1], b'":']
    names = _Texts(_joined(named, len(keys.dictionary)), keys.indices.to_numpy().astype(np.int64))
    return [b"{", _end_to_end(list_lengths(lists), [names, *_parts(entries.field(1))]), b"}"]


def _end_to_end(lengths: Int64s, parts: Iterable[_Part]) -> _Texts:
    """The texts of each list's items, with commas between them.

    Args:
        lengths: how many items each list has, shape (N,).
        parts: what each item's text is made of.
    """
    bounds = offsets_of(lengths)
    commas = np.ones(int(bounds[-1]), np.int64)
    commas[bounds[1:][lengths > 0] - 1] = 0
    items = _joined([*parts, _Texts(_array_of([b"", b","]), commas)], len(commas))
    _, ends, data = items.buffers()
    return _all_of(_texts(np.frombuffer(ends, np.int64)[bounds], data))


def _written(values: list[Any]) -> _Texts:
    """Values whose texts have no commas, as msgspec writes them."""
    data = np.frombuffer(msgspec.json.encode(values), np.uint8)[1:-1]
    commas = np.flatnonzero(data == _COMMA)
    bounds = np.zeros(2 * len(values), np.int64)
    bounds[1:-1:2], bounds[2::2], bounds[-1:] = commas, commas + 1, len(data)
    # Between two of them is a comma, which is no row's.
    return _Texts(_texts(bounds, data), np.arange(0, len(bounds), 2))


def _escaped(array: pa.Array) -> _Texts:
    """Texts as they are between quotes; those in which something has to be escaped are written one by one."""
    wide = array.fill_null("").cast(pa.large_string()).cast(_BYTES)
    texts = _all_of(wide)
    _, ends, data = wide.buffers()
    if data is None or not len(wide):
        return texts
    bounds = np.frombuffer(ends, np.int64, len(wide) + 1, wide.offset * 8)
    units = np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]]
    odd = np.flatnonzero((units < _SPACE) | (units == _QUOTE) | (units == _BACKSLASH))
    if not len(odd):
        return texts
    rows = np.unique(np.searchsorted(bounds, odd + bounds[0], side="right") - 1)
    written = [msgspec.json.encode(text)[1:-1] for text in array.take(pa.array(rows)).to_pylist()]
    texts.places[rows] = len(wide) + np.arange(len(rows))
    return _Texts(pa.concat_arrays([wide, _array_of(written)]), texts.places)


def _joined(parts: Iterable[_Part], rows: int) -> pa.LargeBinaryArray:
    """The texts of each row, made of its parts one after the other."""
    merged: list[_Part] = []
    for part in parts:
        if isinstance(part, bytes) and merged and isinstance(before := merged[-1], bytes):
            merged[-1] = before + part
        else:
            merged.append(part)
    same = [b"null", *(part for part in merged if isinstance(part, bytes))]
    arrays = [_array_of(same)]
    places = np.empty((rows, len(merged)), np.int64)
    first, constant = len(same), 0
    for index, part in enumerate(merged):
        if isinstance(part, bytes):
            constant += 1
            places[:, index] = constant
            continue
        np.add(part.places, first, out=places[:, index])
        if part.places.min(initial=0) < 0:
            places[part.places < 0, index] = 0
        arrays.append(part.texts)
        first += len(part.texts)
    # One gather by Arrow of all parts of all rows: they lie as they are to be read.
    _, ends, data = pa.concat_arrays(arrays).take(pa.array(places.ravel())).buffers()
    return _texts(np.frombuffer(ends, np.int64, places.size + 1)[:: len(merged)], data)


def _all_of(texts: pa.LargeBinaryArray) -> _Texts:
    """The text of each row is the one at its own place."""
    return _Texts(texts, np.arange(len(texts)))


def _array_of(texts: list[bytes]) -> pa.LargeBinaryArray:
    return pa.array(texts, _BYTES)


def _texts(bounds: Int64s, data: Any) -> pa.LargeBinaryArray:
    """``data[bounds[i]:bounds[i + 1]]`` for each i."""
    buffers = [None, pa.py_buffer(np.ascontiguousarray(bounds, np.int64)), pa.py_buffer(data)]
    return pa.Array.from_buffers(_BYTES, max(0, len(bounds) - 1), buffers)
