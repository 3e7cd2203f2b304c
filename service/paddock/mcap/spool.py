"""A whole log, decoded in one pass into a temporary file, and read from there as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

from paddock.domain.keys import channel_slug
from paddock.domain.recording import ChannelSummary, Signal
from paddock.mcap.columns import ColumnBatch, ColumnChannel, LogSummary
from paddock.mcap.definitions import Definition, Part
from paddock.mcap.payloads import Numbers, Payloads, by_channel
from paddock.mcap.reader import LogReader, Run
from paddock.mcap.spool_channel import SpoolChannel
from paddock.mcap.spool_file import SpoolFile

_WAITING_BYTES = 16 << 20
"""Messages that wait to be decoded in large batches, over all channels; as much again is being decoded."""


def spool_log(
    log: BinaryIO,
    directory: Path,
    *,
    topics: Callable[[str], bool] | None = None,
    progress: Callable[[float], None] | None = None,
) -> SpooledColumns:
    """Read a log, damaged or not, into columns.

    Args:
        log: the file, seekable; it may be closed afterwards.
        directory: has room for about the decoded messages; nothing stays there, whatever happens.
        topics: which ones to take; None for all.
        progress: told how much was read, 0 to 1.

    Memory: bounded by batches, whatever the size of the log.
    """
    file = SpoolFile(directory)
    try:
        return _Spooler(LogReader(log, directory, progress or (lambda _: None)), file, topics).spool()
    except BaseException:
        file.close()
        raise


class SpooledColumns:
    """``Columns`` in a temporary file, which goes when the context ends."""

    def __init__(
        self,
        file: SpoolFile,
        channels: dict[ColumnChannel, SpoolChannel],
        summary: LogSummary,
    ) -> None:
        self._file = file
        self._channels = channels
        self.channels: Sequence[ColumnChannel] = list(channels)
        self.summary = summary

    def __enter__(self) -> SpooledColumns:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the temporary file."""
        self._file.close()

    def rows(self, channel: ColumnChannel) -> int:
        """How many messages the channel has."""
        return self._channels[channel].rows

    def size_bytes(self, channel: ColumnChannel) -> int:
        """About how many bytes its columns take in memory."""
        return self._channels[channel].decoded_bytes

    def read(self, channel: ColumnChannel, fields: Sequence[str] | None = None) -> Iterator[ColumnBatch]:
        """Its messages by ``log_time`` in batches; with ``fields`` only these top-level fields."""
        names = None if fields is None else list(fields)
        for rows in self._channels[channel].read(self._file, names):
            yield ColumnBatch(channel, rows.log_time, rows.publish_time, rows.sequence, rows.messages)


