"""Files that survive a power cut: what is written is synced, what is renamed is synced in its directory."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from paddock.errors import Unavailable

_MIB = 1024 * 1024
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def disk_errors(root: Path, needed_bytes: int | None = None) -> Iterator[None]:
    """Turn what a disk says into ``Unavailable``; a full one has the code ``disk_full``.

    Args:
        root: any directory of the file system, to say how much is free.
        needed_bytes: how much was to be written, where that is known.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise disk_full(free_bytes(root), needed_bytes) from error
        raise Unavailable(f"The object store's disk does not answer: {error.strerror or error}.") from error


def disk_full(free: int, needed_bytes: int | None) -> Unavailable:
    """The error of a full disk, with what is free and what is needed."""
    needed = "" if needed_bytes is None else f", {needed_bytes / _MIB:.1f} MiB are needed"
    return Unavailable(
        f"The disk is full: {free / _MIB:.1f} MiB are free{needed}. Free some room, then try again.",
        code="disk_full",
    )


def free_bytes(root: Path) -> int:
    """What this process may still write on the file system of ``root``."""
    return shutil.disk_usage(root).free


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make the bytes of a file durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directories(directory: Path) -> None:
    """Make a directory and its parents, durably."""
    missing = []
    while not directory.is_dir():
        missing.append(directory)
        directory = directory.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        sync_directory(path.parent)


def write_durably(path: Path, content: bytes, mode: int, *, owner: os.stat_result | None = None) -> None:
    """Write a small file at once: who reads it finds the old content or the new one, also after a power cut.

    Args:
        path: of the file.
        content: all of it.
        mode: its rights, from its first byte on.
        owner: whose user and group it gets, where this process may give it away.
    """
    aside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            if owner is not None and os.geteuid() == 0:
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    sync_directory(path.parent)


def rename_durably(source: Path, target: Path) -> None:
    """Rename, replacing what is there, and make both directories.

    Raises:
        FileNotFoundError: there is no ``source``.
    """
    while True:
        try:
            make_directories(target.parent)
            source.replace(target)
            break
        except FileNotFoundError:
            # Either the source is gone, or somebody just removed the target's directory because it was empty.
            source.lstat()
    for directory in {source.parent, target.parent}:
        with contextlib.suppress(FileNotFoundError):  # emptied and removed since
            sync_directory(directory)
