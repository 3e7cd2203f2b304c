"""Recordings of an earlier version on MongoDB: they get today's shape some at a time.

What was inside of a recording is written before it is removed there, so that nothing is lost wherever this is
killed, and only as long as nobody converted the recording again: functions of an earlier version may still run.
"""

from __future__ import annotations

from typing import Any

import msgspec
from pymongo import ASCENDING, UpdateOne
from pymongo.asynchronous.database import AsyncDatabase

from paddock.adapters.mongodb_errors import translated
from paddock.adapters.mongodb_filling import add_missing
from paddock.adapters.mongodb_values import Codec
from paddock.domain.contents import MOVED, Contents, EarlierRecording, split
from paddock.ports.whole_store import Progress

_SOME = 20
_IS_EARLIER = {MOVED[0]: {"$exists": True}}
_EARLIER, _CONTENTS = Codec(EarlierRecording), Codec(Contents)

Database = AsyncDatabase[dict[str, Any]]


async def split_all(database: Database, progress: Progress) -> None:
    """Rewrite every recording that has the shape of an earlier version."""
    with translated():
        total = await database["recordings"].count_documents(_IS_EARLIER)
    done = 0
    while total:
        last = ""
        # What was converted by an earlier version in the meantime is found by another round.
        while found := await _some(database, {"_id": {"$gt": last}}):
            await _split(database, found)
            last = found[-1]["_id"]
            done += len(found)
            progress(done, max(done, total))
        with translated():
            total = await database["recordings"].count_documents(_IS_EARLIER)


async def split_one(database: Database, recording_id: str) -> None:
    """Rewrite one recording where it needs to be."""
    if found := await _some(database, {"_id": recording_id}):
        await _split(database, found)


async def _some(database: Database, which: dict[str, Any]) -> list[dict[str, Any]]:
    with translated():
        query = {**which, **_IS_EARLIER}
        return await database["recordings"].find(query, sort=[("_id", ASCENDING)], limit=_SOME).to_list()


async def _split(database: Database, found: list[dict[str, Any]]) -> None:
    contents, updates = [], []
    for stored in found:
        recording, moved = split(_EARLIER.decode(dict(stored)))
        if moved is not None:
            contents.append(_CONTENTS.encode(moved))
        as_read = {"_id": stored["_id"], "build": stored.get("build"), **_IS_EARLIER}
        change = {
            "$set": {"loss": msgspec.to_builtins(recording.loss)},
            "$unset": dict.fromkeys(MOVED, ""),
        }
        updates.append(UpdateOne(as_read, change))
    with translated():
        # What is there was written by a conversion of today's code, or by a migration that was cut off.
        await add_missing(database["contents"], contents)
        await database["recordings"].bulk_write(updates, ordered=False)
