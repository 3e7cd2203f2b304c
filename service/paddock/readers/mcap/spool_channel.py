"""One channel on its way into the spool: its decoder, statistics and extents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import msgspec
import numpy as np
import pyarrow as pa

from paddock.columns.columns import ColumnChannel, Int64s
from paddock.columns.containment import contained, each_alone
from paddock.columns.limits import Limits, OverLimit, bytes_as
from paddock.columns.spool_file import Extent, OrderedReader, Rows, SpoolFile, is_ordered, sliced
from paddock.columns.statistics import ChannelStatistics
from paddock.columns.time_span import TimeSpan
from paddock.domain.instants import NS_PER_S
from paddock.domain.keys import topic_name
from paddock.domain.recording import ChannelSummary, Signal
from paddock.readers.decoders.decoded import Conform, Decoder
from paddock.readers.decoders.raw import RawDecoder
from paddock.readers.decoders.registry import find_decoder
from paddock.readers.mcap.batch import Payloads
from paddock.readers.mcap.definitions import Definition

ROW_BYTES = 24
"""What a message takes beside its fields: two times and a sequence number."""
_PAYLOAD_BYTES = 8 << 20
"""Payloads decoded in one call: what they become may be several times as large."""
_MOST_FAILURES = 2_000
"""To find one message that a decoder fails at costs some twenty calls."""


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
    """Why it has to be kept as bytes, for which the log is read once more; else empty."""

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
        """The same with the first and last values of its signals from ``span``, where it has messages there."""
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


def column_channel(
    definition: Definition, slug: str, fields: pa.StructType, enums: dict[str, dict[int, str]]
) -> ColumnChannel:
    """What readers know a channel by; its metadata comes in when all the ids that it has in the file are known."""
    channel, schema = definition.channel, definition.schema
    return ColumnChannel(
        topic=topic_name(channel.topic),
        slug=slug,
        schema_name=schema.name if schema else "",
        schema_encoding=schema.encoding if schema else "",
        message_encoding=channel.message_encoding,
        fields=fields,
        enums=enums,
    )


def largest_gap(extents: Iterable[Extent], file: SpoolFile) -> int:
    """The longest time between two messages of several extents, in whatever order these are, in nanoseconds."""
    return int(np.diff(_times(extents, file)).max())


def _times(extents: Iterable[Extent], file: SpoolFile) -> Int64s:
    return np.sort(np.concatenate([file.log_times(extent) for extent in extents]))


class SpoolChannel:
    """A topic with one schema and encoding, over all its channel ids.

    Args:
        definition: what it is.
        slug: its name in the limits too.
        limits: shared with the other channels of the log.
        as_bytes: why its messages are kept as bytes; empty to decode them.
    """

    def __init__(self, definition: Definition, slug: str, limits: Limits, as_bytes: str = "") -> None:
        self._definition = definition
        self._slug = slug
        self._limits = limits
        self._decoder: Decoder
        if as_bytes:
            self._decoder = RawDecoder(f"is kept as bytes: {as_bytes}")
        else:
            self._decoder = find_decoder(definition, limits)
        self._statistics = ChannelStatistics(limits)
        self._extents: list[Extent] = []
        self._rows = 0
        self._undecodable = 0
        self._failures: list[str] = []
        """What the decoder failed with, not counting messages that it knows to be undecodable."""
        self._decoded_bytes = 0
        self._largest_gap: int | None = None
        self._last_time: int | None = None

    def write(self, waiting: Payloads, file: SpoolFile) -> None:
        """Decode messages, take their statistics, and put them into the spool."""
        payloads, times = waiting.payloads, waiting.log_time
        publish, sequence = waiting.publish_time, waiting.sequence
        if len(times) > 1 and (times[1:] < times[:-1]).any():
            order = np.argsort(times, kind="stable")
            payloads = payloads.take(pa.array(order))
            times, publish, sequence = times[order], publish[order], sequence[order]

        def decode(first: int, stop: int) -> int:
            if self._slug in self._limits.over:
                return stop - first
            part = slice(first, min(stop, first + self._rows_at_once(payloads)))
            self._take(payloads[part])
            if self._slug in self._limits.over:
                return stop - first
            try:
                decoded = self._decoder.decode(payloads[part])
            except OverLimit as error:
                self._limits.give_up(self._slug, str(error))
                return stop - first
            except OSError as error:  # There is no disk in there: it is something about a message.
                raise ValueError(str(error)) from error
            taken = part.stop - first if decoded.taken is None else decoded.taken
            self._take(payloads[first + taken : part.stop], -1)
            part = slice(first, first + taken)
            columns = times[part], publish[part], sequence[part]
            if decoded.kept is not None:
                columns = columns[0][decoded.kept], columns[1][decoded.kept], columns[2][decoded.kept]
            if len(columns[0]) != len(decoded.messages):
                raise ValueError(f"{len(decoded.messages)} messages of {len(columns[0])}")
            if len(columns[0]):
                self._write_rows(Rows(*columns, decoded.messages), file, waiting.ordinal)
            self._undecodable += taken - len(columns[0])
            return taken

        each_alone(len(times), decode, self._failed)

    def settle(self, file: SpoolFile) -> SpooledChannel:
        """All is written: put extents that were held back where they belong, and mend what relied on the order."""
        try:
            return self._settle(file)
        except OSError:
            raise
        except BaseException as error:
            self._limits.give_up(self._slug, f"its columns cannot be made ({contained(error)})")
            self._decoder = RawDecoder()
            self._extents = []
            self._statistics.forget()
            return self._settle(file)

    def _settle(self, file: SpoolFile) -> SpooledChannel:
        is_late = any(after.ordinal < before.ordinal for before, after in pairwise(self._extents))
        self._extents.sort(key=lambda extent: extent.ordinal)
        if (conform := self._decoder.conform) is not None and self._slug not in self._limits.over:
            fields = self._decoder.fields
            if any(extent.kind != fields for extent in self._extents):
                self._conform(conform, file)
        if is_late or not is_ordered(self._extents):
            self._largest_gap = largest_gap(self._extents, file)
        channel = column_channel(self._definition, self._slug, self._decoder.fields, self._decoder.enums)
        return SpooledChannel(
            channel=channel,
            rows=self._rows,
            undecodable=self._undecodable,
            decoded_bytes=self._decoded_bytes,
            first_time=min((extent.first_time for extent in self._extents), default=None),
            last_time=max((extent.last_time for extent in self._extents), default=None),
            largest_gap_ns=self._largest_gap,
            extents=self._extents,
            signals=tuple(self._statistics.signals(channel.topic, channel.slug, channel.fields)),
            notices=self._notices(),
            over=self._limits.over.get(self._slug, ""),
        )

    def _conform(self, conform: Conform, file: SpoolFile) -> None:
        """Write what was decoded before the last field was learnt once more, and take all statistics anew."""
        fields = self._decoder.fields
        extents, self._extents = self._extents, []
        self._statistics.forget()
        self._rows, self._decoded_bytes, self._largest_gap, self._last_time = 0, 0, None, None
        for extent in extents:
            rows = file.read(extent)
            if extent.kind == fields:
                self._note(rows, extent)
                continue
            size = bytes_as(rows.messages, fields)
            self._limits.take_decoded(self._slug, size)
            if self._slug in self._limits.over:
                return
            step = max(1, extent.rows * self._limits.batch_bytes // max(1, size))

            def rewrite(
                first: int, stop: int, rows: Rows = rows, ordinal: int = extent.ordinal, step: int = step
            ) -> int:
                part = sliced(rows, first, min(stop, first + step))
                conformed = Rows(part.log_time, part.publish_time, part.sequence, conform(part.messages))
                self._note(conformed, file.write(conformed, ordinal))
                return len(part.log_time)

            each_alone(extent.rows, rewrite, self._failed)

    def _failed(self, _: int, reason: str) -> None:
        self._undecodable += 1
        self._failures.append(reason)
        if len(self._failures) > _MOST_FAILURES:
            self._limits.give_up(self._slug, f"its decoder fails at most messages ({reason})")

    def _notices(self) -> tuple[str, ...]:
        topic = topic_name(self._definition.channel.topic)
        found = [f"{topic} {self._decoder.notice}."] if self._decoder.notice else []
        if self._failures:
            found.append(f"{topic}: the decoder failed at {len(self._failures):,} messages ({self._failures[0]}).")
        return (*found, *self._statistics.notices(topic))

    def _rows_at_once(self, payloads: pa.BinaryArray) -> int:
        per_row = max(1, int(payloads.nbytes) // max(1, len(payloads)))
        return max(1, min(self._decoder.max_rows, _PAYLOAD_BYTES // per_row))

    def _write_rows(self, rows: Rows, file: SpoolFile, ordinal: int) -> None:
        self._note(rows, file.write(rows, ordinal))
        self._take(rows.messages)

    def _take(self, messages: pa.Array, times: int = 1) -> None:
        """Count messages against the limits, before and after they are decoded; bytes are only passed on."""
        if not isinstance(self._decoder, RawDecoder):
            self._limits.take_decoded(self._slug, int(messages.nbytes) * times)

    def _note(self, rows: Rows, extent: Extent) -> None:
        """Count rows that were written."""
        if not isinstance(self._decoder, RawDecoder):
            self._statistics.add(rows.messages, rows.log_time)
        self._extents.append(extent)
        self._rows += len(rows.log_time)
        self._decoded_bytes += int(rows.messages.nbytes) + len(rows.log_time) * ROW_BYTES
        gaps = [int(np.diff(rows.log_time).max())] if len(rows.log_time) > 1 else []
        if self._last_time is not None:
            gaps.append(int(rows.log_time[0]) - self._last_time)
        if self._largest_gap is not None:
            gaps.append(self._largest_gap)
        self._largest_gap = max(gaps, default=None)
        self._last_time = int(rows.log_time[-1])
