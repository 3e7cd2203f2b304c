"""What the car's program knows and must not forget: in SQLite, each change synced to disk."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from paddock.basestation.car.folder import Stamp
from paddock.errors import Unavailable

_SCHEMA = """
CREATE TABLE IF NOT EXISTS logs (
    name BLOB PRIMARY KEY, size_bytes INTEGER, modified_ns INTEGER, inode INTEGER,
    sha256 TEXT, boot TEXT, begun_ns INTEGER, wall_ns INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
"""

_NO_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)

_Value = TypeVar("_Value")


class Beginning(NamedTuple):
    """When a log was first seen to be written."""

    boot: str
    begun_ns: int
    """By the clock that counts from the start of the machine."""
    wall_ns: int
    """By the clock that says the time, at that moment."""


class KnownLog(NamedTuple):
    """One log, as it was last seen."""

    stamp: Stamp
    sha256: str | None = None
    """That of the file with this stamp."""
    beginning: Beginning | None = None
    """None for a log that was there before."""


class Store:
    """The database; every method may be called from any thread.

    Args:
        directory: of the program's state; made when it is missing.

    Raises:
        Unavailable: it cannot be used (code ``no_state``).
    """

    def __init__(self, directory: Path) -> None:
        self._lock = threading.Lock()
        self.complaint = ""
        """Why what is learned now will be forgotten; empty where it is not."""
        path = directory / "car.sqlite"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._database = _opened(path)
        except (OSError, sqlite3.Error) as error:
            said = error.strerror if isinstance(error, OSError) else str(error)
            if not _cannot_be_written(error, directory):
                raise Unavailable(
                    f"{directory} cannot keep what this program knows: {said}. Choose another --state.",
                    code="no_state",
                ) from None
            # The logs are served all the same: to take them off the car is what makes room.
            self._database = _in_memory(path)
            self.complaint = (
                f"The car's computer cannot write into {directory}: {said}. What it learns now is forgotten when "
                "it is switched off. Take logs off the car."
            )

    def logs(self) -> dict[str, KnownLog]:
        """All logs that were there when somebody looked last."""
        with self._lock:
            rows = self._database.execute(
                "SELECT name, size_bytes, modified_ns, inode, sha256, boot, begun_ns, wall_ns FROM logs"
            ).fetchall()
        return {
            os.fsdecode(name): KnownLog(
                Stamp(*stamp), sha256, Beginning(boot, begun_ns, wall_ns) if boot is not None else None
            )
            for name, *stamp, sha256, boot, begun_ns, wall_ns in rows
        }

    def keep(self, logs: dict[str, KnownLog], gone: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        """Remember logs, and forget those that are gone, all at once.

        Raises:
            Unavailable: the disk is full, or does not answer (code ``no_state``).
        """
        rows = [
            (os.fsencode(name), *known.stamp, known.sha256, *(known.beginning or (None, None, None)))
            for name, known in logs.items()
        ]
        with self._changing():
            self._database.executemany("DELETE FROM logs WHERE name = ?", [(os.fsencode(name),) for name in gone])
            self._database.executemany("REPLACE INTO logs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def fact(self, key: str, kind: type[_Value]) -> _Value | None:
        """Something that was kept under a word; None where nothing was, or an older version meant other things."""
        with self._lock:
            row = self._database.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        try:
            return msgspec.json.decode(row[0], type=kind)
        except msgspec.DecodeError:
            return None

    def keep_fact(self, key: str, value: object) -> None:
        """Remember something under a word.

        Raises:
            Unavailable: as ``keep``.
        """
        with self._changing():
            self._database.execute("REPLACE INTO facts VALUES (?, ?)", (key, msgspec.json.encode(value)))

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._database.close()

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            with self._lock, self._database:
                yield
        except sqlite3.Error as error:
            raise Unavailable(
                f"The car's computer cannot remember anything now: {error}. Free some room on its disk.",
                code="no_state",
            ) from None


def _opened(path: Path) -> sqlite3.Connection:
    try:
        return _open(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        # What a cheap memory card made of it. The logs count more than what was known of them.
        for each in path.parent.glob(f"{path.name}*"):
            each.replace(each.with_name(f"damaged-{each.name}"))
        return _open(path)


def _cannot_be_written(error: Exception, directory: Path) -> bool:
    """Whether the disk is full, or has become read-only as after its first error."""
    if isinstance(error, OSError):
        return error.errno in _NO_WRITING
    if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY")):
        return True
    with contextlib.suppress(OSError):
        return bool(os.statvfs(directory).f_flag & os.ST_RDONLY)
    return False


def _in_memory(path: Path) -> sqlite3.Connection:
    """What was known, as far as it can be read, in a database that ends with this program."""
    database = sqlite3.connect(":memory:", check_same_thread=False)
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as kept,
    ):
        kept.backup(database)
    database.executescript(_SCHEMA)
    return database


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, check_same_thread=False, timeout=10)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        # A kibibyte each; what is known of some thousand logs is read once.
        database.execute("PRAGMA cache_size = -500")
        database.executescript(_SCHEMA)
    except sqlite3.Error:
        database.close()
        raise
    return database
