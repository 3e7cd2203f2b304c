"""Which signals' extremes the team wants in its lap tables."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from paddock.domain.catalogue import CarCatalogue
from paddock.domain.catalogue_defaults import Role
from paddock.domain.lap_table import MOST_CHOSEN, SETTINGS_ID, LapSettings
from paddock.domain.principal import Principal
from paddock.domain.recording import Signal
from paddock.errors import Rejected
from paddock.usecases.context import Context

_DEFAULT_ROLES = (Role.SPEED, Role.CELL_TEMPERATURE, Role.STATE_OF_CHARGE)
_LONGEST_NAME = 500


async def lap_settings(context: Context) -> LapSettings:
    """What the team wants; nothing chosen where nobody said."""
    return await context.documents.lap_settings.get(SETTINGS_ID) or LapSettings()


async def save_lap_settings(context: Context, principal: Principal, signals: Sequence[str]) -> LapSettings:
    """Choose the signals; tables show them once their laps are timed again.

    Raises:
        Rejected: too many, or a name that is none (code ``bad_lap_signals``).
    """
    names = tuple(dict.fromkeys(name.strip() for name in signals if name.strip()))
    if len(names) > MOST_CHOSEN:
        raise Rejected(f"A lap table has room for {MOST_CHOSEN} signals: choose fewer.", code="bad_lap_signals")
    if any(len(name) > _LONGEST_NAME for name in names):
        raise Rejected("That is no name of a signal.", code="bad_lap_signals")
    settings = LapSettings(signals=names)
    await context.documents.lap_settings.put_many([settings])
    return settings


async def chosen_signals(context: Context, catalogue: CarCatalogue, signals: Sequence[Signal]) -> tuple[str, ...]:
    """The names that the chosen signals have in a recording; by default its speed, cells and charge."""
    single = [signal for signal in signals if not signal.element_of and not signal.longest]
    wanted = (await lap_settings(context)).signals

    def find() -> tuple[str, ...]:
        if not wanted:
            roles = catalogue.resolve([(signal.name, signal.dtype) for signal in single])
            return tuple(roles[role][0].name for role in _DEFAULT_ROLES if role in roles)
        names = {signal.name for signal in single}
        known = {catalogue.describe(signal.name, signal.dtype).signal: signal.name for signal in single}
        found = [name if name in names else known.get(name) for name in wanted]
        return tuple(dict.fromkeys(name for name in found if name is not None))

    return await asyncio.to_thread(find)
