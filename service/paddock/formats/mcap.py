"""MCAP itself: a slice of the log, topics × time, with its messages as they were."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from paddock.columns.patterns import Patterns
from paddock.columns.progress import Progress
from paddock.columns.selection import check_overlap, span_of
from paddock.columns.time_span import TimeSpan
from paddock.domain.export import ExportRequest
from paddock.domain.log_kinds import MCAP
from paddock.errors import Rejected
from paddock.formats.registry import Format, Run, check_rate
from paddock.readers.mcap.reader import LogReader
from paddock.readers.mcap.recover import recover


def write_log(log: BinaryIO, request: ExportRequest, run: Run, target: Path, progress: Progress) -> None:
    """Write the wanted messages: chunked, sorted by ``log_time``, indexed.

    Raises:
        Rejected: a raster was asked for, the span makes no sense, or no topic matches.
    """
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


def _time_span(log: BinaryIO, directory: Path) -> TimeSpan | None:
    """From when to when it was recorded; an extra pass, because messages need not be in order."""
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
    write_log=write_log,
)
