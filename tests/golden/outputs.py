"""Everything that Paddock makes of the golden logs, by output: the columns, and each layout of each format."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest.mock import patch

import msgspec

import paddock
from paddock.columns.columns import Columns, LogSummary
from paddock.domain.catalogue import CarCatalogue, Catalogue
from paddock.domain.export import ExportRequest
from paddock.errors import Rejected
from paddock.formats.parquet import write_channel
from paddock.formats.registry import Format, RunInfo, formats
from paddock.readers.registry import spool_log
from paddock.usecases.conversion.run_figures import run_figures
from tests.conftest import REPOSITORY
from tests.golden.canonical import digest
from tests.golden.logs import GoldenLog, golden_logs
from tests.golden.maths import maths_digests

COLUMNS = "columns"
"""The output that all others are made from."""
_COLUMNS_FILE = "service/paddock/__init__.py"
_ESTIMATES = ("column_bytes", "stored_bytes", "footer_crc32", "id", "recording")
"""What depends on a library's version, and what another place fills in."""
_OPTIONS: dict[str, dict[str, Any]] = {
    "native": {"native": True},
    "compressed": {"compress": True},
    "v7.3": {"mat_version": "7.3"},
    "raster": {"rate_hz": 64.0},
    "linear raster": {"rate_hz": 64.0, "interpolation": "linear"},
    "span": {"start_s": 0.0625, "end_s": 0.25},
}


class Made(NamedTuple):
    """One output as this code makes it."""

    number: int
    """The output's own number; that of the columns for the columns."""
    columns: int
    where: str
    """Where the number is raised."""
    digests: dict[str, str]
    """By log, and what was asked for of it."""


def make() -> dict[str, Made]:
    """All outputs by name: ``columns``, ``mat/hytech-v1`` …"""
    found = {COLUMNS: Made(paddock.COLUMNS, paddock.COLUMNS, f"COLUMNS in {_COLUMNS_FILE}", maths_digests())}
    for form in formats().values():
        for layout, number in form.layouts.items():
            found[_name(form, layout)] = Made(number, paddock.COLUMNS, _where(form, layout), {})
    # A release is no other output.
    with patch.object(paddock, "__version__", "golden"), TemporaryDirectory() as folder:
        for name, log in golden_logs().items():
            with spool_log(io.BytesIO(log.content), Path(folder), databases=log.databases) as columns:
                units = _units(columns.summary)
                found[COLUMNS].digests[name] = _columns_digest(columns, units, Path(folder))
                run = RunInfo("golden", "run.mcap", log.metadata, units)
                for output, asked, made in _files(columns, log, run, Path(folder) / "made"):
                    found[output].digests[f"{name}{asked}"] = made
    return found


def _name(form: Format, layout: str) -> str:
    return "/".join(filter(None, (form.name, layout)))


def _where(form: Format, layout: str) -> str:
    writer = form.write or form.write_log
    assert writer is not None
    file = Path(str(inspect.getsourcefile(writer))).relative_to(REPOSITORY)
    return f"the number of {layout!r} in the layouts of FORMAT in {file}"


def _units(summary: LogSummary) -> dict[str, str]:
    return CarCatalogue(Catalogue()).units((signal.name, signal.dtype) for signal in summary.signals)


def _requests(form: Format, layout: str, log: GoldenLog) -> Iterator[tuple[str, ExportRequest]]:
    """The whole log, and of some logs also what each option makes of it."""
    whole = ExportRequest(format=form.name, layout=layout)
    yield "", whole
    if not log.signals:
        return
    for words, options in _OPTIONS.items():
        yield f", {words}", msgspec.structs.replace(whole, **options)
    some = msgspec.structs.replace(whole, signals=log.signals)
    yield ", signals", some
    yield ", signals and raster", msgspec.structs.replace(some, **_OPTIONS["raster"])


def _files(columns: Columns, log: GoldenLog, run: RunInfo, target: Path) -> Iterator[tuple[str, str, str]]:
    """Output, what was asked for, and the digest of each file that is made of a log."""
    for form in formats().values():
        for layout in form.layouts:
            for words, request in _requests(form, layout, log):
                for way, write in _ways(form, log, columns, run):
                    yield _name(form, layout), f"{words}{way}", _file(write, request, target)


def _ways(
    form: Format, log: GoldenLog, columns: Columns, run: RunInfo
) -> Iterator[tuple[str, Callable[[ExportRequest, Path], None]]]:
    """How a format is written: from the columns, and where it can from the log itself."""
    if form.write_log is not None:
        write_log = form.write_log
        yield "", lambda request, target: write_log(io.BytesIO(log.content), request, run, target, _ignore)
    if form.write is not None:
        write = form.write
        words = ", from columns" if form.write_log else ""
        yield words, lambda request, target: write(columns, request, run, target, _ignore)


def _file(write: Callable[[ExportRequest, Path], None], request: ExportRequest, target: Path) -> str:
    """The digest of a file, or why there is none."""
    target.unlink(missing_ok=True)
    try:
        write(request, target)
    except Rejected as refusal:
        return f"refused: {refusal.code}"
    return digest(target.read_bytes())


def _columns_digest(columns: Columns, units: dict[str, str], folder: Path) -> str:
    """What a conversion stores: the columns, and what is known of the log."""
    said: list[bytes] = []
    for channel in columns.channels:
        write_channel(columns, channel, folder / "channel", units)
        said.append(digest((folder / "channel").read_bytes()).encode())
    summary = columns.summary
    facts = {
        "started_ns": summary.started_ns,
        "ended_ns": summary.ended_ns,
        "message_count": summary.message_count,
        "channels": summary.channels,
        "signals": summary.signals,
        "metadata": summary.metadata,
        "loss": summary.loss,
        "attachments": summary.attachments,
        "notices": summary.notices,
        "figures": run_figures(columns, Catalogue()),
    }
    said.append(msgspec.json.encode(_rounded(msgspec.to_builtins(facts)), order="deterministic"))
    return digest(b"\n".join(said))


def _rounded(value: Any) -> Any:
    """Sums are rounded as a processor adds them."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items() if name not in _ESTIMATES}
    return value


def _ignore(share: float) -> None:
    pass
