"""Which part of a log an export takes: topics and signals by pattern, and a time span."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from paddock.columns.columns import ColumnBatch, ColumnChannel, Columns, LogSummary
from paddock.columns.wanted import Parts, taken, taken_channel, wanted
from paddock.domain.export import ExportRequest
from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.domain.recording import ChannelSummary
from paddock.errors import Rejected

Span = tuple[int | None, int | None]
"""First instant and first instant not taken any more, in nanoseconds since the Unix epoch; None is open."""


def select(columns: Columns, request: ExportRequest) -> Columns:
    """The signals and times of ``request`` from ``columns``; the raster is the caller's next step.

    The summary keeps the recording's start (``t`` counts from it whatever the span), and counts the messages taken.

    Raises:
        Rejected: a pattern that takes nothing; a span given twice, or that has nothing in it by its own numbers.
    """
    started, ended = columns.summary.started_ns, columns.summary.ended_ns
    span = span_of(request, started)
    if started is not None and ended is not None:
        check_overlap(span, started, ended)
    if not request.signals and span == (None, None):
        return columns
    everything: dict[ColumnChannel, Parts | None] = dict.fromkeys(columns.channels)
    return _Selected(columns, wanted(columns, request.signals) if request.signals else everything, span)


def check_overlap(span: Span, started: int, ended: int) -> None:
    """Refuse a span in which the recording has nothing, by its own numbers.

    Raises:
        Rejected: code ``bad_span``.
    """
    start, end = span
    if (start is not None and start > ended) or (end is not None and end <= started):
        raise Rejected(
            f"The time span is empty: the recording runs from {to_rfc3339(started)} to {to_rfc3339(ended)}, "
            f"{(ended - started) / NS_PER_S:.3f} s.",
            code="bad_span",
        )


def span_of(request: ExportRequest, started_ns: int | None) -> Span:
    """The request's time span as instants; ``started_ns`` is the recording's start.

    Raises:
        Rejected: both as instants and as seconds, not finite, or the end not after the start.
    """
    in_seconds = (request.start_s, request.end_s)
    start, end = request.start_ns, request.end_ns
    if in_seconds != (None, None):
        if (start, end) != (None, None):
            raise Rejected(
                "The time span is given twice: give instants, or seconds from the start, not both.", code="bad_span"
            )
        if not all(s is None or (math.isfinite(s) and abs(s) < 2**63 / NS_PER_S) for s in in_seconds):
            raise Rejected("The time span is not a number of seconds.", code="bad_span")
        origin = started_ns or 0
        start, end = (None if s is None else origin + round(s * NS_PER_S) for s in in_seconds)
    if start is not None and end is not None and end <= start:
        raise Rejected("The time span is empty: its end must come after its start.", code="bad_span")
    return start, end


class _Selected:
    """``Columns`` over other columns: fewer channels, fields and rows; elements of lists as fields."""

    def __init__(self, columns: Columns, wanted: dict[ColumnChannel, Parts | None], span: Span) -> None:
        self._columns = columns
        self._start, self._end = span
        self._origin: dict[ColumnChannel, ColumnChannel] = {}
        self._parts: dict[ColumnChannel, Parts | None] = {}
        for origin, parts in wanted.items():
            channel = origin if parts is None else taken_channel(origin, parts)
            self._origin[channel] = origin
            self._parts[channel] = None if channel is origin else parts
        self.channels: Sequence[ColumnChannel] = list(self._origin)
        summaries = {summary.slug: summary for summary in columns.summary.channels}
        self._counts: dict[ColumnChannel, int] = {}
        chosen = []
        for channel, origin in self._origin.items():
            summary = self._channel_summary(channel, summaries.get(origin.slug))
            self._counts[channel] = summary.message_count
            chosen.append(summary)
        self.summary: LogSummary = replace(
            columns.summary, channels=tuple(chosen), message_count=sum(self._counts.values())
        )

    def _channel_summary(self, channel: ColumnChannel, known: ChannelSummary | None) -> ChannelSummary:
        """What the span leaves of a channel; one look at its times when there is a span."""
        if known is not None and (self._start, self._end) == (None, None):
            return known
        times = np.concatenate([np.empty(0, np.int64), *(batch.log_time for batch in self.read(channel, ()))])
        count = len(times)
        began, ended = self._columns.summary.started_ns, self._columns.summary.ended_ns
        if began is not None and ended is not None:
            inside = times[(times >= began) & (times <= ended)]
            times = inside if len(inside) else times
        first, last = (int(times[0]), int(times[-1])) if count else (None, None)
        gap = int(np.diff(times).max()) if len(times) > 1 else None
        length = last - first if first is not None and last is not None else 0
        rate = (len(times) - 1) * NS_PER_S / length if length else None
        return ChannelSummary(
            channel.topic, channel.slug, channel.schema_name, channel.schema_encoding, channel.message_encoding,
            count, first, last, rate, gap,
        )  # fmt: skip

    def rows(self, channel: ColumnChannel) -> int:
        """As ``Columns`` says."""
        return self._counts[channel]

    def size_bytes(self, channel: ColumnChannel) -> int:
        """As ``Columns`` says."""
        origin = self._origin[channel]
        before = max(1, self._columns.rows(origin))
        return self._columns.size_bytes(origin) * self._counts[channel] // before

    def read(self, channel: ColumnChannel, fields: Sequence[str] | None = None) -> Iterator[ColumnBatch]:
        """As ``Columns`` says."""
        parts = self._parts[channel]
        if parts is not None and fields is not None:
            by_name = {part.field.name: part for part in parts}
            parts = tuple(by_name[name] for name in fields)
        sources = fields if parts is None else list(dict.fromkeys(part.source for part in parts))
        for batch in self._columns.read(self._origin[channel], sources):
            times = batch.log_time
            if self._end is not None and len(times) and times[0] >= self._end:
                return
            start = 0 if self._start is None else int(np.searchsorted(times, self._start))
            stop = len(times) if self._end is None else int(np.searchsorted(times, self._end))
            if start < stop:
                messages = batch.messages[start:stop]
                yield ColumnBatch(
                    channel,
                    times[start:stop],
                    batch.publish_time[start:stop],
                    batch.sequence[start:stop],
                    taken(messages, parts) if parts else messages,
                )
