"""What a list and an overview show of a run: its figures, and the panels that its signals allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from paddock.domain.catalogue import Described
from paddock.domain.catalogue_defaults import Role
from paddock.domain.recording import Signal
from paddock.domain.units import TO_CELSIUS, TO_M_S, TO_VOLT, Conversion

MOVING_M_S = 1.5
"""Faster than a car is pushed."""
MOVING_RPM = 100.0
MOVING_S = 3.0
"""A car that moved for so long was driven."""

Roles = Mapping[Role, Sequence[Described]]


class Quantity(msgspec.Struct, frozen=True):
    """What the figures need to know of a role: the units it comes in, and what can be true.

    Values outside are sensors that are off or open, such as the 0 V of a cell that was not read yet; they are left
    out of the figures and stay in plots and exports.
    """

    conversions: Mapping[str, Conversion]
    lowest: float
    highest: float

    def conversion(self, unit: str) -> Conversion | None:
        """How ``unit`` becomes the first of the units; an unknown one is taken for it, another one is None."""
        return self.conversions.get(unit) if unit else (1.0, 0.0)


QUANTITIES: Mapping[Role, Quantity] = {
    Role.SPEED: Quantity(TO_M_S, -120.0, 120.0),
    Role.CELL_VOLTAGE: Quantity(TO_VOLT, 0.5, 6.0),
    Role.CELL_TEMPERATURE: Quantity(TO_CELSIUS, -40.0, 200.0),
}


class PanelKind(StrEnum):
    """What an overview can show, in its order on the page."""

    SPEED = "speed"
    PEDALS = "pedals"
    TRACK = "track"
    PACK = "pack"
    CELLS = "cells"
    WHEELS = "wheels"
    MOTORS = "motors"
    STATES = "states"
    OTHER = "other"


class Panel(msgspec.Struct, frozen=True):
    """One plot of an overview. A track has latitude, longitude and, where known, what colours it."""

    kind: PanelKind
    title: str
    signals: tuple[Described, ...]


_PANELS = (
    (PanelKind.SPEED, "Speed", (Role.SPEED,)),
    (PanelKind.PEDALS, "Throttle, brake and steering", (Role.THROTTLE, Role.BRAKE, Role.STEERING)),
    (PanelKind.TRACK, "Track", (Role.LATITUDE, Role.LONGITUDE, Role.SPEED)),
    (PanelKind.PACK, "Pack", (Role.PACK_VOLTAGE, Role.PACK_CURRENT, Role.STATE_OF_CHARGE)),
    (PanelKind.CELLS, "Cells", (Role.CELL_TEMPERATURE, Role.CELL_VOLTAGE)),
    (PanelKind.WHEELS, "Wheel speeds", (Role.WHEEL_SPEED,)),
    (PanelKind.MOTORS, "Motor temperatures", (Role.MOTOR_TEMPERATURE,)),
    (PanelKind.STATES, "States and faults", (Role.STATE, Role.FAULT, Role.SHUTDOWN)),
)
MAX_LINES = 8
"""The most lines of one role in one panel."""
MAX_OTHER = 6


def panels(roles: Roles, signals: Iterable[Signal]) -> tuple[Panel, ...]:
    """The panels that a recording's signals fill; where no role is played, the signals that move most often.

    Args:
        roles: as ``CarCatalogue.resolve`` found them.
        signals: the recording's, with statistics; those that never had a value are left out.
    """
    with_values = {signal.name: signal for signal in signals if signal.count > 0}
    found = []
    for kind, title, played in _PANELS:
        chosen = {role: _drawable(roles.get(role, ()), with_values) for role in played}
        if kind is PanelKind.TRACK and not (chosen[Role.LATITUDE] and chosen[Role.LONGITUDE]):
            continue
        shown = tuple(one for role in played for one in chosen[role][:MAX_LINES])
        if shown:
            found.append(Panel(kind, title, shown))
    return tuple(found) or _moving(with_values.values())


def _drawable(players: Sequence[Described], signals: Mapping[str, Signal]) -> list[Described]:
    """Those that can be plotted: single signals, or, where there are lists alone, their first elements."""
    known = [one for one in players if one.name in signals]
    single = [one for one in known if not signals[one.name].longest]
    return single or [element for one in known for element in _elements(one, signals)]


def _elements(described: Described, signals: Mapping[str, Signal]) -> list[Described]:
    elements = map(described.element, range(min(MAX_LINES, signals[described.name].longest)))
    return [element for element in elements if element.name in signals]


def _moving(signals: Iterable[Signal]) -> tuple[Panel, ...]:
    varied = [s for s in signals if s.min is not None and s.max is not None and s.min < s.max and not s.longest]
    # A long list must not hide everything else.
    moving = [s for s in varied if not s.element_of] or varied
    moving.sort(key=lambda signal: (-signal.count, signal.name))
    if not moving:
        return ()
    shown = tuple(Described(s.name, s.name, s.dtype, s.name, s.unit, Role.NONE) for s in moving[:MAX_OTHER])
    return (Panel(PanelKind.OTHER, "Signals that move", shown),)
