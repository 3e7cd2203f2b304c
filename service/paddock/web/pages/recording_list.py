"""The list of recordings: a test day, or whatever a search finds; and what was deleted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Annotated
from urllib.parse import urlencode

from litestar import get, post
from litestar.di import Provide
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from paddock.domain.fields import BY_NAME, FIELDS, same_value
from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import LossReport, Recording
from paddock.domain.words import size
from paddock.formats.registry import formats
from paddock.usecases.delete import restore_recordings
from paddock.usecases.facets import FACETS, Facets, count_facets
from paddock.usecases.search import (
    Day,
    Search,
    day_of,
    find_day,
    in_every_spelling,
    is_parked,
    search_recordings,
    without_start,
    write_comparison,
)
from paddock.web.api.resources import RecordingResource, summarise
from paddock.web.conditional import Page
from paddock.web.injected import After, AnyRequest, ThePrincipal, TheServices
from paddock.web.search_parameters import TheSearch, read_day, search_of, zone_of
from paddock.web.words import duration, plural

PAGE_SIZE = 50
EVERYTHING = "all"
_NOT_KNOWN = "not known"
_LABELS = {"health": "Health", "from": "From", "to": "To", "topic": "Topic", "signal": "Signal", "q": "Text"}
_NO_FILTERS = frozenset({"after", "day", "parked"})


@dataclass(frozen=True)
class Row:
    """A recording and what only the list says of it."""

    item: RecordingResource
    lost: str = ""
    """What a damaged log lost, in three words."""
    untagged: bool = False
    """Whether nobody will find this run by who drove what."""
    parked: bool = False
    """Whether it is a log of a car that stood."""


@dataclass(frozen=True)
class Fold:
    """The logs of a parked car of one day, in one row that opens in place."""

    count: int
    rows: Sequence[Row]
    """None of them while it is closed."""
    href: str
    """Where it is open, or closed again."""


@dataclass(frozen=True)
class Group:
    """Rows under one heading."""

    day: date | None
    """None for those without a start time."""
    rows: Sequence[Row]
    fold: Fold | None = None

    @property
    def count(self) -> int:
        """All of them, the folded ones too."""
        return len(self.rows) + (self.fold.count if self.fold else 0)


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


@get("/", dependencies={"search": Provide(search_of, sync_to_thread=False)})
async def recordings_page(
    request: AnyRequest,
    services: TheServices,
    principal: ThePrincipal,
    search: TheSearch,
    day: Annotated[str, QueryParameter(max_length=20)] = "",
    parked: Annotated[list[str] | None, QueryParameter()] = None,
    after: After = None,
) -> Page:
    """The latest test day, another one (``day``), or what a search finds; it follows what happens.

    The logs of a parked car are folded into one row a day; ``parked`` names the days where it is open. Nothing is
    folded when somebody typed words, because these may name such a log, or when it would leave nothing to see.
    """
    zone = zone_of(request)
    query = [pair for pair in request.query_params.multi_items() if pair[0] not in _NO_FILTERS and pair[1]]
    query += [pair for pair in request.query_params.multi_items() if pair[0] in BY_NAME and not pair[1]]
    query = list(dict.fromkeys(query))
    spelled = await in_every_spelling(services, search)
    shown: Day | None = None
    following = None
    if day != EVERYTHING and search == Search():
        shown = await find_day(services, zone, read_day(day) if day else None)
    if shown is not None:
        found: list[tuple[date | None, Sequence[Recording]]] = [
            (None, shown.arriving),
            (shown.day, (*shown.driven, *shown.parked)),
        ]
    else:
        page = await search_recordings(services, spelled, limit=PAGE_SIZE, after=after)
        started = [recording for recording in page.items if recording.started_ns is not None]
        # Those without a start come last in the database, and first here: somebody is waiting for them.
        arriving = await without_start(services, spelled, limit=PAGE_SIZE) if after is None else ()
        by_day = groupby(started, lambda recording: day_of(recording.started_ns or 0, zone))
        found = [(None, arriving), *((each, tuple(recordings)) for each, recordings in by_day)]
        following = page.next if started and len(started) == len(page.items) else None
    counted = await count_facets(services, spelled)
    here = [*(query or ([("day", day)] if day else [])), *([("after", after)] if after else [])]
    opened = {*(parked or ())}
    folds = not search.text.strip() and not all(is_parked(each) for _, recordings in found for each in recordings)
    days = [(each, *_apart(recordings, folds)) for each, recordings in found if recordings]
    rows = await _rows(
        services,
        [each for key, listed, short in days for each in (*listed, *(short if str(key) in opened else ()))],
    )
    groups = [
        Group(
            key,
            [rows[each.id] for each in listed],
            Fold(
                len(short),
                [rows[each.id] for each in short if str(key) in opened],
                _href(here, _parked(opened ^ {str(key)})),
            )
            if short
            else None,
        )
        for key, listed, short in days
    ]
    return Page(
        "recordings.html",
        principal=principal,
        groups=groups,
        day=shown,
        untagged=[row.item.id for row in rows.values() if row.untagged],
        search=search,
        query=query,
        facets=_facets(counted, search),
        topics=_topics(counted, search),
        counted=counted,
        chips=[(_chip(*pair), _href([other for other in query if other != pair])) for pair in query],
        comparisons=[(c, write_comparison(c)) for c in search.comparisons],
        since=request.query_params.get("from", ""),
        until=request.query_params.get("to", ""),
        q=search.text,
        next_href=_href(query or [("day", EVERYTHING)], [("after", following)], _parked(opened))
        if following
        else None,
        first_href=_href(query or [("day", EVERYTHING)], _parked(opened)) if after else None,
        everything=day == EVERYTHING,
        fields=FIELDS,
        formats=sorted(formats()),
        zone=str(zone),
        unsettled=any(not row.item.status.settled for row in rows.values()),
    )


@get("/deleted")
async def deleted_page(services: TheServices, principal: ThePrincipal, after: After = None) -> Page:
    """What was deleted, the last first; each can be restored."""
    page = await search_recordings(services, Search(deleted=True), limit=PAGE_SIZE, after=after)
    return Page(
        "deleted.html",
        principal=principal,
        items=await summarise(services, page.items),
        next_href=f"/deleted?{urlencode({'after': page.next})}" if page.next else None,
        unsettled=False,
    )


@post("/recordings/{recording_id:str}/restore")
async def restore_and_show(services: TheServices, principal: ThePrincipal, recording_id: FromPath[str]) -> Redirect:
    """The restore button's form, which works without JavaScript."""
    await restore_recordings(services, principal, [recording_id])
    return Redirect(f"/recordings/{recording_id}", status_code=303)


