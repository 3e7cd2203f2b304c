"""The peers file on disk: read again when it has changed, and changed by one at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import structlog

from paddock.domain.peers import Peers, parse_peers
from paddock.durable_files import write_durably
from paddock.errors import PaddockError, Rejected, Unavailable

WAIT_S = 5.0
"""For somebody else who is changing it; that takes milliseconds."""
_NEW_MODE = 0o640

T = TypeVar("T")
log = structlog.get_logger()


class PeersFile:
    """Who is let in, as the file says it now.

    Args:
        path: of the file; a link stays one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: Peers | None = None
        self._seen: tuple[int, ...] = ()
        self._complaint = ""

    def current(self) -> Peers:
        """What the file says; it is read again only when it has changed. Asked for with every request.

        A file that was broken since keeps what it said last, and says so in the service's log: somebody who slips
        while editing must not shut everybody out.

        Raises:
            Rejected: it cannot be understood, and never could (code ``bad_peers_file``).
        """
        if self._known is not None and self._look() == self._seen:
            return self._known
        seen = self._look()
        try:
            known = self.read()
        except Rejected as error:
            if self._known is None:
                raise
            known = self._known
            if error.message != self._complaint:
                log.error("peers_file_broken", message=error.message, kept="who was let in before")
            self._complaint = error.message
        else:
            if self._known is not None:
                log.info("peers_file_read_again", entries=len(known.entries))
            self._complaint = ""
        self._known, self._seen = known, seen
        return known

    def _look(self) -> tuple[int, ...]:
        try:
            stat = self._path.stat()
        except OSError:
            return ()
        return stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size

    def read(self) -> Peers:
        """What the file says now.

        Raises:
            Rejected: it cannot be read, or a line of it cannot (code ``bad_peers_file``).
        """
        try:
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Rejected(f"The peers file cannot be read: {error}.", code="bad_peers_file") from None
        return parse_peers(text)

    def change(self, edit: Callable[[Peers], tuple[T, str]]) -> T:
        """Replace it by what ``edit`` makes of it; see ``ports.vpn.Vpn``."""
        path = self._path.resolve()
        with _sentences(path), _alone_in(path.parent):
            # root writes where the site may write, too: whoever took over the site does not choose another file.
            if self._path.is_symlink() and self._path.lstat().st_uid not in (0, os.geteuid()):
                raise Unavailable(
                    f"{self._path} is a link that another user made: put the file itself there.",
                    code="peers_file_not_writable",
                )
            before = self.read() if path.exists() else parse_peers("")
            result, text = edit(before)
            parse_peers(text)  # nothing that could not be read again is ever written
            # root may be who writes, and the site reads it afterwards.
            like = (path if path.exists() else path.parent).stat()
            mode = like.st_mode & 0o777 if path.exists() else _NEW_MODE
            write_durably(path, text.encode(), mode, owner=like)
        return result


@contextlib.contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except PaddockError:
        raise
    except OSError as error:
        raise Unavailable(
            f"The peers file {path} cannot be changed: {error.strerror or error}.", code="peers_file_not_writable"
        ) from error


@contextlib.contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Held by the directory, because the file itself is another one after each change."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable(
                        f"Somebody else is changing the peers file in {directory}: try again.",
                        code="peers_file_busy",
                    ) from None
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)
