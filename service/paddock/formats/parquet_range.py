"""A span of time of single fields out of a stored channel: of its Parquet file nothing else is read."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.formats.arrow_numpy import pick
from paddock.formats.signals import Path, leaves
from paddock.formats.tables import channel_of, column_names
from paddock.mcap.columns import ColumnChannel

Int64s = npt.NDArray[np.int64]
_TIME = "log_time"


@dataclass(frozen=True)
class Rows:
    """The rows of a span, and the one before and after it, which a line needs to enter and leave a plot."""

    times: Int64s
    """``log_time`` of all of them, shape (N,), ascending."""
    inside: slice
    """Those of ``times`` that lie in the span."""
    groups: tuple[int, ...]
    """The row groups they are in."""
    offset: int
    """How many rows of these groups come before them."""


class StoredChannel:
    """One channel's Parquet file, as ``formats/parquet.py`` wrote it.

    Args:
        source: open for reading, seekable; closed with this.

    Raises:
        KeyError: another program wrote the file.
    """

    def __init__(self, source: BinaryIO) -> None:
        import pyarrow.parquet as pq

        self._source = source
        self._file: Any = pq.ParquetFile(source)
        self.channel: ColumnChannel = channel_of(self._file.schema_arrow)[0]
        fields = self.channel.fields
        self._columns = dict(zip((field.name for field in fields), column_names(fields), strict=True))
        self.kinds: dict[Path, pa.DataType] = dict(leaves(fields))
        """The type of every field by its path."""

    def __enter__(self) -> StoredChannel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._source.close()

    def rows(self, start_ns: int, end_ns: int) -> Rows:
        """The rows with ``start_ns <= log_time <= end_ns``, found by the statistics of the row groups."""
        groups = self._groups(start_ns, end_ns)
        table = self._file.read_row_groups(groups, columns=[_TIME])
        times: Int64s = table.column(_TIME).to_numpy()
        begin = int(np.searchsorted(times, start_ns, "left"))
        end = max(begin, int(np.searchsorted(times, end_ns, "right")))
        first, last = max(begin - 1, 0), min(end + 1, len(times))
        return Rows(times[first:last], slice(begin - first, end - first), tuple(groups), first)

    def read(self, path: Path, rows: Rows) -> pa.Array:
        """One field of these rows; a value is missing where a message on the way to it is."""
        # A dotted name reads one leaf of a nested message, not all of it.
        column = self._columns[path[0]]
        table = self._file.read_row_groups(list(rows.groups), columns=[".".join((column, *path[1:]))])
        taken = table.column(column).slice(rows.offset, len(rows.times)).combine_chunks()
        return pick(taken, path[1:])

    def _groups(self, start_ns: int, end_ns: int) -> list[int]:
        """The row groups that hold the span and one row on either side. Rows lie in order of time."""
        metadata = self._file.metadata
        bounds = []
        for index in range(metadata.num_row_groups):
            group = metadata.row_group(index)
            if group.num_rows:
                statistics = group.column(0).statistics
                bounds.append((index, statistics.min, statistics.max))
        before = [index for index, low, _ in bounds if low < start_ns][-1:]
        after = [index for index, _, high in bounds if high > end_ns][:1]
        within = [index for index, low, high in bounds if high >= start_ns and low <= end_ns]
        return sorted({*before, *within, *after})