async def _rows(services: TheServices, recordings: Sequence[Recording]) -> dict[str, Row]:
    """A row of each, by id."""
    items = await summarise(services, recordings)
    return {
        each.id: Row(item, _lost(each.loss), _is_untagged(each), is_parked(each))
        for item, each in zip(items, recordings, strict=True)
    }


def _apart(recordings: Sequence[Recording], folds: bool) -> tuple[list[Recording], list[Recording]]:
    """Those that are listed, and those that are folded."""
    listed = [recording for recording in recordings if not (folds and is_parked(recording))]
    return listed, [recording for recording in recordings if folds and is_parked(recording)]


def _parked(days: Collection[str]) -> list[tuple[str, str]]:
    return [("parked", day) for day in sorted(days)]


def _is_untagged(recording: Recording) -> bool:
    known = {name for name, given in recording.metadata.items() if given.value}
    return recording.started_ns is not None and not is_parked(recording) and not known & {"driver", "event"}


def _lost(loss: LossReport | None) -> str:
    if loss is None or loss.health == "intact":
        return ""
    if loss.lost_ns:
        return f"lost {duration(loss.lost_ns / NS_PER_S)}"
    if loss.lost_bytes:
        return f"lost {size(loss.lost_bytes)}"
    return f"lost {plural(loss.lost_records, 'record')}" if loss.lost_records else "nothing lost"


def _facets(counted: Facets, search: Search) -> list[Facet]:
    facets = []
    for name in FACETS:
        chosen = search.health if name == "health" else search.metadata.get(name, ())
        facets.append(Facet(name, _LABELS.get(name) or BY_NAME[name].label, _options(counted.values[name], chosen)))
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


def _chip(name: str, value: str) -> str:
    if name == "signal":
        return value
    label = _LABELS.get(name) or BY_NAME[name].label
    return f"{label}: {value or _NOT_KNOWN}"


def _href(*parts: Sequence[tuple[str, str]]) -> str:
    pairs = [pair for part in parts for pair in part]
    return f"/?{urlencode(pairs)}" if pairs else "/"
