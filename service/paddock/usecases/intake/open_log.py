"""Open a log, after a look at whether it is one."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from paddock.domain.log_kinds import labels_in_words
from paddock.domain.words import isolated
from paddock.errors import NotFound, Rejected, Unavailable
from paddock.readers.registry import PROBE_BYTES, kind_of


def check_head(head: bytes, name: str) -> None:
    """Refuse a file by its first ``PROBE_BYTES``.

    Raises:
        Rejected: it is empty (code ``empty_file``) or no log of a kind that is known (``not_mcap``).
    """
    if not head:
        raise Rejected(f"{isolated(name)} is empty: nothing was recorded.", code="empty_file")
    if kind_of(head) is None:
        raise Rejected(
            f"{isolated(name)} is no log that Paddock reads ({labels_in_words()}): "
            "its first MiB holds nothing of one. Give the log itself.",
            code="not_mcap",
        )


def check_is_log(log: BinaryIO, name: str) -> None:
    """Refuse an open file that is no log; it is at its beginning before and after. Raises as ``check_head``."""
    check_head(log.read(PROBE_BYTES), name)
    log.seek(0)


@contextlib.contextmanager
def open_log(source: Path) -> Iterator[BinaryIO]:
    """A log on this machine, seekable. ``-`` is stdin; what comes through a pipe is kept in a temporary file.

    Raises:
        NotFound: there is no such file.
        Rejected: it cannot be read, or is no log.
        Unavailable: there is no room for what comes through a pipe.
    """
    stdin = os.fspath(source) == "-"
    if stdin and sys.stdin.isatty():
        raise Rejected("stdin is a terminal: send a log through a pipe.", code="unreadable")
    try:
        opened = os.fdopen(0, "rb", closefd=False) if stdin else source.open("rb")
    except FileNotFoundError:
        raise NotFound(f"There is no file {source}.", code="no_such_file") from None
    except OSError as error:
        raise Rejected(f"{source} cannot be read: {error.strerror}.", code="unreadable") from None
    name = "stdin" if stdin else str(source)
    with opened, contextlib.ExitStack() as kept:
        log: BinaryIO = opened
        if not opened.seekable():
            log = kept.enter_context(_kept(opened, name))
        check_is_log(log, name)
        yield log


@contextlib.contextmanager
def _kept(pipe: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """What comes through a pipe, in a nameless file."""
    head = pipe.read(PROBE_BYTES)
    # Before all of it is taken: it may never end.
    check_head(head, name)
    with tempfile.TemporaryFile(prefix="paddock-") as file:
        try:
            file.write(head)
            shutil.copyfileobj(pipe, file, PROBE_BYTES)
            file.seek(0)
        except OSError as error:
            raise Unavailable(f"{name} cannot be kept: {error.strerror}.", code="not_written") from error
        yield file
