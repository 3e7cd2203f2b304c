"""An expression over one recording: what its names mean there, and what computes it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from paddock.columns.derived import Derived
from paddock.domain.catalogue import CarCatalogue
from paddock.domain.contents import Contents
from paddock.domain.maths_binding import Bound
from paddock.domain.maths_channels import of_car
from paddock.domain.maths_language.tree import Node
from paddock.domain.recording import Recording
from paddock.usecases.catalogue.catalogue import car_of, load_catalogue, signals_of
from paddock.usecases.context import Context
from paddock.usecases.maths.laps import laps_in, uses_laps
from paddock.usecases.maths.names import all_channels, columns_for, names_in

CHECKING = ThreadPoolExecutor(2, "maths")
"""Expressions that somebody waits for, beside each other; the others wait."""


async def bound_in(
    context: Context,
    recording: Recording,
    contents: Contents,
    tree: Node,
    *,
    constants: Mapping[str, float],
    name: str = "",
    car: str = "",
) -> Bound:
    """What the names of an expression mean in a recording.

    Args:
        contents: of the recording.
        tree: the expression.
        constants: that it may name.
        name: of the channel that it is, which it may not name.
        car: whose catalogue and channels count; the recording's where it is empty.

    Raises:
        Fault: a name means nothing there; it says where.
    """
    car = car or car_of(recording)
    catalogue = CarCatalogue(await load_catalogue(context), car)
    signals = await signals_of(context, recording)
    channels = of_car(await all_channels(context), car)

    def bind() -> Bound:
        return names_in(contents, signals, catalogue, channels).bind(tree, constants, name)

    return await asyncio.get_running_loop().run_in_executor(CHECKING, bind)


async def derived_in(context: Context, recording: Recording, contents: Contents, bound: Bound) -> Derived:
    """What computes it over all of the recording; to be read on a thread.

    Raises:
        Conflict: its columns are damaged or gone (code ``columns_damaged``).
        Rejected: the log has no such channel (code ``bad_maths``).
    """
    columns = await columns_for(context, recording, contents, bound)
    laps = await laps_in(context, recording) if uses_laps(bound.tree) else None
    return Derived(columns, bound, laps)
