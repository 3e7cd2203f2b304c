"""What ``ports/documents.py`` promises of writing documents, on every side."""

from __future__ import annotations

import asyncio
import math

import msgspec
import pytest

from paddock.domain.catalogue import Catalogue, Entry
from paddock.domain.catalogue_defaults import Role
from paddock.domain.contents import Contents, contents_id
from paddock.domain.history import Change
from paddock.domain.job import Job, JobState
from paddock.domain.own_fields import OwnField
from paddock.domain.recording import Attachment, ChannelSummary, Failure, Loss, LossReport
from paddock.domain.signal_names import SignalName
from paddock.domain.topic_set import TopicSet
from paddock.domain.upload import Upload
from paddock.ports.documents import Between, Contains, Documents, Equals, Exists, OneOf, Sort
from tests.adapters.builders import HOSTILE, INT64_MAX, car, every, job, numbers, recording, signal

pytestmark = pytest.mark.anyio


async def test_a_document_comes_back_as_it_went_in(documents: Documents) -> None:
    written = recording(
        1,
        names=("a.mcap", *HOSTILE),
        started_ns=INT64_MAX,
        duration_ns=-INT64_MAX - 1,
        metadata=car("HT09 'x'"),
        loss=LossReport(lost_ns=INT64_MAX).sums,
        error=Failure("code", "message"),
    )
    inside = Contents(
        contents_id(written.id, "b"),
        written.id,
        "b",
        channels=(ChannelSummary("/VN Data\u2028", "s", "n", "protobuf", "protobuf", 3, rate_hz=0.1),),
        attachments=(Attachment("a/b.json", "text/html", INT64_MAX, 0, 17, 4),),
        loss=LossReport(losses=(Loss("bad_crc", 2**40, 1),)),
    )
    assert await documents.recordings.insert(written)
    assert await documents.recordings.get(written.id) == written
    assert await documents.contents.insert(inside)
    assert await documents.contents.get(inside.id) == inside
    assert await documents.recordings.get("nothing") is None
    assert (await documents.recordings.find()).items == (written,)


async def test_every_collection_is_its_own(documents: Documents) -> None:
    assert await documents.jobs.insert(job("x"))
    assert await documents.uploads.insert(Upload("x", "0" * 64, "a.mcap", 1, 1, 0))
    assert await documents.jobs.count() == 1
    assert await documents.recordings.count() == await documents.artifacts.count() == 0


async def test_insert_never_replaces(documents: Documents) -> None:
    assert await documents.jobs.insert(job("x", subject="first"))
    assert not await documents.jobs.insert(job("x", subject="second"))
    assert (await documents.jobs.get("x")).subject == "first"


async def test_one_of_many_inserts_of_one_id_wins(documents: Documents) -> None:
    won = await asyncio.gather(*(documents.jobs.insert(job("x", subject=str(i))) for i in range(20)))
    assert sum(won) == 1
    assert (await documents.jobs.get("x")).subject == str(won.index(True))


async def test_put_many_adds_and_replaces_all_or_nothing(documents: Documents) -> None:
    await documents.signals.put_many([])
    await documents.signals.put_many([signal(1, "a"), signal(1, "b")])
    await documents.signals.put_many([signal(1, "b", max=5.0), signal(1, "c")])
    assert [(s.name, s.max) for s in await every(documents.signals)] == [("a", None), ("b", 5.0), ("c", None)]
    with pytest.raises(ValueError, match="int64"):
        await documents.signals.put_many([signal(2, "d"), signal(2, "e", count=INT64_MAX + 1)])
    assert await documents.signals.count() == 3


async def test_readers_never_see_half_of_a_put_many(documents: Documents) -> None:
    async def write() -> None:
        for round_ in range(10):
            await documents.signals.put_many([signal(i, "a", count=round_) for i in range(50)])

    async def read() -> None:
        for _ in range(30):
            counts = {s.count for s in (await documents.signals.find(limit=100)).items}
            assert len(counts) <= 1

    await asyncio.gather(write(), read(), read())


