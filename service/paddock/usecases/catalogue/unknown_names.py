"""Unknown names: what the season's logs have that the team's catalogue does not, with a guess for each."""

from __future__ import annotations

import asyncio

import msgspec

from paddock.domain.catalogue import CarCatalogue, Unknown
from paddock.domain.catalogue_defaults import Role
from paddock.domain.recording import Status
from paddock.ports.documents import Equals
from paddock.usecases.catalogue.catalogue import car_of, load_catalogue, signals_of
from paddock.usecases.context import Context
from paddock.usecases.find.contents import with_contents
from paddock.usecases.find.recordings import NEWEST_FIRST

LOOKED_AT = 200
"""Recordings, the newest first: four test days. What older logs had alone is nobody's question any more."""


class Sighting(msgspec.Struct, frozen=True):
    """An unknown name and the newest recording that has it."""

    unknown: Unknown
    recording: str
    car: str


async def unknown_names(context: Context) -> tuple[Sighting, ...]:
    """Unknown names of the newest recordings: those that look like a role first, then those with a unit, by name.

    A channel's slug tells topic and schema, so signals are read only of recordings that have a channel which no
    newer one of the same car had: of a test day usually one.
    """
    catalogue = await load_catalogue(context)
    page = await context.documents.recordings.find(
        [Equals("status", Status.READY), Equals("deleted_at", None)], sort=NEWEST_FIRST, limit=LOOKED_AT
    )
    seen: set[tuple[str, str]] = set()
    found: dict[str, Sighting] = {}
    async for recording, inside in with_contents(context.documents, page.items):
        car = car_of(recording)
        channels = {(car.casefold(), each.slug) for each in inside.channels if each.message_count}
        if channels <= seen:
            continue
        seen |= channels
        signals = await signals_of(context, recording)
        names = [(signal.name, signal.dtype) for signal in signals if not signal.element_of]
        for unknown in await asyncio.to_thread(CarCatalogue(catalogue, car).unknown, names):
            found.setdefault(unknown.name, Sighting(unknown, recording.id, car))
    return tuple(await asyncio.to_thread(sorted, found.values(), key=_most_telling))


def _most_telling(sighting: Sighting) -> tuple[bool, bool, str]:
    guess = sighting.unknown.guess
    return guess.role is Role.NONE, not guess.unit, sighting.unknown.name
