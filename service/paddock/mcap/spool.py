"""A whole log, decoded in one pass into a temporary file, and read from there as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from paddock.domain.keys import channel_slug
from paddock.domain.recording import ChannelSummary, Signal
from paddock.mcap.columns import ColumnBatch, ColumnChannel, Int64s, LogSummary
from paddock.mcap.definitions import Definition
from paddock.mcap.message_heads import HEAD_BYTES
from paddock.mcap.reader import LAST_TIME, LogReader, Run
from paddock.mcap.spool_channel import Payloads, SpoolChannel
from paddock.mcap.spool_file import SpoolFile

_WAITING_BYTES = 16 << 20
"""Payloads that wait to be decoded in large batches, over all channels; as much again is being decoded."""
_INT32_MAX = 2**31 - 1


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
    """Reading, decompressing and gathering in this thread; decoding and writing in another."""

    def __init__(self, reader: LogReader, file: SpoolFile, topics: Callable[[str], bool] | None) -> None:
        self._reader = reader
        self._file = file
        self._topics = topics
        self._channels: dict[tuple[str, str, str, bytes, str], SpoolChannel] = {}
        self._routes: dict[Definition, SpoolChannel | None] = {}
        self._slugs: set[str] = set()
        self._waiting_bytes = 0
        self._writing: Future[None] | None = None

    def spool(self) -> SpooledColumns:
        with ThreadPoolExecutor(1, thread_name_prefix="decode") as decoding:
            for run in self._reader.runs():
                self._add(run)
                if self._waiting_bytes >= _WAITING_BYTES:
                    self._write_waiting(decoding)
            self._write_waiting(decoding)
            self._finish_writing()
        for definition in self._reader.definitions:
            self._route(definition)
        self._file.flush()
        return self._columns()

    def _add(self, run: Run) -> None:
        """Hand every channel its payloads: one gather for all channels, then slices of it."""
        ids = run.heads["channel"]
        starts, ends = run.starts, run.ends
        order = np.argsort(ids, kind="stable")
        if len(run.data) > _INT32_MAX:
            order = self._addressable(run, order)
            if not len(order):
                return
        heads = run.heads[order]
        # Payloads and what lies between them are alternating elements of one array over the whole buffer.
        offsets = np.empty(2 * len(starts), np.int32)
        offsets[0::2] = np.minimum(starts + HEAD_BYTES, _INT32_MAX)
        offsets[1::2] = np.minimum(ends, _INT32_MAX)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(run.data)]
        elements = pa.Array.from_buffers(pa.binary(), len(offsets) - 1, buffers)
        payloads = elements.take(pa.array((order * 2).astype(np.int32)))
        log_time = heads["log_time"].astype(np.int64)
        publish_time = np.minimum(heads["publish_time"], np.uint64(LAST_TIME)).astype(np.int64)
        sequence = heads["sequence"].astype(np.int64)
        sorted_ids = heads["channel"]
        bounds = [0, *(np.flatnonzero(sorted_ids[1:] != sorted_ids[:-1]) + 1).tolist(), len(sorted_ids)]
        for begin, end in pairwise(bounds):
            channel = self._route(run.definitions[int(sorted_ids[begin])])
            if channel is not None:
                part = slice(begin, end)
                channel.waiting.append(
                    Payloads(payloads[part], log_time[part], publish_time[part], sequence[part], run.ordinal)
                )
        self._waiting_bytes += payloads.nbytes + len(order) * 24

    def _addressable(self, run: Run, order: Int64s) -> Int64s:
        """Arrow counts bytes of one batch in int32: a message that ends beyond that is given up."""
        fits = run.ends[order] <= _INT32_MAX
        for channel_id in run.heads["channel"][order[~fits]].tolist():
            self._reader.losses.undecoded(run.definitions[channel_id].channel.topic)
        fitting: Int64s = order[fits]
        return fitting

    def _route(self, definition: Definition) -> SpoolChannel | None:
        """Where the messages of a definition go; nowhere when its topic is not wanted."""
        if definition in self._routes:
            return self._routes[definition]
        channel, schema = definition.channel, definition.schema
        route: SpoolChannel | None = None
        if self._topics is None or self._topics(channel.topic):
            name, encoding, data = (schema.name, schema.encoding, schema.data) if schema else ("", "", b"")
            key = (channel.topic, name, encoding, data, channel.message_encoding)
            if key not in self._channels:
                slug = channel_slug(channel.topic, name, data)
                if slug in self._slugs:
                    slug = channel_slug(
                        channel.topic, name, data + f"\0{encoding}\0{channel.message_encoding}".encode()
                    )
                self._slugs.add(slug)
                self._channels[key] = SpoolChannel(definition, slug)
            route = self._channels[key]
            route.metadata = {**channel.metadata, **route.metadata}
        self._routes[definition] = route
        return route

    def _write_waiting(self, decoding: ThreadPoolExecutor) -> None:
        """Begin to decode what waits, once what waited before is done."""
        self._finish_writing()
        batch = [(channel, channel.take_waiting()) for channel in self._channels.values() if channel.waiting]
        self._waiting_bytes = 0
        self._writing = decoding.submit(self._write, batch)

    def _finish_writing(self) -> None:
        if self._writing is not None:
            self._writing.result()
            self._writing = None

    def _write(self, batch: list[tuple[SpoolChannel, list[Payloads]]]) -> None:
        while batch:
            channel, waiting = batch.pop()
            channel.write(waiting, self._file, self._reader.losses)

    def _columns(self) -> SpooledColumns:
        spooled = sorted(self._channels.values(), key=lambda each: (each.definition.channel.topic, each.slug))
        channels = {}
        summaries: list[ChannelSummary] = []
        signals: list[Signal] = []
        for each in spooled:
            each.settle(self._file)
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
