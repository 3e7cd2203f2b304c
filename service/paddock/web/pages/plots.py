"""Pages around plots: two recordings laid over each other, and files of several recordings at once."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get
from litestar.params import FromQuery, QueryParameter

from paddock.errors import Rejected
from paddock.usecases.recordings import find_recordings, get_recording
from paddock.web.api.resources import RecordingResource, summarise
from paddock.web.conditional import Page
from paddock.web.injected import ThePrincipal, TheServices, refuse_unknown_parameters

MOST_RECORDINGS = 50
CHOICES = 100
"""Recordings to choose from, the newest upload first."""


@get("/compare")
async def compare_page(
    services: TheServices, principal: ThePrincipal, a: FromQuery[str] = "", b: FromQuery[str] = ""
) -> Page:
    """Two recordings over one time axis; one that is missing is chosen here. The plots are in the address."""
    chosen = [await get_recording(services, prefix) for prefix in (a, b) if prefix]
    page = await find_recordings(services, limit=CHOICES)
    choices = [one for one in page.items if one.build and one.id not in {one.id for one in chosen}]
    items = await summarise(services, [*chosen, *choices])
    return Page(
        "compare.html",
        principal=principal,
        chosen=items[: len(chosen)],
        choices=items,
        selected={"a": chosen[0].id if a else None, "b": chosen[-1].id if b else None},
        ready=len(chosen) == 2 and all(one.build for one in chosen),
        sources=[_source(item, label) for item, label in zip(items[: len(chosen)], "AB", strict=False)],
    )


@get("/export")
async def export_page(
    services: TheServices,
    principal: ThePrincipal,
    recordings: Annotated[list[str] | None, QueryParameter(name="recording")] = None,
) -> Page:
    """Take files of the selected recordings away, all in the same shape."""
    prefixes = list(dict.fromkeys(recordings or ()))
    if len(prefixes) > MOST_RECORDINGS:
        raise Rejected(f"Take at most {MOST_RECORDINGS} recordings at a time.", code="too_many")
    found = [await get_recording(services, prefix) for prefix in prefixes]
    return Page("export.html", principal=principal, items=await summarise(services, found))


def _source(item: RecordingResource, label: str) -> dict[str, object]:
    return {"id": item.id, "label": label, "startedAt": item.started_at, "duration": item.duration_s}


ROUTER = Router(
    "/",
    route_handlers=[compare_page, export_page],
    before_request=refuse_unknown_parameters,
    include_in_schema=False,
)
