"""Documents of an earlier version get today's shape, on every side, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from paddock.adapters import mongodb_earlier, sqlite_earlier
from paddock.adapters.mongodb import MongoDocuments
from paddock.adapters.sqlite import SqliteDocuments
from paddock.domain.contents import Contents, EarlierRecording, contents_id, split
from paddock.domain.recording import Recording
from paddock.errors import Unavailable
from paddock.ports.documents import SCHEMA_VERSION, Documents
from paddock.usecases.find.contents import contents_of
from paddock.usecases.find.topic_sets import find_topic_sets
from tests.adapters.builders import every
from tests.adapters.earlier import DAMAGED, channel, earlier, put_earlier, unread

pytestmark = pytest.mark.anyio

SEVERAL = [earlier(number) if number % 4 else unread(number) for number in range(1, 46)]


@pytest.fixture(autouse=True)
def few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_earlier, "_SOME", 10)
    monkeypatch.setattr(mongodb_earlier, "_SOME", 10)


async def is_in_todays_shape(documents: Documents, written: list[EarlierRecording]) -> bool:
    pairs = [split(each) for each in written]
    assert await every(documents.recordings) == [recording for recording, _ in pairs]
    assert await every(documents.contents) == [inside for _, inside in pairs if inside is not None]
    return not [name for stored in await raw(documents) for name in stored if name in ("channels", "attachments")]


async def raw(documents: Documents) -> list[dict[str, object]]:
    """The recordings as they are stored."""
    if isinstance(documents, SqliteDocuments):
        with sqlite3.connect(documents._path) as connection:
            found = connection.execute("SELECT doc FROM recordings").fetchall()
        return [msgspec.json.decode(doc) for (doc,) in found]
    assert isinstance(documents, MongoDocuments)
    return await documents._database["recordings"].find().to_list()


async def test_what_was_inside_of_a_recording_is_beside_it(documents: Documents) -> None:
    await put_earlier(documents, *SEVERAL)
    told: list[tuple[int, int]] = []
    await documents.migrate(lambda done, total: told.append((done, total)))
    assert await is_in_todays_shape(documents, SEVERAL)
    assert len(told) > 3 and [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (45, 45)
    recording = await documents.recordings.get(SEVERAL[0].id)
    assert recording is not None and recording.loss is not None
    assert (recording.log_health, recording.loss.lost_ns) == ("recovered", 5_000_000)
    inside = await contents_of(documents, recording)
    assert (inside.channels, inside.loss) == (SEVERAL[0].channels, DAMAGED)
    await documents.migrate(lambda done, total: pytest.fail("nothing is left to do"))


async def test_it_is_gone_on_with_wherever_it_was_cut_off(documents: Documents) -> None:
    await put_earlier(documents, *SEVERAL)
    for cut_off_after in (1, 1, 2):
        with pytest.raises(RuntimeError):
            await documents.migrate(_failing_after(cut_off_after))
    await documents.migrate()
    assert await is_in_todays_shape(documents, SEVERAL)


async def test_it_is_gone_on_with_wherever_it_was_killed(documents: Documents, another_process: Callable) -> None:
    await put_earlier(documents, *SEVERAL[:8])
    place = str(documents._path) if isinstance(documents, SqliteDocuments) else str(documents._url)  # type: ignore[attr-defined]
    other = another_process("migrate_killed", place)
    killed = int((await asyncio.to_thread(other.communicate))[0])
    assert killed > 5
    assert await is_in_todays_shape(documents, SEVERAL[:8])


def _failing_after(rounds: int):  # type: ignore[no-untyped-def]
    left: Iterator[int] = iter(range(rounds - 1))

    def progress(done: int, total: int) -> None:
        if next(left, None) is None:
            raise RuntimeError("killed")

    return progress


async def test_contents_that_were_written_before_it_was_killed_are_not_written_again(documents: Documents) -> None:
    """On a server without transactions they come first."""
    first = SEVERAL[0]
    _, inside = split(first)
    assert inside is not None
    await documents.contents.insert(inside)
    await put_earlier(documents, first)
    await documents.migrate()
    assert await is_in_todays_shape(documents, [first])


async def test_two_that_start_at_once(documents: Documents) -> None:
    await put_earlier(documents, *SEVERAL)
    await asyncio.gather(documents.migrate(), documents.migrate(), documents.migrate())
    assert await is_in_todays_shape(documents, SEVERAL)


async def test_what_an_earlier_version_converts_meanwhile_is_found(documents: Documents) -> None:
    """Its functions may run for a while beside the new ones."""
    await put_earlier(documents, SEVERAL[0])
    await documents.migrate()
    again = msgspec.structs.replace(SEVERAL[0], build="b2", channels=(channel("Again"),))
    await put_earlier(documents, again)
    recording = await documents.recordings.get(again.id)
    assert recording is not None and recording.log_health == "recovered"
    inside = await contents_of(documents, recording)
    assert (inside.build, inside.channels, inside.loss) == ("b2", (channel("Again"),), DAMAGED)
    assert await documents.recordings.get(again.id) == split(again)[0]


async def test_a_conversion_of_today_knows_better(documents: Documents) -> None:
    await put_earlier(documents, SEVERAL[0])
    ours = Contents(contents_id(SEVERAL[0].id, "ours"), SEVERAL[0].id, "ours", (channel("Ours"),))
    await documents.contents.insert(ours)
    await documents.recordings.change(SEVERAL[0].id, {"build": "ours", "loss": None})
    await documents.migrate()
    recording = await documents.recordings.get(SEVERAL[0].id)
    assert recording is not None and await contents_of(documents, recording) == ours


async def test_topics_are_counted_of_what_is_beside(documents: Documents) -> None:
    await put_earlier(documents, *SEVERAL[:3])
    await documents.migrate()
    await find_topic_sets(documents)
    found: list[Recording] = await every(documents.recordings)
    sets = [await documents.topic_sets.get(str(each.topic_set)) for each in found]
    assert [each and each.topics for each in sets] == [
        (f"{number} of\u2028its own", "VNData") for number in (1, 2, 3)
    ]


async def test_sqlite_says_its_version_at_the_end_and_forgets_old_tables(tmp_path: Path) -> None:
    documents = SqliteDocuments(tmp_path / "paddock.sqlite")
    await documents.migrate()
    await put_earlier(documents, *SEVERAL)

    def state() -> tuple[int, int]:
        with sqlite3.connect(documents._path) as connection:
            tables = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%element_channels%'")
            return connection.execute("PRAGMA user_version").fetchone()[0], tables.fetchone()[0]

    with pytest.raises(RuntimeError):
        await documents.migrate(_failing_after(1))
    assert state()[0] == 1
    await documents.migrate()
    assert state() == (SCHEMA_VERSION, 0)
    await documents.close()
    with sqlite3.connect(documents._path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    newer = SqliteDocuments(documents._path)
    with pytest.raises(Unavailable, match="newer Paddock"):
        await newer.migrate()
    await newer.close()
