"""The list of recordings: a test day, or whatever a search finds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from itertools import groupby
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from litestar import get
from litestar.di import Provide
from litestar.params import QueryParameter

from paddock.domain.fields import Fields, same_value
from paddock.domain.figures import FIGURES, read_figure
from paddock.domain.recording import Recording
from paddock.domain.roles import Permission
from paddock.domain.setup_comparisons import SetupIs, read_setup_comparison
from paddock.domain.setup_fields import SetupField
from paddock.domain.setup_sheets import SetupFields
from paddock.domain.setup_values import PREFIX
from paddock.formats.registry import formats
from paddock.usecases.devices.radio import streams_of_recordings
from paddock.usecases.devices.streams import live_streams
from paddock.usecases.find.comparisons import is_known, suggest_names
from paddock.usecases.find.facets import Facets, count_facets, facet_names
from paddock.usecases.find.search import (
    LATEST_FIRST,
    UNKNOWN,
    Day,
    Search,
    SpelledSearch,
    day_of,
    find_day,
    in_every_spelling,
    is_parked,
    just_arrived,
    read_comparison,
    search_recordings,
    sort_recordings,
    without_start,
    write_comparison,
)
from paddock.usecases.setups.fields import load_setup_fields
from paddock.usecases.sync.questions import asked
from paddock.web.find.rows import Row, rows_of
from paddock.web.find.search_parameters import TheSearch, read_day, search_of, zone_of
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import After, AnyRequest, TeamFields, TheContext, ThePrincipal
from paddock.web.kernel.pages import pages
from paddock.web.storage.backups import backup_warning

PAGE_SIZE = 50
EVERYTHING = "all"
_NOT_KNOWN = "not known"
_LABELS = {
    "health": "Health",
    "checks": "Checks",
    "from": "From",
    "to": "To",
    "topic": "Topic",
    "signal": "Signal",
    "q": "Text",
}
_NO_FILTERS = frozenset({"after", "day", "parked", "sort"})


@dataclass(frozen=True)
class Fold:
    """The logs of a parked car of one day, in one row that opens in place."""

    ids: Sequence[str]
    rows: Sequence[Row]
    """None of them while it is closed."""
    href: str
    """Where it is open, or closed again."""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.ids)


@dataclass(frozen=True)
class Group:
    """Rows under one heading."""

    name: str
    """``arriving``, ``timeless``, ``sorted`` or the day."""
    day: date | None
    """None for those that are of no day, or of any."""
    rows: Sequence[Row]
    fold: Fold | None = None

    @property
    def count(self) -> int:
        """All of them, the folded ones too."""
        return len(self.rows) + (self.fold.count if self.fold else 0)


@dataclass(frozen=True)
class Column:
    """A column that a click sorts by."""

    name: str
    label: str
    href: str
    direction: str
    """``ascending`` or ``descending`` where the list is sorted by it; empty otherwise."""


@dataclass(frozen=True)
class Option:
    """A value that a filter offers."""

    value: str
    count: int
    """How many recordings have it."""
    chosen: bool


@dataclass(frozen=True)
class Facet:
    """The values that a filter offers."""

    name: str
    label: str
    options: Sequence[Option]


@get("/", needs=Permission.READ, dependencies={"search": Provide(search_of, sync_to_thread=False)})
async def recordings_page(
    request: AnyRequest,
    context: TheContext,
    principal: ThePrincipal,
    search: TheSearch,
    team_fields: TeamFields,
    day: Annotated[str, QueryParameter(max_length=20)] = "",
    parked: Annotated[list[str] | None, QueryParameter()] = None,
    sort: Annotated[str, QueryParameter(max_length=60)] = "",
    after: After = None,
) -> Page:
    """The latest test day, another one (``day``), or what a search finds; it follows what happens.

    The logs of a parked car are folded into one row a day; ``parked`` names the days where it is open. Nothing is
    folded when somebody typed words or sorts, or when it would leave nothing to see.
    """
    zone = zone_of(request)
    query = [pair for pair in request.query_params.items() if pair[0] not in _NO_FILTERS and pair[1]]
    query += [pair for pair in request.query_params.items() if pair[0] in search.metadata and not pair[1]]
    query = list(dict.fromkeys(query))
    spelled = await in_every_spelling(context, search)
    shown = None
    if day != EVERYTHING and search == Search():
        shown = await find_day(context, zone, read_day(day) if day else None)
    found, following = await _found(context, spelled, shown, team_fields, zone, sort, after)
    counted = await count_facets(context, spelled, team_fields)
    place = [*(query or ([("day", day)] if day else [])), *([("sort", sort)] if sort else [])]
    here = [*place, *([("after", after)] if after else [])]
    opened = {*(parked or ())}
    folds = not (search.text.strip() or sort)
    folds = folds and not all(is_parked(each) for _, _, recordings in found for each in recordings)
    days = [(name, each, *_apart(recordings, folds)) for name, each, recordings in found if recordings]
    rows = await rows_of(
        context,
        [each for name, _, listed, short in days for each in (*listed, *(short if name in opened else ()))],
        search,
        team_fields.columns,
    )
    groups = [
        Group(
            name,
            key,
            [rows[each.id] for each in listed],
            Fold(
                [each.id for each in short],
                [rows[each.id] for each in short if name in opened],
                _href(here, _parked(opened ^ {name})),
            )
            if short
            else None,
        )
        for name, key, listed, short in days
    ]
    setup_fields = await load_setup_fields(context)
    # A team that fills no sheet has no empty columns.
    has_setup = bool(search.setup) or any(row.item.setup for row in rows.values())
    setup_columns = setup_fields.columns if has_setup else ()
    everywhere = [*(query or [("day", EVERYTHING)]), *([("sort", sort)] if sort else [])]
    return Page(
        "find/list.html",
        principal=principal,
        backup_warning=await backup_warning(context, principal),
        to_choose=len(await asked(context)),
        live=await live_streams(context),
        by_radio=await streams_of_recordings(context, rows),
        groups=groups,
        day=shown,
        arrived=await just_arrived(context, zone, before=shown.day) if shown is not None and not day else {},
        columns=_columns(place, sort, team_fields, setup_columns),
        setup_columns=setup_columns,
        setup_fields=setup_fields,
        field_columns=team_fields.columns,
        sort=sort,
        untagged=[row.item.id for row in rows.values() if row.untagged],
        search=search,
        query=query,
        facets=_facets(counted, search, team_fields),
        topics=_topics(counted, search),
        counted=counted,
        chips=[
            (_chip(*pair, team_fields, setup_fields), _href([other for other in query if other != pair]))
            for pair in query
        ],
        comparisons=[(c, write_comparison(c)) for c in search.comparisons],
        figures=FIGURES,
        misses=[] if groups or after else await _misses(context, search, query),
        since=request.query_params.get("from", ""),
        until=request.query_params.get("to", ""),
        q=search.text,
        next_href=_href(everywhere, [("after", following)], _parked(opened)) if following else None,
        first_href=_href(everywhere, _parked(opened)) if after else None,
        everything=day == EVERYTHING,
        fields=team_fields,
        formats=sorted(formats()),
        zone=str(zone),
        unsettled=any(not row.item.status.settled for row in rows.values()),
    )


_Found = list[tuple[str, date | None, Sequence[Recording]]]


async def _found(
    context: TheContext,
    search: SpelledSearch,
    shown: Day | None,
    fields: Fields,
    zone: tzinfo,
    sort: str,
    after: str | None,
) -> tuple[_Found, str | None]:
    """What is listed, group by group, and the cursor of the next page."""
    if shown is not None:
        of_day = (*shown.driven, *shown.parked)
        if sort:
            return [
                ("sorted", None, sort_recordings([*shown.arriving, *of_day, *shown.timeless], sort, fields))
            ], None
        before, after_it = ("arriving", None, shown.arriving), ("timeless", None, shown.timeless)
        return [before, (str(shown.day), shown.day, of_day), after_it], None
    order = sort or LATEST_FIRST
    page = await search_recordings(context, search, order=order, fields=fields, limit=PAGE_SIZE, after=after)
    if sort:
        return [("sorted", None, page.items)], page.next
    started = [recording for recording in page.items if recording.started_ns is not None]
    by_day = groupby(started, lambda recording: day_of(recording.started_ns or 0, zone))
    days = [(str(each), each, tuple(recordings)) for each, recordings in by_day]
    # Those without a start come last in the database. Somebody is waiting for what is on its way: that comes first.
    startless = await without_start(context, search, limit=PAGE_SIZE) if after is None else ()
    arriving = tuple(each for each in startless if not each.status.settled)
    timeless = tuple(each for each in startless if each.status.settled)
    found: _Found = [("arriving", None, arriving), *days, ("timeless", None, timeless)]
    return found, page.next if started and len(started) == len(page.items) else None


async def _misses(
    context: TheContext, search: Search, query: Sequence[tuple[str, str]]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Signals that no log has, each with names that may be meant and the address that looks for them."""
    found = []
    for comparison in search.comparisons:
        if await is_known(context, comparison.name):
            continue
        others = [pair for pair in query if pair[0] != "signal" or read_comparison(pair[1]) != comparison]
        meant = [
            msgspec.structs.replace(comparison, name=name) for name in await suggest_names(context, comparison.name)
        ]
        hrefs = [(each.name, _href(others, [("signal", write_comparison(each))])) for each in meant]
        found.append((comparison.name, hrefs))
    return found


