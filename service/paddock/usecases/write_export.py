"""Write an export from the bytes of a log: the way that command line, worker and Lambda share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from paddock.domain.export import ExportRequest
from paddock.formats.registry import Run, find_format
from paddock.mcap.columns import LogSummary
from paddock.mcap.spool import spool_log

READING_SHARE = 0.6
"""Of the progress: reading the log, as against writing the file."""


def write_export(
    log: BinaryIO,
    request: ExportRequest,
    run: Callable[[LogSummary], Run],
    target: Path,
    scratch: Path,
    progress: Callable[[float], None],
    memory_bytes: int | None = None,
) -> LogSummary | None:
    """Write ``target``; what was read of the log, None for formats that take its messages undecoded.

    Args:
        log: seekable.
        run: what to say about the recording, once the log was read.
        scratch: directory for the spool.
        memory_bytes: see ``spool_log``.

    Raises:
        Rejected: the request does not fit the log.
    """
    writer = find_format(request.format, request.layout)
    if writer.write_log is not None:
        writer.write_log(log, request, Run(), target, progress)
        return None
    assert writer.write is not None, "a format is written from columns or from the log"
    with spool_log(
        log, scratch, progress=lambda done: progress(done * READING_SHARE), memory_bytes=memory_bytes
    ) as columns:
        writer.write(
            columns,
            request,
            run(columns.summary),
            target,
            lambda done: progress(READING_SHARE + done * (1 - READING_SHARE)),
        )
        return columns.summary
