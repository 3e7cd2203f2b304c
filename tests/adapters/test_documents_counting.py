"""What ``ports/documents.py`` promises of facets, counts and sums, on every side."""

from __future__ import annotations

import pytest

from paddock.domain.own_fields import OwnField
from paddock.domain.recording import MetadataSource, MetadataValue
from paddock.ports.documents import Contains, Documents, Equals, Group, OneOf, Sort
from tests.adapters.builders import car, numbers, recording

pytestmark = pytest.mark.anyio


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


@pytest.mark.parametrize("indexed", [False, True])
async def test_a_field_of_the_teams_own_is_filtered_counted_and_sorted_by(
    documents: Documents, indexed: bool
) -> None:
    if indexed:
        await documents.fields.insert(OwnField("tyre_set", "Tyre set"))
        await documents.migrate()
    values = ["Wet", "R25B", None, "Wet", ""]
    tyres = [{} if v is None else {"tyre_set": MetadataValue(v, MetadataSource.PERSON)} for v in values]
    await documents.recordings.put_many([recording(i, metadata=said) for i, said in enumerate(tyres)])
    field = "metadata.tyre_set.value"
    assert await numbers(documents, OneOf(field, ("Wet", "x"))) == [0, 3]
    assert await numbers(documents, OneOf(field, ("", None))) == [2, 4]
    assert await numbers(documents, sort=Sort(field)) == [4, 1, 0, 3, 2]
    assert await numbers(documents, sort=Sort(field, descending=True)) == [3, 0, 1, 4, 2]
    counted = dict(await documents.recordings.counts(["metadata.car.value", field]))
    assert counted == {(None, "Wet"): 2, (None, "R25B"): 1, (None, ""): 1, (None, None): 1}


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
