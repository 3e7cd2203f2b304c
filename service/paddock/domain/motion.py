"""How a car moved, by the fixes of its receiver and the signal of its speed together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from paddock.domain.banded import Bands, Solved
from paddock.domain.fixes import Bools, Fixes, Floats, Int64s
from paddock.domain.placement import Placed
from paddock.domain.running_total import RunningTotal

WINDOW_S = 6.0
"""Fixes of so long before and after an instant tell where the car was then, where there is a speed."""
ALONE_S = 2.5
"""Where there is none: nobody knows what acceleration will be after that."""
HEADING_S = 0.6
"""Fixes of so long before and after tell in which direction the car drove."""
_MOST_FIXES = 700
_JERK = 60.0
"""Power density of a car's jerk in (m/s³)² per Hz."""
_WALKS = (2e-4, 1e-3, 5e-3, 2.5e-2, 0.125, 0.6)
"""Power densities in (m/s)² per Hz of what a speed may be off, from a good receiver's to a slipping wheel's."""
_STRETCHES = 12
_MOST_TRIED = 5_000
_FEWEST = 20
_NOTHING = 1e-6
_SPEED_OFF = 0.1
_SCALE_OFF = 0.02
"""By how much the scale of a speed may be wrong for some seconds, as a standard deviation."""
_STRAIGHT_M_S = 4.0
_STRAIGHT_RAD = 0.15


@dataclass(frozen=True, eq=False)
class Motion:
    """What fixes and speed tell together of how a car moved. Shapes (N,) unless said otherwise."""

    fixes: Fixes
    speed_m_s: Floats
    """Along the way, at each fix."""
    heading_rad: Floats
    """Direction of the way, counter-clockwise from east."""
    across_m_s: float
    """How far off the speed across that direction is, as a standard deviation."""
    step_m: Floats | None
    """Driven to the next fix by a speed signal, shape (N - 1,); NaN where unknown, None without a usable signal."""
    walk: float
    """Power density in (m/s)² per Hz of what the steps are off."""
    speed_factor: float = 1.0
    """What the speed signal is multiplied by, as the fixes say."""
    placed: Placed | None = None
    """Where the car was by fixes, speed and yaw rate together; None where there is no yaw rate that fits them."""


def motion_of(fixes: Fixes, way: RunningTotal | None) -> Motion:
    """Speeds and directions at the fixes, and whether a speed signal can be believed.

    It may be off by a constant factor, like the rotation of a wheel, which the fixes tell, and how much it is off
    besides says how much it is worth. One that is off by a tenth is not used.
    """
    east_m_s, north_m_s, across = _slopes(fixes)
    speed, heading = np.hypot(east_m_s, north_m_s), np.arctan2(north_m_s, east_m_s)
    if way is None or len(way.time_s) < 2:
        return Motion(fixes, speed, heading, across, None, 0.0)
    steps = way.steps(fixes.time_s)
    factor = _scale(fixes, speed, heading, steps)
    if factor is None:
        return Motion(fixes, speed, heading, across, None, 0.0)
    steps = steps * factor
    rates = steps / np.diff(fixes.time_s)
    both = np.fmax(np.append(rates[:1], rates), 0.0), np.fmax(np.append(rates, rates[-1:]), 0.0)
    with np.errstate(invalid="ignore"):
        signal = np.nanmean(np.stack([np.where(np.isnan(one), speed, one) for one in both]), axis=0)
    motion = Motion(fixes, signal, heading, across, steps, _WALKS[0], factor)
    return replace(motion, walk=_likeliest_walk(motion))


def _slopes(fixes: Fixes) -> tuple[Floats, Floats, float]:
    """Velocity at each fix by a straight line through those around it, and how far off it is in one direction."""
    time = fixes.time_s - fixes.time_s[0]
    reach = max(HEADING_S, 1.5 * fixes.step_s)
    first = np.searchsorted(time, time - reach, "left")
    last = np.searchsorted(time, time + reach, "right")
    first, last = _within_breaks(fixes.is_break, first, last)
    # With two at least, whatever gaps there are.
    first, last = (
        np.minimum(first, np.maximum(np.arange(len(time)) - 1, 0)),
        np.maximum(last, np.minimum(np.arange(len(time)) + 2, len(time))),
    )
    count = last - first

    def summed(values: Floats) -> Floats:
        sums = np.concatenate([[0.0], np.cumsum(values)])
        over: Floats = sums[last] - sums[first]
        return over

    middle = summed(time) / count
    # Relative to each window's own place, so that far from the origin nothing is lost to rounding.
    spread = np.maximum(summed(time**2) - count * middle**2, 1e-9)
    slopes = [
        (summed(time * axis) - middle * summed(axis)) / spread
        for axis in (fixes.east_m - fixes.east_m.mean(), fixes.north_m - fixes.north_m.mean())
    ]
    return slopes[0], slopes[1], float(fixes.noise_m / np.sqrt(np.median(spread)))


