"""What is MongoDB's alone: indexes, lost and hung servers, URLs, values that only look like queries."""

from __future__ import annotations

import asyncio
import itertools
import re
import traceback
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import AsyncMongoClient

from paddock.adapters.mongodb import MongoDocuments
from paddock.adapters.mongodb_filters import MAX_CONTAINS
from paddock.adapters.mongodb_schema import indexes_of
from paddock.adapters.mongodb_values import Codec
from paddock.domain.contents import Contents
from paddock.domain.job import Job, JobState
from paddock.domain.recording import LossReport, Recording, Signal, Status
from paddock.errors import Rejected, Unavailable
from paddock.ports.documents import Between, Contains, Equals, HasSignal, OneOf, Sort, collection_rows
from paddock.ports.indexes import Side
from tests.adapters.mongodb_sides import with_database
from tests.servers.ferretdb import FerretServer, running

pytestmark = pytest.mark.anyio

QUICKLY = "serverSelectionTimeoutMS=500&connectTimeoutMS=500"
HOSTILE_KEYS = ["a.b", "$where", "%", "%2E", "", "a\0b", "/odometry", "é", "_id", "%%", "."]


def job(name: str, **fields: object) -> Job:
    return Job(**{"id": name, "kind": "ingest", "subject": "s", "created_at": 0, "due_at": 0, **fields})


def recording(**fields: object) -> Recording:
    defaults = {"names": ("a.mcap", "b.mcap"), "size_bytes": 1, "status": Status.READY, "uploaded_at": 1}
    return Recording(**{"id": "a" * 64, **defaults, **fields})


def contents(**fields: object) -> Contents:
    return Contents(**{"id": "a:b", "recording": "a", "build": "b", **fields})


async def test_migrating_twice_and_by_four_at_once(mongodb_url: str) -> None:
    several = [MongoDocuments(mongodb_url) for _ in range(4)]
    await asyncio.gather(*(documents.migrate() for documents in several))
    await several[0].migrate()
    async with AsyncMongoClient(mongodb_url) as client:
        database = client.get_default_database()
        for row in collection_rows(MongoDocuments):
            there = await database[row.name].index_information() if row.indexes else {}
            assert {name: index["key"] for name, index in there.items() if name != "_id_"} == indexes_of(row)
    for documents in several:
        await documents.close()


async def test_migrating_drops_our_old_indexes_and_nobody_elses(mongodb_url: str) -> None:
    async with AsyncMongoClient(mongodb_url) as client:
        jobs = client.get_default_database()["jobs"]
        await jobs.create_index([("kind", 1)], name="paddock_kind")
        # The same as one of ours, under another name.
        await jobs.create_index([("subject", 1), ("_id", 1)], name="of_the_administrator")
        documents = MongoDocuments(mongodb_url)
        await documents.migrate()
        await documents.close()
        names = set(await jobs.index_information())
    assert "of_the_administrator" in names
    assert "paddock_kind" not in names


def test_every_index_has_a_name_of_its_own_and_says_what_it_serves() -> None:
    for row in collection_rows(MongoDocuments):
        assert len(indexes_of(row)) == len([index for index in row.indexes if Side.MONGODB in index.side])
        assert all(index.serves for index in row.indexes)


async def test_a_job_is_taken_by_one_client_only(mongodb_url: str) -> None:
    several = [MongoDocuments(mongodb_url) for _ in range(4)]
    await several[0].migrate()
    await several[0].jobs.put_many([job(f"j{i:02}", place=i) for i in range(60)])

    async def take_all(documents: MongoDocuments, owner: str) -> list[str]:
        taken = []
        changes = {"state": JobState.RUNNING, "lease_owner": owner}
        while found := await documents.jobs.change_first([Equals("state", "queued")], Sort("place"), changes):
            assert found.lease_owner == owner
            taken.append(found.id)
        return taken

    taken = await asyncio.gather(*(take_all(documents, f"{i}") for i, documents in enumerate(several * 2)))
    assert sorted(name for names in taken for name in names) == [f"j{i:02}" for i in range(60)]
    for documents in several:
        await documents.close()


