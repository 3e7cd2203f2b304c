"""What is SQLite's alone: processes, query plans, full disks, files that are no database."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from paddock.adapters.sqlite import SqliteDocuments
from paddock.adapters.sqlite_filters import page_sql, select_sql
from paddock.adapters.sqlite_schema import index_name
from paddock.domain.job import Job, JobState
from paddock.domain.own_fields import OwnField
from paddock.errors import Unavailable
from paddock.ports.documents import (
    SCHEMA_VERSION,
    Between,
    Condition,
    Contains,
    Equals,
    Exists,
    HasSignal,
    HasTopic,
    OneOf,
    Sort,
    StartsWith,
)
from paddock.ports.indexes import LIST_INDEX, field_index

pytestmark = pytest.mark.anyio

HERE = Equals("deleted_at", None)
QUEUED = Equals("state", "queued")


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "paddock.sqlite"
    documents = SqliteDocuments(path)
    await documents.migrate()
    await documents.close()
    return path


@pytest.mark.parametrize(
    ("table", "where", "sort"),
    [
        ("recordings", [], Sort("uploaded_at", True)),
        ("recordings", [HERE], Sort("uploaded_at", True)),
        ("recordings", [HERE], Sort("uploaded_at")),
        ("recordings", [HERE], Sort("started_ns", True)),
        ("recordings", [HERE], Sort("highlights.max_speed_m_s", True)),
        ("recordings", [HERE], Sort("duration_ns")),
        ("bundles", [], Sort("created_at", True)),
        ("recordings", [HERE, Between("started_ns", 1, 2)], Sort("started_ns", True)),
        ("recordings", [HERE, Equals("metadata.car.value", "HT09")], Sort("uploaded_at", True)),
        ("recordings", [HERE, Equals("status", "ready")], Sort("uploaded_at", True)),
        ("recordings", [HERE, StartsWith("id", "abcdef")], Sort()),
        ("recordings", [HERE, HasSignal("VNData.v", "max", ">", 1)], Sort("uploaded_at", True)),
        (
            "jobs",
            [Equals("state", "queued"), Between("due_at", below=5), Equals("set_aside_at", None)],
            Sort("place"),
        ),
        ("jobs", [QUEUED, Between("updated_at", at_least=5)], Sort("updated_at")),
        ("jobs", [QUEUED, Equals("asked_by", "Adam")], Sort()),
        ("jobs", [], Sort("updated_at", True)),
        ("jobs", [Equals("subject", "x")], Sort()),
        ("artifacts", [Equals("recording", "x")], Sort("created_at", True)),
        ("artifacts", [OneOf("recording", ("x", "y"))], Sort("created_at", True)),
        ("signals", [Equals("recording", "x")], Sort("name")),
        ("contents", [Equals("recording", "x")], Sort()),
        ("recordings", [HERE, HasTopic("VNData")], Sort("uploaded_at", True)),
        ("uploads", [Equals("sha256", "x"), Equals("completed_at", None)], Sort()),
        ("uploads", [Equals("completed_at", None)], Sort("created_at")),
    ],
)
async def test_the_usual_lists_go_by_an_index(path: Path, table: str, where: list[Condition], sort: Sort) -> None:
    with sqlite3.connect(path) as connection:
        for query in page_sql(table, where, sort, None):
            steps = connection.execute(f"EXPLAIN QUERY PLAN {query.text}", (*query.values, 51))
            plan = [row[3] for row in steps]
            assert any(f" {table} USING INDEX" in step for step in plan), plan
            # A few values or the recordings of one signal are found by index and sorted after.
            found_apart = any(isinstance(condition, OneOf | HasSignal | HasTopic) for condition in where)
            assert found_apart or not any("TEMP B-TREE" in step for step in plan), plan


@pytest.mark.parametrize(
    "where",
    [
        [OneOf("recording", ("x", "y")), OneOf("purpose", ("default", "viewer"))],
        [Equals("recording", "x"), Equals("purpose", "export")],
    ],
)
async def test_the_files_of_recordings_are_found_among_their_own(path: Path, where: list[Condition]) -> None:
    with sqlite3.connect(path) as connection:
        for text, values in page_sql("artifacts", where, Sort("created_at", True), None):
            plan = str(connection.execute(f"EXPLAIN QUERY PLAN {text}", (*values, 51)).fetchall())
            assert "SEARCH artifacts USING INDEX artifacts_by_recording_created_at (" in plan


@pytest.mark.parametrize("wanted", [Between("expires_at", 0, 5), Exists("expires_at", False)])
async def test_what_expires_is_found_without_reading_what_stays(path: Path, wanted: Condition) -> None:
    where = [wanted, *([Equals("purpose", "export")] if isinstance(wanted, Exists) else [])]
    with sqlite3.connect(path) as connection:
        for text, values in page_sql("artifacts", where, Sort("expires_at"), None):
            plan = str(connection.execute(f"EXPLAIN QUERY PLAN {text}", (*values, 51)).fetchall())
            assert "SEARCH artifacts USING INDEX artifacts_by_expires_at_purpose (<expr>" in plan


async def test_what_has_no_set_of_topics_is_found_without_reading_what_has_one(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        for text, values in page_sql("recordings", [Equals("topic_set", None)], Sort("topic_set"), None):
            plan = str(connection.execute(f"EXPLAIN QUERY PLAN {text}", (*values, 101)).fetchall())
            assert "SEARCH recordings USING INDEX recordings_by_topic_set (" in plan


DRIVER = "metadata.driver.value"
LOOKED_AT: list[list[Condition]] = [
    [Contains("search", "adam")],
    [Contains("search", "adam"), Between("started_ns", 1, 2)],
    [Equals(DRIVER, "Adam"), Equals("metadata.car.value", None)],
    [OneOf(DRIVER, (None, ""))],
    [OneOf(DRIVER, ("Adam", "Mei")), OneOf("health", ("intact", "failed")), Contains("search", "e")],
    [Between("highlights.max_speed_m_s", 20.0), Between("duration_ns", below=5.0)],
    [HasTopic("VNData"), Equals("health", "intact")],
    [HasTopic("VNData")],
    [HasTopic("VNData"), HasTopic("Other")],
    [HasSignal("VNData.v", "max", ">", 1), Equals(DRIVER, "Adam")],
]


@pytest.mark.parametrize("where", LOOKED_AT)
async def test_a_search_and_its_counts_go_through_the_index_of_the_list(path: Path, where: list[Condition]) -> None:
    queries = [
        select_sql("recordings", {}, [HERE, *where]),
        select_sql("recordings", {}, [Exists("metadata.event.value"), HERE, *where]),
        select_sql("recordings", {"driver": DRIVER, "topic_set": "topic_set"}, [HERE, *where]),
        *page_sql("recordings", [HERE, *where], Sort("started_ns", True), None),
    ]
    name = index_name("recordings", LIST_INDEX)
    with sqlite3.connect(path) as connection:
        for text, values in queries:
            # Newer versions call it a covering index; older ones read from it all the same.
            limit = (51,) if text.endswith("?") else ()
            steps = connection.execute(f"EXPLAIN QUERY PLAN {text}", (*values, *limit))
            plan = [row[3].replace("COVERING ", "") for row in steps]
            assert f"SEARCH recordings USING INDEX {name} (" in "\n".join(plan), plan
            assert not any("TEMP B-TREE" in step for step in plan), plan


async def test_a_field_of_the_teams_own_is_found_by_an_index_for_as_long_as_it_is_one(path: Path) -> None:
    field = "metadata.tyre_set.value"
    index = index_name("recordings", field_index("tyre_set"))
    text, values = select_sql("recordings", {"tyres": field}, [HERE, Equals(field, "Wet")])

    def plan() -> str:
        with sqlite3.connect(path) as connection:
            return str(connection.execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall())

    documents = SqliteDocuments(path)
    await documents.fields.insert(OwnField("tyre_set", "Tyre set"))
    await documents.migrate()
    assert f"INDEX {index} (" in plan()
    await documents.fields.delete([Equals("id", "tyre_set")])
    await documents.migrate()
    await documents.close()
    assert index not in plan()


async def test_counts_of_a_search_read_no_document(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        for where in LOOKED_AT:
            text, values = select_sql("recordings", {"driver": DRIVER}, [HERE, *where])
            program = connection.execute(f"EXPLAIN SELECT count(*) FROM ({text})", values).fetchall()
            assert "json_extract" not in str(program), where


async def test_what_was_just_uploaded_is_counted_by_its_start_without_reading_a_document(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        text, values = select_sql(
            "recordings", {"started": "started_ns"}, [HERE, Between("uploaded_at", at_least=5)]
        )
        plan = str(connection.execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall())
        assert "recordings_by_deleted_at_uploaded_at_id_search_started_ns (<expr>=? AND <expr>>?" in plan
        program = connection.execute(f"EXPLAIN SELECT count(*), started FROM ({text}) GROUP BY started", values)
        assert "json_extract" not in str(program.fetchall())


async def test_settings_that_keep_what_was_answered(path: Path) -> None:
    documents = SqliteDocuments(path)
    settings = await documents._database.write(
        lambda connection: [
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
        ]
    )
    assert settings == ["wal", 2]
    await documents.close()


async def test_migrating_twice_and_by_four_at_once(tmp_path: Path, another_process: Callable) -> None:
    path = tmp_path / "paddock.sqlite"
    others = [another_process("migrate", path) for _ in range(4)]
    assert [other.communicate()[0] for other in others] == ["0\n"] * 4
    documents = SqliteDocuments(path)
    await documents.migrate()
    await documents.migrate()
    await documents.close()


async def test_an_index_that_is_defined_otherwise_now_is_made_again(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        before = set(connection.execute("SELECT sql FROM sqlite_schema"))
        connection.execute("DROP INDEX jobs_by_subject")
        connection.execute("CREATE INDEX jobs_by_subject ON jobs (doc)")
        connection.execute("CREATE INDEX jobs_by_something_old ON jobs (doc)")
    documents = SqliteDocuments(path)
    await documents.migrate()
    await documents.close()
    with sqlite3.connect(path) as connection:
        assert set(connection.execute("SELECT sql FROM sqlite_schema")) == before


async def test_filling_leaves_every_index_as_it_was(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        before = set(connection.execute("SELECT sql FROM sqlite_schema"))
    documents = SqliteDocuments(path)
    async with documents.fill("b1") as filling:
        await filling.put("jobs", [Job("j", "ingest", "s", 0, 0)])
    await documents.close()
    with sqlite3.connect(path) as connection:
        assert set(connection.execute("SELECT sql FROM sqlite_schema")) == before


async def test_a_job_is_taken_by_one_process_only(path: Path, another_process: Callable) -> None:
    documents = SqliteDocuments(path)
    await documents.jobs.put_many([Job(f"j{i:03}", "ingest", "s", 0, 0) for i in range(200)])
    others = [another_process("take", path, f"owner-{i}") for i in range(2)]
    taken = [line for other in others for line in other.communicate()[0].split()]
    assert sorted(taken) == [f"j{i:03}" for i in range(200)]
    assert await documents.jobs.count([Equals("state", JobState.RUNNING)]) == 200
    await documents.close()


async def test_kill_9_loses_nothing_that_was_answered(tmp_path: Path, another_process: Callable) -> None:
    path = tmp_path / "paddock.sqlite"
    for _ in range(4):
        other = another_process("insert", path)
        promised = [other.stdout.readline() for _ in range(random.randint(1, 60))]
        other.kill()
        promised += other.stdout.readlines()
        other.wait()
        documents = SqliteDocuments(path)
        await documents.migrate()
        done = await documents.jobs.count([Equals("state", JobState.DONE)])
        assert done >= len([line for line in promised if line.endswith("\n")])
        assert await documents.jobs.count() - done <= 1
        await documents.jobs.delete([StartsWith("id", "")])
        await documents.close()


async def test_a_full_disk(path: Path) -> None:
    documents = SqliteDocuments(path)
    pages = await documents._database.write(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    await documents._database.write(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 2}").fetchone())
    with pytest.raises(Unavailable, match="free some room") as full:
        await documents.jobs.put_many([Job(str(i), "ingest", "x" * 5000, 0, 0) for i in range(50)])
    assert (full.value.code, full.value.permanent) == ("disk_full", False)
    assert await documents.jobs.count() == 0
    assert await documents.jobs.insert(Job("small", "ingest", "s", 0, 0))
    await documents.close()


async def test_a_busy_database(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paddock.adapters.sqlite_database.BUSY_TIMEOUT_S", 0.05)
    documents = SqliteDocuments(path)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as busy:
            await documents.jobs.insert(Job("x", "ingest", "s", 0, 0))
        assert (busy.value.code, busy.value.permanent) == ("database_busy", False)
        assert await documents.jobs.count() == 0
        other.execute("ROLLBACK")
    assert await documents.jobs.insert(Job("x", "ingest", "s", 0, 0))
    await documents.close()


@pytest.mark.parametrize("content", [b"this is no database, but a text file " * 50, b"\0" * 4096])
async def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "paddock.sqlite"
    path.write_bytes(content)
    documents = SqliteDocuments(path)
    with pytest.raises(Unavailable, match="no database") as bad:
        await documents.migrate()
    assert (bad.value.code, bad.value.permanent) == ("bad_database", True)
    await documents.close()
    assert path.read_bytes() == content


async def test_a_newer_schema(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    documents = SqliteDocuments(path)
    for attempt in (documents.migrate, documents.jobs.count):
        with pytest.raises(Unavailable, match="newer Paddock") as newer:
            await attempt()
        assert (newer.value.code, newer.value.permanent) == ("newer_schema", True)
    await documents.close()


async def test_a_place_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path, tmp_path / "file" / "paddock.sqlite"):
        documents = SqliteDocuments(path)
        with pytest.raises(Unavailable):
            await documents.migrate()
        await documents.close()
