"""The directory that holds everything of an embedded Paddock: who may read it, who uses it, its key."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from paddock.errors import Conflict, Rejected, Unavailable

_FOREIGN = 0o077
"""The rights of everybody but the owner."""
_SECRET_BYTES = 32
SHORTEST_SECRET_BYTES = 16


@contextlib.contextmanager
def private_directory(data: Path) -> Iterator[None]:
    """Make the directory, and see to it that all in it is the owner's alone, whatever the umask was or is.

    Raises:
        Unavailable: it cannot be made or written (code ``data_not_writable``).
    """
    umask = os.umask(_FOREIGN)
    try:
        with sentences(data):
            data.mkdir(parents=True, exist_ok=True)
            if data.stat().st_mode & _FOREIGN:
                _make_private(data)
        yield
    finally:
        os.umask(umask)


def _make_private(data: Path) -> None:
    # The directory itself last: cut off before, all is done again at the next start.
    for path in (*data.rglob("*"), data):
        with contextlib.suppress(FileNotFoundError, PermissionError):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o7777 & ~_FOREIGN)


@contextlib.contextmanager
def sentences(data: Path) -> Iterator[None]:
    """Turn what the disk says into a sentence.

    Raises:
        Unavailable: instead of any ``OSError`` (code ``data_not_writable``).
    """
    try:
        yield
    except OSError as error:
        where = error.filename or data
        raise Unavailable(
            f"{where} cannot be used ({error.strerror}): mend it, or choose another directory with --data.",
            code="data_not_writable",
        ) from error


@contextlib.contextmanager
def only_user_of(data: Path, *, worker_apart: bool = False) -> Iterator[None]:
    """Hold the data directory against a second ``paddock up``; the lock ends with the process.

    Args:
        worker_apart: whether a worker may be at something there, so that its files stay.

    Raises:
        Conflict: another one holds it.
        Unavailable: it cannot be made or written.
    """
    with private_directory(data):
        with sentences(data):
            lock = (data / "lock").open("w")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Conflict(
                    f"Another Paddock runs on {data}: stop it, or choose another directory with --data.",
                    code="data_in_use",
                ) from None
            if not worker_apart:
                remove_leftovers(data / "scratch")
            yield


def remove_leftovers(scratch: Path, names: str = "*") -> None:
    """Remove what ended processes left there, which is of no use to anybody; a folder that is locked is in use."""
    for left in scratch.glob(names):
        with contextlib.suppress(OSError):
            opened = os.open(left, os.O_RDONLY)
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            finally:
                os.close(opened)
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()


def kept_secret(path: Path, signs: str = "links") -> bytes:
    """A key, made when it is first needed; what it signed is still known after a restart.

    Args:
        path: where it is kept.
        signs: what, in the plural.

    Raises:
        Rejected: what is there is too short for a key.
    """
    if not path.exists():
        _make_secret(path)
    secret = path.read_bytes()
    if len(secret) < SHORTEST_SECRET_BYTES:
        raise Rejected(
            f"{path} holds no key, although {signs} are signed with it: remove it, and a new one is made; {signs} "
            "of before are not known as ours any more.",
            code="bad_secret",
        )
    return secret


def _make_secret(path: Path) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(_SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link, not a rename: of two first starts one wins, and both use its key.
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
    finally:
        aside.unlink()
