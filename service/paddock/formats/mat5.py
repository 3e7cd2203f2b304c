"""MAT v5 (MATLAB's ``-v6`` and, compressed, ``-v7``), written as a stream.

Every element begins with its size. Sizes of matrices follow from the row counts, so their headers are written
first and each batch of rows then goes to its place in all columns of the channel; cells are written one after the
other, and their sizes put in when they are known. Memory holds one batch. The format: MathWorks, "MAT-File
Level 5 File Format". Little-endian, whatever the machine.
"""

from __future__ import annotations

import contextlib
import struct
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from paddock.columns.arrow_numpy import Array
from paddock.columns.columns import ColumnBatch, ColumnChannel, Columns
from paddock.columns.lists import offsets_of
from paddock.errors import Rejected
from paddock.formats.mat5_numbers import Filling, filling
from paddock.formats.matlab_tree import (
    CellColumn,
    CellKind,
    Cells,
    Node,
    NumberColumn,
    Struct,
    Value,
    text_cells,
)

MAX_VARIABLE_BYTES = 2**31 - 1
"""MATLAB refuses larger variables in this format although a size could say up to 4 GiB."""

HEADER_TEXT = b"MATLAB 5.0 MAT-file, created by Paddock"
_HEADER = HEADER_TEXT.ljust(116) + bytes(8) + b"\x00\x01IM"

_MATRIX = 14
_CELL_CLASS, _STRUCT_CLASS, _CHAR_CLASS = 1, 2, 4
_LOGICAL_FLAG = 0x0200
_UTF16_DATA, _UINT16_DATA = 17, 4
"""Both say UTF-16 to MATLAB and Octave. scipy reads the first, but refuses the whole file where characters outside
the BMP or byte order marks make it count other than MATLAB, which counts code units; the second it garbles and
reads on (it refuses a few texts even so). So the second is for texts that have such units."""
_DATA_TYPE = {"i1": 1, "u1": 2, "i2": 3, "u2": 4, "i4": 5, "u4": 6, "f4": 7, "f8": 9, "i8": 12, "u8": 13}
_ARRAY_CLASS = {"f8": 6, "f4": 7, "i1": 8, "u1": 9, "i2": 10, "u2": 11, "i4": 12, "u4": 13, "i8": 14, "u8": 15}
_THREADS = 2
"""More gain nothing: between two reads or writes each needs Python's lock."""
_SWITCH_S = 0.0002
_PIECE_BYTES = 4 << 20
"""How much of a column of cells is built at once."""
_TAKEN_BYTES = 512 << 10
"""How much of a column is made cells at once: what these are made of on the way stays in the processor's cache, and
is small enough for freed memory to be used again, which the kernel then need not empty."""


class VariableTooLarge(Rejected):
    """A variable would pass 2 GiB; HDF5 has no such limit. Caught in ``mat.py`` when the version is free."""

    code = "too_large_for_mat5"


def write_mat5(
    file: BinaryIO, variables: Iterable[tuple[str, Node]], columns: Columns, done: Callable[[int], None]
) -> None:
    """Write the whole file, uncompressed.

    Args:
        file: a real one, empty, open for writing; it stays open.
        variables: name and contents, in the order of the file.
        columns: what the tree's columns are read from.
        done: told after every batch how many rows of columns were written.

    Raises:
        VariableTooLarge: one has 2 GiB or more; the file is then useless.
    """
    file.write(_HEADER)
    with _often_switched(), ThreadPoolExecutor(_THREADS, thread_name_prefix="mat5") as pool:
        variables = list(variables)
        try:
            with filling(file.fileno(), columns, list(_leaves(variables, NumberColumn)), pool) as numbers:
                writer = _Writer(file, done, _CellsAhead(pool, columns, _leaves(variables, CellColumn)), numbers)
                for name, node in variables:
                    writer.variable(name, node)
                writer.finish()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    file.truncate(writer.end)


