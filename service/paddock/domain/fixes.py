"""Fixes of a GPS receiver, brought into metres and freed of what the receiver made up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paddock.domain.instants import NS_PER_S
from paddock.domain.venues import Line, Place

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

HIGHEST_RATE_HZ = 50.0
"""More fixes a second than this say nothing new about when a line was crossed."""
LONGEST_STEP_S = 0.5
"""Fixes further apart than this, and than four times what the receiver usually takes, have a dropout between."""
FASTEST_M_S = 110.0
_EQUATOR_M, _FLATTENING = 6_378_137.0, 1 / 298.257223563
_STANDING_M = 1.0
_BREAK_COST_S = 10.0
"""A place that the receiver jumped to and stayed at for less than twice so long was a mistake of it."""
_END = 10
"""Fixes at the end of a run that say where the car went on from there."""
_MOMENT_S = 1.0
_HARDEST_MSS = 40.0
_LOOK_BACK = 40
"""Between so many runs of fixes a link is looked for."""


@dataclass(frozen=True)
class Plane:
    """East and north in metres around a place, on the ellipsoid of WGS 84."""

    origin: Place

    def to_metres(self, latitude: Floats, longitude: Floats) -> tuple[Floats, Floats]:
        """East and north; shapes as given."""
        east_m, north_m = self.per_degree()
        return (
            ((longitude - self.origin.longitude + 180) % 360 - 180) * east_m,
            (latitude - self.origin.latitude) * north_m,
        )

    def to_place(self, east_m: float, north_m: float) -> Place:
        """The place at so many metres."""
        per_east, per_north = self.per_degree()
        longitude = (self.origin.longitude + east_m / per_east + 180) % 360 - 180
        return Place(float(self.origin.latitude + north_m / per_north), float(longitude))

    def per_degree(self) -> tuple[float, float]:
        """Metres of a degree to the east, and of one to the north."""
        squared = _FLATTENING * (2 - _FLATTENING)
        latitude = np.radians(self.origin.latitude)
        root = np.sqrt(1 - squared * np.sin(latitude) ** 2)
        east = _EQUATOR_M / root * np.cos(latitude)
        north = _EQUATOR_M * (1 - squared) / root**3
        return float(np.radians(max(east, 1.0))), float(np.radians(north))


@dataclass(frozen=True, eq=False)
class Fixes:
    """Where a car was, as far as a receiver can be believed. Shapes (N,), times ascending without doubles."""

    plane: Plane
    time_s: Floats
    """Since ``origin_ns``."""
    origin_ns: int
    east_m: Floats
    north_m: Floats
    noise_m: float
    """Standard deviation of one fix in one direction, from how fixes jump around what a car can drive."""
    step_s: float
    """What the receiver usually takes from fix to fix."""
    is_break: Bools
    """Shape (N - 1,): between these two the receiver jumped for good; nobody knows what happened in between."""

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def gaps_s(self) -> Floats:
        """Shape (N - 1,): how long there was no fix, 0 where the receiver worked."""
        steps = np.diff(self.time_s)
        return np.where(steps > max(LONGEST_STEP_S, 4 * self.step_s), steps, 0.0)

    def at_ns(self, time_s: float) -> int:
        """The instant of a time."""
        return self.origin_ns + round(time_s * NS_PER_S)


@dataclass(frozen=True, eq=False)
class MetreLine:
    """A line across the track in the metres of a plane."""

    middle: tuple[float, float]
    forward: tuple[float, float]
    """Unit vector in the direction of driving."""
    half_m: float

    def ahead(self, east_m: Floats, north_m: Floats) -> Floats:
        """How far beyond the line, negative before it."""
        return (east_m - self.middle[0]) * self.forward[0] + (north_m - self.middle[1]) * self.forward[1]

    def beside(self, east_m: Floats, north_m: Floats) -> Floats:
        """How far to the left of its middle."""
        return (north_m - self.middle[1]) * self.forward[0] - (east_m - self.middle[0]) * self.forward[1]


def in_metres(line: Line, plane: Plane) -> MetreLine:
    """The line in a plane; it has a length."""
    east, north = plane.to_metres(
        np.array([line.left.latitude, line.right.latitude]), np.array([line.left.longitude, line.right.longitude])
    )
    across_east, across_north = float(east[0] - east[1]), float(north[0] - north[1])
    length = float(np.hypot(across_east, across_north))
    return MetreLine(
        (float(east.mean()), float(north.mean())), (across_north / length, -across_east / length), length / 2
    )


def line_at(plane: Plane, east_m: float, north_m: float, heading_rad: float, half_m: float) -> Line:
    """A line across the way of a car that drives in a direction, counted counter-clockwise from east."""
    across = half_m * np.array([-np.sin(heading_rad), np.cos(heading_rad)])
    return Line(
        plane.to_place(east_m + float(across[0]), north_m + float(across[1])),
        plane.to_place(east_m - float(across[0]), north_m - float(across[1])),
    )


def clean_fixes(times_ns: Int64s, latitude: Floats, longitude: Floats) -> Fixes | None:
    """The fixes that can be believed; None where fewer than two can.

    Args:
        times_ns: shape (N,), ascending.
        latitude: degrees, shape (N,); no fix is NaN or 0°, 0°.
        longitude: the same.
    """
    valid = (np.abs(latitude) <= 90) & (np.abs(longitude) <= 180) & ((latitude != 0) | (longitude != 0))
    times_ns, latitude, longitude = times_ns[valid], latitude[valid], longitude[valid]
    if len(times_ns) < 2:
        return None
    plane = Plane(Place(float(np.median(latitude)), _middle_longitude(longitude)))
    east, north = plane.to_metres(latitude, longitude)
    origin_ns = int(times_ns[0])
    time = (times_ns - origin_ns) / NS_PER_S
    chosen = _chosen(time, east, north)
    time, east, north = time[chosen], east[chosen], north[chosen]
    if len(time) < 2:
        return None
    step = float(np.median(np.diff(time)))
    noise = _noise(time, east, north, step)
    kept, after_break = _believed(time, east, north, noise, step)
    if len(kept) < 2:
        return None
    return Fixes(plane, time[kept], origin_ns, east[kept], north[kept], noise, step, after_break[1:])


def _middle_longitude(longitude: Floats) -> float:
    """The median, also of a track on the line where the day changes."""
    first = float(longitude[0])
    around = (longitude - first + 180) % 360 - 180
    return float((first + np.median(around) + 180) % 360 - 180)


def _chosen(time: Floats, east: Floats, north: Floats) -> Int64s:
    """Fixes that are new: a bus repeats the last one, and inertial units give hundreds a second.

    While a car stands the same fix is taken once a second, because the receiver works.
    """
    moved = np.ones(len(time), np.bool_)
    moved[1:] = (np.diff(east) != 0) | (np.diff(north) != 0)
    rows = np.flatnonzero(moved & np.append(True, np.diff(time) > 0))
    if len(rows) and len(time) / len(rows) > 1.0:
        rows = _with_standing(rows, moved, time, east, north)
    slots = np.floor(time[rows] * HIGHEST_RATE_HZ)
    steps = np.diff(time[rows])
    if len(steps) and np.median(steps) < 0.9 / HIGHEST_RATE_HZ:
        rows = rows[np.append(True, np.diff(slots) > 0)]
    return rows


def _with_standing(rows: Int64s, moved: Bools, time: Floats, east: Floats, north: Floats) -> Int64s:
    """The rows, and of repeated fixes one a second where the next new one is at the same place."""
    following = np.append(rows[1:], len(time) - 1)
    stood = np.hypot(east[following] - east[rows], north[following] - north[rows]) < _STANDING_M
    long = stood & (time[following] - time[rows] > 1.0)
    if not long.any():
        return rows
    more = []
    for row, end in zip(rows[long].tolist(), following[long].tolist(), strict=True):
        seconds = np.floor(time[row:end] - time[row])
        more.append(row + np.flatnonzero(np.diff(seconds, prepend=0.0) > 0))
    return np.unique(np.concatenate([rows, *more]))


def _noise(time: Floats, east: Floats, north: Floats, step: float) -> float:
    """From third differences, which of a car's way are next to nothing; bounded, as slow receivers hide it."""
    if len(time) < 8:
        return 1.0
    regular = np.diff(time) < 2.5 * step
    whole = regular[:-2] & regular[1:-1] & regular[2:]
    jumps = np.concatenate([np.diff(east, n=3)[whole], np.diff(north, n=3)[whole]])
    if len(jumps) < 10:
        return 1.0
    found = float(np.median(np.abs(jumps))) / 0.6745 / np.sqrt(20.0)
    return float(np.clip(found, 0.01, 1.0 if step > 0.15 else 3.0))


