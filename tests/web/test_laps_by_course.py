"""Fastest laps on the page of a season: only what can be compared stands in one table."""

from __future__ import annotations

import re

import httpx
import pytest

from paddock.domain.venues import Course, Line, Place, Venue
from paddock.usecases.context import Context
from paddock.usecases.laps.courses import MOST_COURSES, MOST_LENGTHS
from paddock.usecases.laps.find import MOST_LOOKED_AT
from tests.logs import STARTED_NS
from tests.web.builders import build_recording, metadata
from tests.web.laps import stored_lap

pytestmark = pytest.mark.anyio

LINE = Line(Place(42.06641, -84.24153), Place(42.06640, -84.24124))
SKIDPAD = [(5.1, 52.1), (5.0, 53.5), (5.3, 51.0)]
ENDURANCE = [(46.2, 868.0), (45.9, 871.0), (47.0, 905.0)]


async def drive(context: Context, seed: str, laps: list[tuple[float, float | None]], course: str, day: str) -> str:
    """A recording with laps of a time and a length each; its id."""
    recording = build_recording(seed, metadata=metadata(driver=seed))
    await context.documents.recordings.put_many([recording])
    await context.documents.laps.put_many(
        stored_lap(
            recording.id, STARTED_NS, time, number=at, venue="mis", course=course, day=day, distance_m=length
        )
        for at, (time, length) in enumerate(laps, 1)
    )
    return recording.id


def tables(page: str) -> dict[str, list[str]]:
    """The drivers in each table, row by row, by the table's heading."""
    sections = re.findall(r'<section class="block">\s*<h2>(.*?)</h2>(.*?)</section>', page, re.DOTALL)
    drivers = r"<td><a href=[^>]*>[^<]*</a></td>\s*<td>([^<]*)</td>"
    return {heading: re.findall(drivers, table) for heading, table in sections}


@pytest.fixture
async def venue(context: Context) -> None:
    courses = tuple(Course(id=each, name=f"Course {each}", start=LINE) for each in "12")
    await context.documents.venues.insert(
        Venue(id="mis", name="Michigan", latitude=42, longitude=-84, courses=courses)
    )


@pytest.mark.usefixtures("venue")
async def test_laps_of_other_lengths_and_other_courses_are_apart(
    client: httpx.AsyncClient, context: Context
) -> None:
    await drive(context, "Maya", SKIDPAD, "1", "2026-04-18")
    await drive(context, "Adam", ENDURANCE, "1", "2026-04-18")
    await drive(context, "Luis", [(45.0, 870.0)], "2", "2026-04-19")
    await drive(context, "Hand", [(61.0, None)], "1", "2026-04-18")

    found = tables((await client.get("/laps")).text)

    assert found == {
        "Michigan · Course 2 · about 870 m": ["Luis"],
        "Michigan · Course 1 · about 54 m": ["Maya"] * 3,
        "Michigan · Course 1 · about 871 m": ["Adam"] * 3,
        "Michigan · Course 1 · length not known": ["Hand"],
    }
    assert next(iter(found)).startswith("Michigan · Course 2"), "what was driven last comes first"
    adam = tables((await client.get("/laps", params={"driver": "adam"})).text)
    assert adam == {"Michigan · Course 1 · about 871 m": ["Adam"] * 3}
    assert "No laps here" in (await client.get("/laps", params={"driver": "nobody"})).text


@pytest.mark.usefixtures("venue")
async def test_a_lap_cut_short_or_long_does_not_take_others_along(
    client: httpx.AsyncClient, context: Context
) -> None:
    await drive(context, "Adam", [*ENDURANCE, (40.0, 700.0), (80.0, 1_300.0), (3.0, 0.0)], "1", "2026-04-18")
    found = tables((await client.get("/laps")).text)
    assert {heading: len(rows) for heading, rows in found.items()} == {
        "Michigan · Course 1 · about 0 m": 1,
        "Michigan · Course 1 · about 700 m": 1,
        "Michigan · Course 1 · about 871 m": 3,
        "Michigan · Course 1 · about 1300 m": 1,
    }


@pytest.mark.usefixtures("venue")
async def test_more_lengths_than_are_looked_at_are_said(client: httpx.AsyncClient, context: Context) -> None:
    hint = "Laps of further lengths are not shown"
    lengths: list[tuple[float, float | None]] = [(20.0 + n, 100.0 * 1.3**n) for n in range(MOST_LENGTHS)]
    await drive(context, "Adam", lengths, "1", "2026-04-18")
    page = (await client.get("/laps")).text
    assert len(tables(page)) == MOST_LENGTHS and hint not in page
    await drive(context, "Luis", [(99.0, 2_000.0)], "1", "2026-04-19")
    page = (await client.get("/laps")).text
    assert len(tables(page)) == MOST_LENGTHS and hint in page
    luis = (await client.get("/laps", params={"driver": "Luis"})).text
    assert tables(luis) == {"Michigan · Course 1 · about 2000 m": ["Luis"]} and hint not in luis


async def test_a_driver_of_long_ago_is_found_by_name(client: httpx.AsyncClient, context: Context) -> None:
    await drive(context, "Maya", [(50.0, 870.0)], "old", "2026-01-01")
    for number in range(MOST_COURSES):
        await drive(context, f"Adam {number}", [(45.0, 870.0)], f"{number}", "2026-04-18")

    assert "1 course driven before these is not shown" in (await client.get("/laps")).text
    maya = (await client.get("/laps", params={"driver": "maya"})).text
    assert tables(maya) == {"about 870 m": ["Maya"]} and "not shown" not in maya
    assert "No laps here" in (await client.get("/laps", params={"driver": "nobody"})).text


async def test_a_driver_slower_than_hundreds_of_laps_is_found_by_name(
    client: httpx.AsyncClient, context: Context
) -> None:
    many = MOST_LOOKED_AT // MOST_COURSES + 1
    await drive(context, "Adam", [(40.0 + lap / many, 870.0) for lap in range(many)], "1", "2026-04-18")
    await drive(context, "Maya", [(52.0, 871.0), (51.0, 869.0)], "1", "2026-04-18")
    maya = (await client.get("/laps", params={"driver": "maya"})).text
    assert tables(maya) == {"about 869 m": ["Maya", "Maya"]}
