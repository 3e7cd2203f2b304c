"""Statistics of one scalar series, gathered batch by batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.domain.recording import Signal

Values = npt.NDArray[Any]
"""Numbers."""


@dataclass
class SignalStatistics:
    """One scalar series. NaN and missing values count in ``nan_count`` and nowhere else."""

    dtype: str
    count: int = 0
    nan_count: int = 0
    low: float | None = None
    high: float | None = None
    total: float = 0.0
    numbers: int = 0
    first: float | str | None = None
    last: float | str | None = None
    first_time: int = 0
    last_time: int = 0

    def add(self, column: pa.Array, log_time: npt.NDArray[np.int64]) -> None:
        """Take in a batch in order of ``log_time``; shapes (N,)."""
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            self._add_texts(column, log_time)
        else:
            self._add_numbers(column, log_time)

    def _add_texts(self, column: pa.Array, log_time: npt.NDArray[np.int64]) -> None:
        self.nan_count += column.null_count
        valid = len(column) - column.null_count
        if valid:
            rows = np.array([0, len(column) - 1]) if not column.null_count else _valid_ends(column)
            self._ends(valid, rows, log_time, lambda row: str(column[row].as_py())[:MAX_TEXT])

    def _add_numbers(self, column: pa.Array, log_time: npt.NDArray[np.int64]) -> None:
        if column.null_count:
            self.nan_count += column.null_count
            log_time = log_time[column.is_valid().to_numpy(zero_copy_only=False)]
            column = column.drop_null()
        self.add_values(_values(column), log_time)

    def add_values(self, values: Values, log_time: npt.NDArray[np.int64]) -> None:
        """Take in numbers, none missing, in order of ``log_time``; shapes (N,)."""
        if not len(values):
            return
        low = values.min()
        if low != low:  # NaN somewhere
            number = ~np.isnan(values)
            self.nan_count += len(values) - int(np.count_nonzero(number))
            self.add_values(values[number], log_time[number])
        else:
            self.add_known(values, log_time, float(low), float(values.max()), float(_total(values)))

    def add_known(
        self, values: Values, log_time: npt.NDArray[np.int64], low: float, high: float, total: float
    ) -> None:
        """Take in numbers whose least, largest and sum are known; shapes (N,), N > 0."""
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)
        self.total += total
        self.numbers += len(values)
        self._ends(len(values), (0, len(values) - 1), log_time, lambda row: float(values[row]))

    def _ends(self, count: int, rows: Any, log_time: npt.NDArray[np.int64], value: Any) -> None:
        """Batches come in file order; the first value is the one with the smallest time."""
        begin, end = int(log_time[rows[0]]), int(log_time[rows[1]])
        if not self.count or begin < self.first_time:
            self.first_time, self.first = begin, value(rows[0])
        if not self.count or end >= self.last_time:
            self.last_time, self.last = end, value(rows[1])
        self.count += count

    def signal(self, name: str, channel_slug: str) -> Signal:
        """The statistics as they are stored; infinities and overflown means are null, like NaN."""
        return Signal(
            id="",
            recording="",
            name=name,
            dtype=self.dtype,
            channel=channel_slug,
            count=self.count,
            nan_count=self.nan_count,
            min=_finite(self.low),
            max=_finite(self.high),
            mean=_finite(self.total / self.numbers) if self.numbers else None,
            first=_end(self.first),
            last=_end(self.last),
        )


def is_numbers(kind: pa.DataType) -> bool:
    """Whether values of this type are numbers, or are counted as such: booleans and times."""
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_timestamp(kind)
        or pa.types.is_duration(kind)
    )


def add_together(series: Sequence[SignalStatistics], items: pa.Array, log_time: npt.NDArray[np.int64]) -> None:
    """Take in lists that all have a number for each series; the same as one after the other, and much faster.

    Args:
        series: M of them.
        items: N lists laid end to end, shape (N · M,), none missing.
        log_time: in order, shape (N,), N > 0.
    """
    rows = np.ascontiguousarray(_values(items).reshape(len(log_time), len(series)).T)
    lows, highs = rows.min(axis=1).astype(np.float64).tolist(), rows.max(axis=1).astype(np.float64).tolist()
    for each, values, low, high, total in zip(series, rows, lows, highs, _total(rows).tolist(), strict=True):
        if low != low:  # NaN somewhere
            each.add_values(values, log_time)
        else:
            each.add_known(values, log_time, low, high, total)


def _values(column: pa.Array) -> Values:
    if pa.types.is_timestamp(column.type) or pa.types.is_duration(column.type):
        column = column.view(pa.int64())
    values: Values = column.to_numpy(zero_copy_only=False)
    return values.view(np.uint8) if values.dtype.kind == "b" else values


def _total(values: Values) -> Any:
    if values.dtype.kind != "f":
        return values.sum(axis=-1, dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # infinities of both signs
        return values.sum(axis=-1, dtype=np.float64)


MAX_TEXT = 200
"""How much is kept of a text that is a signal's first or last value."""


def _valid_ends(column: pa.Array) -> npt.NDArray[np.int64]:
    rows = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
    return rows[[0, -1]]


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _end(value: float | str | None) -> float | str | None:
    return value if isinstance(value, str) else _finite(value)
