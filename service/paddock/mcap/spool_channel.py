"""One channel on its way into the spool: its decoder, statistics and extents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import ChannelSummary, Signal
from paddock.mcap.batch import Payloads
from paddock.mcap.columns import ColumnChannel
from paddock.mcap.decoders.decoded import Conform
from paddock.mcap.decoders.limits import Limits
from paddock.mcap.decoders.registry import find_decoder
from paddock.mcap.definitions import Definition
from paddock.mcap.spool_file import Extent, OrderedReader, Rows, SpoolFile, is_ordered
from paddock.mcap.statistics import ChannelStatistics

_PAYLOAD_BYTES = 8 << 20
"""Payloads decoded in one call: what they become may be several times as large."""


@dataclass(frozen=True)
class SpooledChannel:
    """What became of a channel; goes from one process to another."""

    channel: ColumnChannel
    rows: int
    undecodable: int
    decoded_bytes: int
    largest_gap_ns: int | None
    extents: list[Extent]
    """In file order."""
    signals: tuple[Signal, ...]
    conform: Conform | None
    """Brings the messages of an extent to the type of all, where the decoder learnt while it went."""
    notice: str

    def read(self, file: SpoolFile, names: list[str] | None) -> OrderedReader:
        """Its rows by time, with these top-level fields; None for all."""
        return OrderedReader(file, self.extents, names, self.conform)

    def summary(self) -> ChannelSummary:
        """Count, times, rate and the largest gap."""
        started = min((extent.first_time for extent in self.extents), default=None)
        ended = max((extent.last_time for extent in self.extents), default=None)
        span = ended - started if started is not None and ended is not None else 0
        return ChannelSummary(
            topic=self.channel.topic,
            slug=self.channel.slug,
            schema_name=self.channel.schema_name,
            schema_encoding=self.channel.schema_encoding,
            message_encoding=self.channel.message_encoding,
            message_count=self.rows,
            started_ns=started,
            ended_ns=ended,
            rate_hz=(self.rows - 1) * NS_PER_S / span if span else None,
            largest_gap_ns=self.largest_gap_ns,
        )


class SpoolChannel:
    """A topic with one schema and encoding, over all its channel ids."""

    def __init__(self, definition: Definition, slug: str, limits: Limits) -> None:
        self._definition = definition
        self._slug = slug
        self._decoder = find_decoder(definition, limits)
        self._statistics = ChannelStatistics(limits)
        self._extents: list[Extent] = []
        self._rows = 0
        self._undecodable = 0
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
        step = self._rows_at_once(payloads)
        for begin in range(0, len(times), step):
            part = slice(begin, begin + step)
            decoded = self._decoder.decode(payloads[part])
            columns = times[part], publish[part], sequence[part]
            if decoded.kept is not None:
                self._undecodable += len(columns[0]) - int(decoded.kept.sum())
                columns = columns[0][decoded.kept], columns[1][decoded.kept], columns[2][decoded.kept]
            if len(columns[0]):
                self._write_rows(Rows(*columns, decoded.messages), file, waiting.ordinal)

    def settle(self, file: SpoolFile) -> SpooledChannel:
        """All is written: put extents that were held back where they belong, and mend what relied on the order."""
        self._extents.sort(key=lambda extent: extent.ordinal)
        if not is_ordered(self._extents):
            times = np.sort(np.concatenate([file.log_times(extent) for extent in self._extents]))
            self._largest_gap = int(np.diff(times).max())
        channel = self._column_channel()
        return SpooledChannel(
            channel=channel,
            rows=self._rows,
            undecodable=self._undecodable,
            decoded_bytes=self._decoded_bytes,
            largest_gap_ns=self._largest_gap,
            extents=self._extents,
            signals=tuple(self._statistics.signals(channel.topic, channel.slug, channel.fields)),
            conform=self._decoder.conform,
            notice=self._decoder.notice,
        )

    def _column_channel(self) -> ColumnChannel:
        """What readers know the channel by."""
        channel, schema = self._definition.channel, self._definition.schema
        return ColumnChannel(
            topic=channel.topic,
            slug=self._slug,
            schema_name=schema.name if schema else "",
            schema_encoding=schema.encoding if schema else "",
            message_encoding=channel.message_encoding,
            fields=self._decoder.fields,
            enums=self._decoder.enums,
            metadata=channel.metadata,
        )

    def _rows_at_once(self, payloads: pa.BinaryArray) -> int:
        per_row = max(1, int(payloads.nbytes) // max(1, len(payloads)))
        return max(1, min(self._decoder.max_rows, _PAYLOAD_BYTES // per_row))

    def _write_rows(self, rows: Rows, file: SpoolFile, ordinal: int) -> None:
        self._statistics.add(rows.messages, rows.log_time)
        self._extents.append(file.write(rows, ordinal))
        self._rows += len(rows.log_time)
        self._decoded_bytes += rows.messages.nbytes + rows.log_time.nbytes * 3
        gaps = np.diff(rows.log_time, prepend=rows.log_time[0] if self._last_time is None else self._last_time)
        if self._rows > 1:
            largest = int(gaps.max())
            self._largest_gap = largest if self._largest_gap is None else max(self._largest_gap, largest)
        self._last_time = int(rows.log_time[-1])
