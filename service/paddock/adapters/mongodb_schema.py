"""Indexes of the documents on MongoDB, as ``ports/documents.py`` has them; ``id`` is stored as ``_id``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from pymongo import ASCENDING
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from paddock.adapters.mongodb_filters import stored_name
from paddock.ports.documents import CollectionRow, with_own_fields
from paddock.ports.indexes import Index, Side

_OURS = "paddock_"
# https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
_NOT_FOUND = 27
_THERE_WITH_ANOTHER_NAME = 85


def index_keys(index: Index) -> list[tuple[str, int]]:
    """What the server is told to index."""
    return [(stored_name(field), ASCENDING) for field in index.columns]


def index_name(index: Index) -> str:
    """Says what is indexed: another definition is another name."""
    return _OURS + "_".join(map(stored_name, index.fields)).replace(".", "_")


def indexes_of(row: CollectionRow) -> dict[str, list[tuple[str, int]]]:
    """The indexes of one collection on this side, by their names."""
    return {index_name(index): index_keys(index) for index in row.indexes if Side.MONGODB in index.side}


async def create_missing(database: AsyncDatabase[dict[str, Any]], collections: Sequence[CollectionRow]) -> None:
    """Create the collections' indexes and drop ours that are no longer among them; other people's stay."""
    own_fields = [str(field["_id"]) async for field in database["fields"].find({}, {"_id": 1})]
    collections = with_own_fields(collections, own_fields)
    for row in collections:
        for name, keys in indexes_of(row).items():
            # The server leaves an index alone that is there already, also when somebody else is creating it right
            # now. One at a time, because FerretDB 1.24 confuses those that are there with those that are not.
            with _passing_over(_THERE_WITH_ANOTHER_NAME):
                await database[row.name].create_index(keys, name=name)
    for row in collections:
        if not row.indexes:
            continue
        wanted = indexes_of(row)
        for name in await database[row.name].index_information():
            if name.startswith(_OURS) and name not in wanted:
                with _passing_over(_NOT_FOUND):  # somebody else dropped it first
                    await database[row.name].drop_index(name)


@contextlib.contextmanager
def _passing_over(code: int) -> Iterator[None]:
    try:
        yield
    except OperationFailure as error:
        if error.code != code:
            raise
