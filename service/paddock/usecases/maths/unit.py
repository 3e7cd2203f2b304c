"""The unit of an expression, derived from those of the signals in a recording that has them."""

from __future__ import annotations

import asyncio

from paddock.domain.catalogue import CarCatalogue
from paddock.domain.fields import CAR
from paddock.domain.maths_channels import MathsText, of_car
from paddock.domain.maths_language.parser import parse
from paddock.domain.recording import Recording, Status
from paddock.errors import Rejected
from paddock.ports.documents import Condition, Equals
from paddock.usecases.catalogue.catalogue import car_of, load_catalogue, signals_of
from paddock.usecases.context import Context
from paddock.usecases.find.contents import contents_of
from paddock.usecases.find.recordings import NEWEST_FIRST
from paddock.usecases.maths.names import all_channels, names_in

LOOKED_AT = 5
"""Recordings, the newest first."""


async def unit_for(context: Context, said: MathsText) -> str:
    """The derived unit in the newest recording of the car that has the signals; empty where nobody knows.

    Raises:
        Fault: the units of the signals there do not go together.
    """
    where: list[Condition] = [Equals("status", Status.READY), Equals("deleted_at", None)]
    if said.car:
        where.append(Equals(CAR.path, said.car))
    page = await context.documents.recordings.find(where, sort=NEWEST_FIRST, limit=LOOKED_AT)
    for recording in page.items:
        unit = await _unit_in(context, recording, said)
        if unit is not None:
            return unit
    return ""


async def _unit_in(context: Context, recording: Recording, said: MathsText) -> str | None:
    """None where the recording lacks a signal."""
    catalogue = CarCatalogue(await load_catalogue(context), car_of(recording))
    contents, signals = await contents_of(context.documents, recording), await signals_of(context, recording)
    channels = of_car(await all_channels(context), car_of(recording))

    def derived() -> str | None:
        names = names_in(contents, signals, catalogue, channels)
        try:
            bound = names.bind(parse(said.text).tree, said.constants, said.name)
        except Rejected:
            return None
        unit = bound.quantity.unit
        return "" if unit is None else str(unit)

    return await asyncio.to_thread(derived)
