"""All signals on one time axis: ``rate_hz`` rows per second, the same instants for every channel.

What a row holds is the last message at or before its instant (ties: the later in the log). Before a channel's first
message there is nothing (missing values), after its last message that one stays until the axis ends. With
``linear`` floats lie on the line between the messages around the instant; everything else, and floats in lists,
holds. A missing value stays missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.arrow_numpy import as_nullable, nullable, numbers
from paddock.columns.columns import ColumnBatch, ColumnChannel, Columns, Int64s, LogSummary
from paddock.columns.selection import check_overlap, select, span_of
from paddock.domain.export import ExportRequest, Interpolation
from paddock.domain.instants import NS_PER_S
from paddock.errors import Rejected

MAX_RATE_HZ = 100_000.0
MAX_ROWS = 50_000_000
"""A wrong clock makes a recording of decades; its raster is refused before a disk is full of it."""

_BATCH_ROWS = 65_536


def check_rate(rate: float | None) -> None:
    """What can be said of a rate in Hz before the log is read.

    Raises:
        Rejected: it is no rate (code ``bad_rate``).
    """
    if rate is not None and not (math.isfinite(rate) and 0 < rate <= MAX_RATE_HZ):
        raise Rejected(f"The rate must be above 0 and at most {MAX_RATE_HZ:.0f} Hz.", code="bad_rate")


def check_span(request: ExportRequest, started_ns: int, ended_ns: int) -> None:
    """What can be said of span and raster once it is known when the log began and ended.

    Raises:
        Rejected: nothing lies in the span (code ``bad_span``), or the raster has too many rows (``bad_rate``).
    """
    check_overlap(span_of(request, started_ns), started_ns, ended_ns)
    if request.rate_hz is not None:
        start, end = span_of(request, started_ns)
        begin = max(start or started_ns, started_ns)
        _rows(request.rate_hz, begin, ended_ns if end is None else min(end, ended_ns))


def _rows(rate: float, axis_start: int, last: int) -> int:
    rows = int((last - axis_start) * rate / NS_PER_S) + 1
    if rows > MAX_ROWS:
        raise Rejected(
            f"{rate:g} Hz over {(last - axis_start) / NS_PER_S:.0f} s are {rows} rows, more than {MAX_ROWS}: "
            "take a lower rate or a shorter span.",
            code="bad_rate",
        )
    return rows


def requested(columns: Columns, request: ExportRequest) -> Columns:
    """What a format writes: the request's part of the log, on its raster if it has one.

    The axis begins at the span's start (else the recording's) and ends with the last message taken.

    Raises:
        Rejected: globs, times or the rate make no sense for this recording.
    """
    selected = select(columns, request)
    if request.rate_hz is None:
        return selected
    rate = request.rate_hz
    check_rate(request.rate_hz)
    started = columns.summary.started_ns
    first, _ = span_of(request, started)
    axis_start = max(first, started) if first is not None and started is not None else started or 0
    ends = [s.ended_ns for s in selected.summary.channels if s.ended_ns is not None]
    if (ended := columns.summary.ended_ns) is not None:
        ends = [min(end, ended) for end in ends]
    rows = _rows(rate, axis_start, max(axis_start, *ends) if ends else axis_start)
    return Rastered(selected, axis_start, rows, rate, request.interpolation)


class Rastered:
    """``Columns`` over other columns, resampled; every channel that has messages has the same rows."""

    def __init__(
        self, columns: Columns, start_ns: int, rows: int, rate_hz: float, interpolation: Interpolation
    ) -> None:
        self._columns = columns
        self._start_ns = start_ns
        self._rows = rows
        self._rate_hz = rate_hz
        self._linear = interpolation == "linear"
        # Before its first message a channel has none, whatever its schema says.
        self._origin = {replace(c, fields=nullable(c.fields)): c for c in columns.channels}
        self.channels: Sequence[ColumnChannel] = list(self._origin)
        counts = [self.rows(channel) for channel in self.channels]
        self.summary: LogSummary = replace(
            columns.summary,
            message_count=sum(counts),
            channels=tuple(
                msgspec.structs.replace(
                    summary,
                    message_count=rows if summary.message_count else 0,
                    started_ns=start_ns if summary.message_count else None,
                    ended_ns=self._instant(rows - 1) if summary.message_count else None,
                    rate_hz=rate_hz if summary.message_count else None,
                    largest_gap_ns=round(NS_PER_S / rate_hz) if summary.message_count and rows > 1 else None,
                )
                for summary in columns.summary.channels
            ),
        )

    def _instant(self, row: int) -> int:
        return int(self.axis(row, row + 1)[0])

    def axis(self, start: int, stop: int) -> Int64s:
        """The instants of these rows in nanoseconds since the Unix epoch, shape (stop - start,)."""
        offsets: Int64s = np.rint(np.arange(start, stop) * (NS_PER_S / self._rate_hz)).astype(np.int64)
        return self._start_ns + offsets

    def rows(self, channel: ColumnChannel) -> int:
        """As ``Columns`` says."""
        return self._rows if self._columns.rows(self._origin[channel]) else 0

    def size_bytes(self, channel: ColumnChannel) -> int:
        """As ``Columns`` says."""
        origin = self._origin[channel]
        before = max(1, self._columns.rows(origin))
        return self._columns.size_bytes(origin) * self.rows(channel) // before

    def read(self, channel: ColumnChannel, fields: Sequence[str] | None = None) -> Iterator[ColumnBatch]:
        """As ``Columns`` says."""
        row = 0
        held: pa.StructArray | None = None
        held_time = 0
        for batch in self._columns.read(self._origin[channel], fields):
            if not len(batch):
                continue
            if held is None:
                missing = self._row_at(int(batch.log_time[0]))
                yield from self._missing(channel, batch.messages.type, missing)
                row = missing
                known, times = batch.messages, batch.log_time
            else:
                known = pa.concat_arrays([held, batch.messages])
                times = np.concatenate([[held_time], batch.log_time])
            # The last message has to wait for the next batch: what follows it decides where its rows end.
            stop = self._row_at(int(times[-1]))
            yield from self._resampled(channel, known, times, row, stop)
            row = max(row, stop)
            held, held_time = known[-1:], int(times[-1])
        if held is not None:
            yield from self._resampled(channel, held, np.array([held_time], np.int64), row, self._rows)

    def _row_at(self, instant: int) -> int:
        """The first row at or after the instant, at most the number of rows."""
        guess = min(self._rows, max(0, int((instant - self._start_ns) * self._rate_hz / NS_PER_S) - 2))
        while guess < self._rows and self._instant(guess) < instant:
            guess += 1
        return guess

    def _resampled(
        self, channel: ColumnChannel, known: pa.StructArray, times: Int64s, start: int, stop: int
    ) -> Iterator[ColumnBatch]:
        for row in range(start, stop, _BATCH_ROWS):
            axis = self.axis(row, min(stop, row + _BATCH_ROWS))
            indices = np.searchsorted(times, axis, side="right") - 1
            if self._linear and len(known) > 1:
                values = _on_lines(known, times, axis, indices)
            else:
                values = known.take(pa.array(indices))
            yield self._batch(channel, axis, row, values)

    def _missing(self, channel: ColumnChannel, kind: pa.StructType, rows: int) -> Iterator[ColumnBatch]:
        for row in range(0, rows, _BATCH_ROWS):
            stop = min(rows, row + _BATCH_ROWS)
            yield self._batch(channel, self.axis(row, stop), row, pa.nulls(stop - row, kind))

    def _batch(self, channel: ColumnChannel, axis: Int64s, row: int, messages: pa.StructArray) -> ColumnBatch:
        sequence = np.arange(row, row + len(axis), dtype=np.int64)
        return ColumnBatch(channel, axis, axis, sequence, as_nullable(messages))


def _on_lines(known: pa.Array, times: Int64s, axis: Int64s, indices: npt.NDArray[Any]) -> pa.Array:
    """``known`` at ``axis``: floats between the messages around, the rest the message before.

    Times within one batch are subtracted before they become doubles, so nanoseconds are not lost.
    """
    if pa.types.is_struct(known.type):
        # What lies under a missing message is missing as well, whatever is in memory there.
        fields = known.flatten() if known.null_count else [known.field(i) for i in range(known.type.num_fields)]
        children = [_on_lines(field, times, axis, indices) for field in fields]
        mask = known.take(pa.array(indices)).is_null() if known.null_count else None
        if not children:
            return known.take(pa.array(indices))
        return pa.StructArray.from_arrays(children, fields=list(known.type), mask=mask)
    held = known.take(pa.array(indices))
    if not pa.types.is_floating(known.type):
        return held
    following = np.minimum(indices + 1, len(times) - 1)
    spans = times[following] - times[indices]
    parts = np.divide(axis - times[indices], spans, out=np.zeros(len(axis)), where=spans > 0)
    values = numbers(known)
    before, after = values[indices], values[following]
    with np.errstate(invalid="ignore"):
        between = np.where(parts > 0, before + (after - before) * parts, before)
    if known.null_count == 0:
        return pa.array(between, known.type)
    missing = known.is_null().to_numpy(zero_copy_only=False)
    return pa.array(between, known.type, mask=missing[indices] | (missing[following] & (parts > 0)))
