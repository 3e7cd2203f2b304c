"""Indexes of the documents on MongoDB.

Every index has ``_id`` after what it sorts by, so that it gives pages in their final order, forwards or backwards.
Nearly every list asks for what is not deleted, hence ``deleted_at`` comes first: one index then filters and sorts.
What follows ``_id`` is only looked at on the way, so that a search reads the index and not every document.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from pymongo import ASCENDING
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from paddock.domain.fields import FIELDS
from paddock.domain.figures import FIGURES

_OURS = "paddock_"
# https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
_NOT_FOUND = 27
_THERE_WITH_ANOTHER_NAME = 85
_LONG_TEXT = {"notes"}


class Index(NamedTuple):
    """One index and the question it answers."""

    collection: str
    fields: tuple[str, ...]
    serves: str

    @property
    def keys(self) -> list[tuple[str, int]]:
        """The fields, and ``_id`` where it is not among them."""
        fields = self.fields if "_id" in self.fields else (*self.fields, "_id")
        return [(field, ASCENDING) for field in fields]

    @property
    def name(self) -> str:
        """Says what is indexed: another definition is another name."""
        return _OURS + "_".join(self.fields).replace(".", "_")


INDEXES = (
    Index("recordings", ("uploaded_at",), "everything, the newest upload first"),
    Index("recordings", ("started_ns",), "everything by when the car recorded it"),
    Index("recordings", ("status", "uploaded_at"), "what is not ready yet"),
    Index("recordings", ("deleted_at", "uploaded_at", "_id", "search"), "the list; words in names and metadata"),
    Index("recordings", ("deleted_at", "started_ns", "_id", "search"), "the same by time; a span of time"),
    Index("recordings", ("deleted_at", "status", "uploaded_at"), "the list of one status"),
    *(
        Index(
            "recordings", ("deleted_at", f"metadata.{field.name}.value", "started_ns"), f"one {field.name}; facets"
        )
        for field in FIELDS
        if field.name not in _LONG_TEXT
    ),
    *(Index("recordings", ("deleted_at", figure.field), f"by {figure.name}; a span of it") for figure in FIGURES),
    Index("recordings", ("deleted_at", "health", "started_ns"), "one health; its facet"),
    Index("recordings", ("topic_set",), "what an older version read has no set of topics"),
    Index("recordings", ("old_build_until",), "columns that nobody has a link to any more"),
    Index(
        "recordings",
        ("metadata.car.value", "metadata.event.value", "_id", "size_bytes"),
        "bytes by car and event; no document is read",
    ),
    Index("recordings", ("channels.topic", "deleted_at", "started_ns"), "recordings that have a topic"),
    Index("signals", ("recording", "name"), "the signals of one recording"),
    Index(
        "signals",
        ("name", "recording", "min", "max", "mean", "first", "last", "count"),
        "HasSignal: every recording of one signal side by side with all statistics; no document is read",
    ),
    Index("artifacts", ("recording", "created_at"), "the files of some recordings, the newest first"),
    Index("artifacts", ("recording", "format", "size_bytes"), "bytes by recording; no document is read"),
    Index("artifacts", ("expires_at", "purpose"), "files that nobody has needed for long, and what has no expiry"),
    Index("history", ("recording", "at"), "what people changed on a recording"),
    Index("signal_names", ("search",), "completion"),
    Index("signal_names", ("topic",), "all topics"),
    Index("uploads", ("completed_at", "created_at"), "uploads that nobody completed; those long done"),
    Index("uploads", ("sha256",), "an upload of the same bytes to continue"),
    # findAndModify must walk an index in the order of its sort: after a sort of its own it answers nothing, not the
    # next one, when the first was taken in between.
    Index("jobs", ("state", "place", "_id", "due_at", "set_aside_at"), "the next job that is due"),
    Index("jobs", ("state", "asked_by"), "how many jobs of somebody wait"),
    Index("jobs", ("state", "updated_at"), "jobs of one state, those that changed last first"),
    Index("jobs", ("updated_at",), "all jobs, those that changed last first"),
    Index("jobs", ("subject",), "the jobs of one recording or upload"),
    Index("bundles", ("created_at",), "what was taken away together, the last first"),
)


async def create_missing(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Create the indexes above and drop ours that are no longer among them; other people's stay."""
    for index in INDEXES:
        # The server leaves an index alone that is there already, also when somebody else is creating it right now.
        # One at a time, because FerretDB 1.24 confuses those that are there with those that are not.
        with _passing_over(_THERE_WITH_ANOTHER_NAME):
            await database[index.collection].create_index(index.keys, name=index.name)
    for collection in sorted({index.collection for index in INDEXES}):
        wanted = {index.name for index in INDEXES if index.collection == collection}
        for name in await database[collection].index_information():
            if name.startswith(_OURS) and name not in wanted:
                with _passing_over(_NOT_FOUND):  # somebody else dropped it first
                    await database[collection].drop_index(name)


@contextlib.contextmanager
def _passing_over(code: int) -> Iterator[None]:
    try:
        yield
    except OperationFailure as error:
        if error.code != code:
            raise
