"""Arrow columns of lists, bytes and texts → MATLAB cells. No Python per row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.arrow_numpy import Array, is_binary, is_number, numbers
from paddock.columns.lists import list_lengths, offsets_of
from paddock.formats.matlab_tree import CellKind, Cells, text_cells


def list_cells(array: pa.Array, dtype: npt.DTypeLike = np.float64) -> Cells:
    """Lists as cells: columns of numbers, or of cells of char or bytes."""
    offsets = offsets_of(list_lengths(array))
    items = array.flatten()
    values: Array | Cells
    if is_number(items.type):
        values = numbers(items, dtype)
    else:
        values = bytes_cells(items) if is_binary(items.type) else string_cells(items)
    return Cells(CellKind.COLUMN, values, offsets)


def _bytes_and_offsets(array: pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The bytes of strings or binaries end to end, and their offsets (n + 1,); missing ones are empty."""
    filled = array.cast(pa.large_binary())
    if filled.null_count:
        filled = filled.fill_null(b"")
    _, offset_buffer, data_buffer = filled.buffers()
    if len(filled) == 0 or offset_buffer is None:
        return np.empty(0, np.uint8), np.zeros(len(filled) + 1, np.int64)
    offsets = np.frombuffer(offset_buffer, np.int64)[filled.offset : filled.offset + len(filled) + 1]
    data = np.empty(0, np.uint8) if data_buffer is None else np.frombuffer(data_buffer, np.uint8)
    return data[offsets[0] : offsets[-1]], offsets - offsets[0]


def bytes_cells(array: pa.Array) -> Cells:
    """Binaries as cells of 1×n uint8."""
    return Cells(CellKind.ROW, *_bytes_and_offsets(array))


def string_cells(array: pa.Array) -> Cells:
    """Strings as cells of char; missing ones are empty.

    All strings are turned into UTF-16 at once; how many code units each has is counted from its UTF-8 bytes: one
    for every byte that begins a character, one more where the character lies outside the BMP.
    """
    data, offsets = _bytes_and_offsets(array)
    if data.max(initial=0) < 0x80:  # ASCII
        return Cells(CellKind.CHAR, data.astype(np.uint16), offsets)
    try:
        units = np.frombuffer(data.tobytes().decode().encode("utf-16-le"), np.uint16)
    except UnicodeDecodeError:
        texts = [value.decode(errors="replace") for value in array.cast(pa.binary()).fill_null(b"").to_pylist()]
        return text_cells(texts)
    counts = ((data & 0xC0) != 0x80).astype(np.int64) + (data >= 0xF0)
    return Cells(CellKind.CHAR, units, offsets_of(counts)[offsets])
