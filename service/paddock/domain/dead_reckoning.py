"""Where a car went from fix to fix by its speed and its yaw rate, without a look at the fixes in between.

A yaw rate comes in rad/s or deg/s, counter-clockwise or clockwise, and with a bias: the directions in which the
fixes say that the car drove tell all of that, as they tell the circumference of a wheel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from paddock.domain.fixes import Bools, Fixes, Floats
from paddock.domain.motion import HEADING_S, Motion, motion_of
from paddock.domain.placement import Placed, Problem, placed
from paddock.domain.running_total import RunningTotal

_RASTER_S = 0.02
_MOVING_M_S = 4.0
"""Below this nobody knows by fixes in which direction a car drives."""
_FEWEST = 50
_LEAST_TURNED_RAD = 0.15
"""Root mean square of what a car has to turn within a moment, so that its yaw rate can be compared."""
_TURN_OFF = 0.3
"""A signal of which more than this share is something else is no yaw rate of this car."""
_OUTLIER = 4.0
_SLOW_M_S = 0.5
"""A car as slow as this may go on backwards, in which case its direction turns round at once."""
_LATE_S = 0.02
_MOST_TRIED = 3_000
"""Fixes that tell how much the signals drift."""


def with_yaw_rate(motion: Motion, way: RunningTotal | None, turning: RunningTotal | None) -> Motion:
    """The motion with the places that fixes, speed and yaw rate tell together, where these fit each other.

    Args:
        motion: of its fixes and this speed.
        way: by its speed, in whatever unit.
        turning: by its yaw rate, in whatever unit and whichever direction counts as positive.
    """
    if way is None or turning is None:
        return motion
    found = _placed(motion, way, turning)
    if found is not None and abs(found.delay_s) > _LATE_S:
        # Far from where the equations were made linear: once more, with signals by the receiver's clock.
        way, turning = way.later(found.delay_s), turning.later(found.delay_s)
        motion = motion_of(motion.fixes, way)
        found = _placed(motion, way, turning)
    return replace(motion, placed=found)


def _placed(motion: Motion, way: RunningTotal, turning: RunningTotal) -> Placed | None:
    steps = None if motion.step_m is None else reckoned(motion, way, turning)
    if steps is None:
        return None
    moving = np.flatnonzero(motion.speed_m_s > _SLOW_M_S)
    first = max(0, int(np.median(moving)) - _MOST_TRIED // 2)
    busy = slice(first, first + _MOST_TRIED)
    return placed(_problem(motion, steps), motion.fixes.noise_m, busy)


def _problem(motion: Motion, steps: Reckoned) -> Problem:
    fixes = motion.fixes
    known = np.isfinite(steps.turned_rad)
    linked = known & ~fixes.is_break & (fixes.gaps_s == 0)
    fast = motion.speed_m_s > _SLOW_M_S
    return Problem(
        time_s=fixes.time_s,
        place=fixes.east_m + 1j * fixes.north_m,
        speed_m_s=motion.speed_m_s,
        heading_rad=steps.heading_rad,
        weight=np.full(len(fixes), 1 / fixes.noise_m**2),
        step=np.where(linked, steps.ahead_m, 0.0) + 1j * np.where(linked, steps.left_m, 0.0),
        turned_rad=np.where(known, steps.turned_rad, 0.0),
        linked=linked,
        turns_known=known & fast[:-1] & fast[1:],
    )


@dataclass(frozen=True, eq=False)
class Reckoned:
    """Steps from each fix to the next by speed and yaw rate; shapes (N - 1,), NaN where one of them is missing."""

    ahead_m: Floats
    """In the direction that the car had at the first of the two."""
    left_m: Floats
    turned_rad: Floats
    """Counter-clockwise."""
    heading_rad: Floats
    """Shape (N,): direction at each fix by the yaw rate, brought to what fixes say where the car drives."""


def reckoned(motion: Motion, way: RunningTotal, turning: RunningTotal) -> Reckoned | None:
    """The steps of a car whose speed can be believed; None where its yaw rate cannot."""
    fixes = motion.fixes
    turns = turning.steps(fixes.time_s)
    gauge = _gauge(motion, turns)
    if gauge is None:
        return None
    factor, bias = gauge
    raster = np.arange(fixes.time_s[0], fixes.time_s[-1], _RASTER_S)
    fine_s = np.union1d(fixes.time_s, raster)
    at_fix = np.searchsorted(fine_s, fixes.time_s)
    step_m = way.steps(fine_s) * motion.speed_factor
    angle = factor * turning.steps(fine_s) + bias * np.diff(fine_s)
    known = np.isfinite(step_m) & np.isfinite(angle)
    step_m, angle = np.where(known, step_m, 0.0), np.where(known, angle, 0.0)
    total = np.append(0.0, np.cumsum(angle))
    place = np.append(0.0, np.cumsum(step_m * np.exp(1j * (total[:-1] + angle / 2))))[at_fix]
    total, missing = total[at_fix], np.append(0, np.cumsum(~known))[at_fix]
    whole = np.diff(missing) == 0
    step = np.where(whole, np.diff(place) * np.exp(-1j * total[:-1]), np.nan)
    heading = _along_fixes(motion, total)
    return Reckoned(step.real, step.imag, np.where(whole, np.diff(total), np.nan), heading)


def _gauge(motion: Motion, turns: Floats) -> tuple[float, float] | None:
    """What a yaw rate is to be multiplied by, and what in rad/s is to be added; None where it is another signal."""
    fixes = motion.fixes
    time = fixes.time_s
    first = np.searchsorted(time, time - HEADING_S, "left")
    last = np.searchsorted(time, time + HEADING_S, "right") - 1
    missing = np.isnan(turns) | (fixes.gaps_s > 0) | fixes.is_break
    total, holes = np.append(0.0, np.cumsum(np.nan_to_num(turns))), np.append(0, np.cumsum(missing))
    total = _blurred(total, fixes)
    seconds = time[last] - time[first]
    moving = motion.speed_m_s > _MOVING_M_S
    useful = (holes[last] == holes[first]) & (seconds > HEADING_S) & moving & moving[first] & moving[last]
    if useful.sum() < _FEWEST:
        return None
    seen = np.angle(np.exp(1j * (motion.heading_rad[last] - motion.heading_rad[first])))[useful]
    by_signal, seconds = (total[last] - total[first])[useful], seconds[useful]
    if np.sqrt(np.mean(seen**2)) < _LEAST_TURNED_RAD or not by_signal.any():
        return None
    kept = np.ones(len(seen), np.bool_)
    for _ in range(4):
        terms = np.stack([by_signal[kept], seconds[kept]], axis=1)
        factor, bias = np.linalg.lstsq(terms, seen[kept], rcond=None)[0].tolist()
        off = np.abs(seen - factor * by_signal - bias * seconds)
        usual = 1.4826 * float(np.median(off))
        kept = off <= _OUTLIER * usual
    if usual > _TURN_OFF * float(np.sqrt(np.mean(seen**2))):
        return None
    return factor, bias


def _blurred(total: Floats, fixes: Fixes) -> Floats:
    """An angle as fixes show it, whose directions are those of lines through what lies around: as wide a mean."""
    width = 2 * round(0.6**0.5 * HEADING_S / fixes.step_s) + 1
    padded = np.pad(total, width // 2, mode="edge")
    sums = np.append(0.0, np.cumsum(padded))
    return np.asarray((sums[width:] - sums[:-width]) / width)


def _along_fixes(motion: Motion, turned_rad: Floats) -> Floats:
    """Directions that turn as a yaw rate says, and are those that the fixes say where the car is fast enough."""
    moving: Bools = motion.speed_m_s > _MOVING_M_S
    rows = np.flatnonzero(moving)
    off = np.unwrap(motion.heading_rad[rows] - turned_rad[rows])
    return turned_rad + np.interp(motion.fixes.time_s, motion.fixes.time_s[rows], off)
