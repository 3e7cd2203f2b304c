"""Write an export, from the bytes of a log or from columns: the way that command line, worker and Lambda share."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from paddock.columns.columns import Columns, LogSummary
from paddock.domain.can_database import NO_DATABASES, Databases
from paddock.domain.export import ExportRequest
from paddock.domain.words import size
from paddock.errors import Rejected
from paddock.formats.contained import few_enough, write_contained
from paddock.formats.estimate import described, estimate_bytes, looks_at_values, taken_of
from paddock.formats.registry import RunInfo, find_format
from paddock.readers.registry import kind_in, spool_log

RESERVE_BYTES = 512 * 1024 * 1024
"""What exports leave free on a service's disk, for documents and uploads."""
DOUBT = 1.25
"""How far off an estimate may be."""
READING_SHARE = 0.6
"""How much of the progress is reading the log; writing the file is the rest."""


@dataclass(frozen=True)
class Written:
    """What was read and written."""

    summary: LogSummary
    left_out: tuple[str, ...]
    """Sentences about topics beyond what a file may have, and about those that their writer failed at."""


def write_export(
    log: BinaryIO,
    request: ExportRequest,
    run: Callable[[LogSummary], RunInfo],
    target: Path,
    scratch: Path,
    progress: Callable[[float], None],
    memory_bytes: int | None = None,
    *,
    reserve_bytes: int = 0,
    announce: Callable[[int], None] = lambda _: None,
    databases: Databases = NO_DATABASES,
) -> Written | None:
    """Write ``target``; what was read of the log, None where its messages are taken undecoded.

    Args:
        log: seekable.
        run: what to say about the recording, once the log was read.
        scratch: directory for the spool.
        memory_bytes: see ``spool_log``.
        reserve_bytes: room on the disk that the file may not take.
        announce: told about how large the file will be, before it is written.
        databases: see ``spool_log``.

    Raises:
        Rejected: the request does not fit the log, or the file the disk (code ``no_room``).
    """
    writer = find_format(request.format, request.layout)
    kind = kind_in(log)
    if kind is not None and writer.write_log is not None and writer.keeps(kind.name):
        writer.write_log(log, request, RunInfo(), target, progress)
        return None
    with spool_log(
        log,
        scratch,
        progress=lambda done: progress(done * READING_SHARE),
        memory_bytes=memory_bytes,
        databases=databases,
        statistics=looks_at_values(request.format),
    ) as columns:
        return write_columns(
            columns,
            request,
            run,
            target,
            lambda done: progress(READING_SHARE + done * (1 - READING_SHARE)),
            reserve_bytes=reserve_bytes,
            announce=announce,
        )


def write_columns(
    columns: Columns,
    request: ExportRequest,
    run: Callable[[LogSummary], RunInfo],
    target: Path,
    progress: Callable[[float], None],
    *,
    reserve_bytes: int = 0,
    announce: Callable[[int], None] = lambda _: None,
) -> Written:
    """Write ``target`` in a format that is written from columns; see ``write_export``.

    Raises:
        Rejected: the request does not fit the log, or the file the disk (code ``no_room``).
    """
    channels = described(columns)
    taken = taken_of(channels, columns.summary.signals, request.signals)
    log_span = (columns.summary.started_ns or 0, columns.summary.ended_ns or 0)
    expected = estimate_bytes(taken, request, channels, log_span)
    check_room(expected, target.parent, reserve_bytes)
    announce(expected)
    kept, beyond = (columns, ()) if request.signals else few_enough(columns)
    faulty = write_contained(
        find_format(request.format).write, kept, request, run(columns.summary), target, progress
    )
    return Written(columns.summary, (*beyond, *faulty))


def check_room(expected_bytes: int, folder: Path, reserve_bytes: int) -> None:
    """Refuse a file that the disk has no room for, before it is begun.

    Raises:
        Rejected: code ``no_room``.
    """
    free = shutil.disk_usage(folder).free - reserve_bytes
    if expected_bytes > max(0, free) * DOUBT:
        raise Rejected(
            f"The file would have about {size(expected_bytes)}, and there is room for {size(max(0, free))}: "
            "take fewer signals, a lower rate or a shorter span.",
            code="no_room",
        )
