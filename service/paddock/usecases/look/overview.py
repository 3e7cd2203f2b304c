"""Overview: the plots that say what a run was, chosen by what its signals are."""

from __future__ import annotations

import asyncio

import msgspec

from paddock.domain.catalogue import CarCatalogue, Described, log_units
from paddock.domain.maths_channels import FIELD
from paddock.domain.overview import MAX_LINES, Panel, PanelKind, panels
from paddock.domain.recording import Recording, Signal
from paddock.usecases.catalogue.catalogue import car_of, load_catalogue, signals_of
from paddock.usecases.context import Context


class KnownSignal(msgspec.Struct, frozen=True):
    """One signal of a recording: its statistics, and what catalogue or name say of it."""

    signal: Signal
    described: Described


async def known_signals(context: Context, recording: Recording) -> list[KnownSignal]:
    """Every signal of a recording with its unit, label and role, by name."""
    found = await signals_of(context, recording)
    catalogue = CarCatalogue(await load_catalogue(context), car_of(recording), log_units(found))

    def describe() -> list[KnownSignal]:
        return [KnownSignal(signal, catalogue.describe(signal.name, signal.dtype)) for signal in found]

    # A log may have 10,000 signals: on a thread, so that nobody else waits for them.
    return await asyncio.to_thread(describe)


async def overview(context: Context, recording: Recording) -> tuple[Panel, ...]:
    """The panels of a recording, in their order; none when it has nothing that moves."""
    found = await signals_of(context, recording)
    catalogue = CarCatalogue(await load_catalogue(context), car_of(recording), log_units(found))
    derived = {f"{name}.{FIELD}" for name in recording.derived}
    # A list plays a role for its elements.
    names = [(signal.name, signal.dtype) for signal in found if not signal.element_of]
    maths = [name for name, _ in names if name in derived]

    def chosen() -> tuple[Panel, ...]:
        own = [signal for signal in found if signal.name not in derived]
        first = panels(catalogue.resolve(name for name in names if name[0] not in derived), own)
        described = tuple(catalogue.describe(name) for name in maths[:MAX_LINES])
        return (*first, Panel(PanelKind.OTHER, "Maths channels", described)) if described else first

    return await asyncio.to_thread(chosen)
