"""Laps over each other by distance: their signals, how much time is lost where, and where their cars were."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from paddock.columns.arrow_numpy import is_list, is_number, numbers
from paddock.columns.decimate import POINTS_PER_BUCKET, decimate
from paddock.columns.stored_channel import Footer, StoredChannel
from paddock.domain.catalogue import CarCatalogue
from paddock.domain.fixes import Floats, Plane
from paddock.domain.instants import NS_PER_S
from paddock.domain.lap_table import StoredLap
from paddock.domain.recording import ChannelSummary, Recording
from paddock.errors import Conflict, Rejected
from paddock.usecases.catalogue.catalogue import catalogue_of, signals_of
from paddock.usecases.context import Context
from paddock.usecases.find.contents import contents_of
from paddock.usecases.find.recordings import check_converted, get_recording
from paddock.usecases.laps.find import get_lap
from paddock.usecases.laps.traces import Trace, opened
from paddock.usecases.look.plots import PLOTTING, log_span, open_columns

MOST_LAPS = 8
MOST_SIGNALS = 12
POINTS = 1_200
"""In the time difference and in the map."""
_NEAR_M = 60.0
_SMOOTH_M = 40.0
_MM = 1_000


@dataclass(frozen=True)
class LapSeries:
    """A signal of a lap over distance."""

    name: str
    """As asked for."""
    label: str
    unit: str
    distance_m: Floats
    """Along the first lap, shape (N,), ascending."""
    values: Floats


@dataclass(frozen=True)
class ComparedLap:
    """One lap, laid over the first one."""

    recording: Recording
    stored: StoredLap
    begin_s: float
    """Its start, since the log's first message."""
    time_s: Floats
    """Since its start, at each of ``LapComparison.distance_m``."""
    latitude: Floats
    longitude: Floats
    series: tuple[LapSeries, ...]


@dataclass(frozen=True)
class LapComparison:
    """Some laps over each other."""

    distance_m: Floats
    """Along the first lap, shape (N,): 0 at the start line, its length at the finish."""
    laps: tuple[ComparedLap, ...]

    def difference_s(self, lap: ComparedLap) -> Floats:
        """How much later than in the first lap the car was at each distance; at the end that of the lap times."""
        gained: Floats = lap.time_s - self.laps[0].time_s
        return gained


async def compare_laps(
    context: Context, wanted: Sequence[tuple[str, int]], signals: Sequence[str], points: int = 4_000
) -> LapComparison:
    """Lay laps over the first of them.

    Args:
        wanted: recording and number of each.
        signals: names; a lap whose log has none of that name has no such series.
        points: about how many a signal may have over a lap.

    Raises:
        NotFound: no such recording or lap (code ``no_such_lap``).
        Conflict: a recording is not converted (code ``not_ready``), or its way was not kept (``no_positions``).
        Rejected: too many laps or signals (code ``bad_comparison``).
    """
    if not 1 <= len(wanted) <= MOST_LAPS:
        raise Rejected(f"Choose 1 to {MOST_LAPS} laps.", code="bad_comparison")
    if len(signals) > MOST_SIGNALS:
        raise Rejected(f"Choose at most {MOST_SIGNALS} signals.", code="bad_comparison")
    loaded = [await _load(context, prefix, number) for prefix, number in wanted]
    loop = asyncio.get_running_loop()
    aligned = await loop.run_in_executor(PLOTTING, _align, [(trace, stored) for _, stored, trace in loaded])
    compared = []
    for (recording, stored, _), lap in zip(loaded, aligned.laps, strict=True):
        begin_ns, _ = await log_span(context, recording)
        series = await _series(context, recording, stored, lap, signals, points)
        places = [lap.plane.to_place(x, y) for x, y in zip(lap.east_m.tolist(), lap.north_m.tolist(), strict=True)]
        compared.append(
            ComparedLap(
                recording,
                stored,
                (stored.lap.started_ns - begin_ns) / NS_PER_S,
                lap.time_s,
                np.array([place.latitude for place in places]),
                np.array([place.longitude for place in places]),
                series,
            )
        )
    return LapComparison(aligned.distance_m, tuple(compared))


