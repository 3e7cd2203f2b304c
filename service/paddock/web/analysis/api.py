"""``/api/recordings/{id}/xy``, ``…/histogram``, ``…/spectrum``, ``…/statistics``: over a span of time."""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
from litestar import Router, get
from litestar.params import QueryParameter
from msgspec import Meta

from paddock.domain.catalogue import Described
from paddock.domain.instants import NS_PER_S
from paddock.domain.roles import Permission
from paddock.usecases.context import Context
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.look.analysis import Numbers, Span, cloud_of, histogram_of, spectrum_of, statistics_of
from paddock.usecases.look.plots import log_span
from paddock.web.kernel.injected import TheContext, refuse_unknown_parameters
from paddock.web.kernel.problems import responses
from paddock.web.plots.api import Seconds, instant_of
from paddock.web.recordings.api import Prefix

_Name = Annotated[
    str,
    QueryParameter(max_length=2_000, description="A signal: topic and field path.", examples=[]),
]
_Floats = npt.NDArray[np.float64]


class AxisResource(msgspec.Struct, frozen=True):
    """One signal as an axis says it."""

    name: Annotated[str, Meta(examples=["VNData.vn_vel_m_s.x"])]
    label: Annotated[str, Meta(description="For people.", examples=["Speed"])]
    unit: Annotated[str, Meta(description="May be empty.", examples=["m/s"])]


class CloudResource(msgspec.Struct, frozen=True, kw_only=True):
    """One signal over another: dots, or of very many the cells that have some."""

    start_s: float
    end_s: float
    x: AxisResource
    y: AxisResource
    points: Annotated[int, Meta(description="How many there are.")]
    xs: Annotated[list[float], Meta(description="Of each dot, or the middle of each cell.")]
    ys: list[float]
    counts: Annotated[list[int], Meta(description="How many points each stands for.")]
    cell: Annotated[tuple[float, float] | None, Meta(description="Width and height of a cell; null for dots.")]


class HistogramResource(msgspec.Struct, frozen=True, kw_only=True):
    """For how long a signal had which values."""

    start_s: float
    end_s: float
    signal: AxisResource
    edges: Annotated[list[float], Meta(description="Of the bins, one more than there are bins.")]
    seconds: Annotated[list[float], Meta(description="Time in each bin; gaps of the log count nothing.")]


class SpectrumResource(msgspec.Struct, frozen=True, kw_only=True):
    """Power spectral density (Welch)."""

    start_s: float
    end_s: float
    signal: AxisResource
    frequencies_hz: list[float]
    density: Annotated[list[float], Meta(description="One-sided, in the signal's unit squared per Hz.")]
    rate_hz: Annotated[float, Meta(description="Of the raster that the samples were brought to.")]
    segment_s: float
    segments: int


class StatisticsResource(msgspec.Struct, frozen=True, kw_only=True):
    """One signal in numbers; null where it has no sample in the span."""

    signal: AxisResource
    count: int
    min: float | None
    max: float | None
    mean: float | None
    rms: float | None
    std: float | None
    first: float | None
    last: float | None
    at: Annotated[list[float | None], Meta(description="Its value at each instant asked for; null in a gap.")]


class StatisticsList(msgspec.Struct, frozen=True, kw_only=True):
    """In the order asked for."""

    start_s: float
    end_s: float
    items: list[StatisticsResource]


_ANSWERS = responses(404, 409, 422, 503)


@get("/xy", needs=Permission.READ, responses=_ANSWERS, summary="One signal over another")
async def show_cloud(
    context: TheContext, recording_id: Prefix, x: _Name, y: _Name, start: Seconds = None, end: Seconds = None
) -> CloudResource:
    """At every sample of ``y`` the value of ``x``; of more than 5,000 points how many lie in each cell."""
    begin, stop = await _instants(context, recording_id, start, end)
    span, across, up, found = await cloud_of(context, recording_id, x, y, begin, stop)
    return CloudResource(
        **_ends(span),
        x=_axis(across),
        y=_axis(up),
        points=found.points,
        xs=_list(found.x),
        ys=_list(found.y),
        counts=found.counts.tolist(),
        cell=found.cell,
    )


