"""The signals page: the team's catalogue, and the names that it does not know."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.params import QueryParameter

from paddock.domain.catalogue import CarCatalogue, Catalogue, Entry, check_entry
from paddock.domain.catalogue_defaults import Role, guess
from paddock.domain.roles import Permission
from paddock.errors import Rejected
from paddock.usecases.catalogue.catalogue import load_catalogue
from paddock.usecases.catalogue.unknown_names import Sighting, unknown_names
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TheContext, ThePrincipal
from paddock.web.kernel.pages import pages

PAGE_SIZE = 100

Show = Literal["catalogue", "unknown"]


class Row(msgspec.Struct, frozen=True):
    """One entry, or one unknown name, as its row shows it."""

    position: int | None
    """In the catalogue; None for a name that is not in it."""
    entry: str
    """As JSON, for the editor."""
    said: Entry
    label: str
    unit: str
    role: Role
    why: str = ""
    dtype: str = ""
    recording: str = ""
    acceptable: bool = True
    """Whether the catalogue can have a log's name."""


@get("/signals", needs=Permission.READ)
async def signals_page(
    context: TheContext,
    principal: ThePrincipal,
    show: Annotated[Show, QueryParameter()] = "catalogue",
    q: Annotated[str, QueryParameter(max_length=10_000)] = "",
    first: Annotated[int, QueryParameter(name="from", ge=0, le=100_000)] = 0,
) -> Page:
    """What each signal is; edited by ``signals.js`` over the API that programs use."""
    catalogue = await load_catalogue(context)
    listed: Sequence[Sighting | tuple[int, Entry]]
    listed = await unknown_names(context) if show == "unknown" else tuple(enumerate(catalogue.signals))
    place = slice(first, first + PAGE_SIZE)
    if words := q.casefold().split():
        # A row tells what it says only when it is made. On a thread, because there may be some thousand.
        found = await asyncio.to_thread(lambda: [row for row in map(_row, listed) if _has(row, words)])
        shown, matching = found[place], len(found)
    else:
        shown, matching = [_row(each) for each in listed[place]], len(listed)
    return Page(
        "catalogue/signals.html",
        principal=principal,
        catalogue=catalogue,
        show=show,
        q=q,
        first=first,
        rows=shown,
        acceptable=sum(row.acceptable for row in shown),
        matching=matching,
        following=first + PAGE_SIZE if matching > first + PAGE_SIZE else None,
        previous=max(0, first - PAGE_SIZE) if first else None,
        roles=tuple(Role),
    )


def _row(listed: Sighting | tuple[int, Entry]) -> Row:
    return _unknown_row(listed) if isinstance(listed, Sighting) else _entry_row(*listed)


def _has(row: Row, words: Sequence[str]) -> bool:
    text = _text(row)
    return all(word in text for word in words)


def _entry_row(position: int, entry: Entry) -> Row:
    # An entry by itself: what it leaves out is guessed as for any car.
    known = CarCatalogue(Catalogue(signals=(msgspec.structs.replace(entry, cars=()),))).describe(entry.name)
    return Row(position, _json(entry), entry, known.label, known.unit, known.role, known.why)


def _unknown_row(sighting: Sighting) -> Row:
    name, dtype = sighting.unknown.name, sighting.unknown.dtype
    guessed = guess(name, dtype)
    entry = Entry(name, label=guessed.label, unit=guessed.unit, role=guessed.role)
    return Row(
        None,
        _json(entry),
        entry,
        guessed.label,
        guessed.unit,
        guessed.role,
        guessed.why,
        dtype,
        sighting.recording,
        _acceptable(entry),
    )


def _acceptable(entry: Entry) -> bool:
    try:
        check_entry(entry)
    except Rejected:
        return False
    return True


def _json(entry: Entry) -> str:
    return msgspec.json.encode(entry).decode()


def _text(row: Row) -> str:
    return " ".join((*row.said.names, *row.said.cars, row.label, row.unit, row.role)).casefold()


ROUTER = pages(signals_page)
