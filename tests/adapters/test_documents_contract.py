"""What ``ports/documents.py`` promises, on every side."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

import msgspec
import pytest

from paddock.domain.catalogue import Catalogue, Entry
from paddock.domain.catalogue_defaults import Role
from paddock.domain.history import Change
from paddock.domain.job import Job, JobState
from paddock.domain.recording import (
    ChannelSummary,
    Failure,
    MetadataSource,
    MetadataValue,
    Recording,
    Signal,
    Status,
)
from paddock.domain.signal_names import SignalName
from paddock.domain.topic_set import TopicSet
from paddock.domain.upload import Upload
from paddock.errors import Rejected
from paddock.ports.documents import (
    MAX_PAGE,
    Between,
    Collection,
    Condition,
    Contains,
    Documents,
    Equals,
    Exists,
    Group,
    HasElement,
    HasSignal,
    OneOf,
    Sort,
    StartsWith,
)

pytestmark = pytest.mark.anyio

INT64_MAX = 2**63 - 1
HOSTILE = [
    "",
    " ",
    "%",
    "_",
    "*",
    "?",
    "[a-z]",
    ".*",
    "$.id",
    "'",
    '"',
    "\\",
    "'; DROP TABLE recordings; --",
    '") OR 1=1 --',
    "a\nb",
    "Österreich",
    "Привет",
    "東京",
    "🏎️",
    "e\u0301",
    "é",
    "\U0010ffff",
    "null",
    "1",
]


def recording(number: int, **fields: object) -> Recording:
    defaults = {"names": (f"run_{number}.mcap",), "size_bytes": 1, "status": Status.READY, "uploaded_at": number}
    return Recording(**{"id": f"{number:064x}", **defaults, **fields})


def job(name: str, **fields: object) -> Job:
    return Job(**{"id": name, "kind": "ingest", "subject": "s", "created_at": 0, "due_at": 0, **fields})


def signal(number: int, name: str, **fields: object) -> Signal:
    recording_id = f"{number:064x}"
    return Signal(
        **{"id": f"{recording_id}:{name}", "recording": recording_id, "name": name, "dtype": "float", **fields}
    )


def car(value: str) -> dict[str, MetadataValue]:
    return {"car": MetadataValue(value, MetadataSource.PERSON)}


async def every(collection: Collection, where: Sequence[Condition] = (), **asked: object) -> list:
    """All pages, one after the other."""
    found, after = [], None
    while True:
        page = await collection.find(where, after=after, **asked)
        found += page.items
        if page.next is None:
            return found
        after = page.next


async def numbers(documents: Documents, *where: Condition, sort: Sort = Sort()) -> list[int]:  # noqa: B008
    return [int(found.id, 16) for found in await every(documents.recordings, where, sort=sort)]


async def test_a_document_comes_back_as_it_went_in(documents: Documents) -> None:
    written = recording(
        1,
        names=("a.mcap", *HOSTILE),
        started_ns=INT64_MAX,
        duration_ns=-INT64_MAX - 1,
        metadata=car("HT09 'x'"),
        channels=(ChannelSummary("/VN Data\u2028", "s", "n", "protobuf", "protobuf", 3, rate_hz=0.1),),
        error=Failure("code", "message"),
    )
    assert await documents.recordings.insert(written)
    assert await documents.recordings.get(written.id) == written
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
    await documents.jobs.put_many([job(f"j{i:02}", due_at=100 - i) for i in range(30)])
    where = [Equals("state", "queued"), Between("due_at", below=95)]

    async def take() -> Job | None:
        return await documents.jobs.change_first(where, Sort("due_at"), {"state": JobState.RUNNING})

    first = await take()
    assert first == job("j29", due_at=71, state=JobState.RUNNING)
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


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Equals("status", Status.READY), [1, 2]),
        (Equals("started_ns", 20), [2]),
        (Equals("started_ns", 20.0), [2]),
        (Equals("started_ns", "20"), []),
        (Equals("started_ns", None), [3, 4]),
        (Equals("error.code", "bad"), [4]),
        (Equals("nothing.here", None), [1, 2, 3, 4]),
        (Equals("metadata.car.value", "HT09"), [1]),
        (Equals("metadata.car.value", "ht09"), []),
        (OneOf("metadata.car.value", ("HT09", "HT08", "x")), [1, 2]),
        (OneOf("metadata.car.value", ("HT09", None)), [1, 4]),
        (OneOf("status", ()), []),
        (OneOf("id", (f"{1:064x}", f"{4:064x}")), [1, 4]),
        (Between("started_ns", 10, 20), [1]),
        (Between("started_ns", 10), [1, 2]),
        (Between("started_ns", below=20), [1]),
        (Between("started_ns"), [1, 2]),
        (Between("metadata.car.value", 5), []),
        (Between("metadata.car.value", below=5), []),
        (Between("started_ns", "a"), []),
        (Between("started_ns", below="a"), []),
        (Between("metadata.car.value", "HT09"), [1, 3]),
        (Between("metadata.car.value", below="HT09"), [2]),
        (Exists("started_ns"), [1, 2]),
        (Exists("started_ns", False), [3, 4]),
        (StartsWith("metadata.car.value", "HT0"), [1, 2]),
        (StartsWith("metadata.car.value", ""), [1, 2, 3]),
        (StartsWith("metadata.car.value", "%"), []),
        (StartsWith("id", "0" * 63), [1, 2, 3, 4]),
        (Contains("search", "über"), [3]),
        (Contains("search", "50%"), [3]),
        (Contains("search", "5_%"), []),
        (Contains("search", "."), [3]),
        (HasElement("channels", "topic", "VNData"), [1, 2]),
        (HasElement("channels", "topic", "VN"), []),
        (HasElement("channels", "rate_hz", None), [2]),
        (HasElement("names", "", "run_3.mcap"), [3]),
        (HasElement("names", "topic", "x"), []),
        (HasElement("nothing", "", "x"), []),
        (HasSignal("VNData.v", "max", ">", 10), [2]),
        (HasSignal("VNData.v", "max", ">=", 10), [1, 2]),
        (HasSignal("VNData.v", "min", "<", 0), [1]),
        (HasSignal("VNData.v", "min", "=", 0), [2]),
        (HasSignal("VNData.v", "mean", "<=", 1e300), []),
        (HasSignal("Mode", "first", ">", 0), []),
        (HasSignal("Mode", "first", "<", 0), []),
        (HasSignal("Nope", "max", ">", 0), []),
    ],
)
async def test_filters(documents: Documents, condition: Condition, expected: list[int]) -> None:
    def channel(topic: str, rate_hz: float | None = 1.0) -> ChannelSummary:
        return ChannelSummary(topic, topic, "s", "protobuf", "protobuf", 1, rate_hz=rate_hz)

    await documents.recordings.put_many(
        [
            recording(1, started_ns=10, metadata=car("HT09"), channels=(channel("VNData"),)),
            recording(2, started_ns=20, metadata=car("HT08"), channels=(channel("X"), channel("VNData", None))),
            recording(3, status=Status.FAILED, metadata=car("Österreich"), search="über 50% [a.b]"),
            recording(4, status=Status.FAILED, error=Failure("bad", "")),
        ]
    )
    await documents.signals.put_many(
        [
            signal(1, "VNData.v", max=10.0, min=-1.0, mean=math.nan),
            signal(2, "VNData.v", max=11.0, min=0.0),
            signal(2, "VNData.w", max=99.0),
            signal(1, "Mode", first="drive"),
        ]
    )
    assert await numbers(documents, condition) == expected
    assert await documents.recordings.count([condition]) == len(expected)
    assert await numbers(documents, condition, Between("uploaded_at", 2)) == [n for n in expected if n >= 2]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_is_only_text(documents: Documents, text: str) -> None:
    await documents.recordings.put_many(
        [recording(1, metadata=car(text), search=f"a{text}b"), recording(2, metadata=car("other"), search="other")]
    )
    await documents.signals.put_many([signal(1, text, max=1.0), signal(2, "other", max=1.0)])
    field = "metadata.car.value"
    assert await numbers(documents, Equals(field, text)) == [1]
    assert await numbers(documents, OneOf(field, (text, "x"))) == [1]
    assert 1 in await numbers(documents, StartsWith(field, text))
    assert 1 in await numbers(documents, Contains("search", text))
    assert await numbers(documents, HasSignal(text, "max", ">", 0)) == [1]
    assert dict(await documents.recordings.facet(field)) == {text: 1, "other": 1}
    assert (await documents.recordings.find([Equals(field, text)], sort=Sort(field))).items[0].metadata == car(text)


HOSTILE_FIELDS = ["", ".", "a.", "a..b", "a b", "id'", "x') OR 1=1 --", "names[0]", "$.id", '"', "é", "a\n", "1a"]


@pytest.mark.parametrize("field", HOSTILE_FIELDS)
async def test_a_field_is_a_path_of_plain_names_and_nothing_else(documents: Documents, field: str) -> None:
    collection = documents.recordings
    conditions = [
        Equals(field, "x"),
        OneOf(field, ("x",)),
        Between(field, 1),
        Exists(field),
        StartsWith(field, "x"),
        Contains(field, "x"),
        HasElement(field, "topic", "x"),
        *([HasElement("channels", field, "x")] if field else []),
    ]
    for condition in conditions:
        with pytest.raises(ValueError):
            await collection.find([condition])
    with pytest.raises(ValueError):
        await collection.find(sort=Sort(field))
    with pytest.raises(ValueError):
        await collection.facet(field)


async def test_hostile_words_of_has_signal_are_refused(documents: Documents) -> None:
    with pytest.raises(ValueError):
        await documents.recordings.find([HasSignal("x", "max') --", ">", 0)])  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        await documents.recordings.find([HasSignal("x", "max", "> 0 OR 1 =", 0)])  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        await documents.jobs.find([HasSignal("x", "max", ">", 0)])


@pytest.mark.parametrize("field", ["id", "started_ns", "uploaded_at", "metadata.car.value", "status"])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_pages_are_complete_and_in_order(
    documents: Documents, field: str, descending: bool, limit: int
) -> None:
    cars = ["b", "a", "", "é", "Z", None]
    written = [
        recording(
            i,
            uploaded_at=i // 4,
            started_ns=None if i % 3 == 0 else INT64_MAX - i // 2,
            status=Status.FAILED if i % 5 else Status.READY,
            metadata=car(cars[i % 6]) if cars[i % 6] is not None else {},
        )
        for i in range(14)
    ]
    await documents.recordings.put_many(written)

    def value(found: Recording) -> object:
        return found.metadata["car"].value if "car" in found.metadata else None

    def key(found: Recording) -> tuple:
        what = value(found) if "." in field else getattr(found, field)
        return (what, found.id)

    with_value = sorted((r for r in written if key(r)[0] is not None), key=key, reverse=descending)
    without = sorted((r for r in written if key(r)[0] is None), key=lambda r: r.id, reverse=descending)
    found = await every(documents.recordings, sort=Sort(field, descending), limit=limit)
    assert [r.id for r in found] == [r.id for r in with_value + without]


async def test_floats_sort_and_continue_exactly(documents: Documents) -> None:
    values = [0.1, 0.1 + 2**-54, -0.0, 1e-300, 1e300, -1.5, 1 / 3, 5e-324, 123456789.123456789]
    await documents.signals.put_many([signal(i, "a", max=v) for i, v in enumerate(values)])
    found = await every(documents.signals, sort=Sort("max"), limit=1)
    assert [s.max for s in found] == sorted(values)


async def test_a_page_holds_at_most_max_page(documents: Documents) -> None:
    await documents.jobs.put_many([job(f"{i:05}") for i in range(MAX_PAGE + 2)])
    page = await documents.jobs.find(limit=MAX_PAGE * 10)
    assert len(page.items) == MAX_PAGE
    assert len((await documents.jobs.find(limit=10, after=page.next)).items) == 2
    assert len((await documents.jobs.find(limit=0)).items) == 1


async def test_a_page_goes_on_where_it_was_although_documents_come_and_go(documents: Documents) -> None:
    await documents.recordings.put_many([recording(i) for i in range(0, 12, 2)])
    page = await documents.recordings.find(sort=Sort("uploaded_at"), limit=3)
    await documents.recordings.delete([Equals("uploaded_at", 4)])
    await documents.recordings.put_many([recording(1), recording(7)])
    rest = await documents.recordings.find(sort=Sort("uploaded_at"), after=page.next)
    assert [r.uploaded_at for r in rest.items] == [6, 7, 8, 10]


async def test_an_edited_or_foreign_cursor_is_refused(documents: Documents) -> None:
    await documents.recordings.put_many([recording(i) for i in range(3)])
    await documents.jobs.put_many([job(str(i)) for i in range(3)])
    cursor = (await documents.recordings.find(sort=Sort("uploaded_at"), limit=1)).next
    assert cursor
    others = [cursor[:i] + ("A" if cursor[i] != "A" else "B") + cursor[i + 1 :] for i in range(len(cursor) - 1)]
    for edited in ["", "x", "é", "null", "\0", cursor[:-4], cursor + "AAAA", "A" * 5000, *others]:
        with pytest.raises(Rejected) as refused:
            await documents.recordings.find(sort=Sort("uploaded_at"), after=edited)
        assert refused.value.code == "bad_cursor"
    for sort in (Sort(), Sort("started_ns"), Sort("uploaded_at", descending=True)):
        with pytest.raises(Rejected):
            await documents.recordings.find(sort=sort, after=cursor)
    job_cursor = (await documents.jobs.find(limit=1)).next
    with pytest.raises(Rejected):
        await documents.recordings.find(after=job_cursor)


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


async def test_facets_count_what_matches(documents: Documents) -> None:
    cars = ["b", "a", "c", "b", "c", None]
    await documents.recordings.put_many(
        [recording(i, metadata=car(c) if c else {}, deleted_at=None if i else 1) for i, c in enumerate(cars)]
    )
    field = "metadata.car.value"
    assert await documents.recordings.facet(field) == [("b", 2), ("c", 2), ("a", 1)]
    here = [Equals("deleted_at", None)]
    assert await documents.recordings.facet(field, here) == [("c", 2), ("a", 1), ("b", 1)]
    assert await documents.recordings.facet(field, here, limit=1) == [("c", 2)]
    assert await documents.recordings.facet("started_ns") == []


async def test_delete_removes_what_matches_and_never_everything_by_mistake(documents: Documents) -> None:
    await documents.recordings.put_many([recording(i) for i in range(5)])
    with pytest.raises(ValueError):
        await documents.recordings.delete([])
    assert await documents.recordings.delete([Between("uploaded_at", below=2)]) == 2
    assert await documents.recordings.delete([Between("uploaded_at", below=2)]) == 0
    assert await numbers(documents) == [2, 3, 4]


async def test_readers_never_see_half_of_a_put_many(documents: Documents) -> None:
    async def write() -> None:
        for round_ in range(10):
            await documents.signals.put_many([signal(i, "a", count=round_) for i in range(50)])

    async def read() -> None:
        for _ in range(30):
            counts = {s.count for s in (await documents.signals.find(limit=100)).items}
            assert len(counts) <= 1

    await asyncio.gather(write(), read(), read())


def test_the_conditions_are_the_closed_list() -> None:
    """A new condition needs a line in ``test_filters`` on every side."""
    names = {kind.__name__ for kind in Condition.__args__}
    assert names == {
        "Equals", "OneOf", "Between", "Exists", "StartsWith", "Contains", "HasElement", "HasSignal",
    }  # fmt: skip
    assert all(issubclass(kind, msgspec.Struct) for kind in Condition.__args__)


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


async def test_a_topic_is_found_for_as_long_as_it_is_there(documents: Documents) -> None:
    """Lists that are looked into follow every way of writing."""

    def channels(*topics: str) -> tuple[ChannelSummary, ...]:
        return tuple(ChannelSummary(topic, topic, "s", "protobuf", "protobuf", 1) for topic in topics)

    async def having(topic: str) -> list[int]:
        page = await documents.recordings.find([HasElement("channels", "topic", topic)])
        return [int(found.id, 16) for found in page.items]

    await documents.recordings.insert(recording(1, channels=channels("A", "A", "it's")))
    await documents.recordings.insert(recording(1, channels=channels("B")))
    await documents.recordings.put_many([recording(2, channels=channels("A")), recording(3)])
    assert (await having("A"), await having("B"), await having("it's")) == ([1, 2], [], [1])
    await documents.recordings.put_many([recording(2, channels=channels("B"))])
    await documents.recordings.change(recording(3).id, {"channels": channels("B")})
    assert (await having("A"), await having("B")) == ([1], [2, 3])
    await documents.recordings.change_first([], Sort("id"), {"channels": channels("C")})
    with pytest.raises(ValueError):
        await documents.recordings.change(recording(3).id, {"channels": channels("C"), "size_bytes": "x"})
    assert (await having("A"), await having("C")) == ([], [1])
    await documents.recordings.delete([Equals("id", recording(2).id)])
    assert await having("B") == [3]


async def test_history_and_names_are_documents_like_all_others(documents: Documents) -> None:
    change = Change("r:2:driver", "r", 2, INT64_MAX, "Ada", "driver", None, "", "Eve ☃")
    await documents.history.put_many([change, change])
    assert (await documents.history.find([Equals("recording", "r")], sort=Sort("at"))).items == (change,)
    name = SignalName("A.b c.x", "A.b c", "float", "a.b c.x")
    await documents.signal_names.put_many([name])
    assert (await documents.signal_names.find([Contains("search", "b c")])).items == (name,)
    assert list(await documents.signal_names.facet("topic")) == [("A.b c", 1)]


async def test_sums_are_made_by_group_and_null_is_one(documents: Documents) -> None:
    cars = ["b", "a", "b", None]
    await documents.recordings.put_many(
        [
            recording(i, size_bytes=10**i, metadata=car(c) if c else {}, deleted_at=None if i else 1)
            for i, c in enumerate(cars)
        ]
    )
    by_car = await documents.recordings.sums("size_bytes", ["metadata.car.value"])
    assert by_car == [Group((None,), 1, 1000), Group(("b",), 2, 101), Group(("a",), 1, 10)]
    two = await documents.recordings.sums(
        "size_bytes", ["metadata.car.value", "id"], [Equals("deleted_at", None), Equals("metadata.car.value", "b")]
    )
    assert two == [Group(("b", f"{2:064x}"), 1, 100)]
    assert await documents.artifacts.sums("size_bytes", ["format"]) == []
    with pytest.raises(ValueError):
        await documents.recordings.sums("size_bytes", ["x') --"])
    with pytest.raises(ValueError):
        await documents.recordings.sums("a b", ["id"])


async def test_several_fields_are_counted_together_and_null_is_a_value(documents: Documents) -> None:
    cars = ["b", "a", "b", "b", None, "a"]
    await documents.recordings.put_many(
        [
            recording(
                i, metadata=car(c) if c else {}, topic_set="x" if i % 2 else None, deleted_at=None if i else 1
            )
            for i, c in enumerate(cars)
        ]
    )
    by = ["metadata.car.value", "topic_set"]
    here = [Equals("deleted_at", None)]
    counted = await documents.recordings.counts(by, here)
    assert sorted(counted, key=str) == [(("a", "x"), 2), (("b", "x"), 1), (("b", None), 1), ((None, None), 1)]
    assert counted[0] == (("a", "x"), 2), "the most frequent first"
    few = await documents.recordings.counts(by, [*here, OneOf("topic_set", ("x", "y")), Contains("search", "")])
    assert dict(few) == {("a", "x"): 2, ("b", "x"): 1}
    assert await documents.recordings.counts(by, [Equals("topic_set", "y")]) == []
    with pytest.raises(ValueError):
        await documents.recordings.counts(["x') --"])


async def test_a_set_of_topics_is_a_document(documents: Documents) -> None:
    topics = TopicSet("a1", ("/VN Data", "It's $1.50", "Übersicht"))
    assert await documents.topic_sets.insert(topics)
    assert not await documents.topic_sets.insert(topics)
    assert (await documents.topic_sets.find([OneOf("id", ("a1", "b2"))])).items == (topics,)
