"""The fastest laps of a season course by course: only laps of one course and of one length are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from paddock.domain.venues import Venue
from paddock.ports.documents import Between, Condition, Equals, Sort
from paddock.usecases.context import Context
from paddock.usecases.laps.find import (
    MOST_LOOKED_AT,
    LapSearch,
    SeasonLap,
    conditions,
    fastest_laps,
    recordings_meant,
)

MOST_COURSES = 10
MOST_LENGTHS = 5
"""Lengths of lap that are looked at of one course."""
ALIKE = 1.1
"""Laps whose lengths differ by no more than this factor from the fastest one's are of one course."""

_LENGTH = "lap.distance_m"
_SHORTEST_M = 1.0
"""What is shorter was no lap, as where a car that stood was marked by hand."""


@dataclass(frozen=True)
class CourseLaps:
    """The fastest laps of one course."""

    venue: Venue | None
    """None where nobody knows where it was."""
    course: str
    """Its name; empty where it has none."""
    length_m: float | None
    """About how long a lap is, None where nobody knows."""
    laps: tuple[SeasonLap, ...]
    """At least one, the fastest first."""


@dataclass(frozen=True)
class LapsByCourse:
    """The fastest laps, those of the course that was driven last first."""

    courses: tuple[CourseLaps, ...]
    earlier: int
    """Courses that were driven before these and are not looked at."""
    has_other_lengths: bool
    """Whether laps of further lengths were driven on some of these and are not looked at."""


async def fastest_by_course(context: Context, search: LapSearch, limit: int) -> LapsByCourse:
    """The fastest laps that are meant, at most ``limit`` of each course.

    A skid-pad circle and a lap of endurance may begin on the same line, which makes them one configuration of the
    venue: what tells them apart is how long they are.
    """
    meant = await recordings_meant(context, search)
    last_days = await _last_days(context, conditions(search))
    if len(last_days) > MOST_COURSES and meant:
        last_days = await _last_days(context, [*conditions(search), *meant])
    latest = sorted(last_days, key=lambda key: (last_days[key], key), reverse=True)
    found: list[CourseLaps] = []
    has_other_lengths = False
    for venue_id, course_id in latest[:MOST_COURSES]:
        venue = await context.documents.venues.get(venue_id) if venue_id else None
        course = venue.course(course_id) if venue else None
        here = replace(search, also=(Equals("venue", venue_id), Equals("course", course_id)))
        lengths, is_all = await _lengths(context, conditions(here))
        if not is_all and meant:
            lengths, is_all = await _lengths(context, [*conditions(here), *meant])
        has_other_lengths |= not is_all
        for length in lengths:
            of_length = replace(here, also=(*here.also, length))
            laps = await fastest_laps(
                context, of_length, limit, look_at=MOST_LOOKED_AT // MOST_COURSES, meant=meant
            )
            if laps:
                name = course.name if course else ""
                found.append(CourseLaps(venue, name, laps[0].stored.lap.distance_m, tuple(laps)))
    return LapsByCourse(tuple(found), max(0, len(latest) - MOST_COURSES), has_other_lengths)


async def _last_days(context: Context, where: Sequence[Condition]) -> dict[tuple[str, str], str]:
    """The courses of such laps by venue and id, each with the day when it was driven last."""
    last_days: dict[tuple[str, str], str] = {}
    for (venue, course, day), _ in await context.documents.laps.counts(["venue", "course", "day"], where):
        key = (str(venue or ""), str(course or ""))
        last_days[key] = max(last_days.get(key, ""), str(day or ""))
    return last_days


async def _lengths(context: Context, where: Sequence[Condition]) -> tuple[list[Condition], bool]:
    """Which lengths such laps of a course have, beginning with that of the fastest; whether these are all."""
    bands: list[Condition] = []
    gaps: list[tuple[float, float | None]] = [(0.0, None)]
    is_all = True
    while gaps and is_all:
        low, high = gaps.pop(0)
        page = await context.documents.laps.find(
            [*where, Between(_LENGTH, low, high)], sort=Sort("time_s"), limit=1
        )
        length = page.items[0].lap.distance_m if page.items else None
        if length is None:
            continue
        if len(bands) == MOST_LENGTHS:
            is_all = False
            continue
        begin = max(low, length / ALIKE)
        end = max(_SHORTEST_M, length * ALIKE)
        end = end if high is None else min(high, end)
        bands.append(Between(_LENGTH, begin, end))
        gaps += [(low, begin), (end, high)]
    return [*bands, Equals(_LENGTH, None)], is_all