def _within_breaks(is_break: Bools, first: Int64s, last: Int64s) -> tuple[Int64s, Int64s]:
    if not is_break.any():
        return first, last
    piece = np.concatenate([[0], np.cumsum(is_break)])
    begins = np.searchsorted(piece, piece, "left")
    ends = np.searchsorted(piece, piece, "right")
    return np.maximum(first, begins), np.minimum(last, ends)


def _scale(fixes: Fixes, speed: Floats, heading: Floats, steps: Floats) -> float | None:
    """What a speed signal is to be multiplied by; None where it is no speed of this car.

    Both are compared where the car drives straight on: in bends the way between fixes is a chord.
    """
    time = fixes.time_s
    first = np.searchsorted(time, time - HEADING_S, "left")
    last = np.searchsorted(time, time + HEADING_S, "right") - 1
    missing = np.isnan(steps) | (fixes.gaps_s > 0) | fixes.is_break
    driven = np.append(0.0, np.cumsum(np.nan_to_num(steps)))
    holes = np.append(0, np.cumsum(missing))
    seconds = time[last] - time[first]
    turned = np.abs(np.angle(np.exp(1j * (heading[last] - heading[first]))))
    useful = (holes[last] == holes[first]) & (seconds > HEADING_S) & (speed > _STRAIGHT_M_S)
    useful &= turned < _STRAIGHT_RAD
    if useful.sum() < _FEWEST:
        return None
    by_signal = (driven[last] - driven[first])[useful] / seconds[useful]
    ratio = by_signal / speed[useful]
    middle = float(np.median(ratio))
    if not middle > 0:
        return None
    if 1.4826 * float(np.median(np.abs(ratio / middle - 1))) > _SPEED_OFF:
        return None
    return 1 / middle


def _likeliest_walk(motion: Motion) -> float:
    """How much a speed is off: of some power densities the one by which the fixes are likeliest, given the steps.

    The straightest stretches of the way are looked at, each in the direction that the car drives in its middle.
    """
    fixes = motion.fixes
    likelihood = np.zeros(len(_WALKS))
    for row in _straightest(motion):
        first, last = piece(fixes, float(fixes.time_s[row]), WINDOW_S)
        turned = np.abs(np.angle(np.exp(1j * (motion.heading_rad[first : last + 1] - motion.heading_rad[row]))))
        bends = np.flatnonzero(turned > 2 * _STRAIGHT_RAD) + first
        before, after = bends[bends < row], bends[bends > row]
        rows = np.arange(before[-1] + 1 if len(before) else first, after[0] if len(after) else last + 1)
        if len(rows) < _FEWEST:
            continue
        heading = float(motion.heading_rad[row])
        place = (fixes.east_m[rows] - fixes.east_m[row]) * np.cos(heading)
        place = place + (fixes.north_m[rows] - fixes.north_m[row]) * np.sin(heading)
        for tries, walk in enumerate(_WALKS):
            prior = prior_of(replace(motion, walk=walk), rows, motion.heading_rad[rows] - heading)
            likelihood[tries] += _log_evidence(prior, place, fixes.noise_m)
    return _WALKS[int(np.argmax(likelihood))]


def _straightest(motion: Motion) -> list[int]:
    """Rows in the middle of the straightest stretches, some seconds apart."""
    time = motion.fixes.time_s
    first = np.searchsorted(time, time - 2 * HEADING_S)
    last = np.minimum(np.searchsorted(time, time + 2 * HEADING_S), len(time) - 1)
    turned = np.abs(np.angle(np.exp(1j * (motion.heading_rad[last] - motion.heading_rad[first]))))
    turned = np.where(motion.speed_m_s > _STRAIGHT_M_S, turned, np.inf)
    chosen: list[int] = []
    for row in np.argsort(turned, kind="stable")[:_MOST_TRIED].tolist():
        if turned[row] > 2 * _STRAIGHT_RAD or len(chosen) == _STRETCHES:
            break
        if all(abs(time[row] - time[other]) > WINDOW_S for other in chosen):
            chosen.append(row)
    return chosen


