"""A MongoDB database that is filled from a backup: too much for one transaction, so it is marked meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import msgspec
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from paddock.adapters.document_queries import not_empty
from paddock.adapters.mongodb_errors import translated
from paddock.adapters.mongodb_values import Codec
from paddock.errors import Conflict, Unavailable
from paddock.ports.documents import CollectionRow

# https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
_THERE_ALREADY = 11000
_MARK = "restoring"
"""The collection that has one document for as long as the database is half full."""


class MongoFilling:
    """Adds what is not there yet: what an interrupted try wrote came from the same backup."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], collections: Sequence[CollectionRow]) -> None:
        self._database = database
        self._codecs = {row.name: Codec(row.kind) for row in collections}

    async def put(self, collection: str, documents: Sequence[msgspec.Struct]) -> None:
        """Add documents of one collection."""
        codec = self._codecs[collection]
        with translated():
            await add_missing(self._database[collection], [codec.encode(document) for document in documents])


async def add_missing(collection: AsyncCollection[dict[str, Any]], stored: Sequence[dict[str, Any]]) -> None:
    """Insert documents; one whose id is taken is left as it is."""
    if not stored:
        return
    try:
        # Inserted, not replaced: FerretDB 1.24 looks at all documents to replace one.
        await collection.insert_many(stored, ordered=False)
    except BulkWriteError as error:
        if any(one["code"] != _THERE_ALREADY for one in error.details["writeErrors"]):
            raise


async def check_not_filling(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Refuse to work on what is half full.

    Raises:
        Unavailable: a restore was interrupted, or is under way (code ``half_restored``).
    """
    if (source := await _source(database)) is not None:
        raise Unavailable(
            f"The restore of backup {source} into this database is not finished: `paddock backup restore` of the "
            "same backup goes on with it.",
            code="half_restored",
            permanent=True,
        )


@contextlib.asynccontextmanager
async def marked_as_filling(
    database: AsyncDatabase[dict[str, Any]], source: str, is_empty: Callable[[], Awaitable[bool]]
) -> AsyncIterator[None]:
    """Mark the database for the time of the block, and for good if that fails or is killed.

    Raises:
        Conflict: see ``Documents.fill``.
    """
    begun = await _source(database)
    if begun is None:
        if not await is_empty():
            raise not_empty()
        with translated():
            await database[_MARK].insert_one({"_id": _MARK, "source": source})
    elif begun != source:
        raise Conflict(
            f"The restore of another backup, {begun}, into this database is not finished: restore that one, or "
            "drop the database and begin again.",
            code="half_restored",
        )
    yield
    with translated():
        await database[_MARK].delete_one({"_id": _MARK})


async def _source(database: AsyncDatabase[dict[str, Any]]) -> str | None:
    with translated():
        mark = await database[_MARK].find_one({"_id": _MARK})
    return None if mark is None else str(mark["source"])