async def _load(context: Context, prefix: str, number: int) -> tuple[Recording, StoredLap, Trace]:
    recording = await get_recording(context, prefix)
    check_converted(recording)
    stored = await get_lap(context, recording, number)
    trace = await context.documents.lap_traces.get(recording.id)
    if trace is None:
        raise Conflict(
            f"Recording {recording.short_id} has no positions: its laps cannot be laid over others.",
            code="no_positions",
        )
    return recording, stored, opened(trace)


@dataclass(frozen=True)
class _AlignedLap:
    """One lap on the distance of the first one; shapes (N,), those of ``way`` (M,)."""

    time_s: Floats
    east_m: Floats
    north_m: Floats
    plane: Plane
    way_s: Floats
    """Since its start, at each step of its own raster."""
    way_m: Floats
    """The distance along the first lap then."""


@dataclass(frozen=True)
class _Aligned:
    distance_m: Floats
    laps: tuple[_AlignedLap, ...]


def _align(laps: Sequence[tuple[Trace, StoredLap]]) -> _Aligned:
    """Every lap on the distance along the first one, by how far it drove and where it was."""
    first, first_lap = laps[0]
    begin_s, end_s = first.seconds(first_lap.lap.started_ns), first.seconds(first_lap.lap.ended_ns)
    time, way = _way(first, begin_s, end_s)
    reference_east, reference_north = first.places(time)
    distance = np.linspace(0.0, way[-1], POINTS)
    aligned = []
    for place, (trace, stored) in enumerate(laps):
        begin_s, end_s = trace.seconds(stored.lap.started_ns), trace.seconds(stored.lap.ended_ns)
        own_s, own_m = _way(trace, begin_s, end_s)
        scaled = own_m * (way[-1] / own_m[-1]) if own_m[-1] else own_m
        if place:
            east, north = trace.places(own_s)
            shift = _shift(trace.plane, first.plane)
            scaled = _by_place(scaled, east + shift[0], north + shift[1], way, reference_east, reference_north)
        at_s = np.interp(distance, scaled, own_s)
        east, north = trace.places(at_s)
        aligned.append(_AlignedLap(at_s - begin_s, east, north, trace.plane, own_s - begin_s, scaled))
    return _Aligned(distance, tuple(aligned))


def _way(trace: Trace, begin_s: float, end_s: float) -> tuple[Floats, Floats]:
    """Times and metres since the start of a lap, its very ends included; where the car stood it is a little on."""
    inside = (trace.time_s > begin_s) & (trace.time_s < end_s)
    time = np.concatenate([[begin_s], trace.time_s[inside], [end_s]])
    driven = np.interp(time, trace.time_s, trace.driven_m)
    # Strictly ascending, so that every distance has one time.
    return time, driven - driven[0] + np.arange(len(time)) * 1e-6


def _shift(plane: Plane, other: Plane) -> tuple[float, float]:
    """What is to be added to places of the one plane to have them in the other; venues are small."""
    east, north = other.to_metres(np.array([plane.origin.latitude]), np.array([plane.origin.longitude]))
    return float(east[0]), float(north[0])