async def test_more_documents_than_one_command_takes_are_put_again(mongodb_url: str) -> None:
    documents = MongoDocuments(mongodb_url)
    for count in (1, 2):
        await documents.signals.put_many([Signal(f"s{i}", "r", f"s{i}", "float", count=count) for i in range(150)])
        assert await documents.signals.count([Equals("count", count)]) == 150
    assert await documents.signals.count() == 150
    await documents.close()


async def test_a_server_killed_in_the_middle_and_back_again(tmp_path: Path) -> None:
    """Every call answers, or is ``Unavailable`` and may be repeated; what was answered is there afterwards."""
    with running(tmp_path / "data") as server:
        documents = MongoDocuments(f"{server.url('paddock')}?{QUICKLY}")
        await documents.migrate()
        answered, lost = [], []

        async def insert(worker: int) -> None:
            for count in itertools.count():
                try:
                    await documents.jobs.insert(job(f"{worker}-{count}"))
                    answered.append(f"{worker}-{count}")
                except Unavailable as error:
                    lost.append(error)
                    return

        async def kill() -> None:
            while len(answered) < 30:
                await asyncio.sleep(0.001)
            server.kill()

        await asyncio.gather(kill(), *(insert(worker) for worker in range(4)))
        assert {(error.code, error.permanent) for error in lost} == {("database_lost", False)}
        attempts = [
            documents.migrate(),
            documents.jobs.get("x"),
            documents.jobs.find(),
            documents.jobs.count(),
            documents.jobs.facet("kind"),
            documents.jobs.put_many([job("x")]),
            documents.jobs.change("x", {"tries": 1}),
            documents.jobs.change_first([], Sort(), {"tries": 1}),
            documents.jobs.delete([Equals("id", "x")]),
            documents.recordings.find([HasSignal("VNData.v", "max", ">", 1)]),
        ]
        outcomes = await asyncio.gather(*attempts, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {Unavailable}, outcomes
        server.start()
        there = {found.id for found in (await documents.jobs.find(limit=500)).items}
        assert there >= set(answered)
        assert await documents.jobs.insert(job("after"))
        await documents.close()


async def test_a_server_that_never_answers(tmp_path: Path) -> None:
    silent = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    documents = MongoDocuments(f"mongodb://127.0.0.1:{port}/?{QUICKLY}")
    with pytest.raises(Unavailable) as lost:
        await documents.jobs.count()
    assert (lost.value.code, lost.value.permanent) == ("database_lost", False)
    await documents.close()
    silent.close()


async def test_a_refused_password_is_permanent_and_is_not_repeated(ferretdb: FerretServer) -> None:
    url = ferretdb.url("paddock").replace("mongodb://", "mongodb://paddock:hunter2@")
    documents = MongoDocuments(url)
    with pytest.raises(Unavailable, match="refuses the user") as refused:
        await documents.jobs.count()
    assert (refused.value.code, refused.value.permanent) == ("database_refused", True)
    assert "hunter2" not in "".join(traceback.format_exception(refused.value))
    await documents.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hunter2",
        "http://paddock:hunter2@host/",
        "mongodb://paddock:hun@ter2@host/",
        "mongodb://paddock:hunter2%@host/",
        "mongodb://paddock:hunter2@host:99999/",
        "mongodb://paddock:hunter2@host/?tlsCAFile=/nowhere",
    ],
)
async def test_a_url_of_the_wrong_form_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Rejected) as refused:
        MongoDocuments(url)
    assert refused.value.code == "bad_setting"
    assert "hunter2" not in refused.value.message
    assert refused.value.__suppress_context__


async def test_options_in_the_url_win(ferretdb: FerretServer) -> None:
    documents = MongoDocuments(f"{ferretdb.url('x')}?w=1&serverselectiontimeoutms=7")
    options = documents._client.options
    assert options.write_concern.document == {"w": 1, "j": True, "wtimeout": 20_000}
    assert options.server_selection_timeout == 0.007
    assert options.read_concern.level == "majority"
    await documents.close()
    documents = MongoDocuments(ferretdb.url(""))
    assert documents._database.name == "paddock"
    assert documents._client.options.write_concern.document["w"] == "majority"
    await documents.close()


