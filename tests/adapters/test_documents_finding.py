"""What ``ports/documents.py`` promises of filters, order and pages, on every side."""

from __future__ import annotations

import math
from itertools import product

import msgspec
import pytest

from paddock.domain.recording import Failure, Recording, Status
from paddock.domain.setup_values import SetupSheet
from paddock.domain.topic_set import TopicSet
from paddock.errors import Rejected
from paddock.ports.documents import (
    BY_ID,
    MAX_PAGE,
    Between,
    Condition,
    Contains,
    Documents,
    Equals,
    Exists,
    HasSignal,
    HasTopic,
    OneOf,
    Sort,
    StartsWith,
)
from tests.adapters.builders import HOSTILE, INT64_MAX, car, every, job, numbers, recording, signal

pytestmark = pytest.mark.anyio


FILTERS: list[tuple[Condition, list[int]]] = [
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
    (HasTopic("VNData"), [1, 2]),
    (HasTopic("X"), [2]),
    (HasTopic("VN"), []),
    (HasTopic("vndata"), []),
    (HasTopic("it's"), [1]),
    (HasTopic(""), []),
    (HasTopic("Of no recording"), []),
    (HasSignal("VNData.v", "max", ">", 10), [2]),
    (HasSignal("VNData.v", "max", ">=", 10), [1, 2]),
    (HasSignal("VNData.v", "min", "<", 0), [1]),
    (HasSignal("VNData.v", "min", "=", 0), [2]),
    (HasSignal("VNData.v", "mean", "<=", 1e300), []),
    (HasSignal("Mode", "first", ">", 0), []),
    (HasSignal("Mode", "first", "<", 0), []),
    (HasSignal("Nope", "max", ">", 0), []),
]


async def test_filters(documents: Documents) -> None:
    await documents.recordings.put_many(
        [
            recording(1, started_ns=10, metadata=car("HT09"), topic_set="a"),
            recording(2, started_ns=20, metadata=car("HT08"), topic_set="b"),
            recording(3, status=Status.FAILED, metadata=car("Österreich"), search="über 50% [a.b]"),
            recording(4, status=Status.FAILED, error=Failure("bad", "")),
        ]
    )
    await documents.topic_sets.put_many(
        [TopicSet("a", ("VNData", "it's")), TopicSet("b", ("VNData", "X")), TopicSet("c", ("Of no recording",))]
    )
    await documents.signals.put_many(
        [
            signal(1, "VNData.v", max=10.0, min=-1.0, mean=math.nan),
            signal(2, "VNData.v", max=11.0, min=0.0),
            signal(2, "VNData.w", max=99.0),
            signal(1, "Mode", first="drive"),
        ]
    )
    for condition, expected in FILTERS:
        assert await numbers(documents, condition) == expected, condition
        assert await documents.recordings.count([condition]) == len(expected), condition
        late = await numbers(documents, condition, Between("uploaded_at", 2))
        assert late == [n for n in expected if n >= 2], condition


async def test_hostile_text_is_only_text(documents: Documents) -> None:
    for text in HOSTILE:
        await finds_only_text(documents, text)
        for collection in (documents.recordings, documents.topic_sets, documents.signals):
            await collection.delete([Exists("id")])


async def finds_only_text(documents: Documents, text: str) -> None:
    await documents.recordings.put_many(
        [
            recording(1, metadata=car(text), search=f"a{text}b", topic_set="1"),
            recording(2, metadata=car("other"), search="other", topic_set="2"),
        ]
    )
    await documents.topic_sets.put_many([TopicSet("1", (text,)), TopicSet("2", ("other",))])
    await documents.signals.put_many([signal(1, text, max=1.0), signal(2, "other", max=1.0)])
    field = "metadata.car.value"
    assert await numbers(documents, Equals(field, text)) == [1]
    assert await numbers(documents, OneOf(field, (text, "x"))) == [1]
    assert 1 in await numbers(documents, StartsWith(field, text))
    assert 1 in await numbers(documents, Contains("search", text))
    assert await numbers(documents, HasSignal(text, "max", ">", 0)) == [1]
    assert await numbers(documents, HasTopic(text)) == [1]
    assert dict(await documents.recordings.facet(field)) == {text: 1, "other": 1}
    assert (await documents.recordings.find([Equals(field, text)], sort=Sort(field))).items[0].metadata == car(text)


HOSTILE_FIELDS = ["", ".", "a.", "a..b", "a b", "id'", "x') OR 1=1 --", "names[0]", "$.id", '"', "é", "a\n", "1a"]