def _log_evidence(prior: Prior, measured: Floats, noise_m: float) -> float:
    """Logarithm of how likely fixes are, up to a constant that is the same for all priors."""
    weight = 1 / noise_m**2
    measured = measured - (measured - prior.way).mean()
    # The prior says nothing of where the car is as a whole, so that a little of it is said for all alike.
    alone, together = Solved(prior.matrix.plus(_NOTHING * weight)), Solved(prior.matrix.plus(weight))
    pulled = prior.target + weight * measured
    least = weight * measured @ measured - pulled @ together.solve(pulled)
    least += prior.target @ alone.solve(prior.target)
    return float(alone.log_determinant - together.log_determinant - least) / 2


def piece(fixes: Fixes, around_s: float, reach_s: float) -> tuple[int, int]:
    """First and last row around an instant; neither a jump for good nor a dropout lies between them."""
    time = fixes.time_s
    first, last = np.searchsorted(time, [around_s - reach_s, around_s + reach_s]).tolist()
    middle = int(np.searchsorted(time, around_s))
    first, last = max(first, middle - _MOST_FIXES // 2), min(last, middle + _MOST_FIXES // 2, len(time)) - 1
    cut = np.flatnonzero(fixes.is_break[first:last] | (fixes.gaps_s[first:last] > 0)) + first
    before, after = cut[cut < middle - 1], cut[cut >= middle - 1]
    return (int(before[-1]) + 1 if len(before) else first), (int(after[0]) if len(after) else last)


@dataclass(frozen=True, eq=False)
class Prior:
    """What is known of how far beyond a line the car was, besides the fixes: normal equations of least squares."""

    matrix: Bands
    target: Floats
    """The right side."""
    way: Floats
    """In that direction by the speed alone, from 0."""


def _smoothness(seconds: Floats) -> list[Floats]:
    """How little the jerk of a way through places at these instants may be: the diagonals of a ``Bands``."""
    count = len(seconds) - 3
    # Third differences divided by their times are the jerk: four places have a share in each.
    shares = []
    for place in range(4):
        product = np.ones(count)
        for other in range(4):
            if other != place:
                product = product * (seconds[place : count + place] - seconds[other : count + other])
        shares.append(6 / product * np.sqrt((seconds[3:] - seconds[:-3]) / 3 / _JERK))
    diagonals = [np.zeros(count + 3 - below) for below in range(4)]
    for one, share in enumerate(shares):
        for other, factor in enumerate(shares[: one + 1]):
            diagonals[one - other][other : count + other] += share * factor
    return diagonals


def prior_of(motion: Motion, rows: Int64s, angle: Floats) -> Prior:
    """By the speed, where there is one, and by how little a car's acceleration changes.

    ``angle`` is that of the car's way to the line's forward direction at each of the rows.
    """
    seconds = motion.fixes.time_s[rows]
    count = len(rows)
    own, below, second, third = _smoothness(seconds)
    if motion.step_m is None:
        return Prior(Bands((own, below, second, third), np.zeros(count), 0.0), np.zeros(count), np.zeros(count))
    steps = motion.step_m[rows[:-1]]
    known = np.isfinite(steps)
    turned = (angle[1:] - angle[:-1] + np.pi) % (2 * np.pi) - np.pi
    between = angle[:-1] + turned / 2
    # Off by the speed's own errors, and by those of the direction as far as that leads across the line.
    density = motion.walk + np.sin(between) ** 2 * motion.across_m_s**2 * 2 * HEADING_S
    weight = np.where(known, 1 / (density * np.diff(seconds)), 0.0)
    way = np.where(known, steps, 0.0) * np.cos(between)
    own[:-1] += weight
    own[1:] += weight
    below = below - weight
    pull = weight * way
    target = np.append(0.0, pull) - np.append(pull, 0.0)
    total = np.append(0.0, np.cumsum(way))
    # All steps may be too long or too short by the same share.
    take = 1 / (float(total @ target) + 1 / _SCALE_OFF**2)
    return Prior(
        Bands((own, below, second, third), target, take), target * (1 - take * float(total @ target)), total
    )


def smoothed_places(fixes: Fixes) -> tuple[Floats, Floats]:
    """East and north at each fix as the mean of those around it; shapes (N,)."""
    time = fixes.time_s
    first = np.searchsorted(time, time - HEADING_S / 2, "left")
    last = np.searchsorted(time, time + HEADING_S / 2, "right")
    first, last = _within_breaks(fixes.is_break, first, last)
    # As many before as after, else the mean would lag at the ends.
    here = np.arange(len(time))
    reach = np.minimum(here - first, last - 1 - here)
    first, last = here - reach, here + reach + 1
    means = []
    for axis in (fixes.east_m, fixes.north_m):
        sums = np.concatenate([[0.0], np.cumsum(axis)])
        means.append((sums[last] - sums[first]) / (last - first))
    return means[0], means[1]
