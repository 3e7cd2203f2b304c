"""Documents in one SQLite file, for several processes at once and one event loop in each.

WAL lets readers go on while one writes; ``synchronous=FULL`` means that what is answered survives a power cut.
SQLite blocks, so it lives on threads: one that writes, because SQLite has one writer at a time anyway, and a few
that read, each with a connection of its own.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from paddock.adapters.document_queries import Position, checked, not_empty, read_cursor, write_cursor
from paddock.adapters.sqlite_counts import counts_sql, facet_sql, sums
from paddock.adapters.sqlite_database import Database
from paddock.adapters.sqlite_earlier import split_one, split_some
from paddock.adapters.sqlite_filters import Sql, all_of, order_sql, page_sql, select_sql, where_sql
from paddock.adapters.sqlite_lists import drop_elements, index_elements
from paddock.adapters.sqlite_schema import create_missing, drop_indexes
from paddock.adapters.sqlite_snapshot import Transaction, open_snapshot, open_transaction
from paddock.ports.documents import BY_ID, MAX_PAGE, Documents, Group, Page, Scalar, Sort, Where, collection_rows
from paddock.ports.whole_store import Filling, Progress, Snapshot, say_nothing

_LONG_INTEGER = re.compile(rb"[0-9]{19}")

T = TypeVar("T", bound=msgspec.Struct)


class SqliteDocuments(Documents):
    """``ports/documents.py`` on one file. Call ``migrate`` once before anything else.

    Args:
        path: the database file; its directory is made when it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = Database(path)
        for row in collection_rows(type(self)):
            setattr(self, row.name, SqliteCollection(self._database, row.name, row.kind))

    async def migrate(self, progress: Progress = say_nothing) -> None:
        """Create tables and indexes, change indexes and documents that have another shape now.

        Raises:
            Unavailable: the file is no database, damaged, not writable, or a newer Paddock's.
        """
        while not await self._database.migrate(collection_rows(type(self))):
            last: str | None = ""
            while last is not None:
                last, done, total = await self._database.write(partial(split_some, after=last))
                progress(done, total)

    async def migrate_recording(self, recording_id: str) -> None:
        """One transaction, as every write."""
        await self._database.write(partial(split_one, recording_id=recording_id))

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """One read transaction on a connection of its own, so that whoever writes does not wait for it."""
        return open_snapshot(self._path, collection_rows(type(self)))

    @asynccontextmanager
    async def fill(self, source: str) -> AsyncIterator[Filling]:
        """One transaction: killed midway, the file is as it was."""
        await self.migrate()
        async with open_transaction(self._path, "BEGIN IMMEDIATE") as opened:
            # Whoever writes waits for this transaction, so nothing comes in after this look.
            if not await self.is_empty():
                raise not_empty()
            # Made again at the end, which takes less than keeping them in order all the time.
            await opened.do(drop_indexes)
            yield _SqliteFilling(opened, self.collections())
            await opened.do(lambda connection: create_missing(connection, collection_rows(type(self))))

    async def close(self) -> None:
        """Let running calls end, then close the connections."""
        await self._database.close()


class _SqliteFilling:
    def __init__(self, opened: Transaction, collections: Mapping[str, Any]) -> None:
        self._opened = opened
        self._collections: Mapping[str, SqliteCollection[Any]] = collections

    async def put(self, collection: str, documents: Sequence[msgspec.Struct]) -> None:
        await self._opened.do(self._collections[collection].putting(documents))


