"""Export a log that lies on this machine, without a service: what ``paddock convert`` does."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from paddock.domain.export import ExportRequest
from paddock.domain.recording import LossReport
from paddock.errors import Unavailable
from paddock.formats.registry import Run, find_format
from paddock.mcap.columns import LogSummary
from paddock.usecases.open_log import open_log
from paddock.usecases.prefill import prefilled
from paddock.usecases.write_export import write_export


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