@get("/histogram", needs=Permission.READ, responses=_ANSWERS, summary="Time at value")
async def show_histogram(
    context: TheContext,
    recording_id: Prefix,
    signal: _Name,
    bins: Annotated[int, QueryParameter(description="1 to 500.")] = 60,
    start: Seconds = None,
    end: Seconds = None,
) -> HistogramResource:
    """Weighted by time, not by samples: each counts until the next one."""
    begin, stop = await _instants(context, recording_id, start, end)
    span, described, found = await histogram_of(context, recording_id, signal, bins, begin, stop)
    return HistogramResource(
        **_ends(span), signal=_axis(described), edges=_list(found.edges), seconds=_list(found.seconds)
    )


@get("/spectrum", needs=Permission.READ, responses=_ANSWERS, summary="The frequencies in a signal")
async def show_spectrum(
    context: TheContext,
    recording_id: Prefix,
    signal: _Name,
    window: Annotated[
        str, QueryParameter(max_length=100, description="`hann`, `hamming`, `blackman` or `rectangular`.")
    ] = "hann",
    start: Seconds = None,
    end: Seconds = None,
) -> SpectrumResource:
    """The spectrum of the longest piece without a gap, on an even raster at the signal's own rate."""
    begin, stop = await _instants(context, recording_id, start, end)
    span, described, found = await spectrum_of(context, recording_id, signal, window, begin, stop)
    return SpectrumResource(
        **_ends(span),
        signal=_axis(described),
        frequencies_hz=_list(found.frequencies_hz),
        density=_list(found.density),
        rate_hz=found.rate_hz,
        segment_s=found.segment_s,
        segments=found.segments,
    )


@get("/statistics", needs=Permission.READ, responses=_ANSWERS, summary="Signals in numbers")
async def show_statistics(
    context: TheContext,
    recording_id: Prefix,
    signals: Annotated[
        list[str], QueryParameter(name="signal", min_length=1, description="May be repeated, up to 50 times.")
    ],
    start: Seconds = None,
    end: Seconds = None,
    at: Annotated[
        list[float] | None,
        QueryParameter(description="Instants, as cursors have them, in the same seconds; up to 10."),
    ] = None,
) -> StatisticsList:
    """Least, greatest, mean, RMS and standard deviation of the samples in a span, its first and last one.

    At each instant `at` also the last sample until then, whether in the span or not.
    """
    begin, stop, *instants = await _instants(context, recording_id, start, end, *(at or ()))
    wanted = [each for each in instants if each is not None]
    span, found = await statistics_of(context, recording_id, signals, begin, stop, wanted)
    return StatisticsList(**_ends(span), items=[_numbers(each) for each in found])


async def _instants(context: Context, recording_id: str, *seconds: float | None) -> list[int | None]:
    if all(each is None for each in seconds):
        return [None] * len(seconds)
    origin_ns, _ = await log_span(context, await get_recording(context, recording_id))
    return [instant_of(origin_ns, each) for each in seconds]


def _ends(span: Span) -> dict[str, float]:
    return {
        "start_s": (span.start_ns - span.origin_ns) / NS_PER_S,
        "end_s": (span.end_ns - span.origin_ns) / NS_PER_S,
    }


def _axis(described: Described) -> AxisResource:
    return AxisResource(described.name, described.label, described.unit)


def _numbers(found: Numbers) -> StatisticsResource:
    names = ("count", "min", "max", "mean", "rms", "std", "first", "last")
    figures = {name: getattr(found.statistics, name) for name in names}
    return StatisticsResource(signal=_axis(found.described), **figures, at=list(found.at))


def _list(values: _Floats) -> list[float]:
    found: list[float] = values.tolist()
    return found


ROUTER = Router(
    "/api/recordings/{recording_id:str}",
    route_handlers=[show_cloud, show_histogram, show_spectrum, show_statistics],
    before_request=refuse_unknown_parameters,
    tags=["Plots"],
)