def _by_place(
    scaled: Floats, east: Floats, north: Floats, way: Floats, ref_east: Floats, ref_north: Floats
) -> Floats:
    """The distances, moved to where the car was beside the first lap's way; the ends stay.

    Lines through a bend are of different length, so that driven metres alone drift apart. Where the receiver jumps
    about, the mean over some metres is taken.
    """
    off = np.zeros(len(scaled))
    for row in range(1, len(scaled) - 1):
        low, high = np.searchsorted(way, [scaled[row] - _NEAR_M, scaled[row] + _NEAR_M])
        low, high = max(int(low) - 1, 0), min(int(high) + 1, len(way))
        if high - low < 2:
            continue
        off[row] = (
            _nearest(east[row], north[row], way[low:high], ref_east[low:high], ref_north[low:high]) - scaled[row]
        )
    off[np.abs(off) > _NEAR_M] = 0.0
    sums = np.concatenate([[0.0], np.cumsum(off)])
    low = np.searchsorted(scaled, scaled - _SMOOTH_M / 2)
    high = np.searchsorted(scaled, scaled + _SMOOTH_M / 2, "right")
    # Both cars were on the line when they crossed it.
    near_line = np.clip(np.minimum(scaled, scaled[-1] - scaled) / _SMOOTH_M, 0.0, 1.0)
    smooth = (sums[high] - sums[low]) / (high - low) * near_line
    moved = np.maximum.accumulate(np.clip(scaled + smooth, 0.0, scaled[-1]))
    ascending: Floats = moved + np.arange(len(moved)) * 1e-9
    return ascending


def _nearest(east: float, north: float, way: Floats, ref_east: Floats, ref_north: Floats) -> float:
    """The distance along a way at the point of it that is nearest to a place."""
    step_east, step_north = np.diff(ref_east), np.diff(ref_north)
    squared = np.maximum(step_east**2 + step_north**2, 1e-12)
    share = ((east - ref_east[:-1]) * step_east + (north - ref_north[:-1]) * step_north) / squared
    share = np.clip(share, 0.0, 1.0)
    away = np.hypot(east - ref_east[:-1] - share * step_east, north - ref_north[:-1] - share * step_north)
    row = int(np.argmin(away))
    return float(way[row] + share[row] * (way[row + 1] - way[row]))


async def _series(
    context: Context,
    recording: Recording,
    stored: StoredLap,
    lap: _AlignedLap,
    names: Sequence[str],
    points: int,
) -> tuple[LapSeries, ...]:
    if not names:
        return ()
    catalogue = await catalogue_of(context, recording)
    found = {signal.name: signal for signal in await signals_of(context, recording)}
    channels = {channel.slug: channel for channel in (await contents_of(context.documents, recording)).channels}
    loop = asyncio.get_running_loop()
    made = []
    for name in names:
        signal = found.get(name)
        if signal is None or signal.channel not in channels:
            continue
        channel = channels[signal.channel]
        file = await open_columns(context, recording, channel.slug)
        made.append(
            await loop.run_in_executor(
                PLOTTING, _read, file, channel, name, signal.dtype, stored, lap, catalogue, points
            )
        )
    return tuple(each for each in made if each is not None)


def _read(
    file: BinaryIO,
    channel: ChannelSummary,
    name: str,
    dtype: str,
    stored: StoredLap,
    lap: _AlignedLap,
    catalogue: CarCatalogue,
    points: int,
) -> LapSeries | None:
    """One signal of a lap over distance, in as many points as can be seen; None for what is no number."""
    with StoredChannel(file, Footer(file, channel.footer_crc32)) as opened_channel:
        path = tuple(name.removeprefix(f"{channel.topic}.").split("."))
        kind = opened_channel.kinds.get(path)
        if kind is None or is_list(kind) or not is_number(kind):
            return None
        rows = opened_channel.rows(stored.lap.started_ns, stored.lap.ended_ns)
        values = numbers(opened_channel.read(path, rows))
    since = (rows.times - stored.lap.started_ns) / NS_PER_S
    inside = (since >= 0) & (since <= lap.way_s[-1])
    distance = np.interp(since[inside], lap.way_s, lap.way_m)
    values = values[inside]
    places = np.round(distance * _MM).astype(np.int64)
    kept = decimate(places, values, max(1, points // POINTS_PER_BUCKET), 0, int(lap.way_m[-1] * _MM) + 1)
    described = catalogue.describe(name, dtype)
    return LapSeries(name, described.label, described.unit, distance[kept], values[kept])