class SqliteCollection(Generic[T]):
    """One table of documents; see ``ports/documents.py``."""

    def __init__(self, database: Database, table: str, kind: type[T]) -> None:
        self._database = database
        self._table = table
        self._fields = frozenset(kind.__struct_fields__) - {"id"}
        self._decoder = msgspec.json.Decoder(kind)

    async def get(self, document_id: str) -> T | None:
        """The document with this id."""
        rows = await self._read(Sql(f"SELECT doc FROM {self._table} WHERE id = ?", (document_id,)))
        return self._decoder.decode(rows[0][0]) if rows else None

    async def insert(self, document: T) -> bool:
        """Add it, unless its id is taken."""
        row = self._row(document)
        statement = f"INSERT INTO {self._table} (id, doc) VALUES (?, ?) ON CONFLICT (id) DO NOTHING"

        def insert(connection: sqlite3.Connection) -> bool:
            inserted = connection.execute(statement, row).rowcount == 1
            if inserted:
                index_elements(connection, self._table, [row[0]])
            return inserted

        return await self._database.write(insert)

    async def put_many(self, documents: Sequence[T]) -> None:
        """Add or replace all of them, in one transaction."""
        await self._database.write(self.putting(documents))

    def putting(self, documents: Sequence[T]) -> Callable[[sqlite3.Connection], None]:
        """What ``put_many`` does within a transaction."""
        rows = [self._row(document) for document in documents]
        statement = (
            f"INSERT INTO {self._table} (id, doc) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc"
        )

        def put(connection: sqlite3.Connection) -> None:
            connection.executemany(statement, rows)
            index_elements(connection, self._table, [document_id for document_id, _ in rows])

        return put

    async def change(self, document_id: str, changes: Mapping[str, object], where: Where = ()) -> T | None:
        """Compare and set."""
        matching = where_sql(self._table, where)
        return await self._update(changes, all_of([Sql("id = ?", (document_id,)), matching]))

    async def change_first(self, where: Where, sort: Sort, changes: Mapping[str, object]) -> T | None:
        """Compare and set on the first that matches."""
        matching = where_sql(self._table, where)
        first = f"SELECT id FROM {self._table} WHERE {matching.text} ORDER BY {order_sql(sort)} LIMIT 1"
        return await self._update(changes, Sql(f"id = ({first})", matching.values))

    async def _update(self, changes: Mapping[str, object], matching: Sql) -> T | None:
        if unknown := changes.keys() - self._fields:
            raise ValueError(f"{self._table} have no such field to change: {', '.join(sorted(unknown))}")
        if not changes:
            raise ValueError("nothing to change")
        values = tuple(_json(value) for value in changes.values())
        paths = "".join(f", '$.{field}', json(?)" for field in changes)
        statement = f"UPDATE {self._table} SET doc = json_set(doc{paths}) WHERE {matching.text} RETURNING doc, id"

        def update(connection: sqlite3.Connection) -> T | None:
            rows = connection.execute(statement, (*values, *matching.values)).fetchall()
            index_elements(connection, self._table, [document_id for _, document_id in rows], changes)
            # Decoding inside the transaction: a change that would make the document unreadable is undone.
            return self._decoded(rows[0][0]) if rows else None

        return await self._database.write(update)

    async def find(
        self, where: Where = (), *, sort: Sort = BY_ID, limit: int = 50, after: str | None = None
    ) -> Page[T]:
        """A page of documents."""
        limit = max(1, min(limit, MAX_PAGE))
        position = read_cursor(self._table, sort, after) if after is not None else None
        queries = page_sql(self._table, where, sort, position)

        def find(connection: sqlite3.Connection) -> list[tuple[str, Scalar, str]]:
            rows: list[tuple[str, Scalar, str]] = []
            for query in queries:
                # One more than asked for tells whether there is a next page.
                if wanted := limit + 1 - len(rows):
                    rows += connection.execute(query.text, (*query.values, wanted))
            return rows

        rows = await self._database.read(find)
        more = len(rows) > limit
        last = rows[:limit][-1:]
        cursor = write_cursor(self._table, sort, Position(last[0][1], last[0][0])) if more else None
        return Page(tuple(self._decoder.decode(doc) for _, _, doc in rows[:limit]), cursor)

    async def count(self, where: Where = ()) -> int:
        """How many match."""
        found = select_sql(self._table, {}, where)
        rows = await self._read(Sql(f"SELECT count(*) FROM ({found.text})", found.values))
        return int(rows[0][0])

    async def facet(self, field: str, where: Where = (), *, limit: int = 50) -> Sequence[tuple[Scalar, int]]:
        """Values with their counts."""
        rows = await self._read(facet_sql(self._table, field, where, max(1, min(limit, MAX_PAGE))))
        return [(value, count) for value, count in rows]

    async def counts(self, by: Sequence[str], where: Where = ()) -> Sequence[tuple[tuple[Scalar, ...], int]]:
        """Combinations with their counts."""
        return [(row[:-1], row[-1]) for row in await self._read(counts_sql(self._table, by, where))]

    async def sums(self, field: str, by: Sequence[str], where: Where = ()) -> Sequence[Group]:
        """Sums by group."""
        return await self._database.read(lambda connection: sums(connection, self._table, field, by, where))

    async def delete(self, where: Where) -> int:
        """Remove what matches."""
        if not where:
            raise ValueError("deleting everything is refused: say what")
        matching = where_sql(self._table, where)
        statement = f"DELETE FROM {self._table} WHERE {matching.text}"

        def delete(connection: sqlite3.Connection) -> int:
            drop_elements(connection, self._table, matching)
            return connection.execute(statement, matching.values).rowcount

        return await self._database.write(delete)

    async def _read(self, query: Sql) -> list[tuple[Any, ...]]:
        return await self._database.read(lambda connection: connection.execute(query.text, query.values).fetchall())

    def _row(self, document: T) -> tuple[str, str]:
        text = _json(document)
        self._decoded(text)
        document_id: str = getattr(document, "id")  # noqa: B009 - every document has one, which Struct cannot say
        return document_id, text

    def _decoded(self, text: str) -> T:
        try:
            return self._decoder.decode(text)
        except msgspec.DecodeError as error:
            raise ValueError(f"this could not be read back from {self._table}: {error}") from error


def _json(value: object) -> str:
    """JSON text; NaN and the infinities are null.

    Raises:
        ValueError: an integer beyond int64.
    """
    try:
        encoded = msgspec.json.encode(value)
    except OverflowError as error:
        raise ValueError(f"an integer is beyond int64: {error}") from error
    # Only a number of 19 digits or more can be beyond int64; looking at every value costs more than writing it.
    if _LONG_INTEGER.search(encoded):
        _check_integers(msgspec.json.decode(encoded))
    return encoded.decode()


def _check_integers(value: object) -> None:
    match value:
        case int():
            checked(value)
        case dict():
            for item in value.values():
                _check_integers(item)
        case list():
            for item in value:
                _check_integers(item)
