"""The stored columns of a recording as ``Columns``: an export reads them instead of decoding the log once more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import BinaryIO

from paddock.columns.columns import ColumnBatch, ColumnChannel, LogSummary
from paddock.columns.stored_channel import Footer, StoredChannel, with_fields


class StoredColumns:
    """``Columns`` from the files that ``formats/parquet.write_channel`` wrote, of all channels or of some.

    A file is open only while it is read.

    Args:
        footers: of the channels that are wanted.
        open_file: the file of a channel by its slug, seekable; called on the thread that reads.
        summary: the recording's, with all of its channels.
        fields: by slug, the fields (dotted paths) that are wanted of a channel; all of one that is not there.
    """

    def __init__(
        self,
        footers: Sequence[Footer],
        open_file: Callable[[str], BinaryIO],
        summary: LogSummary,
        fields: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self._open = open_file
        self.summary = summary
        wanted = fields or {}
        self._footers: dict[ColumnChannel, Footer] = {}
        for footer in footers:
            channel = footer.channel
            if channel.slug in wanted:
                channel = with_fields(channel, wanted[channel.slug])
            self._footers[channel] = footer
        self.channels: Sequence[ColumnChannel] = sorted(
            self._footers, key=lambda channel: (channel.topic, channel.slug)
        )
        self._sizes = {each.slug: each.column_bytes for each in summary.channels}

    def rows(self, channel: ColumnChannel) -> int:
        """As ``Columns`` says."""
        return self._footers[channel].rows

    def size_bytes(self, channel: ColumnChannel) -> int:
        """As ``Columns`` says: what was noted when the log was converted."""
        return self._sizes[channel.slug]

    def read(self, channel: ColumnChannel, fields: Sequence[str] | None = None) -> Iterator[ColumnBatch]:
        """As ``Columns`` says.

        Raises:
            Conflict: the file is damaged (code ``columns_damaged``).
        """
        footer = self._footers[channel]
        if not footer.rows:
            return
        with StoredChannel(self._open(channel.slug), footer) as stored:
            yield from stored.batches(channel, fields)
