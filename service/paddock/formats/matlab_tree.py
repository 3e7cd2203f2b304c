"""What a MAT file holds, before anybody knows whether it will be MAT v5 or HDF5.

A layout (``mat_layouts.py``) describes the file as a tree of these; a writer (``mat5.py``, ``mat73.py``) walks it
and pulls the rows of each column from the log in batches, so that nothing is ever whole in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from paddock.columns.arrow_numpy import Array
from paddock.columns.columns import ColumnBatch, ColumnChannel, Columns


class CellKind(Enum):
    """What the cells of a column hold."""

    CHAR = "char"
    """1×n char; the values are UTF-16 code units, as MATLAB counts characters."""
    ROW = "row"
    """1×n numbers."""
    COLUMN = "column"
    """n×1 numbers, or an n×1 cell."""


@dataclass(frozen=True, eq=False)
class Cells:
    """The contents of n cells, laid end to end: cell i holds ``values[offsets[i]:offsets[i + 1]]``.

    Shapes: ``offsets`` int64 (n + 1,), from 0; ``values`` (offsets[-1],), or as many cells, for cells in cells.
    """

    kind: CellKind
    values: Array | Cells
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1


@dataclass(frozen=True, eq=False)
class NumberColumn:
    """A rows×width matrix of one class; bool is MATLAB's logical."""

    channel: ColumnChannel
    rows: int
    needs: tuple[str, ...]
    """The top-level fields it is made from."""
    make: Callable[[ColumnBatch], Array]
    """Shape (n,) or (n, width) for a batch of n rows, of any type that ``dtype`` can be cast from."""
    dtype: np.dtype[Any]
    width: int = 1


@dataclass(frozen=True, eq=False)
class CellColumn:
    """A rows×len(parts) cell array."""

    channel: ColumnChannel
    rows: int
    needs: tuple[str, ...]
    parts: tuple[Callable[[ColumnBatch], Cells], ...]
    """One for each column of the cell array."""


@dataclass(frozen=True, eq=False)
class Value:
    """Something small: text is char, a list of texts an N×1 cell, a number a double, an array a column."""

    value: str | float | int | bool | list[str] | Array


@dataclass(frozen=True, eq=False)
class Struct:
    """A 1×1 struct."""

    fields: Mapping[str, Node]


Node = Struct | Value | NumberColumn | CellColumn


def text_cells(texts: list[str]) -> Cells:
    """Texts as cells of char."""
    encoded = [text.encode("utf-16-le", "surrogatepass") for text in texts]
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(units) // 2 for units in encoded], out=offsets[1:])
    return Cells(CellKind.CHAR, np.frombuffer(b"".join(encoded), np.uint16), offsets)


P = TypeVar("P")


def placed(
    columns: Columns, waiting: Iterable[tuple[NumberColumn, P]]
) -> Iterator[tuple[NumberColumn, P, int, ColumnBatch]]:
    """Each waiting column with its place, the first row of a batch, and the batch; each channel is read once."""
    by_channel: dict[Any, list[tuple[NumberColumn, P]]] = {}
    for column, place in waiting:
        by_channel.setdefault(column.channel, []).append((column, place))
    for channel, places in by_channel.items():
        needs = tuple(dict.fromkeys(name for column, _ in places for name in column.needs))
        row = 0
        for batch in columns.read(channel, needs):
            for column, place in places:
                yield column, place, row, batch
            row += len(batch)
