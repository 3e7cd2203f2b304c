"""The pages of laps: the fastest of a season, some over each other, and the lines of a venue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter

from paddock.domain.fields import DRIVER
from paddock.domain.lap_table import StoredLap
from paddock.domain.recording import Recording
from paddock.domain.roles import Permission
from paddock.domain.setup_fields import SetupField
from paddock.domain.setup_sheets import SetupFields
from paddock.domain.venues import Course, Venue
from paddock.ports.documents import MAX_PAGE, Equals
from paddock.usecases.context import Context
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.laps.compare import MOST_LAPS
from paddock.usecases.laps.courses import CourseLaps, fastest_by_course
from paddock.usecases.laps.find import LapSearch, SeasonLap, get_lap
from paddock.usecases.laps.settings import lap_settings
from paddock.usecases.laps.venues import all_venues, get_venue
from paddock.usecases.look.compare import compare
from paddock.usecases.look.overview import known_signals
from paddock.usecases.setups.fields import load_setup_fields
from paddock.web.find.search_parameters import WITH_METADATA, Said, filters_of
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import AnyRequest, TeamFields, TheContext, ThePrincipal
from paddock.web.kernel.pages import pages
from paddock.web.laps.of_recording import labels_of, setup_columns_of, signals_shown
from paddock.web.laps.resources import venue_resource

SHOWN = 50
"""Laps of each course."""
_SHORT = 16
_Word = Annotated[str, QueryParameter(max_length=200)]
_Day = Annotated[str, QueryParameter(max_length=10, pattern=r"^(\d{4}-\d{2}-\d{2})?$")]


@get("/laps", needs=Permission.READ, dependencies=WITH_METADATA)
async def season_page(
    request: AnyRequest,
    context: TheContext,
    principal: ThePrincipal,
    team_fields: TeamFields,
    said: Said,
    venue: _Word = "",
    since: _Day = "",
    until: _Day = "",
) -> Page:
    """The fastest laps across recordings, those of each course by themselves."""
    search = LapSearch(venue=venue, since=since, until=until, metadata=said)
    found = await fastest_by_course(context, search, SHOWN)
    rows = [each for course in found.courses for each in course.laps]
    signals = signals_shown([each.stored for each in rows])
    chosen = {name: text for name, text in (("venue", venue), ("since", since), ("until", until)) if text}
    setup_fields = await load_setup_fields(context)
    return Page(
        "laps/season.html",
        principal=principal,
        courses=[_course_table(course, setup_fields) for course in found.courses],
        earlier=found.earlier,
        has_other_lengths=found.has_other_lengths,
        search=search,
        # Not that of the venue, which the heading of each table says.
        columns=filters_of(request, team_fields),
        said=said,
        query=urlencode({**chosen, **said}, doseq=True),
        venues=await all_venues(context),
        labels=await labels_of(context, rows[0].recording, signals) if rows else {},
        chosen=(await lap_settings(context)).signals,
    )


@dataclass(frozen=True)
class _CourseTable:
    """The table of the laps of one course."""

    title: str
    rows: Sequence[SeasonLap]
    sectors: int
    signals: Sequence[str]
    setup_columns: Sequence[SetupField]


def _course_table(course: CourseLaps, setup_fields: SetupFields) -> _CourseTable:
    length = "length not known" if course.length_m is None else f"about {course.length_m:.0f} m"
    laps = [each.stored for each in course.laps]
    return _CourseTable(
        title=" · ".join(filter(None, [course.venue.name if course.venue else "", course.course, length])),
        rows=course.laps,
        sectors=max(len(lap.lap.sectors) for lap in laps),
        signals=signals_shown(laps),
        setup_columns=setup_columns_of([each.recording for each in course.laps], setup_fields),
    )


@dataclass(frozen=True)
class _Overlaid:
    """A lap among others, and where its buttons lead."""

    recording: Recording
    stored: StoredLap
    without: str
    leading: str


@get("/laps/compare", needs=Permission.READ)
async def compare_page(
    context: TheContext,
    principal: ThePrincipal,
    laps: Annotated[list[str] | None, QueryParameter(name="lap", max_length=MOST_LAPS)] = None,
    reference: FromQuery[str] = "",
) -> Page:
    """Laps over each other by distance; the first one leads, or the venue's reference."""
    keys = list(dict.fromkeys([reference, *(laps or ())] if reference else laps or ()))[:MOST_LAPS]
    found = [(await _lap(context, key)) for key in keys]
    first = found[0] if found else None
    plots: Sequence[Sequence[str]] = ()
    signals: list[dict[str, str]] = []
    if first is not None:
        compared = await compare(context, first[0], found[-1][0])
        plots = compared.plots
        signals = [
            {"name": each.signal.name, "label": each.described.label, "unit": each.described.unit}
            for each in await known_signals(context, first[0])
            if each.signal.min is not None and not each.signal.element_of and not each.signal.longest
        ]
    return Page(
        "laps/compare.html",
        principal=principal,
        laps=[
            _Overlaid(recording, stored, _address(keys, leave=number), _address(keys, lead=number))
            for number, (recording, stored) in enumerate(found)
        ],
        keys=keys,
        labels=[_label(recording, stored) for recording, stored in found],
        plots=plots,
        signals=signals,
        venue=await context.documents.venues.get(first[1].venue) if first and first[1].venue else None,
    )


async def _lap(context: Context, key: str) -> tuple[Recording, StoredLap]:
    prefix, _, number = key.rpartition(":")
    recording = await get_recording(context, prefix or key)
    return recording, await get_lap(
        context, recording, int(number) if number.isdecimal() and len(number) < 8 else -1
    )


def _label(recording: Recording, stored: StoredLap) -> str:
    return f"{DRIVER.of(recording.metadata) or recording.short_id} {stored.number}"


def _address(keys: Sequence[str], *, leave: int | None = None, lead: int | None = None) -> str:
    kept = [key for number, key in enumerate(keys) if number != leave]
    if lead is not None:
        kept = [keys[lead], *(key for number, key in enumerate(keys) if number != lead)]
    return f"/laps/compare?{urlencode([('lap', key) for key in kept])}"


@get("/venues/{venue_id:str}", needs=Permission.READ)
async def venue_page(context: TheContext, principal: ThePrincipal, venue_id: FromPath[str]) -> Page:
    """The track of a venue with its lines, to be dragged."""
    venue = await get_venue(context, venue_id)
    return Page(
        "laps/venue.html",
        principal=principal,
        venue=venue,
        resource=msgspec.to_builtins(venue_resource(venue)),
        outlines=await _outlines(context, venue),
    )


async def _outlines(context: Context, venue: Venue) -> dict[str, tuple[tuple[float, float], ...]]:
    """The way of a lap on each configuration, by its id: what was timed last, or where the line was found."""
    page = await context.documents.lap_tables.find([Equals("venue", venue.id)], limit=MAX_PAGE)
    drawn = [table for table in page.items if table.outline]
    latest = max(drawn, key=lambda table: table.timed_at, default=None)
    made = {}
    for course in venue.courses:
        own = [table for table in drawn if table.course == course.id]
        table = max(own, key=lambda each: each.timed_at, default=latest)
        made[course.id] = table.outline if table else _around(course)
    return made


def _around(course: Course) -> tuple[tuple[float, float], ...]:
    """The ends of its lines, where nothing was driven on it yet."""
    return tuple((end.latitude, end.longitude) for line in course.lines for end in (line.left, line.right))


ROUTER = pages(season_page, compare_page, venue_page)
