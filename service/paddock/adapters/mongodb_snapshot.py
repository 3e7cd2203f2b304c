"""All documents of a MongoDB database at one moment.

A replica set, even of one node, answers every question of a snapshot session from the same moment. It keeps a
moment for ``minSnapshotHistoryWindowInSeconds``, five minutes unless told otherwise: a large database wants more.
A server that stands alone keeps none, nor does FerretDB 1.24: there a backup is of one moment only while nobody
writes.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeAlias

import msgspec
from pymongo import ASCENDING, AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase

from paddock.adapters.mongodb_errors import translated
from paddock.adapters.mongodb_values import Codec
from paddock.ports.documents import CollectionRow
from paddock.ports.whole_store import Snapshot

Client: TypeAlias = AsyncMongoClient[dict[str, Any]]
_BATCH = 200
_BY_ID = [("_id", ASCENDING)]


async def is_replica_set(client: Client) -> bool:
    """Whether the server has transactions and snapshots: a replica set or a sharded cluster."""
    hello = await client.admin.command("hello")
    return "setName" in hello or hello.get("msg") == "isdbgrid"


@contextlib.asynccontextmanager
async def open_snapshot(
    client: Client, database: AsyncDatabase[dict[str, Any]], collections: Sequence[CollectionRow]
) -> AsyncIterator[Snapshot]:
    """All collections at this moment, where the server has moments."""
    with translated():
        one_state = await is_replica_set(client)
    if not one_state:
        yield _MongoSnapshot(database, collections, None)
        return
    async with client.start_session(snapshot=True) as session:
        yield _MongoSnapshot(database, collections, session)


class _MongoSnapshot:
    def __init__(
        self,
        database: AsyncDatabase[dict[str, Any]],
        collections: Sequence[CollectionRow],
        session: AsyncClientSession | None,
    ) -> None:
        self.one_state = session is not None
        self._database = database
        self._session = session
        self._codecs = {row.name: Codec(row.kind) for row in collections}

    async def count(self, collection: str) -> int:
        # An aggregation, because the count command is not among what a snapshot session may ask.
        steps = [{"$group": {"_id": None, "count": {"$sum": 1}}}]
        with translated():
            cursor = await self._database[collection].aggregate(steps, session=self._session)
            groups = await cursor.to_list()
        return int(groups[0]["count"]) if groups else 0

    async def read(self, collection: str) -> AsyncIterator[Sequence[msgspec.Struct]]:
        codec = self._codecs[collection]
        batches = self._by_cursor(collection) if self._session is None else self._by_pages(collection)
        async for stored in batches:
            yield [codec.decode(one) for one in stored]

    async def _by_pages(self, collection: str) -> AsyncIterator[list[dict[str, Any]]]:
        """Each page is a question of its own: pymongo sends what a getMore must not have in such a session."""
        beyond: dict[str, Any] = {}
        while True:
            with translated():
                # Less than nothing is pymongo's word for one batch, of what fits into 16 MiB.
                found = self._database[collection].find(beyond, sort=_BY_ID, limit=-_BATCH, session=self._session)
                stored = await found.to_list()
            if not stored:
                return
            yield stored
            beyond = {"_id": {"$gt": stored[-1]["_id"]}}

    async def _by_cursor(self, collection: str) -> AsyncIterator[list[dict[str, Any]]]:
        """FerretDB 1.24 would look at all documents for each page."""
        with translated():
            async with self._database[collection].find(sort=_BY_ID, batch_size=_BATCH) as cursor:
                while stored := await cursor.to_list(_BATCH):
                    yield stored
