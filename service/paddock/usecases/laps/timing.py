"""The laps of one log: which course it drove, and by what its laps are timed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from paddock.domain.fixes import Int64s
from paddock.domain.instants import NS_PER_S
from paddock.domain.lap_timing import Odometer, beacon_marks, counter_marks, laps_by_gps, laps_by_marks
from paddock.domain.laps import Lap, LapSource
from paddock.domain.start_line import find_line, line_at_marks
from paddock.domain.venues import Course, Place
from paddock.usecases.laps.inputs import LapInputs, Timeline

FOUND_COURSE = "found"
"""Name of a course that nobody drew."""


@dataclass(frozen=True)
class TimedLaps:
    """The laps of a log, and how they were timed."""

    laps: tuple[Lap, ...]
    source: LapSource | None
    """None where nothing in the log tells of laps."""
    course: Course | None = None
    """That was driven, by GPS alone."""


def place_of(inputs: LapInputs) -> Place | None:
    """Where the car was in the middle of its driving; None without positions."""
    motion = inputs.motion
    if motion is None:
        return None
    fixes = motion.fixes
    return fixes.plane.to_place(float(np.median(fixes.east_m)), float(np.median(fixes.north_m)))


def found_course(inputs: LapInputs) -> Course | None:
    """A course with the start line that the log tells; None where the car came by no place twice.

    It is where the car's own counter or beacon marks its laps, else where the car came by most regularly at speed.
    """
    if inputs.motion is None:
        return None
    origin_ns = inputs.motion.fixes.origin_ns
    places = (line_at_marks(inputs.motion, (marks - origin_ns) / NS_PER_S) for _, _, marks in _marked(inputs))
    found = next(filter(None, places), None) or find_line(inputs.motion)
    return None if found is None else Course(id="1", name=FOUND_COURSE, start=found.line)


def _marked(inputs: LapInputs) -> Iterator[tuple[LapSource, Timeline, Int64s]]:
    """The signals of a log that mark when the car passed the line, with these instants."""
    if inputs.beacon is not None:
        yield LapSource.BEACON, inputs.beacon, beacon_marks(inputs.beacon.times_ns, inputs.beacon.values)
    if inputs.counter is not None:
        yield LapSource.COUNTER, inputs.counter, counter_marks(inputs.counter.times_ns, inputs.counter.values)


def time_laps(
    inputs: LapInputs, course: Course | None, span_ns: tuple[int, int], marks_ns: tuple[int, ...] = ()
) -> TimedLaps:
    """The laps of a log.

    Args:
        inputs: of the log.
        course: its lines; None where there are none.
        span_ns: when the log began and ended.
        marks_ns: when the car passed the line, if a person marked it: they go before everything else.
    """
    if marks_ns:
        return TimedLaps(laps_by_marks(marks_ns, span_ns, 0.05, _way(inputs, span_ns)), LapSource.HAND)
    if inputs.motion is not None and course is not None:
        laps = laps_by_gps(inputs.motion, course)
        if laps:
            return TimedLaps(laps, LapSource.GPS, course)
    for source, timeline, marks in _marked(inputs):
        if len(marks):
            sigma_s = _sample_s(timeline.times_ns) / 12**0.5
            return TimedLaps(laps_by_marks(tuple(marks.tolist()), span_ns, sigma_s, _way(inputs, span_ns)), source)
    return TimedLaps((), None, course)


def _sample_s(times_ns: np.typing.NDArray[np.int64]) -> float:
    """What usually lies between two samples; next to nothing where they come at the crossing itself."""
    step_s = float(np.median(np.diff(times_ns))) / NS_PER_S if len(times_ns) > 1 else 0.0
    return step_s if step_s < 1.0 else 0.01


def _way(inputs: LapInputs, span_ns: tuple[int, int]) -> Odometer | None:
    """Metres by seconds since the log began."""
    shift_s = (inputs.way_origin_ns - span_ns[0]) / NS_PER_S
    if inputs.motion is not None:
        fixes = inputs.motion.fixes
        return Odometer(fixes.time_s + shift_s, inputs.motion.speed_m_s)
    if inputs.way is not None and len(inputs.way.time_s) > 1:
        time_s, driven = inputs.way.time_s, inputs.way.total
        return Odometer(time_s + shift_s, np.gradient(driven, time_s))
    return None
