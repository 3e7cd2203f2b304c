"""A run whose crossings of the line are known to the microsecond, seen by a receiver that is as bad as wanted.

Laps are timed by what a receiver says; only a simulated car says when it truly crossed. It may stop on the line,
drive back over it or a whole lap backwards; the receiver may have no fix for a while, or jump away and come back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paddock.simulator.track import Floats, Track
from paddock.simulator.vehicle import RASTER_S, REST_AFTER_S, REST_BEFORE_S, Motion

Bools = npt.NDArray[np.bool_]

GPS_RATE_HZ = 25.0
GPS_NOISE_M = 0.5
BRAKING_MSS = 6.0
BACKWARD_M_S = 6.0
_GRID_M = 0.02


@dataclass(frozen=True)
class Stop:
    """The car stands at a place along the track for a while, then goes on."""

    at_m: float
    for_s: float


@dataclass(frozen=True)
class Reverse:
    """At a place along the track the car stops, drives so far backwards on its line, stops and goes on."""

    at_m: float
    back_m: float


@dataclass(frozen=True)
class Dropout:
    """The receiver says nothing."""

    begin_s: float
    end_s: float


@dataclass(frozen=True)
class Teleport:
    """The receiver says a place so far away from where the car is."""

    begin_s: float
    end_s: float
    east_m: float
    north_m: float


@dataclass(frozen=True)
class Receiver:
    """A GPS receiver: white noise in each direction, and what goes wrong."""

    rate_hz: float = GPS_RATE_HZ
    noise_m: float = GPS_NOISE_M
    dropouts: tuple[Dropout, ...] = ()
    teleports: tuple[Teleport, ...] = ()


@dataclass(frozen=True, eq=False)
class Fixes:
    """What a receiver said; shapes (N,)."""

    time_s: Floats
    east_m: Floats
    north_m: Floats


@dataclass(frozen=True, eq=False)
class TrueCrossing:
    """The car crossed the line."""

    time_s: float
    forward: bool
    lap: int
    """How many laps ahead of the start the line it crossed is: it is crossed forward with this number once, unless
    the car came back."""


@dataclass(frozen=True, eq=False)
class Travel:
    """The way of a car over time, on a raster; shapes (T,)."""

    time_s: Floats
    track_m: Floats
    """Along the centre line from the start; falls where the car drives backwards."""
    speed_m_s: Floats
    """Along the driven line, never negative."""
    yaw_rate_rad_s: Floats
    """Counter-clockwise, seen from above."""
    east_m: Floats
    north_m: Floats
    crossings: tuple[TrueCrossing, ...]
    lap_m: float

    def laps(self) -> list[tuple[float, float]]:
        """Begin and end of every true lap: from the first time at the line to the first time a lap further on.

        A car that came back over the line by a quarter of a lap begins anew when it crosses again.
        """
        found: list[tuple[float, float]] = []
        begun: tuple[int, float] | None = None
        for crossing in self.crossings:
            if not crossing.forward:
                continue
            if begun is not None and crossing.lap <= begun[0] and self._came_back(begun, crossing.time_s):
                begun = None
            if begun is None or crossing.lap > begun[0]:
                if begun is not None:
                    found.append((begun[1], crossing.time_s))
                begun = crossing.lap, crossing.time_s
        return found

    def _came_back(self, begun: tuple[int, float], until_s: float) -> bool:
        since = (self.time_s >= begun[1]) & (self.time_s <= until_s)
        return bool(self.track_m[since].min() < (begun[0] - 0.25) * self.lap_m)


def travel(motion: Motion, track: Track, events: tuple[Stop | Reverse, ...] = ()) -> Travel:
    """The car of a motion, driving as fast as there but for what happens on its way."""
    distance, speed, line = motion.columns["distance_m"], motion.columns["speed_ms"], motion.line
    end_m, lap_m = float(distance[-1]), track.length_m
    moving = speed > 0.05
    known_m, known_v = distance[moving], speed[moving]
    legs: list[tuple[float, float, float, float]] = []
    at_m = 0.0
    for event in sorted(events, key=lambda each: each.at_m):
        event_m = float(line.to_driven_m(np.array(event.at_m)))
        if not at_m < event_m < end_m:
            continue
        legs.append((at_m, event_m, np.inf, event.for_s if isinstance(event, Stop) else 2.0))
        at_m = event_m
        if isinstance(event, Reverse):
            legs.append((at_m, at_m - event.back_m, BACKWARD_M_S, 2.0))
            at_m -= event.back_m
    legs.append((at_m, end_m, np.inf, REST_AFTER_S))
    times, ways = [np.array([0.0])], [np.array([0.0])]
    now_s = REST_BEFORE_S
    for begin_m, finish_m, limit, rest_s in legs:
        grid = np.linspace(begin_m, finish_m, max(3, int(abs(finish_m - begin_m) / _GRID_M)))
        middle = (grid[1:] + grid[:-1]) / 2
        from_ends = np.minimum(np.abs(middle - begin_m), np.abs(middle - finish_m))
        # Before the start, where a car gets by driving backwards alone, nobody drove at speed. Coming from there it
        # passes the start as at the end of a lap, and not as slowly as when it set out.
        usual = np.interp(middle, known_m, known_v, left=BACKWARD_M_S)
        if now_s > REST_BEFORE_S:
            usual = np.maximum(usual, np.interp(middle + lap_m, known_m, known_v, right=0.0))
        fastest = np.minimum(usual, np.sqrt(2 * BRAKING_MSS * from_ends))
        passed = now_s + np.append(0.0, np.cumsum(np.abs(np.diff(grid)) / np.minimum(fastest, limit)))
        times += [passed, np.array([passed[-1] + rest_s])]
        ways += [grid, grid[-1:]]
        now_s = float(passed[-1]) + rest_s
    time, way = np.concatenate(times), np.concatenate(ways)
    raster = np.arange(0.0, time[-1], RASTER_S)
    along = np.interp(raster, time, way)
    east, north, heading, _ = line.at(along)
    return Travel(
        time_s=raster,
        track_m=line.to_track_m(along),
        speed_m_s=np.abs(np.gradient(along, RASTER_S)),
        yaw_rate_rad_s=np.gradient(heading, RASTER_S),
        east_m=east,
        north_m=north,
        crossings=_crossings(time, line.to_track_m(way), lap_m),
        lap_m=lap_m,
    )


def _crossings(time_s: Floats, way_m: Floats, lap_m: float) -> tuple[TrueCrossing, ...]:
    """Every time the way is a whole number of laps, setting out left out."""
    laps = np.floor(way_m / lap_m)
    found: list[TrueCrossing] = []
    for row in np.flatnonzero(np.diff(laps)).tolist():
        forward = bool(laps[row + 1] > laps[row])
        line = int(max(laps[row], laps[row + 1]))
        share = (line * lap_m - way_m[row]) / (way_m[row + 1] - way_m[row])
        if line > 0 or not forward or found:
            found.append(TrueCrossing(float(time_s[row] + share * (time_s[row + 1] - time_s[row])), forward, line))
    return tuple(found)


def fixes_of(
    time_s: Floats, east_m: Floats, north_m: Floats, receiver: Receiver, rng: np.random.Generator
) -> Fixes:
    """What a receiver says of a way, shapes (T,)."""
    fix_s = np.arange(rng.uniform(0, 1 / receiver.rate_hz), time_s[-1], 1 / receiver.rate_hz)
    east = np.interp(fix_s, time_s, east_m) + receiver.noise_m * rng.standard_normal(len(fix_s))
    north = np.interp(fix_s, time_s, north_m) + receiver.noise_m * rng.standard_normal(len(fix_s))
    for jump in receiver.teleports:
        there = (fix_s >= jump.begin_s) & (fix_s < jump.end_s)
        east[there] += jump.east_m
        north[there] += jump.north_m
    seen = np.ones(len(fix_s), np.bool_)
    for dropout in receiver.dropouts:
        seen &= (fix_s < dropout.begin_s) | (fix_s >= dropout.end_s)
    return Fixes(fix_s[seen], east[seen], north[seen])
