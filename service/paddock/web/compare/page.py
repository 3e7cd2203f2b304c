"""The page around plots: two recordings laid over each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from itertools import groupby

from litestar import get
from litestar.params import FromQuery

from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import Recording
from paddock.domain.roles import Permission
from paddock.usecases.find.contents import contents_of
from paddock.usecases.find.recordings import find_recordings, get_recording
from paddock.usecases.find.search import day_of
from paddock.usecases.look.compare import compare
from paddock.usecases.setups.fields import load_setup_fields
from paddock.web.compare.differences import differences
from paddock.web.find.search_parameters import zone_of
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import AnyRequest, TeamFields, TheContext, ThePrincipal
from paddock.web.kernel.pages import pages
from paddock.web.recordings.answers import summarise
from paddock.web.recordings.resources import RecordingResource

CHOICES = 100
"""Recordings to choose from, the newest upload first."""


@dataclass(frozen=True)
class Choice:
    """A recording that can be compared, as the menu says it."""

    item: RecordingResource
    clock: str
    """When it began, in the reader's zone; empty when that is not known."""
    utc: str
    """When it began, in UTC."""


@dataclass(frozen=True)
class DayOfChoices:
    """The recordings of one day, the latest first."""

    day: date | None
    """In the reader's zone; None for those without a start time."""
    choices: Sequence[Choice]


@get("/compare", needs=Permission.READ)
async def compare_page(
    request: AnyRequest,
    context: TheContext,
    principal: ThePrincipal,
    team_fields: TeamFields,
    a: FromQuery[str] = "",
    b: FromQuery[str] = "",
) -> Page:
    """Two recordings over one time axis; one that is missing is chosen here. The plots are in the address."""
    chosen = [await get_recording(context, prefix) for prefix in (a, b) if prefix]
    page = await find_recordings(context, limit=CHOICES)
    offered = [*chosen, *(one for one in page.items if one.build and one.id not in {one.id for one in chosen})]
    items = await summarise(context, offered)
    zone = zone_of(request)
    ready = len(chosen) == 2 and all(one.build for one in chosen)
    compared = await compare(context, *chosen) if ready else None
    sides = [(one, await contents_of(context.documents, one)) for one in chosen] if ready else []
    return Page(
        "compare/compare.html",
        principal=principal,
        chosen=items[: len(chosen)],
        choices=_by_day(list(zip(offered, items, strict=True)), zone),
        zone=str(zone),
        selected={"a": items[0] if a else None, "b": items[len(chosen) - 1] if b else None},
        ready=ready,
        compared=compared,
        differences=differences(sides[0], sides[1], team_fields, await load_setup_fields(context)) if ready else (),
        sources=[_source(item, label) for item, label in zip(items[: len(chosen)], "AB", strict=False)],
    )


def _by_day(offered: Sequence[tuple[Recording, RecordingResource]], zone: tzinfo) -> list[DayOfChoices]:
    """Each recording once, the latest day first; those without a start time at the end."""
    latest = sorted(
        {pair[0].id: pair for pair in offered}.values(), key=lambda pair: pair[0].started_ns or 0, reverse=True
    )
    by_day = groupby(latest, lambda pair: None if pair[0].started_ns is None else day_of(pair[0].started_ns, zone))
    return [DayOfChoices(day, tuple(_choice(*pair, zone) for pair in pairs)) for day, pairs in by_day]


def _choice(recording: Recording, item: RecordingResource, zone: tzinfo) -> Choice:
    if recording.started_ns is None:
        return Choice(item, "", "")
    started = datetime.fromtimestamp(recording.started_ns // NS_PER_S, zone)
    return Choice(item, f"{started:%H:%M}", f"{started.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")


def _source(item: RecordingResource, label: str) -> dict[str, object]:
    return {"id": item.id, "label": label, "startedAt": item.started_at, "duration": item.duration_s}


ROUTER = pages(compare_page)
