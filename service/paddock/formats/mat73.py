"""MAT v7.3: HDF5 with MATLAB's conventions, for variables of 2 GiB and more.

MATLAB marks every dataset and group with its class, stores matrices transposed (HDF5 counts rows first, MATLAB
columns), logical as uint8, char as UTF-16 code units, and a cell array as references to datasets in ``#refs#``.
Octave reads numbers and structs, logical as uint8, text as its code units, and skips cells. Deflate is fine for it;
LZF is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from paddock.columns.arrow_numpy import Array
from paddock.columns.columns import Columns
from paddock.formats.hdf5_file import hdf5_file
from paddock.formats.mat5 import HEADER_TEXT
from paddock.formats.matlab_tree import (
    CellColumn,
    CellKind,
    Cells,
    Node,
    NumberColumn,
    Struct,
    Value,
    placed,
    text_cells,
)

_USERBLOCK = HEADER_TEXT.replace(b"5.0", b"7.3").ljust(116) + bytes(8) + b"\x00\x02IM"
_REFS = "#refs#"
_CHUNK_ROWS = 65_536
_REMEMBERED = 50_000
_CLASS = {
    "f8": "double", "f4": "single", "i1": "int8", "u1": "uint8", "i2": "int16", "u2": "uint16",
    "i4": "int32", "u4": "uint32", "i8": "int64", "u8": "uint64",
}  # fmt: skip


def write_mat73(
    target: Path,
    variables: Iterable[tuple[str, Node]],
    columns: Columns,
    compress: bool,
    done: Callable[[int], None],
) -> None:
    """Write the whole file; arguments as in ``mat5.write_mat5``, ``compress`` deflates the number columns."""
    with hdf5_file(target, userblock_size=512) as (file, check):

        def written(rows: int) -> None:
            check()
            done(rows)

        writer = _Writer(file, columns, compress, written)
        for name, node in variables:
            writer.element(file, name, node)
            writer.fill_in()
    with target.open("r+b") as raw:
        raw.write(_USERBLOCK)


class _Writer:
    def __init__(self, file: Any, columns: Columns, compress: bool, done: Callable[[int], None]) -> None:
        import h5py

        self.file = file
        self.columns = columns
        self.filters = {"compression": "gzip", "compression_opts": 1, "shuffle": True} if compress else {}
        self.done = done
        self.waiting: list[tuple[NumberColumn, Any]] = []
        self.reference = h5py.ref_dtype
        self.names = h5py.vlen_dtype(np.dtype("S1"))
        self.cells = 0

    def element(self, parent: Any, name: str, node: Node) -> None:
        if isinstance(node, Struct) and not node.fields:
            # A struct without fields is its dimensions, as all that is empty: other readers refuse a bare group.
            self._empty(parent, name, "struct", (1, 1))
        elif isinstance(node, Struct):
            group = parent.create_group(name)
            group.attrs["MATLAB_class"] = np.bytes_(b"struct")
            fields = np.empty(len(node.fields), object)
            for index, field in enumerate(node.fields):
                fields[index] = np.array([letter.encode() for letter in field], "S1")
            # Keeps the order; an attribute holds 64 KiB at most, so a struct of very many fields goes without.
            if 0 < sum(len(field) + 16 for field in node.fields) < 60_000:
                group.attrs.create("MATLAB_fields", fields, dtype=self.names)
            for field, child in node.fields.items():
                self.element(group, field, child)
        elif isinstance(node, Value):
            self._value(parent, name, node.value)
        elif isinstance(node, NumberColumn):
            self._number_column(parent, name, node)
        else:
            self._cell_column(parent, name, node)

    def _number_column(self, parent: Any, name: str, node: NumberColumn) -> None:
        if node.rows == 0 or node.width == 0:
            self._empty(parent, name, _class_of(node.dtype), (node.rows, node.width))
            return
        stored = np.dtype("u1") if node.dtype.kind == "b" else node.dtype
        chunks = (1, min(node.rows, _CHUNK_ROWS)) if self.filters or node.rows > _CHUNK_ROWS else None
        dataset = parent.create_dataset(
            name, (node.width, node.rows), stored.newbyteorder("<"), chunks=chunks, **self.filters
        )
        self._mark(dataset, node.dtype)
        self.waiting.append((node, dataset))

    def fill_in(self) -> None:
        """Read each waiting channel once, and put every batch where it belongs in all its columns."""
        waiting, self.waiting = self.waiting, []
        for column, dataset, row, batch in placed(self.columns, waiting):
            values = np.asarray(column.make(batch)).astype(column.dtype, copy=False)
            dataset[:, row : row + len(batch)] = values.reshape(len(batch), column.width).T
            self.done(len(batch))

    def _cell_column(self, parent: Any, name: str, node: CellColumn) -> None:
        dataset = parent.create_dataset(name, (len(node.parts), node.rows), self.reference)
        dataset.attrs["MATLAB_class"] = np.bytes_(b"cell")
        for index, part in enumerate(node.parts):
            row = 0
            known: dict[bytes, Any] = {}
            for batch in self.columns.read(node.channel, node.needs):
                references = self._contents(part(batch), known)
                dataset[index, row : row + len(references)] = references
                row += len(references)
                self.done(len(references))

    def _contents(self, cells: Cells, known: dict[bytes, Any]) -> Array:
        """A reference per cell; equal contents of a column share a dataset, because each one costs much."""
        references = np.empty(len(cells), self.reference)
        bounds = cells.offsets.tolist()
        inner = cells.values
        for index in range(len(cells)):
            part = inner[bounds[index] : bounds[index + 1]] if isinstance(inner, np.ndarray) else None
            key = b"" if part is None else part.tobytes()
            if part is None or (reference := known.get(key)) is None:
                reference = self._cell(cells, index, part, known)
                if part is not None and len(known) < _REMEMBERED:
                    known[key] = reference
            references[index] = reference
        return references

    def _cell(self, cells: Cells, index: int, part: Array | None, known: dict[bytes, Any]) -> Any:
        refs = self.file.require_group(_REFS)
        name = f"c{self.cells}"
        self.cells += 1
        if part is not None:
            kind = "char" if cells.kind is CellKind.CHAR else _class_of(part.dtype)
            column = cells.kind is CellKind.COLUMN
            return self._array(refs, name, part, kind, column).ref
        inner = cells.values
        assert isinstance(inner, Cells)
        start, stop = int(cells.offsets[index]), int(cells.offsets[index + 1])
        if start == stop:
            return self._empty(refs, name, "cell", (0, 0)).ref
        offsets = inner.offsets[start : stop + 1]
        values = inner.values
        assert isinstance(values, np.ndarray)
        piece = Cells(inner.kind, values[int(offsets[0]) : int(offsets[-1])], offsets - offsets[0])
        dataset = refs.create_dataset(name, (1, stop - start), self.reference)
        dataset.attrs["MATLAB_class"] = np.bytes_(b"cell")
        dataset[0, :] = self._contents(piece, known)
        return dataset.ref

    def _value(self, parent: Any, name: str, value: str | float | int | bool | list[str] | Array) -> None:
        if isinstance(value, list):
            if not value:
                self._empty(parent, name, "cell", (0, 1))
                return
            dataset = parent.create_dataset(name, (1, len(value)), self.reference)
            dataset.attrs["MATLAB_class"] = np.bytes_(b"cell")
            dataset[0, :] = self._contents(text_cells(value), {})
        elif isinstance(value, str):
            units = np.frombuffer(value.encode("utf-16-le", "surrogatepass"), np.uint16)
            self._array(parent, name, units, "char", False)
        else:
            array = np.atleast_1d(np.asarray(value))
            if not isinstance(value, np.ndarray) and array.dtype.kind != "b":
                array = array.astype(np.float64)
            self._array(parent, name, array, _class_of(array.dtype), True)

    def _array(self, parent: Any, name: str, values: Array, kind: str, column: bool) -> Any:
        if not len(values):
            return self._empty(parent, name, kind, (0, 1) if column and kind != "char" else (0, 0))
        stored = values.astype("u1") if values.dtype.kind == "b" else values
        # MATLAB's 1×n row is n rows of one for HDF5.
        dataset = parent.create_dataset(name, data=stored.reshape((1, -1) if column else (-1, 1)))
        dataset.attrs["MATLAB_class"] = np.bytes_(kind.encode())
        if kind == "char":
            dataset.attrs["MATLAB_int_decode"] = np.int32(2)
        elif kind == "logical":
            dataset.attrs["MATLAB_int_decode"] = np.int32(1)
        return dataset

    def _mark(self, dataset: Any, dtype: np.dtype[Any]) -> None:
        dataset.attrs["MATLAB_class"] = np.bytes_(_class_of(dtype).encode())
        if dtype.kind == "b":
            dataset.attrs["MATLAB_int_decode"] = np.int32(1)

    def _empty(self, parent: Any, name: str, kind: str, shape: tuple[int, int]) -> Any:
        """What is empty holds its own dimensions instead of data."""
        dataset = parent.create_dataset(name, data=np.array(shape, np.uint64))
        dataset.attrs["MATLAB_class"] = np.bytes_(kind.encode())
        dataset.attrs["MATLAB_empty"] = np.uint8(1)
        return dataset


def _class_of(dtype: np.dtype[Any]) -> str:
    return "logical" if dtype.kind == "b" else _CLASS[f"{dtype.kind}{dtype.itemsize}"]
