"""How far, how fast, and whether at all: figures gathered from batches of a few signals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from paddock.domain.instants import NS_PER_S

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LONGEST_STEP_S = 2.0
"""Where samples are further apart nobody knows how the car moved: such a gap adds nothing."""
STANDING_M_S = 0.3
"""An inertial sensor drifts by about so much while the car stands: over a stint that is hundreds of metres."""
FIXES_PER_S = 5
NOISE_M = 1.0
"""A fix counts when it is so far from the last that counted: receivers wander while the car stands."""
FASTEST_M_S = 120.0
LOST_FIXES = 10
"""So many fixes in a row that the car cannot have reached mean that the one before them was wrong."""
EARTH_RADIUS_M = 6_371_008.8


class Extremes:
    """Smallest and largest value within what can be true; all else, NaN included, is left out."""

    def __init__(self, lowest: float, highest: float) -> None:
        self._lowest, self._highest = lowest, highest
        self.low: float | None = None
        self.high: float | None = None

    def add(self, values: Floats) -> None:
        """Take in values of any shape."""
        true = values[(values >= self._lowest) & (values <= self._highest)]
        if len(true):
            low, high = float(true.min()), float(true.max())
            self.low = low if self.low is None else min(self.low, low)
            self.high = high if self.high is None else max(self.high, high)


class Odometer:
    """Integrates a speed by the trapezoidal rule, batch by batch."""

    def __init__(self, moving_from: float, highest: float, standing: float = STANDING_M_S) -> None:
        self._moving_from, self._highest, self._standing = moving_from, highest, standing
        self._last: tuple[int, float] | None = None
        self.samples = 0
        self.distance = 0.0
        """In the unit of the speed times seconds."""
        self.moving_s = 0.0
        """How long the speed was at least ``moving_from``."""

    def add(self, times: Int64s, speeds: Floats) -> None:
        """Take in a batch, shapes (N,), times ascending in nanoseconds; what cannot be true is left out."""
        speeds = np.abs(speeds)
        true = speeds <= self._highest
        times, speeds = times[true], speeds[true]
        if not len(times):
            return
        self.samples += len(times)
        if self._last is not None:
            times = np.concatenate([[self._last[0]], times])
            speeds = np.concatenate([[self._last[1]], speeds])
        self._last = int(times[-1]), float(speeds[-1])
        steps_s = np.diff(times) / NS_PER_S
        known = steps_s <= LONGEST_STEP_S
        driven = np.where(speeds < self._standing, 0.0, speeds)
        self.distance += float(((driven[1:] + driven[:-1]) / 2 * steps_s)[known].sum())
        moving = known & (np.minimum(speeds[1:], speeds[:-1]) >= self._moving_from)
        self.moving_s += float(steps_s[moving].sum())


class GpsOdometer:
    """Adds up the way between fixes, five a second at most, batch by batch."""

    def __init__(self) -> None:
        self._last_slot: int | None = None
        self._anchor: tuple[int, float, float] | None = None
        self._first: tuple[float, float] | None = None
        self._lost = 0
        self.fixes = 0
        self.distance_m = 0.0
        self.extent_m = 0.0
        """How far the car was from where it began."""

    def add(self, times: Int64s, latitudes: Floats, longitudes: Floats) -> None:
        """Take in a batch, shapes (N,), times ascending in nanoseconds, degrees; no fix is NaN or 0°, 0°."""
        fix = (np.abs(latitudes) <= 90) & (np.abs(longitudes) <= 180) & ((latitudes != 0) | (longitudes != 0))
        times, latitudes, longitudes = times[fix], latitudes[fix], longitudes[fix]
        if not len(times):
            return
        # The first fix of each fifth of a second: few enough to look at one by one.
        slots = times // (NS_PER_S // FIXES_PER_S)
        chosen = np.flatnonzero(np.diff(slots, prepend=slots[0] - 1))
        if self._last_slot is not None:
            chosen = chosen[slots[chosen] > self._last_slot]
        self._last_slot = int(slots[-1])
        for row in chosen.tolist():
            self._fix(int(times[row]), float(latitudes[row]), float(longitudes[row]))

    def _fix(self, time: int, latitude: float, longitude: float) -> None:
        self.fixes += 1
        if self._anchor is None or self._first is None:
            self._anchor, self._first = (time, latitude, longitude), (latitude, longitude)
            return
        step_m = _between(self._anchor[1], self._anchor[2], latitude, longitude)
        if step_m < NOISE_M:
            return
        if step_m > FASTEST_M_S * max((time - self._anchor[0]) / NS_PER_S, 1 / FIXES_PER_S):
            self._lost += 1
            if self._lost < LOST_FIXES:
                return
            # It goes on from here, and the jump is no way that the car drove.
            if self.distance_m == 0.0:
                self._first = latitude, longitude
            step_m = 0.0
        self._lost = 0
        self.distance_m += step_m
        self.extent_m = max(self.extent_m, _between(*self._first, latitude, longitude) if step_m else 0.0)
        self._anchor = time, latitude, longitude


def _between(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Metres between two places close to each other, in degrees, on a sphere taken as flat."""
    north = np.radians(other_latitude - latitude)
    east = np.radians((other_longitude - longitude + 180) % 360 - 180) * np.cos(np.radians(latitude))
    return float(EARTH_RADIUS_M * np.hypot(north, east))
