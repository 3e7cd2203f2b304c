"""What engineers look at beside lines over time: a signal over another, how long it was where, its frequencies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paddock.columns.columns import Int64s
from paddock.columns.joined import Samples, at_instants
from paddock.domain.instants import NS_PER_S

Floats = npt.NDArray[np.float64]
MOST_DOTS = 5_000
"""More points are drawn as how many there are in each of ``CELLS`` × ``CELLS`` cells."""
CELLS = 120
WINDOWS = ("hann", "hamming", "blackman", "rectangular")


@dataclass(frozen=True)
class Statistics:
    """Figures of the samples in a span; all None but the count where there is none."""

    count: int
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    rms: float | None = None
    std: float | None = None
    """That of all samples (population)."""
    first: float | None = None
    last: float | None = None


@dataclass(frozen=True)
class Cloud:
    """One signal over another: dots, or, of very many, how dense they are."""

    points: int
    x: Floats
    """Shape (N,): of each dot, or the middle of each cell that has some."""
    y: Floats
    counts: Int64s
    """How many points each stands for."""
    cell: tuple[float, float] | None
    """Width and height of a cell; None for dots."""


@dataclass(frozen=True)
class Histogram:
    """For how long a signal had which values."""

    edges: Floats
    """Shape (bins + 1,), in the signal's unit."""
    seconds: Floats
    """Shape (bins,)."""


@dataclass(frozen=True)
class Spectrum:
    """Power spectral density by Welch's method."""

    frequencies_hz: Floats
    density: Floats
    """In unit²/Hz, one-sided."""
    rate_hz: float
    """The rate of the raster that the samples were brought to."""
    segment_s: float
    segments: int


def statistics(values: Floats) -> Statistics:
    """Figures of the values that are finite.

    Args:
        values: shape (N,).
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return Statistics(0)
    return Statistics(
        len(known),
        float(known.min()),
        float(known.max()),
        float(known.mean()),
        float(np.sqrt(np.mean(np.square(known)))),
        float(known.std()),
        float(known[0]),
        float(known[-1]),
    )


def cloud(x: Samples, y: Samples, gap_ns: int, *, on_lines: bool) -> Cloud:
    """``y`` over ``x``: at every sample of ``y`` the value that ``x`` has there by the rule of ``joined.py``.

    Args:
        gap_ns: of ``x``, see ``at_instants``; so is ``on_lines``.
    """
    across = at_instants(x, y.times, gap_ns, on_lines=on_lines) if len(x.times) else np.full(len(y.times), np.nan)
    known = np.isfinite(across) & np.isfinite(y.values)
    across, up = across[known], y.values[known]
    if len(across) <= MOST_DOTS:
        return Cloud(len(across), across, up, np.ones(len(across), np.int64), None)
    counts, x_edges, y_edges = np.histogram2d(across, up, CELLS)
    column, row = np.nonzero(counts)
    cell = float(x_edges[1] - x_edges[0]), float(y_edges[1] - y_edges[0])
    return Cloud(
        len(across),
        x_edges[column] + cell[0] / 2,
        y_edges[row] + cell[1] / 2,
        counts[column, row].astype(np.int64),
        cell,
    )


def histogram(samples: Samples, end_ns: int, gap_ns: int, bins: int) -> Histogram:
    """How long a signal had which values: each sample counts until the next one, and never across a gap.

    Args:
        samples: of the span.
        end_ns: where the span ends, until when the last sample may count.
        gap_ns: the longest time between two samples that is no gap; a sample before one counts as long as that.
        bins: at least 1.
    """
    times, values = samples
    lasts = np.minimum(np.diff(np.append(times, max(end_ns, int(times[-1]) if len(times) else end_ns))), gap_ns)
    known = np.isfinite(values)
    values, lasts = values[known], lasts[known]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    seconds, edges = np.histogram(values, bins, (low, high), weights=lasts / NS_PER_S)
    return Histogram(edges, seconds)


def spectrum(samples: Samples, gap_ns: int, *, window: str = "hann", on_lines: bool = True) -> Spectrum:
    """Power spectral density of the longest piece without a gap, by Welch: half-overlapping segments, mean removed.

    The samples are brought to an even raster at their median rate first.

    Args:
        samples: of the span.
        gap_ns: the longest time between two samples that is no gap.
        window: one of ``WINDOWS``.
        on_lines: whether values lie on lines between samples.

    Raises:
        ValueError: there are fewer than 16 samples in one piece.
    """
    piece = _longest_piece(samples, gap_ns)
    if len(piece.times) < 16:
        raise ValueError("too few samples")
    period_ns = float(np.median(np.diff(piece.times)))
    if period_ns <= 0:
        raise ValueError("too few samples")
    rows = int((piece.times[-1] - piece.times[0]) / period_ns) + 1
    instants = piece.times[0] + np.round(np.arange(rows) * period_ns).astype(np.int64)
    values = at_instants(piece, instants, gap_ns, on_lines=on_lines)
    values = values[np.isfinite(values)]
    if len(values) < 16:
        raise ValueError("too few samples")
    rate_hz = NS_PER_S / period_ns
    length = min(len(values), 1 << max(4, int(np.log2(len(values) / 4)) if len(values) >= 64 else 4))
    return _welch(values, rate_hz, length, window)


def _welch(values: Floats, rate_hz: float, length: int, window: str) -> Spectrum:
    weights = _window(window, length)
    starts = range(0, len(values) - length + 1, length // 2)
    density = np.zeros(length // 2 + 1)
    for start in starts:
        segment = values[start : start + length]
        density += np.square(np.abs(np.fft.rfft((segment - segment.mean()) * weights)))
    density /= len(starts) * rate_hz * np.square(weights).sum()
    density[1 : -1 if length % 2 == 0 else None] *= 2  # negative frequencies are in the positive ones
    frequencies: Floats = np.fft.rfftfreq(length, 1 / rate_hz).astype(np.float64)
    return Spectrum(frequencies, density, rate_hz, length / rate_hz, len(starts))


def _window(name: str, length: int) -> Floats:
    """Periodic, as spectra need it; the symmetric one of NumPy is for filters."""
    made = {"hann": np.hanning, "hamming": np.hamming, "blackman": np.blackman}.get(name)
    return np.ones(length) if made is None else made(length + 1)[:-1]


def _longest_piece(samples: Samples, gap_ns: int) -> Samples:
    known = np.isfinite(samples.values)
    times, values = samples.times[known], samples.values[known]
    ends = np.append(np.flatnonzero(np.diff(times) > gap_ns) + 1, len(times))
    starts = np.append(0, ends[:-1])
    longest = int(np.argmax(ends - starts)) if len(times) else 0
    chosen = slice(int(starts[longest]), int(ends[longest]))
    return Samples(times[chosen], values[chosen])