async def test_change_sets_fields_where_the_conditions_hold(documents: Documents) -> None:
    await documents.jobs.insert(job("x"))
    changes = {"state": JobState.RUNNING, "error": Failure("c", "m"), "params": {"a'": '"b'}}
    changed = await documents.jobs.change("x", changes, [Equals("state", JobState.QUEUED)])
    assert changed == job("x", state=JobState.RUNNING, error=Failure("c", "m"), params={"a'": '"b'})
    assert await documents.jobs.get("x") == changed
    assert await documents.jobs.change("x", {"tries": 9}, [Equals("state", JobState.QUEUED)]) is None
    assert await documents.jobs.change("missing", {"tries": 9}) is None
    assert await documents.jobs.get("x") == changed
    assert (await documents.jobs.change("x", {"error": None})).error is None


@pytest.mark.parametrize(
    "changes",
    [
        {"no_such_field": 1},
        {"id": "y"},
        {"tries'": 1},
        {},
        {"tries": INT64_MAX + 1},
        {"tries": 2**70},
        {"tries": "many"},
        {"progress": math.nan},
    ],
)
async def test_a_change_that_cannot_be_read_back_is_refused(documents: Documents, changes: dict) -> None:
    await documents.jobs.insert(job("x"))
    with pytest.raises(ValueError):
        await documents.jobs.change("x", changes)
    assert await documents.jobs.get("x") == job("x")


async def test_compare_and_set_loses_no_edit(documents: Documents) -> None:
    await documents.recordings.insert(recording(1, message_count=0))

    async def add_one() -> None:
        while True:
            known = await documents.recordings.get(f"{1:064x}")
            changes = {"message_count": known.message_count + 1, "version": known.version + 1}
            if await documents.recordings.change(known.id, changes, [Equals("version", known.version)]):
                return

    await asyncio.gather(*(add_one() for _ in range(12)))
    assert (await documents.recordings.get(f"{1:064x}")).message_count == 12


async def test_change_first_follows_the_sort_and_gives_each_to_one(documents: Documents) -> None:
    await documents.jobs.put_many([job(f"j{i:02}", due_at=100 - i, place=100 - i) for i in range(30)])
    where = [Equals("state", "queued"), Between("due_at", below=95)]

    async def take() -> Job | None:
        return await documents.jobs.change_first(where, Sort("place"), {"state": JobState.RUNNING})

    first = await take()
    assert first == job("j29", due_at=71, place=71, state=JobState.RUNNING)
    taken = await asyncio.gather(*(take() for _ in range(30)))
    assert sorted(t.id for t in taken if t) == [f"j{i:02}" for i in range(6, 29)]
    assert taken.count(None) == 7


async def test_change_first_puts_nulls_last(documents: Documents) -> None:
    await documents.recordings.put_many([recording(1), recording(2, started_ns=5), recording(3, started_ns=4)])
    order = []
    for _ in range(3):
        sort = Sort("started_ns")
        changed = await documents.recordings.change_first([Equals("build", "")], sort, {"build": "b"})
        order.append(int(changed.id, 16))
    assert order == [3, 2, 1]


async def test_nan_and_infinities_are_null(documents: Documents) -> None:
    await documents.signals.insert(signal(1, "a", min=-math.inf, max=math.inf, mean=math.nan, first=math.nan))
    assert await documents.signals.get(f"{1:064x}:a") == signal(1, "a")
    assert await documents.signals.count([Exists("max")]) == 0
    assert await documents.signals.count([Equals("mean", None)]) == 1


