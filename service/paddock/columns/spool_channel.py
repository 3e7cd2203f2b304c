"""One channel on its way into the spool: rows in, columns out, with their statistics, gaps and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import msgspec
import numpy as np
import pyarrow as pa

from paddock.columns.columns import ColumnChannel, Int64s
from paddock.columns.containment import each_alone
from paddock.columns.limits import Limits, bytes_as
from paddock.columns.spool_file import Extent, OrderedReader, Rows, SpoolFile, is_ordered, sliced
from paddock.columns.statistics import ChannelStatistics
from paddock.columns.time_span import TimeSpan
from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import ChannelSummary, Signal

ROW_BYTES = 24
"""What a message takes beside its fields: two times and a sequence number."""
Conform = Callable[[pa.StructArray], pa.StructArray]
"""Messages of an earlier type → as the final type."""


@dataclass(frozen=True)
class SpooledChannel:
    """What became of a channel; goes from one process to another."""

    channel: ColumnChannel
    rows: int
    undecodable: int
    decoded_bytes: int
    first_time: int | None
    last_time: int | None
    largest_gap_ns: int | None
    extents: Iterable[Extent]
    """In file order."""
    signals: tuple[Signal, ...]
    notices: tuple[str, ...]
    over: str
    """Why it takes too much; else empty."""

    def read(self, file: SpoolFile, names: list[str] | None) -> OrderedReader:
        """Its rows by time, with these top-level fields; None for all."""
        return OrderedReader(file, list(self.extents), names)

    def reaches_out(self, span: TimeSpan) -> bool:
        """Whether some of its messages are not of the recording's time."""
        if self.first_time is None or self.last_time is None:
            return False
        return self.first_time < span.first or self.last_time > span.last

    def summary(self, file: SpoolFile, span: TimeSpan | None) -> ChannelSummary:
        """Count, times, rate and the largest gap: of the messages in ``span``, where it has any there."""
        started, ended, rows, gap = self.first_time, self.last_time, self.rows, self.largest_gap_ns
        if span is not None and self.reaches_out(span):
            times = _times(self.extents, file)
            inside = times[(times >= span.first) & (times <= span.last)]
            if rows := len(inside):
                started, ended = int(inside[0]), int(inside[-1])
                gap = int(np.diff(inside).max()) if rows > 1 else None
        length = ended - started if started is not None and ended is not None else 0
        return ChannelSummary(
            topic=self.channel.topic,
            slug=self.channel.slug,
            schema_name=self.channel.schema_name,
            schema_encoding=self.channel.schema_encoding,
            message_encoding=self.channel.message_encoding,
            message_count=self.rows,
            started_ns=started,
            ended_ns=ended,
            rate_hz=(rows - 1) * NS_PER_S / length if length and rows > 1 else None,
            largest_gap_ns=gap,
        )

    def with_ends_in(self, span: TimeSpan, file: SpoolFile) -> SpooledChannel:
        """The channel with its signals' first and last values taken in ``span``, where it has messages there."""
        statistics = ChannelStatistics(Limits())
        for rows in self.read(file, None):
            first = int(np.searchsorted(rows.log_time, span.first))
            stop = int(np.searchsorted(rows.log_time, span.last, side="right"))
            if first < stop:
                inside = sliced(rows, first, stop)
                statistics.add(inside.messages, inside.log_time)
        ends = {
            each.name: each
            for each in statistics.signals(self.channel.topic, self.channel.slug, self.channel.fields)
            if each.count
        }
        signals = tuple(
            msgspec.structs.replace(each, first=ends[each.name].first, last=ends[each.name].last)
            if each.name in ends
            else each
            for each in self.signals
        )
        return replace(self, signals=signals)


def largest_gap(extents: Iterable[Extent], file: SpoolFile) -> int:
    """The longest time between two messages of several extents, in whatever order these are, in nanoseconds."""
    return int(np.diff(_times(extents, file)).max())


def _times(extents: Iterable[Extent], file: SpoolFile) -> Int64s:
    return np.sort(np.concatenate([file.log_times(extent) for extent in extents]))


def _with_units(signals: Iterable[Signal], channel: ColumnChannel) -> tuple[Signal, ...]:
    """Signals with the units that their log says."""
    if not (units := channel.units):
        return tuple(signals)
    said = {f"{channel.topic}.{path}": unit for path, unit in units.items()}
    return tuple(
        msgspec.structs.replace(each, log_unit=unit)
        if (unit := said.get(each.element_of or each.name, ""))
        else each
        for each in signals
    )


