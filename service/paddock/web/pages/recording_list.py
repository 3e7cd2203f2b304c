"""The list of recordings: a test day, or whatever a search finds; and what was deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


@dataclass(frozen=True)
class Group:
    """Rows under one heading."""

    day: date | None
    """None for those without a start time."""
    rows: Sequence[Row]


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
    parked: Annotated[bool, QueryParameter()] = False,
    after: After = None,
) -> Page:
    """The latest test day, another one (``day``), or what a search finds; it follows what happens."""
    zone = zone_of(request)
    query = [pair for pair in request.query_params.multi_items() if pair[0] not in _NO_FILTERS and pair[1]]
    query += [pair for pair in request.query_params.multi_items() if pair[0] in BY_NAME and not pair[1]]
    spelled = await in_every_spelling(services, search)
    shown: Day | None = None
    following = None
    if day != EVERYTHING and search == Search():
        shown = await find_day(services, zone, read_day(day) if day else None)
    if shown is not None:
        groups = [(None, shown.arriving), (shown.day, shown.driven)]
    else:
        page = await search_recordings(services, spelled, limit=PAGE_SIZE, after=after)
        started = [recording for recording in page.items if recording.started_ns is not None]
        # Those without a start come last in the database, and first here: somebody is waiting for them.
        arriving = await without_start(services, spelled, limit=PAGE_SIZE) if after is None else ()
        by_day = groupby(started, lambda recording: day_of(recording.started_ns or 0, zone))
        groups = [(None, arriving), *((each, tuple(found)) for each, found in by_day)]
        following = page.next if started and len(started) == len(page.items) else None
    counted = await count_facets(services, spelled)
    listed = [Group(each, await _rows(services, found)) for each, found in groups if found]
    folded = await _rows(services, shown.parked) if shown is not None and (parked or not shown.driven) else ()
    everything = [row for group in listed for row in group.rows]
    return Page(
        "recordings.html",
        principal=principal,
        groups=listed,
        day=shown,
        untagged=[row.item.id for row in everything if row.untagged],
        parked=Group(None, folded),
        parked_count=len(shown.parked) if shown else 0,
        parked_open=bool(folded),
        parked_href=_href([("day", day)] if day else [], [] if parked else [("parked", "true")]),
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
        next_href=_href(query or [("day", EVERYTHING)], [("after", following)]) if following else None,
        first_href=_href(query or [("day", EVERYTHING)]) if after else None,
        everything=day == EVERYTHING,
        fields=FIELDS,
        formats=sorted(formats()),
        zone=str(zone),
        unsettled=any(not row.item.status.settled for row in everything),
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


async def _rows(services: TheServices, recordings: Sequence[Recording]) -> tuple[Row, ...]:
    items = await summarise(services, recordings)
    return tuple(
        Row(item, _lost(each.loss), _is_untagged(each)) for item, each in zip(items, recordings, strict=True)
    )


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
