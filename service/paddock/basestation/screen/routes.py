"""The pit screen's page, what it sends, and the same for programs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

import msgspec
from litestar import Request, delete, get, post
from litestar.datastructures import State
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.types import ASGIApp
from msgspec import Meta

from paddock.basestation.small_site import small_site
from paddock.basestation.status import Status
from paddock.basestation.stints import OF_EACH_LOG, Stints
from paddock.basestation.verdict import Verdict
from paddock.basestation.view import View, view_of
from paddock.domain.fields import CAR, EVERY_TEAMS
from paddock.domain.instants import from_rfc3339
from paddock.domain.peers import read_address
from paddock.domain.sidecar import MetadataTexts
from paddock.errors import NotFound
from paddock.web.kernel.conditional import Page

HERE = Path(__file__).parent
FRESH_S = 0.5
"""Several tablets that ask at the same moment get the same answer."""

Look = Callable[[], Awaitable[Status]]


class Said(msgspec.Struct, frozen=True):
    """What programs are told."""

    status: Status
    verdicts: tuple[Verdict, ...]


class NewStint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is changed for cars from an instant on."""

    places: Annotated[tuple[str, ...], Meta(min_length=1, max_length=100)]
    from_at: Annotated[str, Meta(max_length=100)]
    """RFC 3339."""
    values: MetadataTexts


class Correction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said of one log."""

    values: MetadataTexts


def screen(look: Look, stints: Stints, changed: Callable[[], None], *, names: tuple[str, ...] = ()) -> ASGIApp:
    """The screen as an application.

    Args:
        look: answers how things stand.
        stints: are shown and changed.
        changed: called after a change, so that servers are told at once.
        names: as of ``small_site``.
    """
    looked: tuple[float, View] | None = None
    looking = asyncio.Lock()

    async def view() -> View:
        nonlocal looked
        async with looking:
            if looked is None or time.monotonic() - looked[0] > FRESH_S:
                looked = time.monotonic(), view_of(await look())
            return looked[1]

    def forget() -> None:
        nonlocal looked
        looked = None
        changed()

    @get("/")
    async def page(request: Request[object, object, State]) -> Page:
        found = await view()
        fields = stints.fields
        return Page(
            "screen.html",
            view=found,
            status=found.status,
            fields=fields,
            told=[field.name for field in EVERY_TEAMS.columns if field != CAR],
            stint_fields=[each for each in fields if each.name not in OF_EACH_LOG],
            now_of={car.place: stints.at(car.place, found.status.now_ns) for car in found.status.cars},
            stints_of={car.place: stints.stints(car.place) for car in found.status.cars},
            labels={each.name: each.label for each in fields},
            reachable=lambda url: reachable(url, request.url.hostname or ""),
        )

    @get("/status")
    async def status() -> Said:
        found = await view()
        return Said(found.status, found.verdicts)

    @post("/stints", status_code=204)
    async def change(data: JSONBody[NewStint]) -> None:
        from_ns = from_rfc3339(data.from_at)
        known = {car.place for car in (await view()).status.cars}
        if unknown := [place for place in data.places if place not in known]:
            raise NotFound(f"There is no car at {unknown[0][:80]}: reload the page.", code="no_such_car")
        for place in data.places:
            await asyncio.to_thread(stints.change, place, data.values, from_ns=from_ns, now_ns=time.time_ns())
        forget()

    @delete("/stints")
    async def take_back(
        place: Annotated[str, QueryParameter(max_length=2_000)],
        from_ns: Annotated[int, QueryParameter(ge=-(2**63), le=2**63 - 1)],
    ) -> None:
        await asyncio.to_thread(stints.take_back, place, from_ns)
        forget()

    @post("/logs/{log_id:str}", status_code=204)
    async def correct(log_id: Annotated[str, PathParameter()], data: JSONBody[Correction]) -> None:
        if log_id not in {log.id for log in (await view()).status.logs}:
            raise NotFound("There is no such log: reload the page.", code="no_such_log")
        await asyncio.to_thread(stints.correct, int(log_id), data.values)
        forget()

    return small_site([page, status, change, take_back, correct], HERE, pages=[("/", "Pit", "pit")], names=names)


def reachable(url: str, host: str) -> str:
    """A link to a server on this machine as whoever looks from another machine has to write it.

    Args:
        url: of something on a server.
        host: by which the screen was asked for.
    """
    parts = urlsplit(url)
    if not _is_loopback(parts.hostname or "") or _is_loopback(host) or not host:
        return url
    name = f"[{host}]" if ":" in host else host
    return urlunsplit(parts._replace(netloc=name if parts.port is None else f"{name}:{parts.port}"))


def _is_loopback(host: str) -> bool:
    address = read_address(host)
    return host == "localhost" or (address is not None and address.is_loopback)
