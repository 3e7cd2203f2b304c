"""What a store says of itself: its collections, and all that is in them at one moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from paddock.adapters.mongodb import MongoDocuments
from paddock.adapters.sqlite import SqliteDocuments
from paddock.domain.backup import BackupRun
from paddock.domain.job import Job
from paddock.errors import Conflict, Unavailable
from paddock.ports.documents import Collection, Documents, Equals, collection_rows
from paddock.ports.indexes import Index
from tests.adapters.builders import job, recording, signal
from tests.adapters.conftest import migrated
from tests.adapters.mongodb_sides import SIDES as MONGODB_SIDES
from tests.adapters.mongodb_sides import own_database

pytestmark = pytest.mark.anyio


class Penalty(msgspec.Struct, frozen=True):
    """Something that nobody thought of yet."""

    id: str
    driver: str = ""


Penalties = Annotated[Collection[Penalty], Index(("driver",), "the penalties of a driver")]


class SqliteWithOneMore(SqliteDocuments):
    penalties: Penalties


class MongoWithOneMore(MongoDocuments):
    penalties: Penalties


@pytest.fixture(params=["sqlite", *MONGODB_SIDES])
async def more(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Documents]:
    """A store with a collection that the code knows by its row alone."""
    if request.param == "sqlite":
        async with migrated(SqliteWithOneMore(tmp_path / "paddock.sqlite")) as opened:
            yield opened
    else:
        async with own_database(request, request.param) as url, migrated(MongoWithOneMore(url)) as opened:
            yield opened


async def all_of(documents: Documents) -> dict[str, list[msgspec.Struct]]:
    async with documents.snapshot() as snapshot:
        return {
            name: [one async for some in snapshot.read(name) for one in some] for name in documents.collections()
        }


async def test_a_new_row_is_a_collection_like_all_others(more: Documents) -> None:
    await more.penalties.put_many([Penalty("b", "Adam"), Penalty("a", "Mei")])
    assert (await more.penalties.find([Equals("driver", "Adam")])).items == (Penalty("b", "Adam"),)
    assert "penalties" in more.collections()
    assert (await all_of(more))["penalties"] == [Penalty("a", "Mei"), Penalty("b", "Adam")]


async def test_every_attribute_that_keeps_documents_is_a_collection(documents: Documents) -> None:
    kind = type(documents.jobs)
    kept = {name for name, value in vars(documents).items() if isinstance(value, kind)}
    assert kept == set(documents.collections()) == {row.name for row in collection_rows(Documents)}
    assert kept == set(Documents.__annotations__), "an annotation of the port that is no row of it"


async def test_a_snapshot_has_all_documents_by_id(documents: Documents) -> None:
    recordings = [recording(i, started_ns=2**62 + i) for i in range(130)]
    await documents.recordings.put_many(recordings[::-1])
    await documents.signals.put_many([signal(1, "ü"), signal(1, "a")])
    found = await all_of(documents)
    assert found.pop("recordings") == recordings
    assert [one.name for one in found.pop("signals")] == ["a", "ü"]
    assert not any(found.values())
    async with documents.snapshot() as snapshot:
        assert (await snapshot.count("recordings"), await snapshot.count("bundles")) == (130, 0)
        with pytest.raises(KeyError):
            await anext(snapshot.read("sqlite_schema"))


async def test_what_is_written_meanwhile_is_not_in_a_snapshot_of_one_state(documents: Documents) -> None:
    await documents.jobs.put_many([job(f"j{i:03}") for i in range(120)])
    async with documents.snapshot() as snapshot:
        reading = snapshot.read("jobs")
        found = list(await anext(reading))
        await documents.jobs.put_many([job("j119", subject="changed"), job("z")])
        await documents.recordings.insert(recording(1))
        found += [one async for some in reading for one in some]
        if snapshot.one_state:
            assert found == [job(f"j{i:03}") for i in range(120)]
            assert await snapshot.count("recordings") == 0
    assert await documents.jobs.count() == 121


async def test_two_documents_that_are_written_together_are_both_in_it_or_neither(documents: Documents) -> None:
    """A backup under load is one state."""
    stop = asyncio.Event()

    async def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            pair = [Job("first", "pair", str(number), 0, 0), Job("last", "pair", str(number), 0, 0)]
            await documents.jobs.put_many(pair)

    # In between, so that reading takes a while.
    await documents.jobs.put_many([job(f"i{i:03}") for i in range(300)])
    writer = asyncio.create_task(write())
    await asyncio.sleep(0.05)
    for _ in range(8):
        async with documents.snapshot() as snapshot:
            found = {one.id: one async for some in snapshot.read("jobs") for one in some}
            if snapshot.one_state:
                assert found["first"].subject == found["last"].subject
    stop.set()
    await writer


async def test_a_store_is_filled_whole_or_not_at_all(documents: Documents) -> None:
    async def fill(*, fail: bool) -> None:
        async with documents.fill("b1") as filling:
            await filling.put("recordings", [recording(i) for i in range(70)])
            await filling.put("signals", [signal(1, "a")])
            if fail:
                raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        await fill(fail=True)
    if isinstance(documents, SqliteDocuments):
        assert await documents.is_empty()
    else:
        with pytest.raises(Unavailable, match="b1 into this database is not finished") as half:
            await documents.migrate()
        assert half.value.code == "half_restored"
        with pytest.raises(Conflict, match="another backup, b1"):
            await filled_by(documents, "b2")
    await fill(fail=False)
    await documents.migrate()
    assert (await documents.recordings.count(), await documents.signals.count()) == (70, 1)
    with pytest.raises(Conflict, match="empty database only"):
        await filled_by(documents, "b1")


async def filled_by(documents: Documents, source: str) -> None:
    async with documents.fill(source):
        pass


async def test_notes_on_backups_leave_a_store_empty(documents: Documents) -> None:
    await documents.backups.insert(BackupRun("b0", "/b", 1))
    assert await documents.is_empty()
    await filled_by(documents, "b1")
    assert await documents.backups.count() == 1
