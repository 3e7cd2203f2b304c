"""Where the start line of a circuit may be: where the car counts its laps, else where it came by most regularly.

The latter is the place that it crossed most regularly at speed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddock.domain.fixes import Floats, Int64s, line_at
from paddock.domain.motion import Motion, smoothed_places
from paddock.domain.venues import Line

HALF_WIDTH_M = 12.0
"""Half of the line that is drawn: tracks are up to 15 m wide, and receivers are off by metres from day to day."""
SPACING_M = 8.0
MOST_PLACES = 600
SLOWEST_M_S = 4.0
SHORTEST_LAP_S = 3.0
_SAME_WAY_RAD = np.radians(50)
_MOST_FIXES = 20_000
_SAME_PLACE_M = 8.0
"""A counter of laps that is sent a few times a second steps so far from its line, and not further."""
_AGREEING = 0.75
"""At least so large a share of the marks is at one place."""
_FEWEST_MARKS = 3
"""Fewer make one lap; there may be a place that the car crossed more often."""


@dataclass(frozen=True)
class FoundLine:
    """A line, and how well it is known."""

    line: Line
    crossings: int
    """How often the car came by, the first time included."""


@dataclass(frozen=True)
class _Place:
    row: int
    crossings: int
    irregularity: float
    """Standard deviation of the times between crossings, of their mean."""
    speed_m_s: float
    """At the slowest crossing."""


def line_at_marks(motion: Motion, marks_s: Floats) -> FoundLine | None:
    """A start line where a car counted its laps or saw a beacon; None unless it did so three times at one place.

    Args:
        motion: the car's.
        marks_s: shape (K,), in seconds since the origin of its fixes.
    """
    time = motion.fixes.time_s
    marks_s = marks_s[(marks_s > time[0]) & (marks_s < time[-1])]
    rows = np.searchsorted(time, marks_s)
    marks_s, rows = marks_s[motion.fixes.gaps_s[rows - 1] == 0], rows[motion.fixes.gaps_s[rows - 1] == 0]
    moving = motion.speed_m_s[rows] > SLOWEST_M_S
    marks_s, rows = marks_s[moving], rows[moving]
    if len(rows) < _FEWEST_MARKS:
        return None
    east, north = (np.interp(marks_s, time, axis) for axis in smoothed_places(motion.fixes))
    middle = float(np.median(east)), float(np.median(north))
    heading = motion.heading_rad[rows]
    mean = float(np.angle(np.exp(1j * heading).mean()))
    same = np.hypot(east - middle[0], north - middle[1]) < _SAME_PLACE_M
    same &= np.abs((heading - mean + np.pi) % (2 * np.pi) - np.pi) < _SAME_WAY_RAD
    if same.sum() < max(_FEWEST_MARKS, _AGREEING * len(rows)):
        return None
    return FoundLine(line_at(motion.fixes.plane, *middle, mean, HALF_WIDTH_M), int(same.sum()))


def find_line(motion: Motion) -> FoundLine | None:
    """A start line for a circuit; None where the car came by no place twice in the same direction.

    Places along the driven way are candidates. Those that were crossed most often stay, of these the most regular
    ones, and of these the one at which the slowest crossing was fastest: there a time is sharpest.
    """
    fixes = motion.fixes
    stride = max(1, len(fixes) // _MOST_FIXES)
    rows = np.arange(0, len(fixes), stride)
    east, north, time = fixes.east_m[rows], fixes.north_m[rows], fixes.time_s[rows]
    speed, heading = motion.speed_m_s[rows], motion.heading_rad[rows]
    places = [
        place
        for row in _candidates(time, east, north, speed, heading).tolist()
        if (place := _crossed(row, time, east, north, speed, heading)) is not None
    ]
    if not places:
        return None
    most = max(place.crossings for place in places)
    # A place that one crossing in eight missed, as noise takes it beside the line, is no worse for that.
    often = [place for place in places if place.crossings >= most - most // 8]
    calmest = min(place.irregularity for place in often)
    regular = [place for place in often if place.irregularity <= 1.5 * calmest + 0.02]
    best = max(regular, key=lambda place: place.speed_m_s)
    east_m, north_m, heading_rad = _middle_of(best.row, time, east, north, heading)
    line = line_at(fixes.plane, east_m, north_m, heading_rad, HALF_WIDTH_M)
    return FoundLine(line, best.crossings)


def _candidates(time: Floats, east: Floats, north: Floats, speed: Floats, heading: Floats) -> Int64s:
    """Rows some metres apart on the ground, each place in each direction once."""
    moving = np.flatnonzero(speed > SLOWEST_M_S)
    cell = np.stack(
        [
            np.floor(east[moving] / SPACING_M),
            np.floor(north[moving] / SPACING_M),
            np.floor(heading[moving] / (np.pi / 3)),
        ]
    )
    _, first = np.unique(cell, axis=1, return_index=True)
    rows = moving[np.sort(first)]
    return rows[:: max(1, -(-len(rows) // MOST_PLACES))]


def _over(row: int, time: Floats, east: Floats, north: Floats, heading: Floats) -> tuple[Int64s, Floats]:
    """Rows after which the car crossed the line of a place in its direction, and how far left of its middle."""
    forward_east, forward_north = np.cos(heading[row]), np.sin(heading[row])
    ahead = (east - east[row]) * forward_east + (north - north[row]) * forward_north
    beside = (north - north[row]) * forward_east - (east - east[row]) * forward_north
    over = np.flatnonzero((ahead[:-1] < 0) & (ahead[1:] >= 0) & (np.abs(beside[1:]) <= HALF_WIDTH_M))
    turned = np.abs((heading[over] - heading[row] + np.pi) % (2 * np.pi) - np.pi)
    over = over[(turned < _SAME_WAY_RAD) & (time[over + 1] - time[over] < 2.0)]
    # Noise takes a slow car over several times.
    apart = np.diff(time[over], prepend=-np.inf) > SHORTEST_LAP_S
    return over[apart], beside[over[apart]]


def _crossed(row: int, time: Floats, east: Floats, north: Floats, speed: Floats, heading: Floats) -> _Place | None:
    over, _ = _over(row, time, east, north, heading)
    if len(over) < 2:
        return None
    between = np.diff(time[over])
    return _Place(row, len(over), float(between.std() / between.mean()), float(speed[over].min()))


def _middle_of(row: int, time: Floats, east: Floats, north: Floats, heading: Floats) -> tuple[float, float, float]:
    """The middle of all crossings of a place, and the mean direction over it."""
    over, beside = _over(row, time, east, north, heading)
    mean = np.angle(np.exp(1j * heading[over]).mean())
    left = float(np.median(beside))
    return (
        float(east[row] - left * np.sin(heading[row])),
        float(north[row] + left * np.cos(heading[row])),
        float(mean),
    )
