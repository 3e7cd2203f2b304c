"""Single fields of columns by the names of their signals, and their values as numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.arrow_numpy import is_list, is_number, numbers
from paddock.columns.columns import ColumnChannel, Columns
from paddock.columns.signals import Path, leaves, signal_name


class Column(NamedTuple):
    """One field of a channel."""

    channel: ColumnChannel
    path: Path

    @property
    def kind(self) -> pa.DataType:
        """Arrow's type of it."""
        kind = self.channel.fields
        for name in self.path:
            kind = kind.field(name).type
        return kind

    @property
    def item_kind(self) -> pa.DataType:
        """The type of its values, of a list that of its elements."""
        kind = self.kind
        return kind.value_type if is_list(kind) else kind


def columns_by_name(columns: Columns) -> dict[str, Column]:
    """Every field of the channels that have messages; of two channels with one topic the first has the name."""
    found: dict[str, Column] = {}
    for channel in columns.channels:
        if columns.rows(channel):
            for path, _ in leaves(channel.fields):
                found.setdefault(signal_name(channel, path), Column(channel, path))
    return found


def numbers_by_dtype(found: dict[str, Column]) -> list[tuple[str, str]]:
    """Name and Arrow's word for the type of those that are numbers, as ``CarCatalogue.resolve`` takes them."""
    return [(name, str(column.kind)) for name, column in found.items() if is_number(column.item_kind)]


def values_of(array: pa.Array) -> npt.NDArray[np.float64]:
    """Numbers of a column, or of all lists of a column one behind the other; missing ones are NaN."""
    return numbers(array.flatten() if is_list(array.type) else array)
