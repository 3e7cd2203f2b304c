"""Closed tracks for each event, and where in the world they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paddock.domain.fixes import Plane, line_at
from paddock.domain.venues import Line, Place

Floats = npt.NDArray[np.float64]

SPACING_M = 0.5
DEFAULT_VENUE = "Michigan International Speedway"
VENUES = {
    DEFAULT_VENUE: (42.06640, -84.24140, 288.0),
    "Atlanta Motorsports Park": (34.43330, -84.17860, 442.0),
    "Hockenheimring": (49.32780, 8.56560, 102.0),
    "Silverstone": (52.07860, -1.01690, 153.0),
}
"""Latitude and longitude in degrees, altitude in metres, of the start line."""

START_LINE_HALF_M = 12.0
SKIDPAD_RADIUS_M = 9.125
ACCELERATION_M = 75.0
WAY_BACK_MS = 6.0
TIGHTEST_RADIUS_M = 7.0
SMOOTHING_M = 1.4


@dataclass(frozen=True, eq=False)
class Track:
    """A closed centre line, driven towards growing distance; x is east, y is north.

    All arrays have shape (N,), one value each ``spacing_m``; the point after the last one is the first. The heading
    is counter-clockwise from east and unwrapped along the lap, the curvature positive in a left-hand bend.
    """

    x_m: Floats
    y_m: Floats
    heading_rad: Floats
    curvature_per_m: Floats
    limit_ms: Floats
    """What the rules of the event allow, where that is less than the car could do."""
    spacing_m: float
    turns: int
    """Whole turns the heading makes in one lap: 1 or -1 for a circuit, 0 for a figure of eight."""

    @property
    def length_m(self) -> float:
        """Length of one lap."""
        return len(self.x_m) * self.spacing_m

    def position(self, distance_m: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """x, y, heading and curvature after driving ``distance_m``; the heading goes on growing lap by lap."""
        grid = np.arange(len(self.x_m) + 1) * self.spacing_m
        laps, along = np.divmod(distance_m, self.length_m)
        full_turn = 2 * np.pi * self.turns
        return (
            np.interp(along, grid, _close(self.x_m)),
            np.interp(along, grid, _close(self.y_m)),
            np.interp(along, grid, np.append(self.heading_rad, self.heading_rad[0] + full_turn)) + laps * full_turn,
            np.interp(along, grid, _close(self.curvature_per_m)),
        )


def track_for(event: str, seed: int) -> Track:
    """The track of an event: the same for every driver of the same ``seed``.

    Acceleration (a launch, and slowly back around) and skidpad are as the rules draw them; every other
    event gets a circuit of its own, autocross shorter than endurance.
    """
    folded = event.casefold()
    if "accel" in folded:
        return _acceleration()
    if "skid" in folded:
        return _skidpad()
    short = "auto" in folded
    return _circuit(np.random.default_rng([seed, short]), 640.0 if short else 900.0)


def start_line(track: Track, venue: str) -> Line:
    """The line across the start of a track; an unknown venue lies where the default one does."""
    plane = Plane(Place(*VENUES.get(venue, VENUES[DEFAULT_VENUE])[:2]))
    return line_at(plane, 0.0, 0.0, float(track.heading_rad[0]), START_LINE_HALF_M)


def to_wgs84(x_m: Floats, y_m: Floats, venue: str) -> tuple[Floats, Floats, float]:
    """Latitude and longitude in degrees, and the altitude; an unknown venue lies where the default one does."""
    lat, lon, altitude_m = VENUES.get(venue, VENUES[DEFAULT_VENUE])
    east_m, north_m = Plane(Place(lat, lon)).per_degree()
    return lat + y_m / north_m, lon + x_m / east_m, altitude_m


def _acceleration() -> Track:
    straight, radius, run_up = 160.0, 9.0, 6.0
    bend = np.linspace(-np.pi / 2, np.pi / 2, 200)
    there = np.linspace(0, straight - run_up, 400)
    back = np.linspace(straight - run_up, -run_up, 400)
    x = np.concatenate([there, straight - run_up + radius * np.cos(bend), back, -run_up - radius * np.cos(bend)])
    y = np.concatenate(
        [0 * there, radius + radius * np.sin(bend), 2 * radius + 0 * back, radius - radius * np.sin(bend)]
    )
    track = _from_points(x, y)
    along = np.arange(len(track.x_m)) * track.spacing_m
    braking = np.sqrt(np.maximum(36.0**2 - 2 * 10.5 * (along - ACCELERATION_M), WAY_BACK_MS**2))
    track.limit_ms[:] = np.where(along > ACCELERATION_M, braking, np.inf)
    track.limit_ms[0] = 0.0  # every launch starts from standstill
    return track


def _skidpad() -> Track:
    circle = np.linspace(0, 4 * np.pi, 1600, endpoint=False)
    right = SKIDPAD_RADIUS_M * np.array([1 - np.cos(circle), np.sin(circle)])
    x, y = np.concatenate([right, [[-1.0], [1.0]] * right], axis=1)
    return _from_points(x, y)


def _circuit(rng: np.random.Generator, length_m: float) -> Track:
    """Straights between random corners, in and out around a bent oval, redrawn until a car gets around them."""
    while True:
        corners = round(length_m / 48)
        angle = (np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) * 2 * np.pi / corners
        reach = 1 + rng.uniform(-0.45, 0.45, corners)
        x, y = 2.1 * reach * np.cos(angle), reach * np.sin(angle)
        y = y + rng.uniform(0.2, 0.35) * x**2
        scale = 1.12 * length_m / _steps(x, y).sum()
        rounded = _rounded(x * scale, y * scale, rng.uniform(8.0, 26.0, corners))
        if rounded is not None:
            return _started_on_straight(_from_points(*rounded))


def _rounded(x: Floats, y: Floats, radius_m: Floats) -> tuple[Floats, Floats] | None:
    """The closed polygon with an arc in each corner; None where an edge is too short for one a car can drive."""
    corners = x + 1j * y
    into = np.roll(corners, 1) - corners
    out = np.roll(corners, -1) - corners
    room = 0.48 * np.minimum(np.abs(into), np.abs(out))
    into, out = into / np.abs(into), out / np.abs(out)
    half_turn = (np.pi - np.abs(np.angle(out / into))) / 2
    radius_m = np.minimum(radius_m, room / np.tan(half_turn))
    if radius_m.min() < TIGHTEST_RADIUS_M:
        return None
    points = []
    for corner, before, after, half, radius in zip(corners, into, out, half_turn, radius_m, strict=True):
        middle = (before + after) / abs(before + after)
        centre = corner + middle * radius / np.cos(half)
        sweep = np.linspace(-half, half, 40) * np.sign((after / before).imag)
        points.append(centre - middle * radius * np.exp(-1j * sweep))
    path = np.concatenate(points)
    return path.real, path.imag


def _started_on_straight(track: Track) -> Track:
    """The same track with its start line after the first third of its straightest 60 m."""
    window = round(60 / track.spacing_m)
    bend = np.cumsum(np.tile(np.abs(track.curvature_per_m), 2))
    count = len(track.x_m)
    start = int(np.argmin(bend[window : window + count] - bend[:count])) + window // 3
    return _from_points(np.roll(track.x_m, -start), np.roll(track.y_m, -start))


def _from_points(x: Floats, y: Floats) -> Track:
    """A track along a closed polygon, its corners smoothed as a driver would."""
    x, y = _respace(x, y, 4096)
    frequency = np.fft.rfftfreq(len(x), _steps(x, y).sum() / len(x))
    keep = np.exp(-0.5 * (2 * np.pi * frequency * SMOOTHING_M) ** 2)
    x, y = (np.fft.irfft(np.fft.rfft(axis) * keep, len(axis)) for axis in (x, y))
    count = round(_steps(x, y).sum() / SPACING_M)
    x, y = _respace(x, y, count)
    spacing_m = float(_steps(x, y).sum()) / count

    heading = np.unwrap(np.arctan2(np.roll(y, -1) - np.roll(y, 1), np.roll(x, -1) - np.roll(x, 1)))
    closing = np.unwrap([heading[-1], heading[0]])[1]
    turns = round((closing - heading[0]) / (2 * np.pi))
    around = np.concatenate([[heading[-1] - 2 * np.pi * turns], heading, [closing]])
    curvature = (around[2:] - around[:-2]) / (2 * spacing_m)
    return Track(x - x[0], y - y[0], heading, curvature, np.full(count, np.inf), spacing_m, turns)


def _close(values: Floats) -> Floats:
    return np.append(values, values[0])


def _steps(x: Floats, y: Floats) -> Floats:
    return np.hypot(np.diff(_close(x)), np.diff(_close(y)))


def _respace(x: Floats, y: Floats, count: int) -> tuple[Floats, Floats]:
    """``count`` points of the closed polygon at equal distances along it."""
    along = np.concatenate([[0.0], np.cumsum(_steps(x, y))])
    wanted = np.arange(count) * along[-1] / count
    return np.interp(wanted, along, _close(x)), np.interp(wanted, along, _close(y))