@contextlib.contextmanager
def _often_switched() -> Iterator[None]:
    """Have no thread wait long for Python's lock: each needs it again after every read, step and write."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


class _Writer:
    """Knows where the next element begins, and which number columns still wait for their rows.

    Rows are read, turned into numbers and written by the threads of ``pool``, a channel each, and so are cells, but
    for their writing: this one writes all that comes one after the other.
    """

    def __init__(self, file: BinaryIO, done: Callable[[int], None], cells: _CellsAhead, numbers: Filling) -> None:
        self.file = file
        self.done = done
        self.cells = cells
        self.numbers = numbers
        self.end = len(_HEADER)
        self.waiting: dict[ColumnChannel, list[tuple[NumberColumn, int]]] = {}

    def variable(self, name: str, node: Node) -> None:
        begin = self.end
        self._element(name, node)
        if self.end - begin > MAX_VARIABLE_BYTES:
            raise VariableTooLarge(f"{name} takes 2 GiB or more, which MAT v5 cannot hold: ask for version 7.3.")
        self._fill_in()

    def _element(self, name: str, node: Node) -> None:
        if isinstance(node, Struct):
            self._struct(name, node)
        elif isinstance(node, Value):
            self._append(small_element(name, node.value))
        elif isinstance(node, NumberColumn):
            data_bytes = node.rows * node.width * node.dtype.itemsize
            self._append(_array_header(name, node.dtype, (node.rows, node.width), data_bytes))
            self.waiting.setdefault(node.channel, []).append((node, self.end))
            self.end += _padded(data_bytes)
        else:
            self._cells(name, node)

    def _struct(self, name: str, node: Struct) -> None:
        begin = self.end
        width = 32 if all(len(field) < 32 for field in node.fields) else 64
        names = b"".join(field.encode("ascii").ljust(width, b"\0") for field in node.fields)
        head = _matrix_head(name, _STRUCT_CLASS, (1, 1)) + struct.pack("<HHi", 5, 4, width) + _data(1, names)
        self._append(_tag(_MATRIX, 0) + head)
        for child in node.fields.values():
            self._element("", child)
        self._set_size(begin)

    def _cells(self, name: str, node: CellColumn) -> None:
        begin = self.end
        self._append(_tag(_MATRIX, 0) + _matrix_head(name, _CELL_CLASS, (node.rows, len(node.parts))))
        for rows, records in self.cells.of_next(node):
            self._append(records.data)
            if self.end - begin > MAX_VARIABLE_BYTES:
                raise VariableTooLarge("A column of texts takes 2 GiB or more, which MAT v5 cannot hold.")
            self.done(rows)
        self._set_size(begin)

    def finish(self) -> None:
        """Wait until all rows are where they belong."""
        for values in self.numbers.finish():
            self.done(values)

    def _fill_in(self) -> None:
        """Have each waiting channel read once, and every batch put where it belongs in all its columns."""
        waiting, self.waiting = self.waiting, {}
        for columns in waiting.values():
            self.numbers.fill(columns)
        if values := self.numbers.done():
            self.done(values)

    def _append(self, data: bytes | memoryview) -> None:
        self.file.seek(self.end)
        self.file.write(data)
        self.end += len(data)

    def _set_size(self, begin: int) -> None:
        if self.end - begin > MAX_VARIABLE_BYTES:
            raise VariableTooLarge("A variable takes 2 GiB or more, which MAT v5 cannot hold: ask for version 7.3.")
        self.file.seek(begin + 4)
        self.file.write(struct.pack("<I", self.end - begin - 8))


class _CellsAhead:
    """The cells of all columns in the order of the file, those of the next columns made while some are written.

    Memory: a batch of each of these columns.

    Args:
        pool: its threads make them.
        columns: what they are made from.
        nodes: these columns.
    """

    def __init__(self, pool: ThreadPoolExecutor, columns: Columns, nodes: Iterable[CellColumn]) -> None:
        self._pool = pool
        self._columns = columns
        self._waiting = deque((node, part) for node in nodes for part in node.parts)
        self._begun: deque[tuple[Iterator[_Records], Future[_Records | None]]] = deque()

    def of_next(self, node: CellColumn) -> Iterator[_Records]:
        """The cells of a column in pieces. Columns have to be asked for in the order of the file."""
        for _ in node.parts:
            while self._waiting and len(self._begun) <= _THREADS:
                batches = self._made(*self._waiting.popleft())
                self._begun.append((batches, self._pool.submit(next, batches, None)))
            batches, future = self._begun.popleft()
            left = node.rows
            while left > 0 and (found := future.result()) is not None:
                left -= found[0]
                if left > 0:
                    future = self._pool.submit(next, batches, None)
                yield found

    def _made(self, node: CellColumn, part: Callable[[ColumnBatch], Cells]) -> Iterator[_Records]:
        for batch in self._columns.read(node.channel, node.needs):
            for some in batch.parts(_TAKEN_BYTES):
                for piece in _pieces(part(some)):
                    yield len(piece), cell_records(piece)[0]


Leaf = TypeVar("Leaf", NumberColumn, CellColumn)
_Records = tuple[int, Array]
"""How many cells there are, and their elements, see ``cell_records``."""


def _leaves(variables: Iterable[tuple[str, Node]], kind: type[Leaf]) -> Iterator[Leaf]:
    """The columns of one kind in the order of the file."""
    for _, node in variables:
        if isinstance(node, Struct):
            yield from _leaves(node.fields.items(), kind)
        elif isinstance(node, kind):
            yield node


def _padded(size: int) -> int:
    return -(-size // 8) * 8


def _tag(data_type: int, size: int) -> bytes:
    return struct.pack("<II", data_type, size)


def _data(data_type: int, data: bytes) -> bytes:
    return _tag(data_type, len(data)) + data.ljust(_padded(len(data)), b"\0")


def _matrix_head(name: str, array_class: int, shape: tuple[int, ...]) -> bytes:
    """Flags, dimensions and name: what every array has between its tag and its data."""
    encoded = name.encode("ascii")
    if 0 < len(encoded) <= 4:
        # MATLAB packs what fits in four bytes beside the tag.
        named = struct.pack("<HH", 1, len(encoded)) + encoded.ljust(4, b"\0")
    else:
        named = _data(1, encoded)
    return struct.pack("<IIII", 6, 8, array_class, 0) + _data(5, struct.pack(f"<{len(shape)}i", *shape)) + named


def _numeric_head(name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> tuple[bytes, int]:
    """The head of a numeric or logical array, and the type word of its data."""
    if dtype.kind == "b":
        return _matrix_head(name, _ARRAY_CLASS["u1"] | _LOGICAL_FLAG, shape), _DATA_TYPE["u1"]
    key = f"{dtype.kind}{dtype.itemsize}"
    return _matrix_head(name, _ARRAY_CLASS[key], shape), _DATA_TYPE[key]


def _array_header(name: str, dtype: np.dtype[Any], shape: tuple[int, ...], data_bytes: int) -> bytes:
    """Everything of a numeric array before its data."""
    head, data_type = _numeric_head(name, dtype, shape)
    total = len(head) + 8 + _padded(data_bytes)
    if total > MAX_VARIABLE_BYTES:
        raise VariableTooLarge("A column takes 2 GiB or more, which MAT v5 cannot hold: ask for version 7.3.")
    return _tag(_MATRIX, total) + head + _tag(data_type, data_bytes)


def small_element(name: str, value: str | float | int | bool | list[str] | Array) -> bytes:
    """A whole array from memory."""
    if isinstance(value, list):
        body = _matrix_head(name, _CELL_CLASS, (len(value), 1)) + cell_records(text_cells(value))[0].tobytes()
        return _tag(_MATRIX, len(body)) + body
    if isinstance(value, str):
        units = value.encode("utf-16-le", "surrogatepass")
        shape = (1 if units else 0, len(units) // 2)
        data_type = _UINT16_DATA if _uncountable(np.frombuffer(units, np.uint16)).any() else _UTF16_DATA
        body = _matrix_head(name, _CHAR_CLASS, shape) + _data(data_type, units)
        return _tag(_MATRIX, len(body)) + body
    array = np.atleast_1d(np.asarray(value))
    if not isinstance(value, np.ndarray) and array.dtype.kind != "b":
        array = array.astype(np.float64)
    data = array.astype(array.dtype.newbyteorder("<")).tobytes()
    head = _array_header(name, array.dtype, (len(array), 1), len(data))
    return head + data.ljust(_padded(len(data)), b"\0")


def _pieces(cells: Cells) -> Iterable[Cells]:
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
        head = _matrix_head("", _CELL_CLASS, (0, 1))
        starts = bounds[cells.offsets]
        data_tag = b""
    else:
        contents = np.ascontiguousarray(inner)
        starts = cells.offsets * contents.itemsize
        if cells.kind is CellKind.CHAR:
            head, data_type = _matrix_head("", _CHAR_CLASS, (0, 0)), _UTF16_DATA
        else:
            head, data_type = _numeric_head("", contents.dtype, (0, 0))
        data_tag = _tag(data_type, 0)
    template = np.frombuffer(_tag(_MATRIX, 0) + head + data_tag, np.uint32)
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
