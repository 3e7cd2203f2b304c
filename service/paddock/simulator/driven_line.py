"""The line that a driver takes around a track: beside the centre line, and never twice the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddock.simulator.track import Floats, Track

WAVES_M = (31.0, 67.0, 173.0)
WAVE_HEIGHT_M = 0.22
_LAPS_BEFORE = 1.5
"""The line is known from so far before the start: a car may turn round and drive back over it."""


@dataclass(frozen=True, eq=False)
class DrivenLine:
    """Places along a driven line, shapes (P,), in the order of driving; x is east, y is north.

    All that a car's sensors say follows from these and from how far it is along them, so that speed, yaw rate and
    position agree.
    """

    track_m: Floats
    """Along the centre line; 0 at the start, negative before it."""
    driven_m: Floats
    """Along the line itself, from the start as well."""
    x_m: Floats
    y_m: Floats
    heading_rad: Floats
    """Counter-clockwise from east, unwrapped: it goes on growing lap by lap."""
    curvature_per_m: Floats
    """Positive in a left-hand bend."""

    def at(self, driven_m: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """x, y, heading and curvature at distances along the line; shapes as given."""
        x, y, heading, curvature = (
            np.interp(driven_m, self.driven_m, values)
            for values in (self.x_m, self.y_m, self.heading_rad, self.curvature_per_m)
        )
        return x, y, heading, curvature

    def to_track_m(self, driven_m: Floats) -> Floats:
        """How far along the centre line a car is that drove so far; shapes as given."""
        return np.interp(driven_m, self.driven_m, self.track_m)

    def to_driven_m(self, track_m: Floats) -> Floats:
        """How far a car drove that is so far along the centre line; shapes as given."""
        return np.interp(track_m, self.track_m, self.driven_m)


def driven_line(track: Track, length_m: float, rng: np.random.Generator) -> DrivenLine:
    """A driver's line, from before the start to ``length_m`` of the centre line after it."""
    before = round(_LAPS_BEFORE * len(track.x_m))
    track_m = track.spacing_m * np.arange(-before, round(length_m / track.spacing_m), dtype=np.float64)
    x, y, heading, _ = track.position(track_m)
    phases = rng.uniform(0, 2 * np.pi, len(WAVES_M))
    left_m = sum(
        (
            WAVE_HEIGHT_M * np.sin(2 * np.pi * track_m / wave + phase)
            for wave, phase in zip(WAVES_M, phases, strict=True)
        ),
        0 * track_m,
    )
    x, y = x - left_m * np.sin(heading), y + left_m * np.cos(heading)
    driven_m = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    turned = np.unwrap(np.arctan2(np.gradient(y), np.gradient(x)))
    turned += 2 * np.pi * np.round((heading[before] - turned[before]) / (2 * np.pi))
    return DrivenLine(
        track_m, driven_m - driven_m[before], x, y, turned, np.gradient(turned) / np.gradient(driven_m)
    )