async def test_a_field_is_a_path_of_plain_names_and_nothing_else(documents: Documents) -> None:
    collection = documents.recordings
    for field in HOSTILE_FIELDS:
        conditions = [
            Equals(field, "x"),
            OneOf(field, ("x",)),
            Between(field, 1),
            Exists(field),
            StartsWith(field, "x"),
            Contains(field, "x"),
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
        await documents.jobs.find([HasTopic("x")])
    with pytest.raises(ValueError):
        await documents.recordings.find([HasSignal("x", "max') --", ">", 0)])  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        await documents.recordings.find([HasSignal("x", "max", "> 0 OR 1 =", 0)])  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        await documents.jobs.find([HasSignal("x", "max", ">", 0)])


def test_the_conditions_are_the_closed_list() -> None:
    """A new condition needs a line in ``test_filters`` on every side."""
    names = {kind.__name__ for kind in Condition.__args__}
    assert names == {
        "Equals", "OneOf", "Between", "Exists", "StartsWith", "Contains", "HasTopic", "HasSignal",
    }  # fmt: skip
    assert all(issubclass(kind, msgspec.Struct) for kind in Condition.__args__)


async def test_a_topic_is_found_for_as_long_as_its_set_is_there(documents: Documents) -> None:
    """Lists that are looked into follow every way of writing."""
    a, b, c = (TopicSet(f"set {topic}", (topic,)) for topic in "ABC")

    async def having(topic: str) -> list[int]:
        return await numbers(documents, HasTopic(topic))

    await documents.topic_sets.insert(TopicSet("both", ("A", "A", "it's")))
    await documents.topic_sets.insert(TopicSet("both", ("B",)))
    await documents.topic_sets.put_many([a, TopicSet("empty", ())])
    await documents.recordings.put_many(
        [recording(1, topic_set="both"), recording(2, topic_set=a.id), recording(3, topic_set="empty")]
    )
    assert (await having("A"), await having("B"), await having("it's")) == ([1, 2], [], [1])
    await documents.topic_sets.put_many([b, c, TopicSet("both", ("A",))])
    await documents.recordings.change(recording(3).id, {"topic_set": b.id})
    assert (await having("A"), await having("B"), await having("it's")) == ([1, 2], [3], [])
    await documents.recordings.change_first([], Sort("id"), {"topic_set": c.id})
    assert (await having("A"), await having("C")) == ([2], [1])
    await documents.topic_sets.change(c.id, {"topics": ("D",)})
    assert (await having("C"), await having("D")) == ([], [1])
    await documents.topic_sets.delete([Equals("id", c.id)])
    assert await having("D") == []


async def test_several_topics_have_to_be_there_together(documents: Documents) -> None:
    await documents.topic_sets.put_many([TopicSet("x", ("A", "B")), TopicSet("y", ("A",)), TopicSet("z", ("B",))])
    await documents.recordings.put_many(
        [recording(number, topic_set=name) for number, name in enumerate("xyzx", 1)] + [recording(5)]
    )
    assert await numbers(documents, HasTopic("A"), HasTopic("B")) == [1, 4]
    await documents.signals.insert(signal(4, "A.v", max=2.0))
    assert await numbers(documents, HasTopic("A"), HasSignal("A.v", "max", ">", 1)) == [4]
    counted = await documents.recordings.counts(["topic_set"], [HasTopic("A")])
    assert sorted(counted) == [(("x",), 2), (("y",), 1)]


async def test_pages_are_complete_and_in_order(documents: Documents) -> None:
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

    def key(found: Recording, field: str) -> tuple:
        what = value(found) if "." in field else getattr(found, field)
        return (what, found.id)

    fields = ["id", "started_ns", "uploaded_at", "metadata.car.value", "status"]
    for field, descending in product(fields, [False, True]):
        keys = [(key(each, field), each.id) for each in written]
        with_value = sorted((each for each in keys if each[0][0] is not None), reverse=descending)
        without = sorted((each for each in keys if each[0][0] is None), key=lambda k: k[1], reverse=descending)
        expected = [recording_id for _, recording_id in with_value + without]
        for limit in (1, 2, 3, 50):
            found = await every(documents.recordings, sort=Sort(field, descending), limit=limit)
            assert [r.id for r in found] == expected, (field, descending, limit)


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


async def test_values_of_a_setup_sheet_are_found_by_number_and_by_text(documents: Documents) -> None:
    sheets: tuple[dict[str, float | str] | None, ...] = (
        {"spring": 35.0},
        {"spring": 37.5, "tires": "R25B"},
        {"spring": "soft", "tires": 12.0},
        None,
    )
    built = [
        recording(number, setup=None if values is None else SetupSheet(values))
        for number, values in enumerate(sheets)
    ]
    await documents.recordings.put_many(built)

    async def found(*where: Condition, sort: Sort = BY_ID) -> list[int]:
        page = await documents.recordings.find(where, sort=sort)
        return [next(place for place, each in enumerate(built) if each.id == item.id) for item in page.items]

    spring, tires = "setup.values.spring", "setup.values.tires"
    assert set(await found(Equals("deleted_at", None), Exists("setup.copied_from"))) == {0, 1, 2}
    assert await found(Between(spring, 36.0)) == [1], "a text is greater than no number"
    assert set(await found(Between(spring, None, 37.5))) == {0}
    assert await found(OneOf(spring, (35.0,))) == [0]
    assert await found(OneOf(tires, ("R25B", "r25b"))) == [1]
    assert await found(OneOf(tires, (12.0,))) == [2]
    assert set(await found(OneOf(tires, (None, "")))) == {0, 3}
    assert await found(sort=Sort(spring)) == [0, 1, 2, 3], "numbers before texts, then nothing"
    assert await found(sort=Sort(spring, descending=True)) == [2, 1, 0, 3]
    counted = dict(await documents.recordings.counts([spring]))
    assert counted == {(35.0,): 1, (37.5,): 1, ("soft",): 1, (None,): 1}
    changed = await documents.recordings.change(built[0].id, {"setup": SetupSheet({"spring": 40.0}, "other")})
    assert changed is not None and changed.setup == SetupSheet({"spring": 40.0}, "other")
