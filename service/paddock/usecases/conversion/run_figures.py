"""Run figures: what lists show of a run, from one look at the few signals they need."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from paddock.columns.arrow_numpy import is_list, pick
from paddock.columns.by_name import Column, columns_by_name, numbers_by_dtype, values_of
from paddock.columns.columns import ColumnChannel, Columns
from paddock.columns.odometer import Extremes, GpsOdometer, Odometer
from paddock.columns.signals import Path
from paddock.domain.catalogue import CarCatalogue, Catalogue, Described
from paddock.domain.catalogue_defaults import Role
from paddock.domain.overview import MOVING_M_S, MOVING_RPM, MOVING_S, QUANTITIES
from paddock.domain.recording import RunFigures
from paddock.domain.units import TO_DEGREE

DRIVEN_EXTENT_M = 10.0
DRIVEN_WAY_M = 50.0
"""A receiver of a standing car may wander as far, or, adding up, as long as this, but hardly both."""
_HIGHEST_RPM = 100_000.0

Floats = npt.NDArray[np.float64]
_Take = Callable[[npt.NDArray[np.int64], list[Floats]], None]


def run_figures(columns: Columns, catalogue: Catalogue, car: str = "") -> RunFigures:
    """The figures of a log.

    Reads the fields with the roles speed, wheel speed, position, cell voltage and cell temperature once, each
    channel in its batches. The distance is the integral of the speed; without one the way between GPS fixes, and
    without these the integral of one wheel's speed, where that is no rotation.

    Args:
        columns: a whole log, from a spool or from Parquet.
        catalogue: the team's; an empty one leaves all to the names.
        car: as the recording's metadata have it.
    """
    found = columns_by_name(columns)
    roles = CarCatalogue(catalogue, car).resolve(numbers_by_dtype(found))
    gathered = _Gathered()
    gathered.plan(roles, found)
    gathered.read(columns)
    return gathered.figures()


class _Gathered:
    """What to read of which channel, who takes it, and what came of it."""

    def __init__(self) -> None:
        self._takers: dict[ColumnChannel, list[tuple[tuple[Path, ...], _Take]]] = {}
        self._ways: list[tuple[str, Odometer | GpsOdometer]] = []
        """What the distance can be taken from, best first."""
        self._turning: Odometer | None = None
        """The rotation of a wheel, which tells whether the car moved but not how far."""
        self._extremes = {
            role: Extremes(quantity.lowest, quantity.highest) for role, quantity in QUANTITIES.items()
        }

    def plan(self, roles: dict[Role, tuple[Described, ...]], found: dict[str, Column]) -> None:
        """Give every signal that is needed to who takes it."""
        for role, extremes in self._extremes.items():
            for described in roles.get(role, ()):
                conversion = QUANTITIES[role].conversion(described.unit)
                if conversion is not None:
                    self._take([found[described.name]], _extreme(extremes, *conversion))
        self._plan_speed(roles.get(Role.SPEED, ())[:1], found)
        self._plan_position(roles, found)
        wheel = roles.get(Role.WHEEL_SPEED, ())[:1]
        if wheel and wheel[0].unit in QUANTITIES[Role.SPEED].conversions:
            self._plan_speed(wheel, found)
        elif wheel and not is_list(found[wheel[0].name].kind):
            self._turning = Odometer(MOVING_RPM, _HIGHEST_RPM)
            turns = {"rad/s": 60 / (2 * np.pi)}.get(wheel[0].unit, 1.0)
            self._take([found[wheel[0].name]], _speed(self._turning, turns))

    def _plan_speed(self, speed: tuple[Described, ...], found: dict[str, Column]) -> None:
        for described in speed:
            conversion = QUANTITIES[Role.SPEED].conversion(described.unit)
            if conversion is not None and not is_list(found[described.name].kind):
                odometer = Odometer(MOVING_M_S, QUANTITIES[Role.SPEED].highest)
                self._ways.append((described.name, odometer))
                self._take([found[described.name]], _speed(odometer, conversion[0]))

    def _plan_position(self, roles: dict[Role, tuple[Described, ...]], found: dict[str, Column]) -> None:
        if Role.LATITUDE not in roles or Role.LONGITUDE not in roles:
            return
        described = [roles[Role.LATITUDE][0], roles[Role.LONGITUDE][0]]
        places = [found[one.name] for one in described]
        scales = [TO_DEGREE.get(one.unit or "deg", (0.0, 0.0))[0] for one in described]
        if places[0][0] is places[1][0] and all(scales) and not any(is_list(place.kind) for place in places):
            odometer = GpsOdometer()
            self._ways.append((described[0].name, odometer))
            self._take(places, lambda times, two: odometer.add(times, two[0] * scales[0], two[1] * scales[1]))

    def _take(self, places: list[Column], taker: _Take) -> None:
        takers = self._takers.setdefault(places[0][0], [])
        takers.append((tuple(path for _, path in places), taker))

    def read(self, columns: Columns) -> None:
        """One pass over the channels that have something, batch by batch."""
        for channel, takers in self._takers.items():
            fields = tuple(dict.fromkeys(path[0] for paths, _ in takers for path in paths))
            for batch in columns.read(channel, fields):
                for paths, take in takers:
                    take(batch.log_time, [values_of(pick(batch.messages, path)) for path in paths])

    def figures(self) -> RunFigures:
        """The figures, once everything was read."""
        way = next((way for way in self._ways if _seen(way[1]) > 1), None)
        speed = self._extremes[Role.SPEED]
        return RunFigures(
            distance_m=None if way is None else _distance_m(way[1]),
            distance_from="" if way is None else way[0],
            max_speed_m_s=None if speed.low is None or speed.high is None else max(abs(speed.low), abs(speed.high)),
            min_cell_voltage_v=self._extremes[Role.CELL_VOLTAGE].low,
            max_cell_temperature_c=self._extremes[Role.CELL_TEMPERATURE].high,
            driven=self._driven(),
        )

    def _driven(self) -> bool | None:
        """Whether anything that moves with the car did: a sensor that is off hides no run of which another tells.

        A receiver's fixes wander also where the car stands, so they are asked only where nothing else is.
        """
        moved = [way for _, way in self._ways if isinstance(way, Odometer)]
        moved += [self._turning] if self._turning else []
        told = [odometer for odometer in moved if odometer.samples > 1]
        if told:
            return any(odometer.moving_s >= MOVING_S for odometer in told)
        fixes = [way for _, way in self._ways if isinstance(way, GpsOdometer) and way.fixes > 1]
        if not fixes:
            return None
        return any(way.extent_m >= DRIVEN_EXTENT_M and way.distance_m >= DRIVEN_WAY_M for way in fixes)


def _extreme(extremes: Extremes, factor: float, offset: float) -> _Take:
    return lambda _, values: extremes.add(values[0] * factor + offset)


def _speed(odometer: Odometer, factor: float) -> _Take:
    return lambda times, values: odometer.add(times, values[0] * factor)


def _seen(way: Odometer | GpsOdometer) -> int:
    return way.samples if isinstance(way, Odometer) else way.fixes


def _distance_m(way: Odometer | GpsOdometer) -> float:
    return way.distance if isinstance(way, Odometer) else way.distance_m