def test_a_test_database_keeps_user_and_options() -> None:
    assert with_database("mongodb://h:1/?w=1", "x") == "mongodb://h:1/x?w=1"
    assert with_database("mongodb://u:p@h/d", "x") == "mongodb://u:p@h/x?authSource=d"


async def test_names_that_look_like_paths_and_operators_come_back(mongodb_url: str) -> None:
    documents = MongoDocuments(mongodb_url)
    written = contents(
        loss=LossReport(undecodable={key: i for i, key in enumerate(HOSTILE_KEYS)}),
        file_metadata=(("setup", dict.fromkeys(HOSTILE_KEYS, "x")), ("empty", {})),
    )
    await documents.contents.insert(written)
    assert await documents.contents.get(written.id) == written
    params = dict.fromkeys(HOSTILE_KEYS, "$set")
    await documents.jobs.insert(job("x"))
    assert (await documents.jobs.change("x", {"params": params})).params == params
    await documents.close()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(), st.text()), st.lists(st.tuples(st.text(), st.dictionaries(st.text(), st.text()))))
def test_any_map_and_list_comes_back(params: dict[str, str], entries: list[tuple[str, dict[str, str]]]) -> None:
    for kind, document in ((Job, job("x", params=params)), (Contents, contents(file_metadata=tuple(entries)))):
        codec = Codec(kind)
        stored = codec.encode(document)
        assert codec.decode(stored) == document
        names = [name for value in stored.values() if isinstance(value, dict) for name in value]
        assert not any(re.search(r"[.$\0]", name) for name in names)


@pytest.mark.parametrize("value", [{"$gt": ""}, {"$ne": None}, re.compile(".*"), ["READY"], b"x", object()])
async def test_only_scalars_are_compared(mongodb_url: str, value: object) -> None:
    documents = MongoDocuments(mongodb_url)
    for condition in (Equals("kind", value), OneOf("kind", (value,)), Between("kind", value)):  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="no value to compare"):
            await documents.jobs.find([condition])
    await documents.close()


async def test_a_list_is_no_scalar(mongodb_url: str) -> None:
    """MongoDB would look into the list."""
    documents = MongoDocuments(mongodb_url)
    await documents.recordings.insert(recording())
    for condition in (Equals("names", "a.mcap"), Between("names", "a"), Contains("names", "a")):
        assert await documents.recordings.count([condition]) == 0
    await documents.close()


@pytest.mark.parametrize("descending", [False, True])
async def test_pages_go_on_from_numbers_to_texts(mongodb_url: str, descending: bool) -> None:
    documents = MongoDocuments(mongodb_url)
    values = [1.5, -2.0, "a", "", None, 3.0, "b", None]
    await documents.signals.put_many([Signal(f"s{i}", "r", "n", "float", first=v) for i, v in enumerate(values)])
    found, after = [], None
    while True:
        page = await documents.signals.find(sort=Sort("first", descending), limit=1, after=after)
        found += [signal.first for signal in page.items]
        if (after := page.next) is None:
            break
    ordered = [-2.0, 1.5, 3.0, "", "a", "b"]
    assert found == [*(reversed(ordered) if descending else ordered), None, None]
    await documents.close()


async def test_a_search_too_long_for_a_pattern_is_refused(mongodb_url: str) -> None:
    documents = MongoDocuments(mongodb_url)
    assert await documents.recordings.count([Contains("search", "." * MAX_CONTAINS)]) == 0
    with pytest.raises(Rejected) as refused:
        await documents.recordings.count([Contains("search", "." * (MAX_CONTAINS + 1))])
    assert refused.value.code == "search_too_long"
    await documents.close()


async def test_a_document_over_16_mib_is_refused(mongodb_url: str) -> None:
    documents = MongoDocuments(mongodb_url)
    with pytest.raises(Rejected) as refused:
        await documents.jobs.insert(job("x", params={"x": "x" * 17_000_000}))
    assert refused.value.code == "too_large"
    await documents.close()
