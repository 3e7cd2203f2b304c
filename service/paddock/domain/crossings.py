"""When a car crossed a line: found in its fixes, and timed between them.

A receiver's fix is off by half a metre, which is 25 ms at 20 m/s. So a crossing is timed by all fixes of some
seconds around it: how far beyond the line the car was is fitted to them, with what is known of how it moved. If the
log has a speed, this is the way driven between two fixes; without one it is that acceleration does not change at
once. Where the car drives along the line and not across it, the speed says less, and counts less.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from paddock.domain.banded import Solved
from paddock.domain.fixes import Fixes, Floats, MetreLine
from paddock.domain.motion import ALONE_S, HEADING_S, WINDOW_S, Motion, piece, prior_of

MARGIN_M = 3.0
"""A car crossed once it came from so far before the line and is so far beyond it."""
SLOWEST_M_S = 1.5
"""A car that crosses more slowly is pushed, or stands on the line: there is no instant of crossing."""
LONGEST_PASS_S = 6.0
"""How long a car may take between the two margins; longer ones stood on the line."""
_OUTLIER = 5.0
_LINKED_S = 1.0
"""So long before and after a crossing speed and yaw rate have to be there."""


@dataclass(frozen=True)
class Crossing:
    """One crossing of a line."""

    time_s: float
    """Since the origin of the fixes."""
    forward: bool
    sigma_s: float
    """Standard deviation of the time."""
    timed: bool = True
    """Whether there is an instant: the car moved across, and there were fixes."""
    no_fix_s: float = 0.0
    """How long there was no fix while it crossed."""
    between_s: tuple[float, float] = (0.0, 0.0)
    """For one without fixes: it happened after the one and before the other."""


def crossings(motion: Motion, line: MetreLine, *, standing_start: bool = False) -> list[Crossing]:
    """All crossings of a line, forward and backward, in their order.

    A car that comes from ``MARGIN_M`` before the line and gets as far beyond has crossed it, however often noise
    took it back and forth meanwhile. One that stood there did, too, but ``timed`` is false.

    Args:
        motion: the car's.
        line: in the plane of its fixes.
        standing_start: cars wait at this line and begin there, so that slow crossings are timed as well.
    """
    found = []
    fixes = motion.fixes
    ahead, beside = line.ahead(fixes.east_m, fixes.north_m), line.beside(fixes.east_m, fixes.north_m)
    margin = max(MARGIN_M, 4 * fixes.noise_m)
    # Who is about to start may wait right before the line.
    margins = (0.0 if standing_start else margin), margin
    for before, after, forward in _passes(fixes, ahead, beside, line.half_m, margins):
        crossing = _timed(motion, line, ahead, before, after, forward, standing_start)
        if crossing is not None:
            found.append(crossing)
    found += _turned_round(motion, line, ahead, beside, margins)
    return sorted(found, key=lambda each: each.time_s)


def _turned_round(
    motion: Motion, line: MetreLine, ahead: Floats, beside: Floats, margins: tuple[float, float]
) -> list[Crossing]:
    """Where a car came to the line, or over it by less than the margin, and went back: forward and backward."""
    if not margins[0]:
        return []
    fixes, time = motion.fixes, motion.fixes.time_s
    near = np.abs(ahead) <= margins[1]
    edges = np.flatnonzero(np.diff(near.astype(np.int8)))
    found: list[Crossing] = []
    for begin, end in pairwise(edges):
        first, last = int(begin) + 1, int(end)
        if not near[first] or ahead[begin] > 0 or ahead[last + 1] > 0 or not (ahead[first : last + 1] > 0).any():
            continue
        # Of the mean of some fixes, because single ones jump over the line.
        width = max(1, min(round(HEADING_S / fixes.step_s), last + 1 - first))
        places = np.convolve(ahead[first : last + 1], np.full(width, 1 / width), "valid")
        place = int(np.argmax(places)) + width // 2 + first
        off = 4 * fixes.noise_m / np.sqrt(width)
        if places.max() > -off and np.abs(beside[place]) <= line.half_m:
            found.append(Crossing(float(time[place]), True, float(time[last] - time[first]), timed=False))
            found.append(Crossing(float(time[place]), False, float(time[last] - time[first]), timed=False))
    return found


def _passes(
    fixes: Fixes, ahead: Floats, beside: Floats, half_m: float, margins: tuple[float, float]
) -> list[tuple[int, int, bool]]:
    """Where it crossed: last fix clearly on the one side, first one clearly on the other, and whether forward."""
    side = np.where(ahead > margins[1], 1, np.where(ahead < -margins[0], -1, 0))
    clear = np.flatnonzero(side)
    changed = np.flatnonzero(side[clear[1:]] != side[clear[:-1]])
    breaks = np.concatenate([[0], np.cumsum(fixes.is_break)])
    found = []
    for place in changed.tolist():
        before, after = int(clear[place]), int(clear[place + 1])
        if breaks[before] != breaks[after]:
            continue
        # Where it went over: inside the line's ends, or around them.
        rows = np.arange(before, after + 1)
        over = np.flatnonzero((ahead[rows[:-1]] < 0) != (ahead[rows[1:]] < 0))
        row = rows[over[len(over) // 2]]
        share = ahead[row] / (ahead[row] - ahead[row + 1])
        if abs(beside[row] + share * (beside[row + 1] - beside[row])) <= half_m:
            found.append((before, after, bool(side[after] > 0)))
    return found


def _timed(
    motion: Motion, line: MetreLine, ahead: Floats, before: int, after: int, forward: bool, standing_start: bool
) -> Crossing | None:
    fixes = motion.fixes
    time = fixes.time_s
    rows = np.arange(before, after + 1)
    inside = (ahead[rows[:-1]] < 0) != (ahead[rows[1:]] < 0)
    # The last time: who waited before a start line crossed it when it left.
    row = int(rows[np.flatnonzero(inside)[-1]])
    share = float(ahead[row] / (ahead[row] - ahead[row + 1]))
    rough = float(time[row] + share * (time[row + 1] - time[row]))
    gap = float(fixes.gaps_s[before:after].max())
    stood = time[after] - time[before] - gap > LONGEST_PASS_S
    if stood and (gap or not standing_start):
        return Crossing(rough, forward, float(time[after] - time[before]) / 2, timed=False)
    if gap:
        span = float(time[before]), float(time[after])
        return Crossing(rough, forward, (span[1] - span[0]) / 4, timed=False, no_fix_s=gap, between_s=span)
    fitted = _fit(motion, line, ahead, rough)
    if fitted is None:
        return Crossing(rough, forward, 1.0, timed=False)
    crossed_s, rate, sigma_m = _by_placement(motion, line, fitted) or fitted
    slow = abs(rate) < SLOWEST_M_S
    if slow and not standing_start:
        return Crossing(rough, forward, sigma_m / max(abs(rate), 0.1), timed=False)
    return Crossing(crossed_s, forward, sigma_m / max(abs(rate), 0.3))


def _fit(motion: Motion, line: MetreLine, ahead: Floats, rough_s: float) -> tuple[float, float, float] | None:
    """Instant of the crossing, speed across the line then, and standard deviation of the place in metres."""
    fixes = motion.fixes
    time = fixes.time_s
    first, last = piece(fixes, rough_s, ALONE_S if motion.step_m is None else WINDOW_S)
    if last - first < 4:
        return None
    rows = np.arange(first, last + 1)
    seconds = time[rows]
    angle = motion.heading_rad[rows] - np.arctan2(line.forward[1], line.forward[0])
    rates = motion.speed_m_s[rows] * np.cos(angle)
    prior = prior_of(motion, rows, angle)
    weight = np.full(len(rows), 1 / fixes.noise_m**2)
    measured = ahead[rows]
    for _ in range(3):
        solved = Solved(prior.matrix.plus(weight))
        fitted = solved.solve(prior.target + weight * measured)
        outlying = np.abs(measured - fitted) > _OUTLIER * fixes.noise_m
        if not (outlying & (weight > 0)).any() or outlying.sum() > len(rows) // 2:
            break
        weight = np.where(outlying, 0.0, weight)
    crossed = _zero(seconds, fitted, rates, rough_s)
    return None if crossed is None else (*crossed[:2], solved.variance(crossed[2]) ** 0.5)


def _by_placement(
    motion: Motion, line: MetreLine, fitted: tuple[float, float, float]
) -> tuple[float, float, float] | None:
    """``_fit`` by the places that the yaw rate tells as well; None where these are no better, or do not agree."""
    if motion.placed is None:
        return None
    around_s, rate, sigma_m = fitted
    placed, time = motion.placed, motion.fixes.time_s
    first, last = np.searchsorted(time, [around_s - _LINKED_S, around_s + _LINKED_S]).tolist()
    rows = np.arange(first, min(last, len(time) - 1) + 1)
    if len(rows) < 4 or not placed.linked[rows[:-1]].all():
        return None
    angle = motion.heading_rad[rows] - np.arctan2(line.forward[1], line.forward[0])
    ahead = line.ahead(placed.east_m[rows], placed.north_m[rows])
    crossed = _zero(time[rows], ahead, motion.speed_m_s[rows] * np.cos(angle), around_s)
    if crossed is None:
        return None
    crossed_s, rate, row = crossed
    placed_m = placed.variance(int(rows[row]), line.forward) ** 0.5
    if placed_m > sigma_m or abs(crossed_s - around_s) * abs(rate) > _OUTLIER * sigma_m:
        return None
    return crossed_s, rate, placed_m


def _zero(seconds: Floats, fitted: Floats, rates: Floats, rough_s: float) -> tuple[float, float, int] | None:
    """Where the fitted way is 0, nearest to an instant: a cubic between two fixes, by their places and speeds.

    Returns:
        The instant, the speed across the line then, and the fix before.
    """
    over = np.flatnonzero((fitted[:-1] < 0) != (fitted[1:] < 0))
    if not len(over):
        return None
    row = int(over[np.argmin(np.abs(seconds[over] - rough_s))])
    length = seconds[row + 1] - seconds[row]
    slopes = np.gradient(fitted, seconds)[row : row + 2] * length
    begin, end = fitted[row], fitted[row + 1]
    cubic = np.array(
        [2 * begin - 2 * end + slopes.sum(), -3 * begin + 3 * end - 2 * slopes[0] - slopes[1], slopes[0], begin]
    )
    share = begin / (begin - end)
    for _ in range(20):
        slope = np.polyval(np.polyder(cubic), share)
        if slope * (end - begin) <= 0:
            share = begin / (begin - end)
            break
        share = float(np.clip(share - np.polyval(cubic, share) / slope, 0.0, 1.0))
    rate = (1 - share) * rates[row] + share * rates[row + 1]
    return float(seconds[row] + share * length), float(rate), row
