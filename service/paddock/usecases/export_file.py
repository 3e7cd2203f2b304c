"""Export a log that lies on this machine, without a service: what ``paddock convert`` does."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from paddock.domain.export import ExportRequest
from paddock.domain.recording import LossReport
from paddock.errors import NotFound, Rejected, Unavailable
from paddock.formats.registry import Run, find_format
from paddock.mcap.columns import LogSummary
from paddock.mcap.probe import has_mcap_record
from paddock.usecases.prefill import prefilled
from paddock.usecases.write_export import write_export

PROBE_BYTES = 1024 * 1024


def export_file(
    source: Path, request: ExportRequest, target: Path, progress: Callable[[float], None] = lambda _: None
) -> LossReport | None:
    """Write one log in one format; what the log had lost, None for formats that do not look inside.

    Raises:
        NotFound: there is no such file.
        Rejected: it is no MCAP log, or the request does not fit it.
        Unavailable: the target's disk is full or cannot be written.
    """

    def run(summary: LogSummary) -> Run:
        known = {name: field.value for name, field in prefilled(summary).items()}
        return Run(file_name=source.name, metadata=known)

    find_format(request.format, request.layout)
    with (
        open_log(source) as log,
        _whole_file(target) as aside,
        tempfile.TemporaryDirectory(prefix="paddock-") as scratch,
    ):
        summary = write_export(log, request, run, aside, Path(scratch), progress)
    return summary.loss if summary else None


@contextlib.contextmanager
def open_log(source: Path) -> Iterator[BinaryIO]:
    """The log, after a look at its first MiB.

    Raises:
        NotFound: there is no such file.
        Rejected: it is no MCAP log.
    """
    try:
        log = source.open("rb")
    except FileNotFoundError:
        raise NotFound(f"There is no file {source}.", code="no_such_file") from None
    except OSError as error:
        raise Rejected(f"{source} cannot be read: {error.strerror}.", code="unreadable") from None
    with log:
        head = log.read(PROBE_BYTES)
        if not head:
            raise Rejected(f"{source} is empty: nothing was recorded.", code="empty_file")
        if not has_mcap_record(head):
            raise Rejected(f"{source} is no MCAP log: its first MiB holds no MCAP record.", code="not_mcap")
        log.seek(0)
        yield log


@contextlib.contextmanager
def _whole_file(target: Path) -> Iterator[Path]:
    """A path beside ``target`` that becomes it when the block ends well, and is removed when it does not."""
    aside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield aside
        aside.replace(target)
    except OSError as error:
        raise Unavailable(f"{target} cannot be written: {error.strerror}.", code="not_written") from error
    finally:
        aside.unlink(missing_ok=True)
