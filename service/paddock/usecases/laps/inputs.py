"""What laps are timed by, read from columns: positions, a speed, a beacon, a counter of laps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from paddock.columns.arrow_numpy import is_list, pick
from paddock.columns.by_name import Column, columns_by_name, numbers_by_dtype, values_of
from paddock.columns.columns import Columns
from paddock.columns.odometer import LONGEST_STEP_S
from paddock.domain.catalogue import CarCatalogue, Described
from paddock.domain.catalogue_defaults import Role
from paddock.domain.dead_reckoning import with_yaw_rate
from paddock.domain.fixes import Fixes, Floats, Int64s, clean_fixes
from paddock.domain.instants import NS_PER_S
from paddock.domain.motion import Motion, motion_of
from paddock.domain.overview import QUANTITIES
from paddock.domain.running_total import RunningTotal
from paddock.domain.units import TO_DEGREE

_RAW_RATE = 1e6
"""Faster than any wheel turns in any unit: what is beyond is no value."""
_RATE_STEP_NS = NS_PER_S // 100
"""A hundred values a second are kept of a speed or a yaw rate, with what all between them add up to."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """A signal: shapes (N,), times ascending in nanoseconds."""

    times_ns: Int64s
    values: Floats


@dataclass(frozen=True, eq=False)
class LapInputs:
    """What a log has of what laps are timed by."""

    motion: Motion | None
    """None without positions."""
    counter: Timeline | None
    beacon: Timeline | None
    way: RunningTotal | None
    """By its speed alone, with seconds since ``way_origin_ns``."""
    way_origin_ns: int
    names: Mapping[str, str] = field(default_factory=dict)
    """The signals that were taken, by what for."""


def read_inputs(columns: Columns, catalogue: CarCatalogue) -> LapInputs:
    """Read them, each channel once; a log may have none of them."""
    found = columns_by_name(columns)
    roles = catalogue.resolve(numbers_by_dtype(found))
    names: dict[str, str] = {}
    fixes = _fixes(columns, found, roles, names)
    speed = _speed(columns, found, roles, names)
    origin_ns = fixes.origin_ns if fixes is not None else int(speed.origin_ns if speed else 0)
    way = None if speed is None else speed.total(origin_ns)
    motion = None if fixes is None else motion_of(fixes, way)
    if motion is not None and way is not None:
        turning = _yaw_rate(columns, found, roles, names)
        motion = with_yaw_rate(motion, way, None if turning is None else turning.total(origin_ns))
    return LapInputs(
        motion=motion,
        counter=_timeline(columns, found, roles.get(Role.LAP, ()), names, "counter"),
        beacon=_timeline(columns, found, roles.get(Role.BEACON, ()), names, "beacon"),
        way=way,
        way_origin_ns=origin_ns,
        names=names,
    )


def _fixes(
    columns: Columns,
    found: Mapping[str, Column],
    roles: Mapping[Role, tuple[Described, ...]],
    names: dict[str, str],
) -> Fixes | None:
    if Role.LATITUDE not in roles or Role.LONGITUDE not in roles:
        return None
    described = [roles[Role.LATITUDE][0], roles[Role.LONGITUDE][0]]
    places = [found[one.name] for one in described]
    scales = [TO_DEGREE.get(one.unit or "deg", (0.0, 0.0))[0] for one in described]
    if places[0].channel is not places[1].channel or not all(scales) or any(is_list(each.kind) for each in places):
        return None
    names["latitude"], names["longitude"] = (one.name for one in described)
    times, latitudes, longitudes = [], [], []
    for batch in columns.read(places[0].channel, tuple(dict.fromkeys(place.path[0] for place in places))):
        times.append(batch.log_time)
        latitudes.append(values_of(pick(batch.messages, places[0].path)) * scales[0])
        longitudes.append(values_of(pick(batch.messages, places[1].path)) * scales[1])
    if not times:
        return None
    return clean_fixes(np.concatenate(times), np.concatenate(latitudes), np.concatenate(longitudes))


def _speed(
    columns: Columns,
    found: Mapping[str, Column],
    roles: Mapping[Role, tuple[Described, ...]],
    names: dict[str, str],
) -> _TotalReader | None:
    """The speed of the car; without one the turning of a wheel, whose circumference the fixes tell."""
    for described in (*roles.get(Role.SPEED, ())[:1], *roles.get(Role.WHEEL_SPEED, ())[:1]):
        column = found[described.name]
        conversion = QUANTITIES[Role.SPEED].conversion(described.unit)
        factor = 1.0 if conversion is None else conversion[0]
        if is_list(column.kind) or (conversion is None and described.role is Role.SPEED):
            continue
        reader = _TotalReader()
        for batch in columns.read(column.channel, column.path[:1]):
            reader.add(batch.log_time, np.abs(values_of(pick(batch.messages, column.path)) * factor))
        if reader.samples > 1:
            names["speed"] = described.name
            return reader
    return None


def _yaw_rate(
    columns: Columns,
    found: Mapping[str, Column],
    roles: Mapping[Role, tuple[Described, ...]],
    names: dict[str, str],
) -> _TotalReader | None:
    """How fast the car turns; in which unit and direction the fixes tell."""
    for described in roles.get(Role.YAW_RATE, ())[:1]:
        column = found[described.name]
        if is_list(column.kind):
            continue
        reader = _TotalReader()
        for batch in columns.read(column.channel, column.path[:1]):
            reader.add(batch.log_time, values_of(pick(batch.messages, column.path)))
        if reader.samples > 1:
            names["yaw_rate"] = described.name
            return reader
    return None


class _TotalReader:
    """What a signal adds up to, batch by batch."""

    def __init__(self) -> None:
        self.samples = 0
        self._last: tuple[int, float] | None = None
        self._total = 0.0
        self._missing = 0
        self._kept: list[tuple[Int64s, Floats, Int64s]] = []
        self.origin_ns = 0

    def add(self, times: Int64s, rates: Floats) -> None:
        """Take in a batch, shapes (N,), times ascending; what is no number is left out."""
        known = np.abs(rates) <= _RAW_RATE
        times, rates = times[known], rates[known]
        if not len(times):
            return
        if self._last is None:
            self.origin_ns = int(times[0])
        else:
            times, rates = np.append(self._last[0], times), np.append(self._last[1], rates)
        self._last = int(times[-1]), float(rates[-1])
        self.samples += len(times)
        steps_s = np.diff(times) / NS_PER_S
        total = self._total + np.append(0.0, np.cumsum((rates[1:] + rates[:-1]) / 2 * steps_s))
        missing = self._missing + np.append(0, np.cumsum(steps_s > LONGEST_STEP_S))
        self._total, self._missing = float(total[-1]), int(missing[-1])
        slots = times // _RATE_STEP_NS
        chosen = np.append(True, (np.diff(slots) > 0) | (np.diff(missing) > 0))
        chosen[-1] = True
        self._kept.append((times[chosen], total[chosen], missing[chosen]))

    def total(self, origin_ns: int) -> RunningTotal:
        """All of it, in seconds since an instant."""
        times, total, missing = (np.concatenate(parts) for parts in zip(*self._kept, strict=True))
        return RunningTotal((times - origin_ns) / NS_PER_S, total, missing.astype(np.float64))


def _timeline(
    columns: Columns,
    found: Mapping[str, Column],
    players: tuple[Described, ...],
    names: dict[str, str],
    what: str,
) -> Timeline | None:
    for described in players[:1]:
        column = found[described.name]
        if is_list(column.kind):
            continue
        parts = [
            (batch.log_time, values_of(pick(batch.messages, column.path)))
            for batch in columns.read(column.channel, column.path[:1])
        ]
        if parts:
            names[what] = described.name
            times, values = (np.concatenate(each) for each in zip(*parts, strict=True))
            return Timeline(times, values)
    return None
