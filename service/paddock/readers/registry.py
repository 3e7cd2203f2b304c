"""Reads a log of any kind: which one it is its bytes tell, not its name."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from paddock.columns.spool import SpooledColumns
from paddock.domain.can_database import NO_DATABASES, Databases
from paddock.domain.log_kinds import LOG_KINDS, LogKind, labels_in_words
from paddock.domain.recording import LossReport
from paddock.errors import Rejected

PROBE_BYTES = 1024 * 1024
"""So much of the beginning of a file tells what kind of log it is."""
_WHOLE_HEAD_BYTES = 4096


class Spool(Protocol):
    """Reads a log, damaged or not, into columns; see ``spool_log``."""

    def __call__(
        self,
        log: BinaryIO,
        directory: Path,
        *,
        topics: Callable[[str], bool] | None = None,
        progress: Callable[[float], None] | None = None,
        memory_bytes: int | None = None,
        databases: Databases = NO_DATABASES,
        statistics: bool = True,
    ) -> SpooledColumns:
        """The whole log."""
        ...


@dataclass(frozen=True)
class Recovered:
    """What became of a log."""

    message_count: int
    """Messages written."""
    other_count: int
    """Channels, schemas, attachments and metadata records written."""
    loss: LossReport
    """What the original had lost, whatever was asked for; nothing was decoded."""


@dataclass(frozen=True)
class Reader:
    """What a folder in ``readers/`` gives for its kind of log."""

    recognises: Callable[[bytes], bool]
    """Whether these ``PROBE_BYTES``, or all there are, are of such a log, perhaps one that lost its beginning."""
    spool: Spool
    recover: Callable[[BinaryIO, BinaryIO, Path, Callable[[float], None]], Recovered] | None = None
    """Writes the log (the first) again as it should be (the second); see ``mcap/recover.py``."""
    get_ready: Callable[[int], None] = lambda _: None
    """Begin what takes a while before a log of so many bytes can be read; the process is young."""


def reader_of(kind: LogKind) -> Reader:
    """What reads this kind."""
    reader = importlib.import_module(kind.reader).READER
    assert isinstance(reader, Reader), f"{kind.reader} has no reader"
    return reader


def kind_of(head: bytes) -> LogKind | None:
    """The kind of a log by its first ``PROBE_BYTES``; None where it is no log.

    A reader whose first bytes these are is asked before the others. Those whose logs always begin alike are the
    last of these: they may know one that lost its beginning, and are much to import.
    """
    kinds = dict.fromkeys([*_with_beginning(head), *sorted(LOG_KINDS.values(), key=lambda kind: bool(kind.begins))])
    return next((kind for kind in kinds if reader_of(kind).recognises(head)), None)


def _with_beginning(head: bytes) -> list[LogKind]:
    return [kind for kind in LOG_KINDS.values() if kind.begins and head.startswith(kind.begins)]


def kind_in(log: BinaryIO) -> LogKind | None:
    """The kind of an open file, which is at its beginning afterwards."""
    log.seek(0)
    head = log.read(_WHOLE_HEAD_BYTES)
    # A log that has its beginning, as nearly all have, is known by a little.
    kind = next((each for each in _with_beginning(head) if reader_of(each).recognises(head)), None)
    if kind is None:
        kind = kind_of(head + log.read(PROBE_BYTES - len(head)))
    log.seek(0)
    return kind


def get_ready(log: Path) -> None:
    """Begin what takes a while before this log can be read."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        if kind := kind_in(file):
            reader_of(kind).get_ready(log.stat().st_size)


def spool_log(
    log: BinaryIO,
    directory: Path,
    *,
    topics: Callable[[str], bool] | None = None,
    progress: Callable[[float], None] | None = None,
    memory_bytes: int | None = None,
    databases: Databases = NO_DATABASES,
    statistics: bool = True,
) -> SpooledColumns:
    """Read a log of any kind, damaged or not, into columns.

    Args:
        log: the file, seekable; it may be closed afterwards.
        directory: has room for about the decoded messages; nothing stays there, whatever happens.
        topics: which ones to take; None for all.
        progress: told how much was read, 0 to 1.
        memory_bytes: what this may take; None for what suits the machine.
        databases: what the frames of its buses mean, for a log of CAN frames.
        statistics: whether signals get them. Without them only names, types and the lengths of lists are known of
            signals, and a log is read sooner.

    Raises:
        Rejected: it is no log (code ``not_mcap``).
    """
    kind = kind_in(log)
    if kind is None:
        raise Rejected(f"This is no log that Paddock reads ({labels_in_words()}).", code="not_mcap")
    spool = reader_of(kind).spool
    columns = spool(
        log,
        directory,
        topics=topics,
        progress=progress,
        memory_bytes=memory_bytes,
        databases=databases,
        statistics=statistics,
    )
    columns.summary = dataclasses.replace(columns.summary, kind=kind.name)
    return columns
