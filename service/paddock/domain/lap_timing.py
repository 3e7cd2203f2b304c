"""Laps from what a log says of its car: positions and speed, a beacon, a counter of laps, or a person's marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from paddock.domain.crossings import Crossing, crossings
from paddock.domain.fixes import Floats, Int64s, MetreLine, in_metres
from paddock.domain.instants import NS_PER_S
from paddock.domain.lap_assembly import Drive, Gap, assemble
from paddock.domain.laps import Lap
from paddock.domain.motion import Motion
from paddock.domain.venues import Course

MOVING_M_S = 1.5
BEACON_DEAD_S = 3.0
"""A beacon that is seen again so soon is the same passing."""
_MOST_MARKS = 100_000


class Odometer:
    """How far a car drove until an instant, from speeds at instants and, where known, the ways between them."""

    def __init__(self, time_s: Floats, speed_m_s: Floats, step_m: Floats | None = None) -> None:
        self._time_s = time_s
        steps = (speed_m_s[1:] + speed_m_s[:-1]) / 2 * np.diff(time_s)
        if step_m is not None:
            steps = np.where(np.isfinite(step_m), step_m, steps)
        self.metres = np.concatenate([[0.0], np.cumsum(steps)])

    def __call__(self, time_s: float) -> float:
        """Metres until an instant."""
        return float(np.interp(time_s, self._time_s, self.metres))


def laps_by_gps(motion: Motion, course: Course) -> tuple[Lap, ...]:
    """Laps over the lines of a course; none where no line is crossed."""
    fixes = motion.fixes
    start = in_metres(course.start, fixes.plane)
    finish = None if course.finish is None else in_metres(course.finish, fixes.plane)
    moving = np.flatnonzero(motion.speed_m_s > MOVING_M_S)
    if not len(moving):
        return ()
    drive = Drive(
        starts=crossings(motion, start, standing_start=finish is not None),
        finishes=None if finish is None else crossings(motion, finish),
        sectors=[crossings(motion, in_metres(line, fixes.plane)) for line in course.sectors],
        begin_s=float(fixes.time_s[moving[0]]),
        end_s=float(fixes.time_s[moving[-1]]),
        driven_m=Odometer(
            fixes.time_s,
            np.where(motion.speed_m_s > _noise_speed(motion), motion.speed_m_s, 0.0),
            motion.step_m,
        ),
        at_ns=fixes.at_ns,
        breaks=fixes.time_s[:-1][fixes.is_break].tolist(),
        gaps=_gaps(motion, [start, *([finish] if finish else [])]),
    )
    return assemble(drive)


def _noise_speed(motion: Motion) -> float:
    """Below this a car stands, and the receiver wanders."""
    return 0.3 if motion.step_m is not None else max(0.3, 3 * motion.across_m_s)


def _gaps(motion: Motion, lines: Sequence[MetreLine]) -> tuple[Gap, ...]:
    """The dropouts during which the car may have got to one of the lines and away from it."""
    fixes = motion.fixes
    lengths = fixes.gaps_s
    fastest = 1.2 * float(np.quantile(motion.speed_m_s, 0.98)) + 5.0
    found = []
    for row in np.flatnonzero(lengths).tolist():
        ends = slice(row, row + 2)
        ways = [_distances(line, fixes.east_m[ends], fixes.north_m[ends]) for line in lines]
        if any(way.sum() <= fastest * lengths[row] for way in ways):
            step_m = np.nan if motion.step_m is None else float(motion.step_m[row])
            most_m = fastest * float(lengths[row]) if np.isnan(step_m) else 1.05 * step_m
            found.append(Gap(float(fixes.time_s[row]), float(fixes.time_s[row + 1]), most_m))
    return tuple(found)


def _distances(line: MetreLine, east_m: Floats, north_m: Floats) -> Floats:
    """From places to the nearest point of a line."""
    beside = np.maximum(np.abs(line.beside(east_m, north_m)) - line.half_m, 0.0)
    return np.hypot(line.ahead(east_m, north_m), beside)


def laps_by_marks(
    marks_ns: Sequence[int],
    span_ns: tuple[int, int],
    sigma_s: float,
    driven_m: Callable[[float], float] | None = None,
) -> tuple[Lap, ...]:
    """Laps between instants at which the car passed the line.

    Args:
        marks_ns: ascending.
        span_ns: when the car began to drive and when it stood at last.
        sigma_s: standard deviation of a mark.
        driven_m: way in metres by seconds since the first instant of the span, if it is known.
    """
    origin_ns, end_ns = span_ns
    within = [mark for mark in marks_ns if origin_ns <= mark <= end_ns][:_MOST_MARKS]
    starts = [Crossing((mark - origin_ns) / NS_PER_S, True, sigma_s) for mark in within]
    laps = assemble(
        Drive(
            starts=starts,
            finishes=None,
            sectors=(),
            begin_s=0.0,
            end_s=(end_ns - origin_ns) / NS_PER_S,
            # Without a way every lap is long enough.
            driven_m=driven_m or (lambda time_s: 1e6 * time_s),
            at_ns=lambda time_s: origin_ns + round(time_s * NS_PER_S),
        )
    )
    return laps if driven_m else tuple(_without_way(lap) for lap in laps)


def _without_way(lap: Lap) -> Lap:
    return msgspec.structs.replace(lap, distance_m=None)


def beacon_marks(times_ns: Int64s, values: Floats) -> Int64s:
    """When a beacon was seen: its signal rose above half of what it reaches; shapes (N,), times ascending."""
    known = np.isfinite(values)
    times_ns, values = times_ns[known], values[known]
    if len(values) < 2 or values.max() == values.min():
        return np.empty(0, np.int64)
    high = values > (values.max() + values.min()) / 2
    rises = times_ns[1:][high[1:] & ~high[:-1]]
    kept: list[int] = []
    for rise in rises.tolist():
        if not kept or rise - kept[-1] >= BEACON_DEAD_S * NS_PER_S:
            kept.append(rise)
    return np.array(kept, np.int64)


def counter_marks(times_ns: Int64s, values: Floats) -> Int64s:
    """When a counter of laps went up by one; shapes (N,), times ascending.

    A counter that is sent at a crossing only, and so never twice with the same number, was at the line also when it
    was sent first. A step of several laps at once, or back, is no crossing.
    """
    known = np.isfinite(values)
    times_ns, values = times_ns[known], np.round(values[known])
    steps = np.diff(values)
    marks: npt.NDArray[np.int64] = times_ns[1:][steps == 1]
    if len(values) > 1 and (steps == 1).all():
        marks = times_ns
    return marks
