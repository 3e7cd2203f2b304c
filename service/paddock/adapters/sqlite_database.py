"""The threads and connections of one SQLite file."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from paddock.adapters.sqlite_schema import check_version, create_missing
from paddock.errors import Unavailable
from paddock.ports.documents import CollectionRow

BUSY_TIMEOUT_S = 20.0
"""How long a process waits for another one's write before it answers ``Unavailable``."""
_READERS = 3

R = TypeVar("R")


class Database:
    """One thread that writes and a few that read, each with a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-reader")
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []

    async def read(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Run on a reading thread, on one state of the database."""

        def run() -> R:
            with translated(), transaction(self._connection(), "BEGIN") as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    async def write(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Run on the writing thread in one transaction, which is undone by any error."""

        def run() -> R:
            with translated(), transaction(self._connection(), "BEGIN IMMEDIATE") as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._writer, run)

    async def migrate(self, collections: Sequence[CollectionRow]) -> bool:
        """Create what is missing; whether all documents have today's shape."""

        def run() -> bool:
            with translated():
                self._path.parent.mkdir(parents=True, exist_ok=True)
                _write_ahead(self._connection())
                with transaction(self._connection(), "BEGIN IMMEDIATE") as connection:
                    return create_missing(connection, collections)

        return await asyncio.get_running_loop().run_in_executor(self._writer, run)

    async def close(self) -> None:
        """Let running calls end, then close the connections."""

        def run() -> None:
            self._writer.shutdown()
            self._readers.shutdown()
            while self._opened:
                self._opened.pop().close()

        await asyncio.to_thread(run)

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = connect(self._path)
            self._local.connection = connection
            self._opened.append(connection)
        return connection


def connect(path: Path) -> sqlite3.Connection:
    """A connection that keeps what was answered."""
    # Python checks the thread; closing is the one call from another thread, after all others ended.
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        check_version(connection)
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, begin: str) -> Iterator[sqlite3.Connection]:
    """A transaction for as long as the block lasts, undone by any error."""
    connection.execute(begin)
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk ends it by itself
            connection.execute("ROLLBACK")
        raise


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to WAL, once for the life of the file."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # While another process switches as well, SQLite refuses at once instead of waiting.
            if _primary(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _primary(error: sqlite3.Error) -> int:
    """SQLite's result code without its extension."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn what SQLite and the disk say into ``Unavailable``."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"The database's directory cannot be made: {error.strerror}.") from error
    except sqlite3.DatabaseError as error:
        match _primary(error):
            case sqlite3.SQLITE_FULL:
                raise Unavailable(
                    "The disk is full, so nothing was written: free some room, then try again.", code="disk_full"
                ) from error
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                raise Unavailable("The database is busy: try again in a moment.", code="database_busy") from error
            case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
                raise Unavailable(
                    f"The database file is damaged, or no database at all ({error}): restore it from a backup,"
                    " or choose another data directory.",
                    code="bad_database",
                    permanent=True,
                ) from error
            case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
                raise Unavailable(f"The database cannot be read or written: {error}.") from error
            case _:
                raise  # a mistake in our own SQL
