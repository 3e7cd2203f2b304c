"""How far a writer is, told by what it has read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from paddock.columns.columns import ColumnBatch, ColumnChannel, Columns

Progress = Callable[[float], None]
"""Told how much is done, 0 to 1; may be called often."""


def counted(columns: Columns, progress: Progress) -> Columns:
    """The same columns; ``progress`` hears of every batch that is read, for writers that read each row once."""
    return _Counted(columns, progress)


class _Counted:
    def __init__(self, columns: Columns, progress: Progress) -> None:
        self._columns = columns
        self._progress = progress
        self._read = 0
        self.summary = columns.summary
        self.channels: Sequence[ColumnChannel] = columns.channels
        self._total = max(1, sum(columns.rows(channel) for channel in columns.channels))
        self.rows = columns.rows
        self.size_bytes = columns.size_bytes

    def read(self, channel: ColumnChannel, fields: Sequence[str] | None = None) -> Iterator[ColumnBatch]:
        for batch in self._columns.read(channel, fields):
            yield batch
            self._read += len(batch)
            self._progress(min(1.0, self._read / self._total))
