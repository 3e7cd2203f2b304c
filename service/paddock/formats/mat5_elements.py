"""The elements that a MAT v5 file is made of, as bytes; ``mat5.py`` puts them into a file.

The format: MathWorks, "MAT-File Level 5 File Format". Little-endian, whatever the machine.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from paddock.columns.arrow_numpy import Array
from paddock.columns.lists import offsets_of
from paddock.errors import Rejected
from paddock.formats.matlab_tree import CellKind, Cells, text_cells

MAX_VARIABLE_BYTES = 2**31 - 1
"""MATLAB refuses larger variables in this format although a size could say up to 4 GiB."""

MATRIX = 14
CELL_CLASS, STRUCT_CLASS, _CHAR_CLASS = 1, 2, 4
_LOGICAL_FLAG = 0x0200
_UTF16_DATA, _UINT16_DATA = 17, 4
"""Both say UTF-16 to MATLAB and Octave. scipy reads the first, but refuses the whole file where characters outside
the BMP or byte order marks make it count other than MATLAB, which counts code units; the second it garbles and
reads on (it refuses a few texts even so). So the second is for texts that have such units."""
_DATA_TYPE = {"i1": 1, "u1": 2, "i2": 3, "u2": 4, "i4": 5, "u4": 6, "f4": 7, "f8": 9, "i8": 12, "u8": 13}
_ARRAY_CLASS = {"f8": 6, "f4": 7, "i1": 8, "u1": 9, "i2": 10, "u2": 11, "i4": 12, "u4": 13, "i8": 14, "u8": 15}
_PIECE_BYTES = 4 << 20
"""How much of a column of cells is built at once."""


class VariableTooLarge(Rejected):
    """A variable would pass 2 GiB; HDF5 has no such limit. Caught in ``mat.py`` when the version is free."""

    code = "too_large_for_mat5"


def padded(size: int) -> int:
    """The size with what fills up eight bytes."""
    return -(-size // 8) * 8


def element_tag(data_type: int, size: int) -> bytes:
    """What an element begins with; ``size`` is that of what follows."""
    return struct.pack("<II", data_type, size)


def data_element(data_type: int, data: bytes) -> bytes:
    """A whole element."""
    return element_tag(data_type, len(data)) + data.ljust(padded(len(data)), b"\0")


def matrix_head(name: str, array_class: int, shape: tuple[int, ...]) -> bytes:
    """Flags, dimensions and name: what every array has between its tag and its data."""
    encoded = name.encode("ascii")
    if 0 < len(encoded) <= 4:
        # MATLAB packs what fits in four bytes beside the tag.
        named = struct.pack("<HH", 1, len(encoded)) + encoded.ljust(4, b"\0")
    else:
        named = data_element(1, encoded)
    return (
        struct.pack("<IIII", 6, 8, array_class, 0) + data_element(5, struct.pack(f"<{len(shape)}i", *shape)) + named
    )


def _numeric_head(name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> tuple[bytes, int]:
    """The head of a numeric or logical array, and the type word of its data."""
    if dtype.kind == "b":
        return matrix_head(name, _ARRAY_CLASS["u1"] | _LOGICAL_FLAG, shape), _DATA_TYPE["u1"]
    key = f"{dtype.kind}{dtype.itemsize}"
    return matrix_head(name, _ARRAY_CLASS[key], shape), _DATA_TYPE[key]


def array_header(name: str, dtype: np.dtype[Any], shape: tuple[int, ...], data_bytes: int) -> bytes:
    """Everything of a numeric array before its data."""
    head, data_type = _numeric_head(name, dtype, shape)
    total = len(head) + 8 + padded(data_bytes)
    if total > MAX_VARIABLE_BYTES:
        raise VariableTooLarge("A column takes 2 GiB or more, which MAT v5 cannot hold: ask for version 7.3.")
    return element_tag(MATRIX, total) + head + element_tag(data_type, data_bytes)


def small_element(name: str, value: str | float | int | bool | list[str] | Array) -> bytes:
    """A whole array from memory."""
    if isinstance(value, list):
        body = matrix_head(name, CELL_CLASS, (len(value), 1)) + cell_records(text_cells(value))[0].tobytes()
        return element_tag(MATRIX, len(body)) + body
    if isinstance(value, str):
        units = value.encode("utf-16-le", "surrogatepass")
        shape = (1 if units else 0, len(units) // 2)
        data_type = _UINT16_DATA if _uncountable(np.frombuffer(units, np.uint16)).any() else _UTF16_DATA
        body = matrix_head(name, _CHAR_CLASS, shape) + data_element(data_type, units)
        return element_tag(MATRIX, len(body)) + body
    array = np.atleast_1d(np.asarray(value))
    if not isinstance(value, np.ndarray) and array.dtype.kind != "b":
        array = array.astype(np.float64)
    data = array.astype(array.dtype.newbyteorder("<")).tobytes()
    head = array_header(name, array.dtype, (len(array), 1), len(data))
    return head + data.ljust(padded(len(data)), b"\0")


def pieces(cells: Cells) -> Iterable[Cells]:
    """The same cells in pieces that take a bounded memory to build."""
    size = cells.values.dtype.itemsize if isinstance(cells.values, np.ndarray) else 64
    weight = cells.offsets * size + np.arange(len(cells.offsets)) * 64
    row = 0
    while row < len(cells):
        stop = max(row + 1, int(np.searchsorted(weight, weight[row] + _PIECE_BYTES, side="right")) - 1)
        yield cells_between(cells, row, stop)
        row = stop


def cells_between(cells: Cells, start: int, stop: int) -> Cells:
    """Cells ``start`` to ``stop`` (not taken)."""
    offsets = cells.offsets[start : stop + 1]
    first, last = int(offsets[0]), int(offsets[-1])
    inner = cells.values
    values = inner[first:last] if isinstance(inner, np.ndarray) else cells_between(inner, first, last)
    return Cells(cells.kind, values, offsets - first)


def cell_records(cells: Cells) -> tuple[Array, Array]:
    """The elements of a cell array end to end, uint8 (size,), and where each begins, int64 (n + 1,).

    All are built at once: a template of the words before the data, repeated, with the sizes put in by column; then
    Arrow puts these, the contents and what fills up eight bytes together row by row.
    """
    inner = cells.values
    counts = np.diff(cells.offsets)
    if isinstance(inner, Cells):
        contents, bounds = cell_records(inner)
        head = matrix_head("", CELL_CLASS, (0, 1))
        starts = bounds[cells.offsets]
        data_tag = b""
    else:
        contents = np.ascontiguousarray(inner)
        starts = cells.offsets * contents.itemsize
        if cells.kind is CellKind.CHAR:
            head, data_type = matrix_head("", _CHAR_CLASS, (0, 0)), _UTF16_DATA
        else:
            head, data_type = _numeric_head("", contents.dtype, (0, 0))
        data_tag = element_tag(data_type, 0)
    template = np.frombuffer(element_tag(MATRIX, 0) + head + data_tag, np.uint32)
    sizes = np.diff(starts)
    padding = -sizes % 8
    words = np.tile(template, (len(cells), 1))
    words[:, 1] = len(template) * 4 - 8 + sizes + padding
    # Words 8 and 9 are the dimensions: after the tag (2 words), the flags (4) and their own tag (2).
    length, there = (8, 9) if cells.kind is CellKind.COLUMN else (9, 8)
    words[:, length] = counts
    words[:, there] = counts > 0
    if data_tag:
        words[:, -1] = sizes
    if cells.kind is CellKind.CHAR and (uncountable := _uncountable(contents)).any():
        many = np.zeros(len(contents) + 1, np.int64)
        np.cumsum(uncountable, out=many[1:])
        words[np.diff(many[cells.offsets]) > 0, -2] = _UINT16_DATA
    heads = np.arange(len(cells) + 1) * (len(template) * 4), words
    filling = offsets_of(padding), np.zeros(int(padding.sum()), np.uint8)
    return _side_by_side(heads, (starts, contents), filling)


def _side_by_side(*parts: tuple[npt.NDArray[np.int64], Array]) -> tuple[Array, npt.NDArray[np.int64]]:
    """The bytes ``data[bounds[i]:bounds[i + 1]]`` of all ``(bounds, data)`` next to each other, for each i.

    All of them end to end, uint8 (size,), and where those of each i begin, int64 (n + 1,).
    """
    count = len(parts[0][0]) - 1
    if not count:
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    arrays = [
        pa.Array.from_buffers(pa.large_binary(), count, [None, pa.py_buffer(bounds), pa.py_buffer(data)])
        for bounds, data in parts
    ]
    joined: Any = pc.binary_join_element_wise(*arrays, pa.scalar(b"", pa.large_binary()))
    _, bounds, data = joined.buffers()
    return np.frombuffer(data, np.uint8), np.frombuffer(bounds, np.int64)


def _uncountable(units: Array) -> npt.NDArray[np.bool_]:
    """Which UTF-16 code units are halves of a character, or byte order marks."""
    if units.max(initial=0) < 0xD800:
        return np.zeros(len(units), bool)
    found: npt.NDArray[np.bool_] = ((units & 0xF800) == 0xD800) | (units == 0xFEFF) | (units == 0xFFFE)
    return found
