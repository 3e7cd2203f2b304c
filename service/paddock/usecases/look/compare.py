"""Compare: what two recordings have in common to be plotted over each other, and how their signals differ."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from paddock.domain.catalogue import CarCatalogue, Described, log_units
from paddock.domain.catalogue_defaults import Role
from paddock.domain.recording import Recording, Signal
from paddock.usecases.catalogue.catalogue import car_of, load_catalogue, signals_of
from paddock.usecases.context import Context

MOST_PLOTS = 4
MOST_PAIRS = 24
_COMPARED = (
    Role.SPEED,
    Role.WHEEL_SPEED,
    Role.THROTTLE,
    Role.BRAKE,
    Role.STEERING,
    Role.PACK_VOLTAGE,
    Role.PACK_CURRENT,
    Role.CELL_TEMPERATURE,
    Role.MOTOR_TEMPERATURE,
    Role.CELL_VOLTAGE,
    Role.STATE_OF_CHARGE,
)
"""What is measured, in the order in which it is plotted."""


class Pair(msgspec.Struct, frozen=True):
    """One signal in both recordings; a log may call it otherwise."""

    label: str
    unit: str
    role: Role
    a: Signal
    b: Signal

    @property
    def names(self) -> tuple[str, ...]:
        """Its name in both, once where it is the same."""
        return tuple(dict.fromkeys((self.a.name, self.b.name)))

    @property
    def is_line(self) -> bool:
        """Whether it can be plotted and says something: a number that is not always the same."""
        return not self.a.longest and not self.b.longest and (_moves(self.a) or _moves(self.b))


class Comparison(msgspec.Struct, frozen=True):
    """What two recordings are compared by."""

    pairs: tuple[Pair, ...]
    """Numbers that both have: those with a role, or, where neither has one, those that move most often."""
    plots: tuple[tuple[str, ...], ...]
    """The plots to begin with, each as the names of its signals."""


async def compare(context: Context, a: Recording, b: Recording) -> Comparison:
    """What both recordings have."""
    catalogue = await load_catalogue(context)
    sides = []
    for recording in (a, b):
        found = [signal for signal in await signals_of(context, recording) if not signal.element_of]
        numbers = {signal.name: signal for signal in found if signal.count and signal.min is not None}
        # On a thread, because a log may have 10,000 signals.
        roles = await asyncio.to_thread(
            CarCatalogue(catalogue, car_of(recording), log_units(found)).resolve,
            [(each.name, each.dtype) for each in found],
        )
        sides.append((numbers, roles))
    (numbers_a, roles_a), (numbers_b, roles_b) = sides
    played = list(_played(roles_a, roles_b, numbers_a, numbers_b))
    pairs = played or await asyncio.to_thread(
        _common, CarCatalogue(catalogue, car_of(a), log_units(numbers_a.values())), numbers_a, numbers_b
    )
    return Comparison(_told_apart(pairs[:MOST_PAIRS]), tuple(pair.names for pair in _first_lines(pairs)))


def _played(
    roles_a: Mapping[Role, tuple[Described, ...]],
    roles_b: Mapping[Role, tuple[Described, ...]],
    signals_a: Mapping[str, Signal],
    signals_b: Mapping[str, Signal],
) -> Iterator[Pair]:
    """By role: what the team knows as one signal, or the only one that plays it on either side."""
    for role in _COMPARED:
        of_a, of_b = (
            [one for one in roles.get(role, ()) if one.name in signals]
            for roles, signals in ((roles_a, signals_a), (roles_b, signals_b))
        )
        known = {one.signal: one for one in of_b}
        same = [(one, known[one.signal]) for one in of_a if one.signal in known]
        for one, other in same or list(zip(of_a, of_b, strict=False))[:1]:
            yield Pair(one.label, one.unit, role, signals_a[one.name], signals_b[other.name])


def _common(
    catalogue: CarCatalogue, signals_a: Mapping[str, Signal], signals_b: Mapping[str, Signal]
) -> list[Pair]:
    """By name, the liveliest first."""
    common = [signals_a[name] for name in signals_a if name in signals_b]
    common.sort(key=lambda signal: (not _moves(signal), -signal.count, signal.name))
    described = ((catalogue.describe(signal.name, signal.dtype), signal) for signal in common)
    return [Pair(one.label, one.unit, Role.NONE, signal, signals_b[signal.name]) for one, signal in described]


def _first_lines(pairs: list[Pair]) -> list[Pair]:
    """One for each role; wheels only where there is no speed."""
    lines: dict[Role | str, Pair] = {}
    for pair in pairs:
        if pair.is_line and not (pair.role is Role.WHEEL_SPEED and Role.SPEED in lines):
            lines.setdefault(pair.a.name if pair.role is Role.NONE else pair.role, pair)
    return list(lines.values())[:MOST_PLOTS]


def _told_apart(pairs: list[Pair]) -> tuple[Pair, ...]:
    """With the name in the label where two have the same."""
    labels = Counter(pair.label for pair in pairs)
    return tuple(
        msgspec.structs.replace(pair, label=f"{pair.label} · {pair.a.name}") if labels[pair.label] > 1 else pair
        for pair in pairs
    )


def _moves(signal: Signal) -> bool:
    return signal.min is not None and signal.max is not None and signal.min < signal.max
