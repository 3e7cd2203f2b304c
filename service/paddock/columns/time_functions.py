"""Functions of a series that look at more than one sample, fed with batches in order of time.

Each answers the same, to the bit, however the series is cut into batches: what a sample becomes depends on the
samples before it and on how many these are, never on where a batch began. A missing sample (NaN) stays missing
and is passed over by what adds up.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from paddock.columns.columns import Int64s
from paddock.columns.joined import Floats, Samples, at_instants
from paddock.domain.instants import NS_PER_S
from paddock.errors import Rejected

MAX_WINDOW_ROWS = 4_000_000
"""Samples that a delay or a moving average holds."""
MAX_MEDIAN_ROWS = 2_000
_BLOCK = 64
_PIECE_VALUES = 1 << 19


class TimeFunction(Protocol):
    """A function with a memory of what came before."""

    def feed(self, times: Int64s, values: Floats) -> Floats:
        """What the next samples become; shapes (N,), N > 0, in order of time."""
        ...


class Derivative:
    """Change per second since the sample before."""

    def __init__(self, gap_ns: int) -> None:
        self._gap_ns = gap_ns
        self._last: tuple[int, float] | None = None

    def feed(self, times: Int64s, values: Floats) -> Floats:
        """See ``TimeFunction``."""
        steps, before = _steps(self._last, times, values)
        self._last = int(times[-1]), float(values[-1])
        with np.errstate(all="ignore"):
            found: Floats = (values - before) / (steps / NS_PER_S)
        found[(steps <= 0) | (steps > self._gap_ns)] = np.nan
        return found


class Integral:
    """Trapezes added up; none over a gap, or where a side is missing."""

    def __init__(self, gap_ns: int) -> None:
        self._gap_ns = gap_ns
        self._last: tuple[int, float] | None = None
        self._sum = 0.0

    def feed(self, times: Int64s, values: Floats) -> Floats:
        """See ``TimeFunction``."""
        steps, before = _steps(self._last, times, values)
        self._last = int(times[-1]), float(values[-1])
        with np.errstate(all="ignore"):
            added = (values + before) / 2 * (steps / NS_PER_S)
        added[~np.isfinite(added) | (steps > self._gap_ns)] = 0.0
        sums = np.cumsum(np.concatenate([[self._sum], added]))[1:]
        self._sum = float(sums[-1])
        sums[np.isnan(values)] = np.nan
        return sums


def _steps(last: tuple[int, float] | None, times: Int64s, values: Floats) -> tuple[Int64s, Floats]:
    """Time since the sample before and its value; of the first one 0 and missing."""
    time, value = (int(times[0]), math.nan) if last is None else last
    return np.diff(times, prepend=time), np.concatenate([[value], values[:-1]])


class CumulativeMax:
    """The largest value so far."""

    def __init__(self) -> None:
        self._most = math.nan

    def feed(self, times: Int64s, values: Floats) -> Floats:
        """See ``TimeFunction``."""
        most = np.fmax.accumulate(np.concatenate([[self._most], values]))[1:]
        self._most = float(most[-1])
        most[np.isnan(values)] = np.nan
        return most


class RisingEdge:
    """Whether a condition holds that did not at the known sample before; not at the first sample."""

    def __init__(self) -> None:
        self._last = math.nan

    def feed(self, times: Int64s, values: Floats) -> Floats:
        """See ``TimeFunction``."""
        known = np.concatenate([[self._last], values])
        places = np.maximum.accumulate(np.where(np.isnan(known), 0, np.arange(len(known))))
        held = known[places]
        self._last = float(held[-1])
        edges: Floats = ((values != 0) & (held[:-1] == 0)).astype(np.float64)
        edges[np.isnan(values)] = np.nan
        return edges


class Count:
    """How many samples so far had a condition true."""

    def __init__(self) -> None:
        self._count = 0.0

    def feed(self, times: Int64s, values: Floats) -> Floats:
        """See ``TimeFunction``."""
        true = (values != 0) & ~np.isnan(values)
        counts = self._count + np.cumsum(true)
        self._count = float(counts[-1])
        counts[np.isnan(values)] = np.nan
        return counts


class Delay:
    """The value some time before, by the rule of ``joined.py``."""

    def __init__(self, seconds: float, gap_ns: int, *, on_lines: bool) -> None:
        self._delay_ns = max(1, round(seconds * NS_PER_S))
        self._gap_ns = gap_ns
        self._on_lines = on_lines
        self._held = Samples(np.empty(0, np.int64), np.empty(0, np.float64))

    def feed(self, times: Int64s, values: Floats) -> Floats:
        """See ``TimeFunction``."""
        held = Samples(np.concatenate([self._held.times, times]), np.concatenate([self._held.values, values]))
        _check_rows(len(held.times), MAX_WINDOW_ROWS, "delay")
        wanted = times - self._delay_ns
        first = max(0, int(np.searchsorted(held.times, wanted[-1], "right")) - 1)
        self._held = Samples(held.times[first:].copy(), held.values[first:].copy())
        return at_instants(held, wanted, self._gap_ns, on_lines=self._on_lines)


class _Window:
    """The known samples of the last seconds.

    Args:
        seconds: how long it is; a sample that is exactly so old is outside.
        most: samples it may have.
        name: of the function, for the refusal.
    """

    def __init__(self, seconds: float, most: int, name: str) -> None:
        self._length_ns = max(1, round(seconds * NS_PER_S))
        self._most, self._name = most, name
        self.times: Int64s = np.empty(0, np.int64)
        self.values: Floats = np.empty(0, np.float64)
        self.first = 0
        """How many known samples came before the held ones."""

    def add(self, times: Int64s, values: Floats) -> tuple[Int64s, Int64s]:
        """Take samples in; begin and end of each window among the held ones, alike where nothing is known."""
        known = ~np.isnan(values)
        ends = len(self.times) + np.cumsum(known)
        self.times = np.concatenate([self.times, times[known]])
        self.values = np.concatenate([self.values, values[known]])
        begins = np.minimum(np.searchsorted(self.times, times - self._length_ns, "right"), ends)
        _check_rows(int((ends - begins).max()), self._most, self._name)
        return begins.astype(np.int64), ends.astype(np.int64)

    def forget(self, before: int) -> None:
        """Drop the held samples before this one."""
        self.times, self.values = self.times[before:].copy(), self.values[before:].copy()
        self.first += before


class MovingAverage:
    """Mean of the known samples of the last seconds.

    A window's sum is made of sums over 1, 2, 4 … samples that begin at multiples of these numbers, counted from the
    series' first sample: nothing is subtracted, so one value like 3e38 spoils its own windows alone.
    """

    def __init__(self, seconds: float) -> None:
        self._window = _Window(seconds, MAX_WINDOW_ROWS, "moving_average")

    def feed(self, times: Int64s, values: Floats) -> Floats:
        """See ``TimeFunction``."""
        window = self._window
        begins, ends = window.add(times, values)
        sums = _sums(window.values, begins, ends, window.first)
        with np.errstate(all="ignore"):
            means: Floats = sums / (ends - begins)
        window.forget(int(begins[-1]))
        means[np.isnan(values)] = np.nan
        return means


def _sums(values: Floats, begins: Int64s, ends: Int64s, first: int) -> Floats:
    """The sum of each run of ``values``; ``first`` is the number that the first value has in its series."""
    longest = max(1, int((ends - begins).max()))
    # So that every run of 2^k samples that begins at a multiple of 2^k is one entry of level k.
    begin = first >> longest.bit_length() << longest.bit_length()
    level = np.concatenate([np.zeros(first - begin), values])
    low, high = begins + (first - begin), ends + (first - begin)
    found = np.zeros(len(begins))
    with np.errstate(all="ignore"):
        while (open_ := low < high).any():
            odd = open_ & (low & 1 == 1)
            found[odd] += level[low[odd]]
            low += odd
            odd = open_ & (high & 1 == 1)
            high -= odd
            found[odd] += level[high[odd]]
            low >>= 1
            high >>= 1
            level = np.append(level, 0.0) if len(level) % 2 else level
            level = level[0::2] + level[1::2]
    return found


class Median:
    """Median of the known samples of the last seconds; of an even number the mean of the middle two."""

    def __init__(self, seconds: float) -> None:
        self._window = _Window(seconds, MAX_MEDIAN_ROWS, "median")

    def feed(self, times: Int64s, values: Floats) -> Floats:
        """See ``TimeFunction``."""
        window = self._window
        begins, ends = window.add(times, values)
        lengths = ends - begins
        found = np.full(len(values), np.nan)
        for length in np.unique(lengths).tolist():
            if not length:
                continue
            rows = np.flatnonzero(lengths == length)
            runs = np.lib.stride_tricks.sliding_window_view(window.values, length)
            step = max(1, _PIECE_VALUES // length)
            for begin in range(0, len(rows), step):
                some = rows[begin : begin + step]
                found[some] = np.median(runs[begins[some]], axis=1)
        window.forget(int(begins[-1]))
        found[np.isnan(values)] = np.nan
        return found


class LowPass:
    """A first-order low pass: each known sample draws the output by ``1 - exp(-2π f Δt)`` towards itself.

    It begins at the first sample, and anew behind a gap. Samples are worked on in blocks of 64, counted from the
    first one of the series: within a block ``y = a y' + b`` is composed by doubling, and from block to block one
    by one.
    """

    def __init__(self, hertz: float, gap_ns: int) -> None:
        self._hertz = hertz
        self._gap_ns = gap_ns
        self._last_time: int | None = None
        self._output = 0.0
        """At the end of the last whole block."""
        self._keeping = np.empty(0)
        """What the samples of the block that is not whole leave of the output before."""
        self._adding = np.empty(0)

    def feed(self, times: Int64s, values: Floats) -> Floats:
        """See ``TimeFunction``."""
        found = np.full(len(values), np.nan)
        known = np.flatnonzero(~np.isnan(values))
        if not len(known):
            return found
        at, given = times[known], values[known]
        steps = np.diff(at, prepend=at[0] if self._last_time is None else self._last_time)
        keeping = np.exp(steps * (-2 * math.pi * self._hertz / NS_PER_S))
        keeping[steps > self._gap_ns] = 0.0
        if self._last_time is None:
            keeping[0] = 0.0
        self._last_time = int(at[-1])
        found[known] = self._filtered(keeping, (1 - keeping) * given)
        return found

    def _filtered(self, keeping: Floats, adding: Floats) -> Floats:
        before = len(self._keeping)
        keeping = np.concatenate([self._keeping, keeping])
        adding = np.concatenate([self._adding, adding])
        rows = len(keeping)
        whole = rows // _BLOCK * _BLOCK
        self._keeping, self._adding = keeping[whole:].copy(), adding[whole:].copy()
        padding = -rows % _BLOCK
        a = np.concatenate([keeping, np.ones(padding)]).reshape(-1, _BLOCK)
        b = np.concatenate([adding, np.zeros(padding)]).reshape(-1, _BLOCK)
        with np.errstate(all="ignore"):
            step = 1
            while step < _BLOCK:
                b[:, step:] = a[:, step:] * b[:, :-step] + b[:, step:]
                a[:, step:] = a[:, step:] * a[:, :-step]
                step *= 2
            begins = np.empty(len(a))
            output = self._output
            for block, (kept, added) in enumerate(zip(a[:, -1].tolist(), b[:, -1].tolist(), strict=True)):
                begins[block] = output
                if block < whole // _BLOCK:
                    output = kept * output + added
            self._output = output
            found: Floats = (a * begins[:, np.newaxis] + b).reshape(-1)[before:rows]
        return found


def _check_rows(rows: int, most: int, name: str) -> None:
    if rows > most:
        raise Rejected(
            f"{name} would look at {rows:,} samples at once, more than {most:,}: take a shorter time.",
            code="bad_maths",
        )
