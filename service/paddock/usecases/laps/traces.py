"""The way of a car as it is stored: small enough for a document, and enough to lay laps over each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddock.domain.fixes import Floats, Plane
from paddock.domain.instants import NS_PER_S
from paddock.domain.lap_table import LapTrace
from paddock.domain.motion import Motion, smoothed_places
from paddock.domain.venues import Place

STEP_S = 0.1
MOST_POINTS = 200_000
MOST_OUTLINE = 400


@dataclass(frozen=True, eq=False)
class Trace:
    """A ``LapTrace`` to compute with; shapes (N,)."""

    plane: Plane
    begin_ns: int
    time_s: Floats
    """Since ``begin_ns``."""
    driven_m: Floats
    east_m: Floats
    north_m: Floats

    def places(self, time_s: Floats) -> tuple[Floats, Floats]:
        """East and north at instants, shape as given."""
        return np.interp(time_s, self.time_s, self.east_m), np.interp(time_s, self.time_s, self.north_m)

    def seconds(self, instant_ns: int) -> float:
        """An instant on its time axis."""
        return (instant_ns - self.begin_ns) / NS_PER_S


def trace_of(recording: str, build: str, motion: Motion) -> LapTrace:
    """The way on a raster of a tenth of a second, or of more where it is long."""
    fixes = motion.fixes
    length_s = float(fixes.time_s[-1])
    step_s = max(STEP_S, length_s / MOST_POINTS)
    raster = np.arange(0.0, length_s + step_s, step_s)
    east, north = smoothed_places(fixes)
    speed = motion.speed_m_s
    driven = np.append(0.0, np.cumsum((speed[1:] + speed[:-1]) / 2 * np.diff(fixes.time_s)))

    def on_raster(values: Floats) -> bytes:
        packed: bytes = np.interp(raster, fixes.time_s, values).astype("<f4").tobytes()
        return packed

    origin = fixes.plane.origin
    return LapTrace(
        id=recording,
        build=build,
        begin_ns=fixes.origin_ns,
        step_ns=round(step_s * NS_PER_S),
        latitude=origin.latitude,
        longitude=origin.longitude,
        driven_m=on_raster(driven),
        east_m=on_raster(east),
        north_m=on_raster(north),
    )


def opened(trace: LapTrace) -> Trace:
    """A stored trace as arrays."""
    driven, east, north = (
        np.frombuffer(each, "<f4").astype(np.float64) for each in (trace.driven_m, trace.east_m, trace.north_m)
    )
    time: Floats = np.arange(len(driven), dtype=np.float64) * (trace.step_ns / NS_PER_S)
    return Trace(Plane(Place(trace.latitude, trace.longitude)), trace.begin_ns, time, driven, east, north)


def outline_of(trace: Trace, span_ns: tuple[int, int]) -> tuple[tuple[float, float], ...]:
    """Latitude and longitude along the way within a span, a few hundred of them at equal distances."""
    begin_s, end_s = (trace.seconds(each) for each in span_ns)
    inside = (trace.time_s >= begin_s) & (trace.time_s <= end_s)
    if inside.sum() < 2:
        return ()
    time, driven = trace.time_s[inside], trace.driven_m[inside]
    wanted = np.linspace(driven[0], driven[-1], min(MOST_OUTLINE, max(2, round(float(driven[-1] - driven[0]) / 2))))
    east, north = trace.places(np.interp(wanted, driven, time))
    places = [trace.plane.to_place(x, y) for x, y in zip(east.tolist(), north.tolist(), strict=True)]
    return tuple((round(place.latitude, 7), round(place.longitude, 7)) for place in places)