class SpoolChannel:
    """Takes the rows of one channel.

    Args:
        slug: its name in the limits.
        limits: shared with the other channels of the log.
    """

    def __init__(self, slug: str, limits: Limits) -> None:
        self.slug = slug
        self.as_bytes = False
        """Its messages are bytes that nobody looks into: passed on, and not counted against the limits."""
        self._limits = limits
        self._statistics = ChannelStatistics(limits)
        self._extents: list[Extent] = []
        self._rows = 0
        self._decoded_bytes = 0
        self._largest_gap: int | None = None
        self._last_time: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether it takes too much, so that no more of it is wanted."""
        return self.slug in self._limits.over

    def count(self, size_bytes: int) -> None:
        """Count messages against the limits, before and after they are decoded."""
        if not self.as_bytes:
            self._limits.take_decoded(self.slug, size_bytes)

    def write(self, rows: Rows, file: SpoolFile, ordinal: int) -> None:
        """Put rows into the spool and take their statistics.

        Args:
            rows: ordered by ``log_time``.
            file: the spool.
            ordinal: how many messages the log has before.
        """
        size_bytes = int(rows.messages.nbytes)
        self._note(rows, file.write(rows, ordinal), size_bytes)
        self.count(size_bytes)

    def settle(
        self,
        channel: ColumnChannel,
        file: SpoolFile,
        conform: Conform | None = None,
        failed: Callable[[int, str], None] = lambda _, __: None,
    ) -> SpooledChannel:
        """All is written: put extents that were held back where they belong, and mend what relied on the order.

        Args:
            channel: what readers know it by.
            file: the spool.
            conform: where the type was learnt, makes rows of an earlier one those of ``channel.fields``.
            failed: told of rows that cannot be made that, and why.
        """
        is_late = any(after.ordinal < before.ordinal for before, after in pairwise(self._extents))
        self._extents.sort(key=lambda extent: extent.ordinal)
        if conform is not None and not self.is_over:
            fields = channel.fields
            if any(extent.kind != fields for extent in self._extents):
                self._conform(fields, conform, failed, file)
        if is_late or not is_ordered(self._extents):
            self._largest_gap = largest_gap(self._extents, file)
        return SpooledChannel(
            channel=channel,
            rows=self._rows,
            undecodable=0,
            decoded_bytes=self._decoded_bytes,
            first_time=min((extent.first_time for extent in self._extents), default=None),
            last_time=max((extent.last_time for extent in self._extents), default=None),
            largest_gap_ns=self._largest_gap,
            extents=self._extents,
            signals=_with_units(self._statistics.signals(channel.topic, channel.slug, channel.fields), channel),
            notices=tuple(self._statistics.notices(channel.topic)),
            over=self._limits.over.get(self.slug, ""),
        )

    def forget(self) -> None:
        """Begin anew, without a row."""
        self._extents = []
        self._statistics.forget()
        self._rows, self._decoded_bytes, self._largest_gap, self._last_time = 0, 0, None, None

    def _conform(
        self, fields: pa.StructType, conform: Conform, failed: Callable[[int, str], None], file: SpoolFile
    ) -> None:
        """Write what came before the last field was learnt once more, and take all statistics anew."""
        extents = self._extents
        self.forget()
        for extent in extents:
            rows = file.read(extent)
            if extent.kind == fields:
                self._note(rows, extent, int(rows.messages.nbytes))
                continue
            size = bytes_as(rows.messages, fields)
            self._limits.take_decoded(self.slug, size)
            if self.is_over:
                return
            step = max(1, extent.rows * self._limits.batch_bytes // max(1, size))

            def rewrite(
                first: int, stop: int, rows: Rows = rows, ordinal: int = extent.ordinal, step: int = step
            ) -> int:
                part = sliced(rows, first, min(stop, first + step))
                conformed = Rows(part.log_time, part.publish_time, part.sequence, conform(part.messages))
                self._note(conformed, file.write(conformed, ordinal), int(conformed.messages.nbytes))
                return len(part.log_time)

            each_alone(extent.rows, rewrite, failed)

    def _note(self, rows: Rows, extent: Extent, size_bytes: int) -> None:
        """Count rows that were written; ``size_bytes`` are those of their messages in memory."""
        if not self.as_bytes:
            self._statistics.add(rows.messages, rows.log_time)
        if self._extents and extent.kind == self._extents[-1].kind:
            # One object for all: from process to process it then goes once.
            extent = replace(extent, kind=self._extents[-1].kind)
        self._extents.append(extent)
        self._rows += len(rows.log_time)
        self._decoded_bytes += size_bytes + len(rows.log_time) * ROW_BYTES
        gaps = [int(np.diff(rows.log_time).max())] if len(rows.log_time) > 1 else []
        if self._last_time is not None:
            gaps.append(int(rows.log_time[0]) - self._last_time)
        if self._largest_gap is not None:
            gaps.append(self._largest_gap)
        self._largest_gap = max(gaps, default=None)
        self._last_time = int(rows.log_time[-1])