def _columns(
    place: Sequence[tuple[str, str]], sort: str, fields: Fields, setup_columns: Sequence[SetupField]
) -> dict[str, Column]:
    """The sorted columns by name; a click sorts, another one turns the order round.

    The first click on words shows the smallest, on a number or a time the largest.
    """
    kept = [pair for pair in place if pair[0] != "sort"]
    now, descending = sort.removeprefix("-") or "started_at", not sort or sort.startswith("-")
    words = {**{field.name: field.label for field in fields.short}, "health": "Health"}
    setup = {f"{PREFIX}{field.id}": field.label for field in setup_columns}
    labels = {"started_at": "Start"} | words | setup | {figure.name: figure.label for figure in FIGURES}
    columns = {}
    begun = f"{_href(kept)}{'&' if kept else '?'}sort="
    for name, label in labels.items():
        turned = not descending if name == now else name not in words
        order = f"{'-' * turned}{name}"
        columns[name] = Column(
            name,
            label,
            f"{begun}{order}" if order != LATEST_FIRST else _href(kept),
            ("descending" if descending else "ascending") if name == now and sort else "",
        )
    return columns


def _apart(recordings: Sequence[Recording], folds: bool) -> tuple[list[Recording], list[Recording]]:
    """Those that are listed, and those that are folded."""
    listed = [recording for recording in recordings if not (folds and is_parked(recording))]
    return listed, [recording for recording in recordings if folds and is_parked(recording)]


