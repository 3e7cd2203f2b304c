"""The file formats there are. Command line, API and site list them from here."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

import paddock.formats
from paddock.columns import raster
from paddock.columns.columns import Columns
from paddock.columns.progress import Progress
from paddock.domain.export import ExportRequest
from paddock.errors import Rejected


@dataclass(frozen=True)
class RunInfo:
    """What a format may say about the recording besides its columns (MATLAB's ``meta.run``)."""

    recording: str = ""
    """The recording's id, empty for a file that was never uploaded."""
    file_name: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    """By metadata field. Of those that every team has, the empty ones may be left out."""
    units: dict[str, str] = field(default_factory=dict)
    """Unit by signal name."""
    started_ns: int | None = None
    """When it began, where somebody knows better than the log's own clock."""
    is_start_known: bool = True
    """False where the log has no clock, and nobody has said."""
    setup: dict[str, float | str] = field(default_factory=dict)
    """The setup sheet by field; empty where it has none."""
    setup_units: dict[str, str] = field(default_factory=dict)
    """Unit of its numbers, by field."""


class WriteColumns(Protocol):
    """Writes ``target`` from columns. The caller gives a path beside the final one and renames it when whole."""

    def __call__(
        self, columns: Columns, request: ExportRequest, run: RunInfo, target: Path, progress: Progress
    ) -> None:
        """Write the whole file."""
        ...


class WriteLog(Protocol):
    """Writes ``target`` from the log's own messages, for the format that keeps their bytes."""

    def __call__(
        self, log: BinaryIO, request: ExportRequest, run: RunInfo, target: Path, progress: Progress
    ) -> None:
        """Write the whole file; ``log`` is seekable."""
        ...


@dataclass(frozen=True)
class Format:
    """One file format. It is written from columns, or (``write_log``) from a log of its own kind itself."""

    name: str
    label: str
    suffix: str
    """With the dot."""
    media_type: str
    layouts: Mapping[str, int]
    """The number of the writer by layout, the default layout first. It rises with every change after which the same
    columns give another file: an export of an older number is made anew. ``tests/golden`` watches over it."""
    write: WriteColumns
    write_log: WriteLog | None = None
    log_kind: str = ""
    """The kind of log that ``write_log`` writes from, see ``domain/log_kinds.py``."""
    other_suffixes: tuple[str, ...] = ()
    """By which people know such files, too."""
    per_topic: bool = False
    """One file per topic; several are in a zip."""

    def keeps(self, kind: str) -> bool:
        """Whether it keeps the very messages of a log of this kind."""
        return self.write_log is not None and self.log_kind == kind

    @property
    def default_layout(self) -> str:
        """What a request without a layout gets."""
        return next(iter(self.layouts))


@cache
def formats() -> dict[str, Format]:
    """Every format by name."""
    found: dict[str, Format] = {}
    for module in pkgutil.iter_modules(paddock.formats.__path__):
        loaded = importlib.import_module(f"{paddock.formats.__name__}.{module.name}")
        if isinstance(declared := getattr(loaded, "FORMAT", None), Format):
            found[declared.name] = declared
    return found


def find_format(name: str, layout: str = "") -> Format:
    """The format of a request.

    Raises:
        Rejected: there is no such format, or it has no such layout.
    """
    known = formats()
    if name not in known:
        raise Rejected(f"{name[:40]!r} is no format: use one of {', '.join(sorted(known))}.", code="bad_format")
    found = known[name]
    if layout and layout not in found.layouts:
        named = ", ".join(filter(None, found.layouts))
        hint = f"use one of {named}" if named else "there is only one, leave it out"
        raise Rejected(f"{name} has no layout {layout[:40]!r}: {hint}.", code="bad_layout")
    return found


def canonical(request: ExportRequest) -> ExportRequest:
    """The same request, without what says the same as nothing and each signal once.

    Raises:
        Rejected: there is no such format, or it has no such layout.
    """
    form = find_format(request.format, request.layout)
    return msgspec.structs.replace(
        request,
        layout="" if request.layout == form.default_layout else request.layout,
        signals=tuple(sorted(set(request.signals))),
        interpolation="hold" if request.rate_hz is None else request.interpolation,
    )


def check_rate(request: ExportRequest) -> None:
    """What can be said of the rate before the log is read.

    Raises:
        Rejected: it is no rate, or the format has none (code ``bad_rate``).
    """
    if request.rate_hz is not None and find_format(request.format).write_log is not None:
        raise Rejected("MCAP keeps every message at its own time: leave out the rate.", code="bad_rate")
    raster.check_rate(request.rate_hz)


def writer_number(request: ExportRequest) -> int:
    """The number of the writer that makes the file of a request.

    Raises:
        Rejected: there is no such format, or it has no such layout.
    """
    form = find_format(request.format, request.layout)
    return form.layouts[request.layout or form.default_layout]


ZIP_SUFFIX = ".zip"
ZIP_MEDIA_TYPE = "application/zip"


def written_as(form: Format, target: Path) -> tuple[str, str]:
    """Suffix and media type of a file that ``form`` has written.

    A format that has one file per topic writes a zip of them when there are several (``.parquet.zip``), which
    nobody knows before it is written.
    """
    with target.open("rb") as file:
        zipped = file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    return (form.suffix + ZIP_SUFFIX, ZIP_MEDIA_TYPE) if zipped else (form.suffix, form.media_type)
