"""All documents of a SQLite file at one moment, read in a transaction that lasts longer than one call."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from paddock.adapters.sqlite_database import connect, translated
from paddock.ports.documents import CollectionRow
from paddock.ports.whole_store import Snapshot

_BATCH = 50

R = TypeVar("R")


class Transaction:
    """One transaction on a thread and a connection of its own, so that others go on meanwhile."""

    def __init__(self, path: Path, thread: ThreadPoolExecutor) -> None:
        self._path = path
        self._thread = thread
        self._connection: sqlite3.Connection | None = None

    async def begin(self, how: str) -> None:
        """Connect, and choose the moment."""

        def run() -> None:
            with translated():
                self._connection = connect(self._path)
                self._connection.execute(how)
                # A transaction that only reads begins with its first read.
                self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()

        await asyncio.get_running_loop().run_in_executor(self._thread, run)

    async def do(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Run within the transaction."""

        def run() -> R:
            assert self._connection is not None
            with translated():
                return work(self._connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    def close(self) -> None:
        """Undo what was not committed."""
        if self._connection is not None:
            self._connection.close()


@contextlib.asynccontextmanager
async def open_transaction(path: Path, how: str) -> AsyncIterator[Transaction]:
    """A transaction for as long as the block lasts, undone by any error."""
    with ThreadPoolExecutor(1, thread_name_prefix="sqlite-transaction") as thread:
        opened = Transaction(path, thread)
        try:
            await opened.begin(how)
            yield opened
            await opened.do(lambda connection: connection.execute("COMMIT"))
        finally:
            await asyncio.get_running_loop().run_in_executor(thread, opened.close)


@contextlib.asynccontextmanager
async def open_snapshot(path: Path, collections: Sequence[CollectionRow]) -> AsyncIterator[Snapshot]:
    """All collections at this moment."""
    async with open_transaction(path, "BEGIN") as opened:
        yield _SqliteSnapshot(opened, collections)


class _SqliteSnapshot:
    one_state = True

    def __init__(self, opened: Transaction, collections: Sequence[CollectionRow]) -> None:
        self._opened = opened
        self._decoders = {row.name: msgspec.json.Decoder(row.kind) for row in collections}

    async def count(self, collection: str) -> int:
        self._decoders[collection]  # refuses what is no collection
        query = f"SELECT count(*) FROM {collection}"
        return int(await self._opened.do(lambda connection: connection.execute(query).fetchone()[0]))

    async def read(self, collection: str) -> AsyncIterator[Sequence[msgspec.Struct]]:
        decoder, query = self._decoders[collection], f"SELECT doc FROM {collection} ORDER BY id"
        cursor = await self._opened.do(lambda connection: connection.execute(query))

        def some(_: sqlite3.Connection) -> list[msgspec.Struct]:
            return [decoder.decode(doc) for (doc,) in cursor.fetchmany(_BATCH)]

        while documents := await self._opened.do(some):
            yield documents
