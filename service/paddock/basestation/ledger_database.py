"""The database of the ledger: who has it, what is in it, and what its errors mean to people."""

from __future__ import annotations

import contextlib
import fcntl
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from paddock.basestation.ledger_schema import SCHEMA, VERSION
from paddock.durable_files import make_directories, sync_directory
from paddock.errors import Conflict, Unavailable


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make a data directory and hold it against a second process; the lock ends with the process.

    Raises:
        Conflict: another process has it (code ``ledger_in_use``).
        Unavailable: it cannot be made or written.
    """
    with sentences(folder):
        make_directories(folder / "files")
        make_directories(folder / "partial")
        lock = (folder / "lock").open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict(
                f"Another `paddock offload` works with {folder}: stop it, or name another directory with --data.",
                code="ledger_in_use",
            ) from None
        yield


class LedgerDatabase:
    """One connection, which any thread may use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        with sentences(folder):
            self._database = sqlite3.connect(
                folder / "ledger.sqlite", isolation_level=None, check_same_thread=False
            )
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
        with self.transaction() as database:
            version: int = database.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise Conflict(
                    f"The ledger in {folder} was written by a newer Paddock: start that one.", code="newer_ledger"
                )
            for statement in SCHEMA:
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {VERSION}")
        with sentences(folder):
            sync_directory(folder)

    def close(self) -> None:
        """Give back the database."""
        with self._lock:
            self._database.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the block or nothing of it; durable when it has ended."""
        with self._lock, sentences(self.folder):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                # A full disk may have ended the transaction already.
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def _rows(self, statement: str, values: Sequence[Any]) -> list[Any]:
        with self._lock, sentences(self.folder):
            return self._database.execute(statement, values).fetchall()


@contextlib.contextmanager
def sentences(folder: Path) -> Iterator[None]:
    """Say what the disk or SQLite says in words that help."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "full" in str(error):
            raise Unavailable(f"The disk of {folder} is full: free some room.", code="disk_full") from error
        raise Unavailable(f"The ledger in {folder} cannot be used: {error}.", code="ledger") from error
    except sqlite3.DatabaseError as error:
        raise Unavailable(
            f"The ledger in {folder} is damaged ({error}): move ledger.sqlite away and start again. Logs are "
            "pulled again, and none is sent twice, because servers know them by their bytes.",
            code="ledger",
        ) from error
    except OSError as error:
        raise Unavailable(f"{folder} cannot be used: {error.strerror or error}.", code="ledger") from error