def _believed(time: Floats, east: Floats, north: Floats, noise: float, step: float) -> tuple[Int64s, Bools]:
    """The rows of the longest way that a car can have driven, and before which of them the receiver jumped.

    Fixes are cut into runs where they may have jumped. A car can have driven from one run to a later one, or the
    receiver went on from elsewhere for good, which costs ``_BREAK_COST_S`` of fixes.
    """
    fastest = _fastest(time, east, north, step)
    steps = np.diff(time)
    jumps = np.hypot(np.diff(east), np.diff(north)) > fastest * np.minimum(steps, 60.0) + 5.2 * noise
    if not jumps.any():
        return np.arange(len(time)), np.zeros(len(time), np.bool_)
    begins = np.concatenate([[0], np.flatnonzero(jumps) + 1])
    ends = np.append(begins[1:], len(time))
    if len(begins) > max(1_000, len(time) // 10):
        return np.empty(0, np.int64), np.empty(0, np.bool_)
    heads = np.array(
        [_end(time, east, north, slice(b, min(b + _END, e)), b) for b, e in zip(begins, ends, strict=True)]
    )
    tails = np.array(
        [_end(time, east, north, slice(max(b, e - _END), e), e - 1) for b, e in zip(begins, ends, strict=True)]
    )
    cost = _BREAK_COST_S / step
    best = (ends - begins).astype(np.float64)
    before, broken = np.full(len(begins), -1), np.zeros(len(begins), np.bool_)
    for run in range(1, len(begins)):
        earlier = np.arange(max(0, run - _LOOK_BACK), run)
        gap = time[begins[run]] - time[ends[earlier] - 1]
        linked = _linked(tails[earlier], heads[run], gap, noise, fastest)
        value = best[earlier] - np.where(linked, 0.0, cost)
        place = int(np.argmax(value))
        if value[place] > 0:
            best[run] += value[place]
            before[run], broken[run] = earlier[place], not linked[place]
    rows, breaks = [], []
    run = int(np.argmax(best))
    while run >= 0:
        rows.append(np.arange(begins[run], ends[run]))
        flags = np.zeros(len(rows[-1]), np.bool_)
        flags[0] = broken[run]
        breaks.append(flags)
        run = int(before[run])
    return np.concatenate(rows[::-1]), np.concatenate(breaks[::-1])


def _fastest(time: Floats, east: Floats, north: Floats, step: float) -> float:
    """A speed that the car does not reach: above what most fixes say over half a second."""
    apart = max(1, round(0.5 / step))
    if len(time) <= apart:
        return FASTEST_M_S
    ways = np.hypot(east[apart:] - east[:-apart], north[apart:] - north[:-apart])
    usual = float(np.quantile(ways / (time[apart:] - time[:-apart]), 0.95))
    return min(FASTEST_M_S, 1.3 * usual + 5.0)


def _end(
    time: Floats, east: Floats, north: Floats, rows: slice, at: int
) -> tuple[float, float, float, float, float]:
    """A straight line through the fixes at an end of a run: place and velocity there, and how many fixes."""
    since = time[rows] - time[at]
    count = len(since)
    spread = float(((since - since.mean()) ** 2).sum())
    if count < 3 or not spread:
        return float(east[rows].mean()), float(north[rows].mean()), np.nan, np.nan, count
    east_m_s = float(((since - since.mean()) * east[rows]).sum()) / spread
    north_m_s = float(((since - since.mean()) * north[rows]).sum()) / spread
    place = east[rows].mean() - east_m_s * since.mean(), north[rows].mean() - north_m_s * since.mean()
    return float(place[0]), float(place[1]), east_m_s, north_m_s, count


def _linked(tails: Floats, head: Floats, gap: Floats, noise: float, fastest: float) -> Bools:
    """Whether a car can have driven from the ends of runs to the beginning of another.

    Over a moment it goes on as it drove; for longer nothing is known but how fast it may be.
    """
    off = 5 * noise * np.sqrt(4 / tails[:, 4] + 4 / head[4]) + 0.5
    forth = tails[:, :2] + tails[:, 2:4] * gap[:, None]
    back = head[:2] - head[2:4] * gap[:, None]
    miss = np.hypot(*(forth - head[:2]).T), np.hypot(*(back - tails[:, :2]).T)
    with np.errstate(invalid="ignore"):
        goes_on = np.fmin(*miss) <= off + _HARDEST_MSS / 2 * gap**2
    reached = np.hypot(*(tails[:, :2] - head[:2]).T) <= fastest * np.minimum(gap, 60.0) + off
    predicted = ~np.isnan(np.fmin(*miss)) & (gap < _MOMENT_S)
    linked: Bools = np.where(predicted, goes_on & reached, reached)
    return linked
