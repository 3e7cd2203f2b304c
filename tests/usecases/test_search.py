"""Searching: what is found, counted and offered, and which day is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from paddock.domain.instants import INT64_MAX, NS_PER_S, from_rfc3339
from paddock.domain.recording import Recording, RunFigures, Signal, Status
from paddock.errors import Rejected
from paddock.ports.documents import Equals, HasSignal
from paddock.usecases.catalogue.signal_names import all_topics, complete_name
from paddock.usecases.context import Context
from paddock.usecases.find import topic_sets
from paddock.usecases.find.facets import MAX_OFFERED, count_facets
from paddock.usecases.find.search import (
    Search,
    bounds_of,
    find_day,
    read_comparison,
    search_recordings,
    without_start,
    write_comparison,
)
from paddock.usecases.find.topic_sets import find_topic_sets
from tests.logs import small_log
from tests.usecases.conftest import Team
from tests.web.builders import STARTED_NS, build_channel, build_contents, build_recording, metadata

DETROIT = ZoneInfo("America/Detroit")


async def put(context: Context, *recordings: Recording) -> None:
    await context.documents.recordings.put_many(recordings)


async def put_with_topics(context: Context, *built: tuple[Recording, Sequence[str]]) -> None:
    """Recordings whose logs have these topics, as somebody counted them."""
    await put(context, *(recording for recording, _ in built))
    await context.documents.contents.put_many(
        [build_contents(recording, channels=tuple(map(build_channel, topics))) for recording, topics in built]
    )
    await find_topic_sets(context.documents)


async def names(context: Context, search: Search) -> list[str]:
    return [found.name for found in (await search_recordings(context, search)).items]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max(BatteryPack.cell_temp) > 55", HasSignal("BatteryPack.cell_temp", "max", ">", 55)),
        (" MEAN( /a (b) )<=-1.5e3 ", HasSignal("/a (b)", "mean", "<=", -1500)),
        ("count(x)=0", HasSignal("x", "count", "=", 0)),
        ("first(max(x) > 1) < 2", HasSignal("max(x) > 1", "first", "<", 2)),
    ],
)
def test_comparisons_are_read_and_written(text: str, expected: HasSignal) -> None:
    assert read_comparison(text) == expected
    assert read_comparison(write_comparison(expected)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "max",
        "max()",
        "max(x)",
        "max(x) > ",
        "max(x) > nan",
        "max(x) > 1.2.3",
        "sum(x) > 1",
        "max(x) ~ 1",
        "max(x) > 1e999",
    ],
)
def test_other_words_are_no_comparison(text: str) -> None:
    with pytest.raises(Rejected, match="max\\(BatteryPack"):
        read_comparison(text)


@pytest.mark.anyio
async def test_everything_given_has_to_hold(context: Context) -> None:
    hot = build_recording("hot")
    eve = build_recording("eve", metadata=metadata(driver="Eve", notes="spun in (turn) 3.*"), health="recovered")
    bare = build_recording("bare", metadata={}, health="failed")
    await put_with_topics(context, (hot, ("VNData", "Odd topic")), (eve, ("VNData",)), (bare, ("Odd topic",)))
    await context.documents.signals.put_many([Signal("s", hot.id, "B.t", "float", max=60.0)])
    found = {
        "hot": [
            Search(comparisons=(HasSignal("B.t", "max", ">", 55),)),
            Search(topics=("Odd topic", "VNData")),
            Search(text="HOT adam"),
            Search(metadata={"driver": ("Adam",), "car": ("HT09",)}),
        ],
        "eve": [Search(text="(turn) 3.*"), Search(health=("recovered",)), Search(metadata={"driver": ("Eve",)})],
        "bare": [Search(metadata={"driver": ("",)}), Search(health=("failed",))],
    }
    for name, searches in found.items():
        for search in searches:
            assert await names(context, search) == [f"run_{name}.mcap"], search
    assert set(await names(context, Search(metadata={"driver": ("", "Eve")}))) == {"run_eve.mcap", "run_bare.mcap"}
    for nothing in (Search(text=".*x"), Search(topics=("VN",)), Search(text="%"), Search(before_ns=STARTED_NS)):
        assert await names(context, nothing) == []


@pytest.mark.anyio
async def test_too_much_at_once_is_refused_before_the_database_is_asked(context: Context) -> None:
    many = " ".join(map(str, range(60)))
    for search in (
        Search(text=many),
        Search(topics=tuple(many.split())),
        Search(metadata={"car": tuple(many.split())}),
    ):
        with pytest.raises(Rejected, match="too much"):
            await search_recordings(context, search)
    assert await names(context, Search(text="a " * 5_000)) == []


@pytest.mark.anyio
async def test_facets_offer_what_a_click_would_find(context: Context) -> None:
    await put(
        context,
        build_recording(1),
        build_recording(2, metadata=metadata(driver="Eve", car="HT09")),
        build_recording(3, metadata=metadata(driver="Eve", car="HT08"), health="recovered"),
        build_recording(4, metadata=metadata(car="HT08", driver="")),
        build_recording(5, deleted_at=1),
    )
    facets = (await count_facets(context, Search(metadata={"driver": ("Eve",)}))).values
    assert facets["driver"] == [("Eve", 2), ("Adam", 1), ("", 1)]
    assert facets["car"] == [("HT08", 1), ("HT09", 1)]
    assert facets["venue"] == [("", 2)]
    assert sorted(facets["health"]) == [("intact", 1), ("recovered", 1)]


@pytest.mark.anyio
async def test_unknown_values_count_also_where_there_are_more_than_are_offered(context: Context) -> None:
    drivers = [f"D{number % 60}" for number in range(120)] + [""]
    await put(
        context,
        *(build_recording(number, metadata=metadata(driver=driver)) for number, driver in enumerate(drivers)),
        build_recording(200, metadata={}),
    )
    counted = (await count_facets(context, Search())).values["driver"]
    assert len(counted) == MAX_OFFERED + 1
    assert counted[-1] == ("", 2)


@pytest.mark.anyio
async def test_a_day_begins_at_midnight_where_the_reader_is(context: Context) -> None:
    late = from_rfc3339("2026-04-19T01:30:00Z")  # the evening of the 18th in Detroit
    await put(
        context,
        build_recording("late", started_ns=late),
        build_recording("noon", started_ns=STARTED_NS),
        build_recording("old", started_ns=STARTED_NS - 5 * 86_400 * NS_PER_S),
        build_recording("parked", started_ns=STARTED_NS + 1, highlights=RunFigures(driven=False)),
        build_recording("short", started_ns=STARTED_NS + 2, duration_ns=NS_PER_S),
        build_recording("empty", started_ns=None, duration_ns=None, uploaded_at=late + 8 * 86_400 * NS_PER_S),
        build_recording("new", started_ns=None, status=Status.STORED, uploaded_at=late + 9 * 86_400 * NS_PER_S),
    )
    day = await find_day(context, DETROIT)
    assert day is not None and day.day == date(2026, 4, 18)
    assert [each.name for each in day.driven] == ["run_late.mcap", "run_short.mcap", "run_noon.mcap"]
    assert [each.name for each in day.parked] == ["run_parked.mcap"], "of a short log nobody knows"
    assert [each.name for each in day.arriving] == ["run_new.mcap"]
    assert [each.name for each in day.timeless] == ["run_empty.mcap"]
    assert (day.before, day.after) == (date(2026, 4, 13), None)
    utc = await find_day(context, ZoneInfo("UTC"))
    assert utc is not None and (utc.day, len(utc.driven)) == (date(2026, 4, 19), 1)
    empty = await find_day(context, DETROIT, date(2026, 4, 15))
    assert empty is not None and not (empty.driven or empty.parked or empty.arriving)
    assert (empty.before, empty.after) == (date(2026, 4, 13), date(2026, 4, 18))
    assert [each.name for each in await without_start(context, Search())] == ["run_new.mcap", "run_empty.mcap"]


@pytest.mark.anyio
async def test_without_recordings_there_is_no_day(context: Context) -> None:
    assert await find_day(context, DETROIT) is None


def test_a_day_of_the_clock_change_has_another_length() -> None:
    start, end = bounds_of(date(2026, 3, 8), DETROIT)
    assert end - start == timedelta(hours=23).total_seconds() * NS_PER_S


def test_days_end_where_time_ends() -> None:
    assert bounds_of(date(1, 1, 1), DETROIT) == (-INT64_MAX, -INT64_MAX)
    assert bounds_of(date(2262, 4, 11), DETROIT)[1] == INT64_MAX
    with pytest.raises(Rejected):
        bounds_of(date.max, DETROIT)


@pytest.mark.anyio
async def test_names_are_completed_from_what_was_converted(context: Context) -> None:
    team = Team(context)
    await team.upload(small_log())
    await team.work()
    (first, *_) = await complete_name(context, "pedals")
    assert first.id.startswith("Pedals.") and first.topic == "Pedals"
    inside = first.id.split(".")[1][1:].upper()
    assert first.id in [name.id for name in await complete_name(context, inside)]
    assert await complete_name(context, "%") == [] and len(await complete_name(context, "", limit=1)) == 1
    assert "Pedals" in await all_topics(context)
    (recording,) = (await search_recordings(context, Search())).items
    assert recording.health == "intact"


@pytest.mark.anyio
async def test_topics_are_counted_as_a_click_would_find_them(context: Context) -> None:
    await put_with_topics(
        context,
        (build_recording(1, metadata=metadata(driver="Eve", car="HT09")), ("VNData", "Pack")),
        (build_recording(2, metadata=metadata(driver="Adam", car="HT09")), ("Pack", "VNData")),
        (build_recording(3, metadata=metadata(driver="Eve", car="HT08")), ("VNData",)),
        (build_recording(4, deleted_at=1), ("vndata",)),
        (build_recording(5, metadata=metadata(driver="Eve"), status=Status.STORED, loss=None), ()),
    )
    await find_topic_sets(context.documents)
    assert (await context.documents.topic_sets.count()) == 3, "the order of channels makes no other set"
    assert (await count_facets(context, Search())).topics == (("Pack", 2), ("VNData", 3))
    assert (await count_facets(context, Search(metadata={"driver": ("Eve",)}))).topics == (
        ("Pack", 1),
        ("VNData", 2),
    )
    chosen = await count_facets(context, Search(topics=("Pack",), metadata={"driver": ("Eve",)}))
    assert chosen.topics == (("Pack", 1), ("VNData", 1)), "both have to be there"
    assert chosen.values["driver"] == [("Adam", 1), ("Eve", 1)]
    assert chosen.values["car"] == [("HT09", 1)]
    for search in (Search(topics=("Pack",)), Search(topics=("VNData", "Pack")), Search(topics=("VNData",))):
        found = await names(context, search)
        assert dict((await count_facets(context, search)).topics)[search.topics[0]] == len(found)
    assert (await count_facets(context, Search(topics=("nowhere",)))).topics == ()


@pytest.mark.anyio
async def test_what_cannot_be_read_is_looked_at_once(context: Context) -> None:
    await put_with_topics(
        context,
        (build_recording(1), ("VNData",)),
        (build_recording(2, status=Status.FAILED, loss=None), ()),
        (build_recording(3, status=Status.CONVERTING, loss=None), ()),
    )
    left = await context.documents.recordings.find([Equals("topic_set", None)])
    assert [recording.status for recording in left.items] == [Status.CONVERTING]
    counted = await count_facets(context, Search())
    assert (counted.topics, counted.exact) == ((("VNData", 1),), True)


@pytest.mark.slow("hundreds of recordings")
@pytest.mark.anyio
async def test_every_recording_may_have_other_topics(context: Context) -> None:
    await put_with_topics(context, *((build_recording(number), ("VNData", f"T{number}")) for number in range(520)))
    counted = await count_facets(context, Search())
    assert dict(counted.topics)["VNData"] == 520 and counted.exact
    assert (len(counted.topics), counted.more_topics) == (500, 21)


@pytest.mark.anyio
async def test_what_cannot_be_counted_at_all_is_said(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    await put_with_topics(
        context, *((build_recording(number), ("VNData", f"T{number % 2}")) for number in range(3))
    )
    monkeypatch.setattr(topic_sets, "MAX_HELD", 1)
    monkeypatch.setattr(topic_sets, "MAX_PAGE", 1)
    counted = await count_facets(context, Search())
    assert (counted.topics, counted.exact) == ((("T0", 2), ("VNData", 2)), False)


@pytest.mark.anyio
async def test_one_value_in_several_spellings_is_one(context: Context) -> None:
    spellings = ("Endurance", "endurance", " ENDURANCE ", "Endurance", "Skid  pad", "skid pad", "  ")
    await put(
        context, *(build_recording(number, metadata=metadata(event=each)) for number, each in enumerate(spellings))
    )
    events = (await count_facets(context, Search())).values["event"]
    assert events == [("Endurance", 4), ("Skid  pad", 2), ("", 1)]
    for asked, number in (("Endurance", 4), ("ENDURANCE", 4), ("skid pad", 2), ("", 1), ("Endur", 0)):
        assert len(await names(context, Search(metadata={"event": (asked,)}))) == number, asked
    kept = {each.metadata["event"].value for each in (await search_recordings(context, Search())).items}
    assert kept == set(spellings), "what people typed stays"