@pytest.mark.parametrize("number", [INT64_MAX, -INT64_MAX - 1, 2**53 + 1, -(2**53) - 1])
async def test_integers_are_exact_within_int64(documents: Documents, number: int) -> None:
    await documents.recordings.put_many([recording(1, started_ns=number), recording(2, started_ns=number // 2)])
    assert await numbers(documents, Equals("started_ns", number)) == [1]
    assert (await documents.recordings.get(f"{1:064x}")).started_ns == number
    assert await documents.recordings.facet("started_ns", [Equals("started_ns", number)]) == [(number, 1)]


@pytest.mark.parametrize("number", [INT64_MAX + 1, -INT64_MAX - 2, 2**64, 2**200])
async def test_integers_beyond_int64_are_refused(documents: Documents, number: int) -> None:
    with pytest.raises(ValueError):
        await documents.recordings.insert(recording(1, started_ns=number))
    with pytest.raises(ValueError):
        await documents.recordings.find([Equals("started_ns", number)])
    with pytest.raises(ValueError):
        await documents.recordings.find([Between("started_ns", below=number)])
    assert await documents.recordings.count() == 0


async def test_delete_removes_what_matches_and_never_everything_by_mistake(documents: Documents) -> None:
    await documents.recordings.put_many([recording(i) for i in range(5)])
    with pytest.raises(ValueError):
        await documents.recordings.delete([])
    assert await documents.recordings.delete([Between("uploaded_at", below=2)]) == 2
    assert await documents.recordings.delete([Between("uploaded_at", below=2)]) == 0
    assert await numbers(documents) == [2, 3, 4]


async def test_fields_of_a_team_keep_the_order_in_which_they_were_added(documents: Documents) -> None:
    tyres = OwnField("tyre_set", "Tyre ☃ set", ("R25B", "it's wet"), column=True, added_at=2, changed_by="Ada")
    assert await documents.fields.insert(tyres) and not await documents.fields.insert(tyres)
    await documents.fields.insert(OwnField("a", "A", added_at=3))
    await documents.fields.insert(OwnField("z", "Z", added_at=1))
    listed = await documents.fields.find(sort=Sort("added_at"))
    assert [each.id for each in listed.items] == ["z", "tyre_set", "a"]
    assert await documents.fields.get("tyre_set") == tyres
    changed = await documents.fields.change("tyre_set", {"choices": (), "column": False})
    assert changed == msgspec.structs.replace(tyres, choices=(), column=False)
    assert await documents.fields.delete([Equals("id", "a")]) == 1


async def test_a_catalogue_is_changed_by_its_version(documents: Documents) -> None:
    entry = Entry("VNData.v ☃", ("old.v",), ("HT09",), label="", unit="m/s", role=Role.SPEED, low=-0.5)
    first = Catalogue(signals=(entry, Entry("b")), version=1, changed_at=INT64_MAX, changed_by="Ada")
    assert await documents.catalogues.insert(first)
    assert not await documents.catalogues.insert(first)
    assert await documents.catalogues.get(first.id) == first
    changes = {"signals": (Entry("c"),), "version": 2}
    changed = await documents.catalogues.change(first.id, changes, [Equals("version", 1)])
    assert changed == msgspec.structs.replace(first, signals=(Entry("c"),), version=2)
    assert await documents.catalogues.change(first.id, changes, [Equals("version", 1)]) is None


async def test_history_and_names_are_documents_like_all_others(documents: Documents) -> None:
    change = Change("r:2:driver", "r", 2, INT64_MAX, "Ada", "driver", None, "", "Eve ☃")
    await documents.history.put_many([change, change])
    assert (await documents.history.find([Equals("recording", "r")], sort=Sort("at"))).items == (change,)
    name = SignalName("A.b c.x", "A.b c", "float", "a.b c.x")
    await documents.signal_names.put_many([name])
    assert (await documents.signal_names.find([Contains("search", "b c")])).items == (name,)
    assert list(await documents.signal_names.facet("topic")) == [("A.b c", 1)]


async def test_a_set_of_topics_is_a_document(documents: Documents) -> None:
    topics = TopicSet("a1", ("/VN Data", "It's $1.50", "Übersicht"))
    assert await documents.topic_sets.insert(topics)
    assert not await documents.topic_sets.insert(topics)
    assert (await documents.topic_sets.find([OneOf("id", ("a1", "b2"))])).items == (topics,)
