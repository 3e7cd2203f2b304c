"""Search among many: equal answers on every side, and by an index on SQLite. The full size is a script."""

from __future__ import annotations

from pathlib import Path

import pytest
from pymongo import AsyncMongoClient

from paddock.adapters.mongodb import MongoDocuments
from paddock.adapters.mongodb_values import Codec
from paddock.adapters.sqlite import SqliteDocuments
from paddock.domain.recording import Recording, Signal
from paddock.ports.documents import Documents
from tests.scripts.search_at_scale import (
    channel_count,
    fill,
    made_recordings,
    made_signals,
    made_topic_sets,
    queries,
    sqlite_plan,
)

pytestmark = pytest.mark.anyio

RECORDINGS, SIGNALS = 600, 60
CHANNELS = channel_count(SIGNALS)
ASKED_FOR = 6
"""The first signals of each recording, and the only ones that a query names."""


async def answers(documents: Documents) -> dict[str, tuple[list[str], int]]:
    """The ids of each first page, and how many match in all."""
    found = {}
    for name, (where, sort) in queries(RECORDINGS).items():
        page = await documents.recordings.find(where, sort=sort)
        count = await documents.recordings.count(where) if page.next else len(page.items)
        found[name] = ([recording.id for recording in page.items], count)
    return found


async def fill_past_the_port(url: str) -> None:
    """The same recordings with the signals that a query names.

    FerretDB has no indexes: ``put_many`` into many documents, and signals that nobody asks for, take minutes there.
    """
    recordings, signals = Codec(Recording), Codec(Signal)
    async with AsyncMongoClient(url) as client:
        database = client.get_default_database()
        stored = [recordings.encode(recording) for recording in made_recordings(RECORDINGS, CHANNELS)]
        await database["recordings"].insert_many(stored)
        for number in range(RECORDINGS):
            few = made_signals(number, SIGNALS, CHANNELS)[:ASKED_FOR]
            await database["signals"].insert_many([signals.encode(signal) for signal in few])


async def test_every_side_finds_the_same(tmp_path: Path, mongodb_url: str) -> None:
    path = tmp_path / "paddock.sqlite"
    embedded, cloud = SqliteDocuments(path), MongoDocuments(mongodb_url)
    await fill(embedded, RECORDINGS, SIGNALS)
    await cloud.migrate()
    await fill_past_the_port(mongodb_url)
    await cloud.topic_sets.put_many(made_topic_sets(CHANNELS))
    expected = await answers(embedded)
    assert await answers(cloud) == expected
    assert {name for name, (_, count) in expected.items() if not count} == {
        "a word that is nowhere",
        "a signal that is nowhere",
    }
    for where, sort in queries(RECORDINGS).values():
        plan = sqlite_plan(path, where, sort)
        assert any(" recordings USING INDEX" in step for step in plan), plan
        assert not any(step.startswith("SCAN recordings") for step in plan), plan
    await embedded.close()
    await cloud.close()
