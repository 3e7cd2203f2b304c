"""Documents on MongoDB: one collection per kind, every write one command.

Compare-and-set is a findAndModify, so nothing is read before it is written and no lock is needed. What was answered
survives the loss of a server: writes wait for the journals of a majority. Only ``put_many`` writes several
documents; on a replica set it is one transaction. A server that stands alone has no transactions: there a crash in
the middle may leave some documents written, and putting them again mends it.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

import msgspec
from pymongo import AsyncMongoClient, ReplaceOne, ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConfigurationError, DuplicateKeyError

from paddock.adapters.document_queries import Position, read_cursor, write_cursor
from paddock.adapters.mongodb_earlier import split_all, split_one
from paddock.adapters.mongodb_errors import translated
from paddock.adapters.mongodb_filling import MongoFilling, check_not_filling, marked_as_filling
from paddock.adapters.mongodb_filters import (
    Query,
    all_of,
    condition_query,
    lists_of,
    page_parts,
    signal_query,
    stored_name,
    topic_query,
)
from paddock.adapters.mongodb_schema import create_missing
from paddock.adapters.mongodb_snapshot import Client, is_replica_set, open_snapshot
from paddock.adapters.mongodb_values import Codec, as_scalar, scalar_at
from paddock.errors import Rejected
from paddock.ports.documents import (
    BY_ID,
    MAX_GROUPS,
    MAX_PAGE,
    Documents,
    Group,
    HasSignal,
    HasTopic,
    Page,
    Scalar,
    Sort,
    Where,
    collection_rows,
)
from paddock.ports.whole_store import Filling, Progress, Snapshot, say_nothing

MAX_FOUND = 100_000
"""Ids that one ``HasSignal`` or ``HasTopic`` may stand for: they go into a query, which may have 16 MiB."""
_DEFAULT_DATABASE = "paddock"
# What the URL says wins. A lost server is noticed within seconds and a hung one within half a minute; the caller
# has its own patience above that.
_DEFAULTS: dict[str, Any] = {
    "appName": "paddock",
    "serverSelectionTimeoutMS": 5_000,
    "connectTimeoutMS": 5_000,
    "socketTimeoutMS": 30_000,
    "waitQueueTimeoutMS": 10_000,
    "wTimeoutMS": 20_000,
    "w": "majority",
    "journal": True,
    "readConcernLevel": "majority",
    "retryReads": True,
    "retryWrites": True,
}
# Building the indexes of a large database takes long.
_MIGRATE_MS = 3_600_000
# FerretDB 1.24 hangs for ever on an update of more than about 100 documents.
_BATCH = 64

T = TypeVar("T", bound=msgspec.Struct)


class MongoDocuments(Documents):
    """``ports/documents.py`` on a database of a MongoDB server. Call ``migrate`` once before anything else.

    Args:
        url: ``mongodb://`` or ``mongodb+srv://`` with user, password, TLS and the database (``paddock`` when there
            is none). Options in it win over ours. On lines of its own below it the certificate (PEM) of the team's
            own authority may follow: functions have no file to find it in.

    Raises:
        Rejected: the URL has the wrong form (code ``bad_setting``); the message does not repeat it.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = _client(url)
        self._database = self._client.get_default_database(_DEFAULT_DATABASE)
        for row in collection_rows(type(self)):
            beside = self._database if row.name == "recordings" else None
            setattr(
                self, row.name, MongoCollection(self._client, self._database[row.name], row.kind, beside=beside)
            )

    async def migrate(self, progress: Progress = say_nothing) -> None:
        """Create indexes, drop those of ours that are no longer used, and give all documents today's shape.

        Raises:
            Unavailable: see ``mongodb_errors``; a restore was interrupted (code ``half_restored``).
        """
        await check_not_filling(self._database)
        await self._create_missing()
        await split_all(self._database, progress)

    async def migrate_recording(self, recording_id: str) -> None:
        """See ``mongodb_earlier``."""
        await split_one(self._database, recording_id)

    async def _create_missing(self) -> None:
        with translated():
            # Of its own, because pymongo's timeout for one call would also wait that long for a lost server.
            async with _client(self._url, socketTimeoutMS=_MIGRATE_MS) as client:
                await create_missing(client.get_default_database(_DEFAULT_DATABASE), collection_rows(type(self)))

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """One moment on a replica set; see ``mongodb_snapshot``."""
        return open_snapshot(self._client, self._database, collection_rows(type(self)))

    @asynccontextmanager
    async def fill(self, source: str) -> AsyncIterator[Filling]:
        """Written in pieces, and marked until all of them are there."""
        await self._create_missing()
        async with marked_as_filling(self._database, source, self.is_empty):
            yield MongoFilling(self._database, collection_rows(type(self)))

    async def close(self) -> None:
        """Give back connections."""
        await self._client.close()


