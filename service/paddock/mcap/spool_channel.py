"""One channel on its way into the spool: its waiting payloads, decoder, statistics and extents."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import ChannelSummary
from paddock.mcap.columns import ColumnChannel
from paddock.mcap.decoders.decoded import Decoder
from paddock.mcap.decoders.registry import find_decoder
from paddock.mcap.definitions import Definition
from paddock.mcap.payloads import Payloads
from paddock.mcap.spool_file import Extent, OrderedReader, Rows, SpoolFile, is_ordered
from paddock.mcap.statistics import ChannelStatistics

_PAYLOAD_BYTES = 8 << 20
"""Payloads decoded in one call: what they become may be several times as large."""


class SpoolChannel:
    """A topic with one schema and encoding, over all its channel ids."""

    def __init__(self, definition: Definition, slug: str) -> None:
        self.definition = definition
        self.slug = slug
        self.extents: list[Extent] = []
        self.metadata = dict(definition.channel.metadata)
        self.rows = 0
        self.undecodable = 0
        self.decoded_bytes = 0
        self._decoder: Decoder | None = None
        self._statistics = ChannelStatistics()
        self._largest_gap: int | None = None
        self._last_time: int | None = None

    @property
    def decoder(self) -> Decoder:
        """Made when it is first needed: logs define many channels that never send."""
        if self._decoder is None:
            self._decoder = find_decoder(self.definition)
        return self._decoder

    def write(self, waiting: Payloads, file: SpoolFile) -> None:
        """Decode messages, take their statistics, and put them into the spool."""
        self.undecodable += waiting.unaddressable
        payloads, times = waiting.payloads, waiting.log_time
        publish, sequence = waiting.publish_time, waiting.sequence
        if len(times) > 1 and (times[1:] < times[:-1]).any():
            order = np.argsort(times, kind="stable")
            payloads = payloads.take(pa.array(order))
            times, publish, sequence = times[order], publish[order], sequence[order]
        step = self._rows_at_once(payloads)
        for begin in range(0, len(times), step):
            part = slice(begin, begin + step)
            decoded = self.decoder.decode(payloads[part])
            columns = times[part], publish[part], sequence[part]
            if decoded.kept is not None:
                self.undecodable += len(columns[0]) - int(decoded.kept.sum())
                columns = columns[0][decoded.kept], columns[1][decoded.kept], columns[2][decoded.kept]
            if len(columns[0]):
                self._write_rows(Rows(*columns, decoded.messages), file, waiting.ordinal)

    def read(self, file: SpoolFile, names: list[str] | None) -> OrderedReader:
        """Its rows by time."""
        return OrderedReader(file, self.extents, names, lambda messages: self.decoder.conform(messages, names))

    def settle(self, file: SpoolFile) -> None:
        """All is written: put extents that were held back where they belong, and mend what relied on the order."""
        self.extents.sort(key=lambda extent: extent.ordinal)
        if not is_ordered(self.extents):
            times = np.sort(np.concatenate([file.log_times(extent) for extent in self.extents]))
            self._largest_gap = int(np.diff(times).max())

    def column_channel(self) -> ColumnChannel:
        """What readers know the channel by."""
        channel, schema = self.definition.channel, self.definition.schema
        return ColumnChannel(
            topic=channel.topic,
            slug=self.slug,
            schema_name=schema.name if schema else "",
            schema_encoding=schema.encoding if schema else "",
            message_encoding=channel.message_encoding,
            fields=self.decoder.fields,
            enums=self.decoder.enums,
            metadata=self.metadata,
        )

    def summary(self, channel: ColumnChannel) -> ChannelSummary:
        """Count, times, rate and the largest gap."""
        started = min((extent.first_time for extent in self.extents), default=None)
        ended = max((extent.last_time for extent in self.extents), default=None)
        span = ended - started if started is not None and ended is not None else 0
        return ChannelSummary(
            topic=channel.topic,
            slug=self.slug,
            schema_name=channel.schema_name,
            schema_encoding=channel.schema_encoding,
            message_encoding=channel.message_encoding,
            message_count=self.rows,
            started_ns=started,
            ended_ns=ended,
            rate_hz=(self.rows - 1) * NS_PER_S / span if span else None,
            largest_gap_ns=self._largest_gap,
        )

    @property
    def statistics(self) -> ChannelStatistics:
        """Of its signals."""
        return self._statistics

    def _rows_at_once(self, payloads: pa.BinaryArray) -> int:
        per_row = max(1, int(payloads.nbytes) // max(1, len(payloads)))
        return max(1, min(self.decoder.max_rows, _PAYLOAD_BYTES // per_row))

    def _write_rows(self, rows: Rows, file: SpoolFile, ordinal: int) -> None:
        self._statistics.add(rows.messages, rows.log_time)
        self.extents.append(file.write(rows, ordinal))
        self.rows += len(rows.log_time)
        self.decoded_bytes += rows.messages.nbytes + rows.log_time.nbytes * 3
        gaps = np.diff(rows.log_time, prepend=rows.log_time[0] if self._last_time is None else self._last_time)
        if self.rows > 1:
            largest = int(gaps.max())
            self._largest_gap = largest if self._largest_gap is None else max(self._largest_gap, largest)
        self._last_time = int(rows.log_time[-1])
