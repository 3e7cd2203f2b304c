"""Writes a clean log from what can be had of another: sorted by time, chunked, indexed, nothing decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.columns import Int64s
from paddock.columns.spool_file import Extent, OrderedReader, Rows, SpoolFile, joined, taken
from paddock.readers.mcap.attachments import attachment_data
from paddock.readers.mcap.batch import alternating, gathered
from paddock.readers.mcap.definitions import Definition, Numbering
from paddock.readers.mcap.log_writer import LogWriter
from paddock.readers.mcap.message_heads import HEAD_BYTES
from paddock.readers.mcap.new_ids import NewIds
from paddock.readers.mcap.reader import LAST_TIME, LogReader, MessageRun
from paddock.readers.registry import Recovered

_EXTENT_BYTES = 8 << 20
_READING_SHARE = 0.5


def recover(
    log: BinaryIO,
    target: BinaryIO,
    directory: Path,
    *,
    topics: Callable[[str], bool] | None = None,
    start_ns: int | None = None,
    end_ns: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Recovered:
    """Write the log again: every message that can be had, as it was, in order of ``log_time``.

    Args:
        log: the original, seekable.
        target: is written front to back.
        directory: has room for the messages, uncompressed; nothing stays there.
        topics: which ones to take; None for all.
        start_ns: the first instant to take.
        end_ns: the first instant not to take any more.
        progress: told how much is done, 0 to 1.

    Memory: bounded by batches. Attachments and metadata records are kept whatever is filtered, and schemas without
    a channel where nothing is.

    Raises:
        Rejected: there are more channels than one MCAP can have (code ``too_many_channels``).
    """
    file = SpoolFile.temporary(directory)
    try:
        reader = LogReader(log, directory, lambda done: progress(done * _READING_SHARE))
        sorter = _Sorter(file, topics, start_ns, end_ns)
        for run in reader.runs():
            sorter.add(run)
        sorter.finish(reader)
        writer = LogWriter(target, reader.profile, reader.library)
        schemas, channels = sorter.ids.schemas, sorter.ids.channels
        for schema in schemas:
            writer.add_schema(schema)
        for channel in channels:
            writer.add_channel(channel)
        written = 0
        for rows in OrderedReader(file, sorter.extents):
            writer.add_rows(rows)
            written += len(rows.log_time)
            progress(_READING_SHARE + (1 - _READING_SHARE) * written / sorter.rows)
        for name, entries in reader.metadata:
            writer.add_metadata(name, entries)
        for attachment in reader.attachments:
            writer.add_attachment(attachment, attachment_data(log, attachment))
        writer.finish()
        others = len(reader.metadata) + len(reader.attachments) + len(schemas) + len(channels)
        return Recovered(written, others, reader.losses.report())
    finally:
        file.close()


class _Sorter:
    """Puts messages on disk in extents that are ordered by time."""

    def __init__(
        self, file: SpoolFile, topics: Callable[[str], bool] | None, start_ns: int | None, end_ns: int | None
    ) -> None:
        self._file = file
        self._topics = topics
        self._span = max(start_ns or 0, 0), LAST_TIME + 1 if end_ns is None else max(end_ns, 0)
        self._new_ids = Numbering()
        self._waiting: list[Rows] = []
        self._waiting_bytes = 0
        self._ordinal = 0
        self.ids = NewIds()
        self.extents: list[Extent] = []
        self.rows = 0

    def add(self, run: MessageRun) -> None:
        """Take the messages that are wanted."""
        for part in self._pieces(run):
            ids = self._new_ids.of(run.part, run.definitions[part], self._new_id)
            times = run.heads["log_time"][part]
            is_wanted = (ids >= 0) & (times >= self._span[0]) & (times < self._span[1])
            wanted, ids = part[is_wanted], ids[is_wanted]
            if not len(wanted):
                continue
            if self._waiting and run.ordinal < self._ordinal:
                self._write_waiting()
            if not self._waiting:
                self._ordinal = run.ordinal
            rows = _rows(run, wanted, ids)
            self._waiting.append(rows)
            self._waiting_bytes += rows.messages.nbytes
            if self._waiting_bytes >= _EXTENT_BYTES:
                self._write_waiting()

    def finish(self, reader: LogReader) -> None:
        """All was read; channels without messages are channels too, and schemas without channels."""
        for definition in reader.definitions:
            self._new_id(definition)
        if self._topics is None:
            for part, schema in reader.schemas:
                self.ids.of_schema(part, schema)
        if self._waiting:
            self._write_waiting()
        self.extents.sort(key=lambda extent: extent.ordinal)

    def _pieces(self, run: MessageRun) -> Iterator[Int64s]:
        """Row numbers in pieces whose bytes Arrow can count."""
        sizes = np.cumsum(run.ends - run.starts)
        begin = 0
        while begin < len(sizes):
            before = int(sizes[begin - 1]) if begin else 0
            end = max(begin + 1, int(np.searchsorted(sizes, before + 8 * _EXTENT_BYTES)))
            yield np.arange(begin, end)
            begin = end

    def _new_id(self, definition: Definition) -> int:
        """The id in the new file, or -1."""
        wanted = self._topics is None or self._topics(definition.channel.topic)
        return self.ids.of_channel(definition) if wanted else -1

    def _write_waiting(self) -> None:
        rows = joined(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        if (np.diff(rows.log_time) < 0).any():
            rows = taken(rows, np.argsort(rows.log_time, kind="stable"))
        self.extents.append(self._file.write(rows, self._ordinal))
        self.rows += len(rows.log_time)


def _rows(run: MessageRun, wanted: Int64s, ids: npt.NDArray[np.int32]) -> Rows:
    """The chosen rows of ``run``, with their channels' new ids."""
    heads = run.heads[wanted]
    starts, ends = run.starts[wanted], run.ends[wanted]
    base = int(starts[0])
    data = memoryview(run.data)[base : int(ends[-1])]
    payloads = gathered(alternating(data, starts + HEAD_BYTES - base, ends - base), np.arange(len(wanted)))
    channels = pa.array(ids.astype(np.uint16))
    return Rows(
        heads["log_time"].astype(np.int64),
        heads["publish_time"].astype(np.int64),  # above 2**63 as it is, as a negative number
        heads["sequence"].astype(np.int64),
        pa.StructArray.from_arrays([channels, payloads], names=["channel", "data"]),
    )