def _client(url: str, **options: Any) -> Client:
    url, _, certificate = url.partition("\n")
    given = {name.lower() for name, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True)}
    defaults = {name: value for name, value in _DEFAULTS.items() if name.lower() not in given}
    try:
        if not url.startswith(("mongodb://", "mongodb+srv://")):
            raise ValueError("a host alone is no URL")
        with _as_file(certificate) as authority:
            return AsyncMongoClient(url, **{**defaults, **options, **authority})
    except (ConfigurationError, ValueError, OSError):  # OSError: a certificate's file that is not there
        # From None: the library's text may repeat the password.
        raise Rejected(
            "The database's URL has the wrong form: write mongodb://user:password@host/database, with special"
            " characters in user and password percent-encoded; files that it names must be readable.",
            code="bad_setting",
        ) from None


@contextmanager
def _as_file(certificate: str) -> Iterator[dict[str, str]]:
    """The client reads certificates from a file, once, while it is made."""
    if not certificate.strip():
        yield {}
        return
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(certificate)
        file.flush()
        yield {"tlsCAFile": file.name}


class MongoCollection(Generic[T]):
    """One collection of documents; see ``ports/documents.py``.

    Args:
        client: for transactions.
        documents: where they are.
        kind: what they are.
        beside: where the recordings' signals and sets of topics are, for ``HasSignal`` and ``HasTopic``.
    """

    def __init__(
        self,
        client: Client,
        documents: AsyncCollection[dict[str, Any]],
        kind: type[T],
        beside: AsyncDatabase[dict[str, Any]] | None = None,
    ) -> None:
        self._client = client
        self._documents = documents
        self._codec = Codec(kind)
        self._lists = lists_of(kind)
        self._beside = beside

    async def get(self, document_id: str) -> T | None:
        """The document with this id."""
        with translated():
            stored = await self._documents.find_one({"_id": str(document_id)})
        return self._codec.decode(stored) if stored else None

    async def insert(self, document: T) -> bool:
        """Add it, unless its id is taken."""
        stored = self._codec.encode(document)
        with translated():
            try:
                await self._documents.insert_one(stored)
            except DuplicateKeyError:
                return False
        return True

    async def put_many(self, documents: Sequence[T]) -> None:
        """Add or replace all of them, in one transaction where the server has transactions."""
        stored = [self._codec.encode(document) for document in documents]
        if not stored:
            return

        async def put(session: AsyncClientSession | None) -> None:
            for start in range(0, len(stored), _BATCH):
                batch = stored[start : start + _BATCH]
                writes = [ReplaceOne({"_id": one["_id"]}, one, upsert=True) for one in batch]
                await self._documents.bulk_write(writes, ordered=False, session=session)

        with translated():
            if not await is_replica_set(self._client):
                await put(None)
                return
            async with self._client.start_session() as session:
                await session.with_transaction(put)

    async def change(self, document_id: str, changes: Mapping[str, object], where: Where = ()) -> T | None:
        """Compare and set."""
        update = {"$set": self._codec.encode_changes(dict(changes))}
        query = all_of([{"_id": str(document_id)}, await self._query(where)])
        with translated():
            stored = await self._documents.find_one_and_update(query, update, return_document=ReturnDocument.AFTER)
        return self._codec.decode(stored) if stored else None

    async def change_first(self, where: Where, sort: Sort, changes: Mapping[str, object]) -> T | None:
        """Compare and set on the first that matches."""
        update = {"$set": self._codec.encode_changes(dict(changes))}
        for part in page_parts(await self._query(where), where, sort, None):
            with translated():
                stored = await self._documents.find_one_and_update(
                    part.query, update, sort=part.order, return_document=ReturnDocument.AFTER
                )
            if stored:
                return self._codec.decode(stored)
        return None

    async def find(
        self, where: Where = (), *, sort: Sort = BY_ID, limit: int = 50, after: str | None = None
    ) -> Page[T]:
        """A page of documents."""
        limit = max(1, min(limit, MAX_PAGE))
        name = stored_name(sort.field)
        position = read_cursor(self._documents.name, sort, after) if after is not None else None
        found: list[dict[str, Any]] = []
        for part in page_parts(await self._query(where), where, sort, position):
            # One more than asked for tells whether there is a next page.
            if wanted := limit + 1 - len(found):
                with translated():
                    found += await self._documents.find(part.query, sort=part.order, limit=wanted).to_list()
        cursor = None
        if len(found) > limit:
            last = found[limit - 1]
            cursor = write_cursor(self._documents.name, sort, Position(scalar_at(last, name), last["_id"]))
        return Page(tuple(self._codec.decode(stored) for stored in found[:limit]), cursor)

    async def count(self, where: Where = ()) -> int:
        """How many match."""
        query = await self._query(where)
        with translated():
            return await self._documents.count_documents(query)

    async def facet(self, field: str, where: Where = (), *, limit: int = 50) -> Sequence[tuple[Scalar, int]]:
        """Values with their counts."""
        name = stored_name(field)
        steps: list[Mapping[str, Any]] = [
            {"$match": all_of([{name: {"$ne": None}}, await self._query(where)])},
            {"$group": {"_id": f"${name}", "count": {"$sum": 1}}},
            {"$sort": {"count": -1, "_id": 1}},
            {"$limit": max(1, min(limit, MAX_PAGE))},
        ]
        with translated():
            groups = await (await self._documents.aggregate(steps)).to_list()
        return [(as_scalar(group["_id"]), group["count"]) for group in groups]

    async def counts(self, by: Sequence[str], where: Where = ()) -> Sequence[tuple[tuple[Scalar, ...], int]]:
        """Combinations with their counts."""
        found = await self._added_up(1, by, await self._query(where))
        return sorted(found.items(), key=lambda group: -group[1])[:MAX_GROUPS]

    async def sums(self, field: str, by: Sequence[str], where: Where = ()) -> Sequence[Group]:
        """Sums by group."""
        query, number = await self._query(where), f"${stored_name(field)}"
        # Two questions, because of two accumulators FerretDB 1.24 fills the first one only.
        counts, sums = await asyncio.gather(self._added_up(1, by, query), self._added_up(number, by, query))
        found = [Group(values, counts[values], total) for values, total in sums.items() if counts[values]]
        return sorted(found, key=lambda group: -group.sum)[:MAX_GROUPS]

    async def _added_up(self, number: object, by: Sequence[str], query: Query) -> Counter[tuple[Scalar, ...]]:
        """The sum of a number, for each combination of the values of some fields."""
        keys = {f"by{place}": f"${stored_name(name)}" for place, name in enumerate(by)}
        steps = [{"$match": query}, {"$group": {"_id": keys, "added": {"$sum": number}}}]
        with translated():
            groups = await (await self._documents.aggregate(steps)).to_list()
        # A field that is not there and one that is null are two groups for the server.
        found = Counter[tuple[Scalar, ...]]()
        for group in groups:
            found[tuple(as_scalar(group["_id"].get(key)) for key in keys)] += group["added"]
        return found

    async def delete(self, where: Where) -> int:
        """Remove what matches."""
        if not where:
            raise ValueError("deleting everything is refused: say what")
        query = await self._query(where)
        with translated():
            return (await self._documents.delete_many(query)).deleted_count

    async def _query(self, where: Where) -> Query:
        """All conditions together.

        ``HasSignal`` and ``HasTopic`` are asked first, of the other collection's index, and stand for what that
        found: the signals of a recording come and go together, with its conversion, and a set of topics is never
        another one.
        """
        queries = []
        # By the field that a recording has them in.
        having: dict[str, set[str]] = {}
        for condition in where:
            match condition:
                case HasSignal() if self._beside is not None:
                    found = await _found(self._beside["signals"], signal_query(condition), "recording")
                    having["_id"] = having.get("_id", found) & found
                case HasTopic() if self._beside is not None:
                    found = await _found(self._beside["topic_sets"], topic_query(condition), "_id")
                    having["topic_set"] = having.get("topic_set", found) & found
                case _:
                    queries.append(condition_query(condition, self._lists))
        return all_of([*queries, *({field: {"$in": sorted(found)}} for field, found in having.items())])


async def _found(documents: AsyncCollection[dict[str, Any]], query: Query, field: str) -> set[str]:
    """The values of one field, which is in the index that the query goes by, so that no document is read."""
    projection = {"_id": True} if field == "_id" else {"_id": False, field: True}
    with translated():
        found = documents.find(query, projection=projection, limit=MAX_FOUND + 1, batch_size=MAX_FOUND + 1)
        values = {str(each[field]) for each in await found.to_list()}
    if len(values) > MAX_FOUND:
        raise Rejected(
            f"More than {MAX_FOUND:,} recordings have what you ask for: ask for less of it.",
            code="too_many_matches",
        )
    return values
