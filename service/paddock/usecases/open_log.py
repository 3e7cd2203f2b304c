"""Open a log, after a look at whether it is one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from paddock.domain.words import isolated
from paddock.errors import NotFound, Rejected
from paddock.mcap.probe import has_mcap_record

PROBE_BYTES = 1024 * 1024


def check_head(head: bytes, name: str) -> None:
    """Refuse a file by its first ``PROBE_BYTES``.

    Raises:
        Rejected: it is empty (code ``empty_file``) or no MCAP log (``not_mcap``).
    """
    if not head:
        raise Rejected(f"{isolated(name)} is empty: nothing was recorded.", code="empty_file")
    if not has_mcap_record(head):
        raise Rejected(
            f"{isolated(name)} is no MCAP log: its first MiB holds no MCAP record. Give the .mcap file itself.",
            code="not_mcap",
        )


def check_is_log(log: BinaryIO, name: str) -> None:
    """The same for an open file, which is at its beginning before and after."""
    check_head(log.read(PROBE_BYTES), name)
    log.seek(0)


@contextlib.contextmanager
def open_log(source: Path) -> Iterator[BinaryIO]:
    """A log on this machine.

    Raises:
        NotFound: there is no such file.
        Rejected: it cannot be read, or is no MCAP log.
    """
    try:
        log = source.open("rb")
    except FileNotFoundError:
        raise NotFound(f"There is no file {source}.", code="no_such_file") from None
    except OSError as error:
        raise Rejected(f"{source} cannot be read: {error.strerror}.", code="unreadable") from None
    with log:
        check_is_log(log, str(source))
        yield log