def _parked(days: Collection[str]) -> list[tuple[str, str]]:
    return [("parked", day) for day in sorted(days)]


def _facets(counted: Facets, search: Search, fields: Fields) -> list[Facet]:
    facets = []
    for name in facet_names(fields):
        chosen = {"health": search.health, "checks": search.checks}.get(name) or search.metadata.get(name, ())
        if name == "checks" and not chosen and all(value == UNKNOWN[name] for value, _ in counted.values[name]):
            continue  # there are no checklists to choose by
        facets.append(Facet(name, _LABELS.get(name) or fields.label(name), _options(counted.values[name], chosen)))
    return facets


def _topics(counted: Facets, search: Search) -> Facet:
    """What is chosen comes first: it may be one of very many."""
    options = _options(counted.topics, search.topics, alike=str)
    return Facet("topic", _LABELS["topic"], sorted(options, key=lambda option: not option.chosen))


def _options(
    counted: Sequence[tuple[str, int]], chosen: Sequence[str], alike: Callable[[str], str] = same_value
) -> list[Option]:
    """What is chosen stands there also where nothing has it; a field's values may be spelled otherwise."""
    wanted = {alike(value): value for value in chosen}
    options = [Option(value, number, wanted.pop(alike(value), None) is not None) for value, number in counted]
    return [*options, *(Option(value, 0, True) for value in wanted.values())]


def _chip(name: str, value: str, fields: Fields, setup_fields: SetupFields) -> str:
    if name == "signal":
        return value
    if name == "setup":
        return _setup_chip(read_setup_comparison(value), setup_fields)
    if name == "figure":
        return read_figure(value).words()
    label = _LABELS.get(name) or fields.label(name)
    return f"{label}: {value or _NOT_KNOWN}"


def _setup_chip(wanted: SetupIs, fields: SetupFields) -> str:
    words = [fields.label(wanted.name), wanted.operator, wanted.text or _NOT_KNOWN]
    return " ".join([*words, *([fields.unit(wanted.name)] if wanted.text else [])]).strip()


def _href(*parts: Sequence[tuple[str, str]]) -> str:
    pairs = [pair for part in parts for pair in part]
    return f"/?{urlencode(pairs)}" if pairs else "/"


ROUTER = pages(recordings_page)
