"""What is done with the rows of a MAT v5 file: numbers go to their places, and texts and lists become cells."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from paddock.columns.columns import ColumnBatch, Columns
from paddock.formats.mat5_elements import cell_records, pieces
from paddock.formats.matlab_tree import CellColumn, Cells, NumberColumn, placed

Places = Sequence[tuple[NumberColumn, int]]
"""Columns of one channel, and where in the file the numbers of each begin."""
CellPart = tuple[CellColumn, Callable[[ColumnBatch], Cells]]
"""A column of a cell array."""
Records = tuple[int, memoryview]
"""How many cells are done, and elements of cells; see ``cell_records``."""

_TAKEN_BYTES = 512 << 10
"""How much of a column is made cells at once: what these are made of on the way stays in the processor's cache, and
is small enough for freed memory to be used again, which the kernel then need not empty."""


class Workers(Protocol):
    """Who does it, while the rest of the file is written."""

    def fill(self, places: Places) -> None:
        """Have the columns of a channel filled with its numbers."""
        ...

    def done(self) -> int:
        """How many numbers were written since this was asked last."""
        ...

    def finish(self) -> Iterator[int]:
        """Wait until all numbers are written; how many, as they are."""
        ...

    def cells_of_next(self, node: CellColumn) -> Iterator[Records]:
        """The cells of a cell array in pieces. Arrays have to be asked for in the order of the file."""
        ...


def parts_of(nodes: Sequence[CellColumn]) -> list[CellPart]:
    """The columns of cell arrays in the order in which they are asked for."""
    return [(node, part) for node in nodes for part in node.parts]


def made_cells(columns: Columns, part: CellPart) -> Iterator[Records]:
    """The cells of a column of a cell array in pieces."""
    node, make = part
    for batch in columns.read(node.channel, node.needs):
        for some in batch.parts(_TAKEN_BYTES):
            for piece in pieces(make(some)):
                yield len(piece), cell_records(piece)[0].data


def fill(file: int, columns: Columns, places: Places) -> int:
    """Put the numbers of a channel where they belong; how many there were."""
    written = 0
    for column, position, row, batch in placed(columns, places):
        _scatter(file, column, position, row, batch)
        written += len(batch)
    return written


def _scatter(file: int, column: NumberColumn, position: int, row: int, batch: ColumnBatch) -> None:
    values = np.asarray(column.make(batch)).astype(column.dtype.newbyteorder("<"), copy=False)
    for index in range(column.width):
        part = values if values.ndim == 1 else values[:, index]
        place = position + (index * column.rows + row) * column.dtype.itemsize
        data = np.ascontiguousarray(part).data.cast("B")
        while data:
            done = os.pwrite(file, data, place)
            data, place = data[done:], place + done
