"""How a field of a log becomes an array of a MAT file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from paddock.columns.arrow_numpy import (
    Array,
    is_binary,
    is_list,
    is_number,
    is_text,
    is_time,
    matrix,
    numbers,
    pick,
)
from paddock.columns.columns import ColumnBatch, ColumnChannel
from paddock.columns.json_texts import json_texts
from paddock.columns.signals import Found, Path
from paddock.domain.instants import NS_PER_S
from paddock.formats.matlab_cells import bytes_cells, list_cells, string_cells
from paddock.formats.matlab_tree import CellColumn, CellKind, Cells, NumberColumn

MakeArray = Callable[[ColumnBatch], Array]


@dataclass(frozen=True)
class ChannelRows:
    """The rows of one channel, and how its values are to be written."""

    channel: ColumnChannel
    count: int
    started_ns: int
    """Where ``t`` is 0: the recording's start."""
    native: bool = False

    def seconds(self) -> NumberColumn:
        """``log_time`` in seconds since the start of the recording."""
        return NumberColumn(self.channel, self.count, (), self._seconds, np.dtype(np.float64))

    def time_ns(self) -> NumberColumn:
        """``log_time`` in nanoseconds since the Unix epoch."""
        return NumberColumn(self.channel, self.count, (), lambda batch: batch.log_time, np.dtype(np.int64))

    def _seconds(self, batch: ColumnBatch) -> Array:
        return (batch.log_time - self.started_ns) / NS_PER_S

    def field(self, path: Path, kind: pa.DataType, found: Found) -> NumberColumn | CellColumn:
        """One field. The table of DESIGN §6:

        number → double (with ``native`` its own class), boolean → logical, either → double where a row has none;
        timestamp → double seconds since the Unix epoch, duration → double seconds (``native``: int64 nanoseconds);
        text → cell of char, bytes → cell of 1×n uint8; list of numbers → N×K, or cell of columns when K varies;
        list of texts or bytes → cell of cells; anything else → cell of JSON text.
        """
        if is_number(kind):
            dtype = class_of(kind, found.missing, self.native)
            return self._numbers(path, lambda array: numbers(array, dtype), dtype)
        if is_list(kind) and is_number(kind.value_type):
            dtype = class_of(kind.value_type, found.missing, self.native)
            if (width := found.width) is not None:
                return self._numbers(path, lambda array: matrix(array, width, dtype), dtype, width)
            return self._cells(path, lambda array: list_cells(array, dtype))
        return self._cells(path, cell_maker(kind))

    def _numbers(
        self, path: Path, convert: Callable[[pa.Array], Array], dtype: np.dtype[Any], width: int = 1
    ) -> NumberColumn:
        return NumberColumn(
            self.channel, self.count, path[:1], lambda batch: convert(pick(batch.messages, path)), dtype, width
        )

    def _cells(self, path: Path, convert: Callable[[pa.Array], Cells]) -> CellColumn:
        return CellColumn(self.channel, self.count, path[:1], (lambda batch: convert(pick(batch.messages, path)),))


def class_of(kind: pa.DataType, missing: bool, native: bool) -> np.dtype[Any]:
    """The MATLAB class of a number, as a numpy type. Only floats have a NaN for what is missing."""
    if missing and not pa.types.is_floating(kind):
        return np.dtype(np.float64)
    if pa.types.is_boolean(kind):
        return np.dtype(np.bool_)
    if not native:
        return np.dtype(np.float64)
    if is_time(kind):
        return np.dtype(np.int64)
    if pa.types.is_float16(kind):
        return np.dtype(np.float32)
    own: np.dtype[Any] = np.dtype(kind.to_pandas_dtype())
    return own


def cell_maker(kind: pa.DataType) -> Callable[[pa.Array], Cells]:
    """What turns rows that are no numbers into cells."""
    if is_text(kind):
        return string_cells
    if is_binary(kind):
        return bytes_cells
    if is_list(kind) and (is_text(kind.value_type) or is_binary(kind.value_type)):
        return list_cells
    return lambda array: string_cells(json_texts(array))


def scalar_cells(values: Array) -> Cells:
    """Each number in a cell of its own."""
    return Cells(CellKind.COLUMN, values, np.arange(len(values) + 1, dtype=np.int64))
