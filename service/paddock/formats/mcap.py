"""MCAP: a slice of the log, topics × time; of an MCAP log with its messages as they were."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pyarrow as pa

from paddock.columns.columns import ColumnChannel, Columns
from paddock.columns.patterns import Patterns
from paddock.columns.progress import Progress
from paddock.columns.selection import Span, check_overlap, span_of
from paddock.columns.spool_file import Extent, OrderedReader, Rows, SpoolFile, sliced
from paddock.columns.time_span import TimeSpan
from paddock.domain.export import ExportRequest
from paddock.domain.log_kinds import MCAP
from paddock.errors import Rejected
from paddock.formats.registry import Format, RunInfo, check_rate

if TYPE_CHECKING:
    from paddock.readers.mcap.log_writer import LogWriter

# What reads and writes MCAP is imported where it is needed: who asks which formats there are need not wait for it.
_ENCODING_SHARE = 0.6
_EXTENT_BYTES = 256 << 10
"""Small, because those of all topics that lie at one time are in memory together."""
_MOST_CHANNELS = 65_535


def write_log(log: BinaryIO, request: ExportRequest, run: RunInfo, target: Path, progress: Progress) -> None:
    """Write the wanted messages: chunked, sorted by ``log_time``, indexed.

    Raises:
        Rejected: a raster was asked for, the span makes no sense, or no topic matches.
    """
    from paddock.readers.mcap.recover import recover

    check_rate(request)
    times = (request.start_s, request.end_s, request.start_ns, request.end_ns)
    recorded = _time_span(log, target.parent) if times != (None,) * 4 else None
    start_ns, end_ns = span_of(request, recorded.first if recorded else None)
    if recorded:
        check_overlap((start_ns, end_ns), recorded.first, recorded.last)
    patterns = Patterns(request.signals)
    taken = set()

    def takes(topic: str) -> bool:
        if reached := patterns.reaches(topic):
            taken.add(topic)
        return reached

    with target.open("wb") as file:
        recover(
            log,
            file,
            target.parent,
            topics=takes if request.signals else None,
            start_ns=start_ns,
            end_ns=end_ns,
            progress=progress,
        )
    if request.signals and not taken:
        raise Rejected("No topic of this log is among those asked for.", code="no_such_signal")


def write(columns: Columns, request: ExportRequest, run: RunInfo, target: Path, progress: Progress) -> None:
    """Write the same slice of a log of another kind: its columns as protobuf messages.

    Raises:
        Rejected: a raster was asked for, the span makes no sense, no topic matches, or one MCAP has no room for the
            topics.
    """
    from paddock.readers.mcap.log_writer import LogWriter

    check_rate(request)
    started_ns, ended_ns = columns.summary.started_ns, columns.summary.ended_ns
    span = span_of(request, started_ns)
    if started_ns is not None and ended_ns is not None:
        check_overlap(span, started_ns, ended_ns)
    patterns = Patterns(request.signals)
    channels = [each for each in columns.channels if not request.signals or patterns.reaches(each.topic)]
    if not channels and request.signals:
        raise Rejected("No topic of this log is among those asked for.", code="no_such_signal")
    file = SpoolFile.temporary(target.parent)
    try:
        with target.open("wb") as made:
            writer = LogWriter(made, original_library=columns.summary.facts.said.get("library", ""))
            extents: list[Extent] = []
            for done, channel in enumerate(channels):
                extents += _encoded(columns, channel, len(extents), span, writer, file)
                progress(_ENCODING_SHARE * (done + 1) / len(channels))
            count, written = sum(extent.rows for extent in extents), 0
            for rows in OrderedReader(file, extents):
                writer.add_rows(rows)
                written += len(rows.log_time)
                progress(_ENCODING_SHARE + (1 - _ENCODING_SHARE) * written / count)
            for name, entries in columns.summary.metadata:
                writer.add_metadata(name, entries)
            writer.finish()
    finally:
        file.close()


def _encoded(
    columns: Columns, channel: ColumnChannel, ordinal: int, span: Span, writer: LogWriter, file: SpoolFile
) -> list[Extent]:
    """Define a channel, and put its messages aside; ``ordinal`` is the number of the first extent."""
    from paddock.columns.protobuf_messages import Encoder, Unwritable
    from paddock.readers.decoders.schema import Schema
    from paddock.readers.mcap.records import Channel

    try:
        encoder = Encoder(channel)
    except Unwritable:
        if columns.rows(channel):
            raise
        return []
    number = writer.channel_count + 1
    if number >= _MOST_CHANNELS:
        raise Rejected(f"One MCAP has room for {_MOST_CHANNELS:,} topics: name some.", code="too_many_channels")
    writer.add_schema(Schema(number, encoder.schema_name, "protobuf", encoder.schema))
    writer.add_channel(Channel(number, number, channel.topic, "protobuf", dict(channel.metadata)))
    extents: list[Extent] = []
    for batch in columns.read(channel):
        first = 0 if span[0] is None else int(np.searchsorted(batch.log_time, span[0]))
        stop = len(batch) if span[1] is None else int(np.searchsorted(batch.log_time, span[1]))
        if first >= stop:
            continue
        part = slice(first, stop)
        payloads = encoder.encode(batch.messages[part])
        messages = pa.StructArray.from_arrays(
            [pa.array(np.full(len(payloads), number, np.uint16)), payloads], names=["channel", "data"]
        )
        rows = Rows(batch.log_time[part], batch.publish_time[part], batch.sequence[part], messages)
        step = max(1, len(payloads) * _EXTENT_BYTES // max(1, payloads.nbytes))
        for begin in range(0, len(payloads), step):
            some = sliced(rows, begin, min(begin + step, len(payloads)))
            extents.append(file.write(some, ordinal + len(extents)))
    return extents


def _time_span(log: BinaryIO, directory: Path) -> TimeSpan | None:
    """From when to when it was recorded; an extra pass, because messages need not be in order."""
    from paddock.readers.mcap.reader import LogReader

    reader = LogReader(log, directory)
    for _ in reader.runs():
        pass
    return reader.clock.span()


FORMAT = Format(
    name=MCAP.name,
    label=MCAP.label,
    suffix=MCAP.suffix,
    media_type=MCAP.media_type,
    layouts={"": 1},
    write=write,
    write_log=write_log,
    log_kind=MCAP.name,
)
