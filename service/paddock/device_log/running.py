"""Which processes work on the log of devices: each holds a lock, which ends with it however it ends."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import TextIO

from paddock.durable_files import make_directories

RECORDER, ENDPOINT = "recorder", "endpoint"


def take_lock(directory: Path, name: str, says: str = "") -> TextIO | None:
    """Say that this process is the one of a name, until the file is closed.

    Args:
        directory: of the log.
        name: one per purpose.
        says: what others are told of it.

    Returns:
        the file that holds the lock; None while another process has it.

    Raises:
        OSError: the file cannot be made.
    """
    make_directories(directory)
    # Not "w": what the one says that has the lock stays.
    lock = _path(directory, name).open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    say(lock, says)
    return lock


def say(lock: TextIO, text: str) -> None:
    """Tell others something else than at the start; they may read nothing for a moment."""
    lock.truncate(0)
    lock.write(text)
    lock.flush()


def said_by(directory: Path, name: str) -> str | None:
    """What the process of a name says of itself; None where none runs."""
    try:
        with _path(directory, name).open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return lock.read()
    except FileNotFoundError:
        pass
    return None


def ever_ran(directory: Path, name: str) -> bool:
    """Whether one was there since ``forget``."""
    return _path(directory, name).exists()


def forget(directory: Path, name: str) -> None:
    """None is wanted any more."""
    _path(directory, name).unlink(missing_ok=True)


def _path(directory: Path, name: str) -> Path:
    return directory / f"{name}.lock"