class _Spooler:
    """Reading, decompressing and sorting by channel in this thread; decoding and writing in another."""

    def __init__(self, reader: LogReader, file: SpoolFile, topics: Callable[[str], bool] | None) -> None:
        self._reader = reader
        self._file = file
        self._topics = topics
        self._channels: list[SpoolChannel] = []
        self._by_content: dict[tuple[str, str, str, bytes, str], int] = {}
        self._numbers: dict[Definition, int] = {}
        self._lookup = np.empty(0, np.int32)
        self._lookup_of: tuple[Part | None, int] = (None, 0)
        self._waiting: list[tuple[Run, Numbers]] = []
        self._waiting_bytes = 0
        self._reached = 0
        self._late = False
        self._writing: Future[None] | None = None

    def spool(self) -> SpooledColumns:
        with ThreadPoolExecutor(1, thread_name_prefix="decode") as decoding:
            for run in self._reader.runs():
                # What waited for its definition goes before what was decoded since: never in one batch with others.
                late = run.ordinal < self._reached
                if late != self._late or self._waiting_bytes + len(run.data) > _WAITING_BYTES:
                    self._write_waiting(decoding)
                self._late = late
                self._reached = max(self._reached, run.ordinal)
                if not self._waiting or self._waiting[-1][0].data is not run.data:
                    self._waiting_bytes += len(run.data)
                self._waiting.append((run, self._channel_numbers(run)))
            self._write_waiting(decoding)
            self._finish_writing()
        for definition in self._reader.definitions:
            self._number(definition)
        return self._columns()

    def _channel_numbers(self, run: Run) -> Numbers:
        """Which of ``_channels`` each message belongs to, or -1; shape (N,)."""
        part = run.part
        if self._lookup_of != (part, part.revision):
            self._lookup = np.full(1 << 16, -1, np.int32)
            for channel_id, definition in part.definitions.items():
                self._lookup[channel_id] = self._number(definition)
            self._lookup_of = part, part.revision
        numbers: Numbers = self._lookup[run.heads["channel"]]
        return numbers

    def _write_waiting(self, decoding: ThreadPoolExecutor) -> None:
        """Begin to decode what waits, once what waited before is done."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if waiting:
            batch = list(by_channel(waiting))
            self._finish_writing()
            self._writing = decoding.submit(self._write, batch)

    def _finish_writing(self) -> None:
        if self._writing is not None:
            self._writing.result()
            self._writing = None

    def _write(self, batch: list[tuple[int, Payloads]]) -> None:
        for number, payloads in batch:
            self._channels[number].write(payloads, self._file)

    def _number(self, definition: Definition) -> int:
        """Where in ``_channels`` the messages of a definition go; -1 when its topic is not wanted."""
        number = self._numbers.get(definition)
        if number is None:
            wanted = self._topics is None or self._topics(definition.channel.topic)
            number = self._numbers[definition] = self._spool_channel(definition) if wanted else -1
        return number

    def _spool_channel(self, definition: Definition) -> int:
        """Definitions that say the same, under another id or in another part, are one channel."""
        channel, schema = definition.channel, definition.schema
        name, encoding, data = (schema.name, schema.encoding, schema.data) if schema else ("", "", b"")
        content = (channel.topic, name, encoding, data, channel.message_encoding)
        if content not in self._by_content:
            slug = channel_slug(channel.topic, name, data)
            if any(each.slug == slug for each in self._channels):
                encodings = f"\0{encoding}\0{channel.message_encoding}".encode()
                slug = channel_slug(channel.topic, name, data + encodings)
            self._by_content[content] = len(self._channels)
            self._channels.append(SpoolChannel(definition, slug))
        number = self._by_content[content]
        self._channels[number].metadata = {**channel.metadata, **self._channels[number].metadata}
        return number

    def _columns(self) -> SpooledColumns:
        spooled = sorted(self._channels, key=lambda each: (each.definition.channel.topic, each.slug))
        channels = {}
        summaries: list[ChannelSummary] = []
        signals: list[Signal] = []
        for each in spooled:
            each.settle(self._file)
            if each.undecodable:
                self._reader.losses.undecoded(each.definition.channel.topic, each.undecodable)
            channel = each.column_channel()
            channels[channel] = each
            summaries.append(each.summary(channel))
            signals.extend(each.statistics.signals(channel.topic, channel.slug, channel.fields))
        reader = self._reader
        started = min((each.started_ns for each in summaries if each.started_ns is not None), default=None)
        ended = max((each.ended_ns for each in summaries if each.ended_ns is not None), default=None)
        summary = LogSummary(
            started_ns=started,
            ended_ns=ended,
            message_count=sum(each.message_count for each in summaries),
            channels=tuple(summaries),
            metadata=tuple(reader.metadata),
            loss=reader.losses.report(),
            library=reader.library,
            profile=reader.profile,
            signals=tuple(signals),
            attachments=tuple(reader.attachments),
            parts=reader.parts,
            chunks=reader.chunks,
            chunk_indexes=reader.chunk_indexes,
            notices=(
                *reader.clock.notices(),
                *reader.conflicts,
                *(each.decoder.notice for each in spooled if each.decoder.notice),
            ),
        )
        return SpooledColumns(self._file, channels, summary)
