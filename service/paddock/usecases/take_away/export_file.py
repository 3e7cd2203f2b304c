"""Export a log that lies on this machine, without a service: what ``paddock convert`` does."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from paddock.columns.columns import LogSummary
from paddock.domain.can_database import NO_DATABASES, Databases
from paddock.domain.catalogue import CarCatalogue, Catalogue, log_units
from paddock.domain.export import ExportRequest
from paddock.domain.fields import CAR, EVERY_TEAMS
from paddock.domain.recording import LossReport
from paddock.domain.start_in_name import start_in_name
from paddock.formats.output import new_file, suffixes_of
from paddock.formats.registry import RunInfo, find_format, written_as
from paddock.usecases.conversion.prefill import prefilled
from paddock.usecases.conversion.write_export import write_export
from paddock.usecases.intake.open_log import open_log


@dataclass(frozen=True)
class Exported:
    """A file that was written."""

    path: Path
    """Where it is: several topics in a format of one file per topic become a zip, and its name says so."""
    loss: LossReport | None
    """What the log had lost; None for formats that take its messages undecoded."""
    left_out: tuple[str, ...] = ()
    """Sentences about topics that their writer failed at."""
    notices: tuple[str, ...] = ()
    """What the log has to say of itself, such as frames that no CAN database knows."""


def export_file(
    source: Path,
    request: ExportRequest,
    target: Path,
    progress: Callable[[float], None] = lambda _: None,
    memory_bytes: int | None = None,
    *,
    inputs: Iterable[Path] = (),
    replace: bool = False,
    announce: Callable[[int], None] = lambda _: None,
    databases: Databases = NO_DATABASES,
) -> Exported:
    """Write one log in one format; for ``memory_bytes`` and ``databases`` see ``spool_log``.

    Args:
        source: the log; ``-`` is stdin.
        target: gets the format's suffix when it has none.
        inputs: further files that must not be written, ``source`` being one of them anyway.
        replace: whether a file that is there may go.
        announce: told about how large the file will be, before it is written.

    Raises:
        NotFound: there is no such file.
        Rejected: it is no log, or the request does not fit it.
        Unavailable: the target's disk is full or cannot be written.
    """

    def run(summary: LogSummary) -> RunInfo:
        known = {name: field.value for name, field in prefilled(summary, EVERY_TEAMS).items()}
        # Without a service there is no catalogue: what names tell.
        guesses = CarCatalogue(Catalogue(), known.get(CAR.name, ""), log_units(summary.signals))
        units = guesses.units((signal.name, signal.dtype) for signal in summary.signals)
        has_clock = summary.facts.has_clock
        named_ns = None if has_clock else start_in_name([source.name])
        return RunInfo(
            file_name=source.name,
            metadata=known,
            units=units,
            started_ns=named_ns,
            is_start_known=has_clock or named_ns is not None,
        )

    format_ = find_format(request.format, request.layout)
    with (
        open_log(source) as log,
        new_file(target, suffixes_of(format_), inputs=(source, *inputs), replace=replace) as new,
        tempfile.TemporaryDirectory(prefix="paddock-") as scratch,
    ):
        written = write_export(
            log,
            request,
            run,
            new.aside,
            Path(scratch),
            progress,
            memory_bytes,
            announce=announce,
            databases=databases,
        )
        new.suffix, _ = written_as(format_, new.aside)
    if written is None:
        return Exported(new.target, None)
    return Exported(new.target, written.summary.loss, written.left_out, tuple(written.summary.notices))
