"""When a log breaks a rule of a checklist. Each class takes the samples of one signal, in pieces of any size.

A sample holds until the next one, as intervals have it (``columns/kpis.py``): what is wrong at one sample is wrong
until the next, unless a gap lies between. A missing value (NaN) is neither right nor wrong.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from paddock.domain.check_results import MAX_MOMENTS
from paddock.domain.checklists import CheckKind, CheckText
from paddock.domain.instants import NS_PER_S

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
LEAST_WINDOW_NS = NS_PER_S
"""A rate is counted over windows of a second, or of ten periods of a slower one."""
MOST_WINDOWS = 1_000_000


class Wrong(NamedTuple):
    """One time that a rule is not met."""

    start_ns: int
    end_ns: int
    worst: float


class Found(NamedTuple):
    """What of a rule was found in one signal."""

    failed: bool
    often: int
    """How often it was not met, in whatever allowance."""
    total_ns: int
    worst: float | None
    """The value that is furthest off of all; None where nothing is."""
    wrong: tuple[Wrong, ...]
    """The first ones."""
    samples: int
    """How many values were looked at."""


class Evaluator(Protocol):
    """Looks at the samples of one signal."""

    def feed(self, times: Int64s, values: Floats) -> None:
        """The next ones, shapes (N,), ascending in time; NaN is missing."""
        ...

    def found(self) -> Found:
        """What was found, once all were fed."""
        ...


class Outside:
    """Where values are wrong: outside of limits, or a condition that holds.

    Args:
        low: the least that is right; None for none. So is ``high``.
        gap_ns: the longest time between two samples that is no gap.
        all_but_ns: so long may be wrong, together.
    """

    def __init__(self, low: float | None, high: float | None, gap_ns: int, all_but_ns: int) -> None:
        self._low = -np.inf if low is None else low
        self._high = np.inf if high is None else high
        self._gap_ns, self._all_but_ns = gap_ns, all_but_ns
        self._wrong: list[Wrong] = []
        self._count = self._total_ns = self._samples = 0
        self._last_ns: int | None = None
        self._open: tuple[int, float, float] | None = None
        """The span that the last sample is in: its start, how far off its worst value is, and that value."""
        self._worst: tuple[float, float] | None = None

    def feed(self, times: Int64s, values: Floats) -> None:
        """As ``Evaluator`` says."""
        if not len(times):
            return
        with np.errstate(invalid="ignore"):
            off = np.maximum(self._low - values, values - self._high)
        off = np.where(off > 0, off, 0.0)
        self._samples += int(np.count_nonzero(~np.isnan(values)))
        if self._last_ns is not None:
            times = np.insert(times, 0, self._last_ns)
            off = np.insert(off, 0, self._open[1] if self._open else 0.0)
            values = np.insert(values, 0, self._open[2] if self._open else np.nan)
        wrong = off > 0
        steps = np.diff(times)
        joined = steps <= self._gap_ns
        self._total_ns += int(steps[joined & wrong[:-1]].sum())
        if wrong.any():
            self._spans(times, values, off, wrong, joined)
        self._last_ns = int(times[-1])

    def _spans(self, times: Int64s, values: Floats, off: Floats, wrong: Booleans, joined: Booleans) -> None:
        goes_on = wrong[:-1] & joined
        starts = np.flatnonzero(wrong & ~np.append(False, goes_on))
        lasts = np.flatnonzero(wrong & ~np.append(goes_on & wrong[1:], False))
        begun = self._open
        self._count += len(starts) - (begun is not None)
        stays_open = int(lasts[-1]) == len(times) - 1

        def span(place: int) -> tuple[int, float, float]:
            first, last = int(starts[place]), int(lasts[place])
            furthest = first + int(np.argmax(off[first : last + 1]))
            start_ns = begun[0] if begun is not None and place == 0 else int(times[first])
            return start_ns, float(off[furthest]), float(values[furthest])

        for place in range(min(len(starts) - stays_open, MAX_MOMENTS - len(self._wrong))):
            start_ns, _, worst = span(place)
            last = int(lasts[place])
            self._wrong.append(Wrong(start_ns, int(times[last + 1] if joined[last] else times[last]), worst))
        self._open = span(len(starts) - 1) if stays_open else None
        furthest = int(np.argmax(off))
        if self._worst is None or off[furthest] > self._worst[0]:
            self._worst = (float(off[furthest]), float(values[furthest]))

    def found(self) -> Found:
        """As ``Evaluator`` says."""
        wrong = self._wrong
        if self._open is not None and self._last_ns is not None and len(wrong) < MAX_MOMENTS:
            wrong = [*wrong, Wrong(self._open[0], self._last_ns, self._open[2])]
        failed = self._count > 0 and (self._total_ns > self._all_but_ns or not self._all_but_ns)
        worst = None if self._worst is None else self._worst[1]
        return Found(failed, self._count, self._total_ns, worst, tuple(wrong), self._samples)


class Holding:
    """Where a condition holds that must not: its value is a number and not 0.

    Args:
        gap_ns: the longest time between two samples that is no gap.
        all_but_ns: so long it may hold, together.
    """

    def __init__(self, gap_ns: int, all_but_ns: int) -> None:
        self._outside = Outside(None, 0.0, gap_ns, all_but_ns)

    def feed(self, times: Int64s, values: Floats) -> None:
        """As ``Evaluator`` says."""
        self._outside.feed(times, np.where(np.isnan(values), np.nan, (values != 0).astype(np.float64)))

    def found(self) -> Found:
        """As ``Evaluator`` says."""
        return self._outside.found()


class Gaps:
    """Times between two values that are too long; also those from the log's begin and to its end.

    Args:
        longest_ns: the longest one that is none.
        start_ns: first instant of the log.
        end_ns: its last one.
    """

    def __init__(self, longest_ns: int, start_ns: int, end_ns: int) -> None:
        self._longest_ns, self._last_ns, self._end_ns = longest_ns, start_ns, end_ns
        self._wrong: list[Wrong] = []
        self._count = self._total_ns = self._samples = self._worst_ns = 0

    def feed(self, times: Int64s, values: Floats) -> None:
        """As ``Evaluator`` says."""
        known = times[~np.isnan(values)]
        self._samples += len(known)
        self._look(known)

    def _look(self, times: Int64s) -> None:
        if not len(times):
            return
        edges = np.insert(times, 0, self._last_ns)
        steps = np.diff(edges)
        places = np.flatnonzero(steps > self._longest_ns)
        self._count += len(places)
        self._last_ns = int(edges[-1])
        if not len(places):
            return
        self._total_ns += int(steps[places].sum())
        self._worst_ns = max(self._worst_ns, int(steps[places].max()))
        for place in places[: MAX_MOMENTS - len(self._wrong)]:
            self._wrong.append(Wrong(int(edges[place]), int(edges[place + 1]), int(steps[place]) / NS_PER_S))

    def found(self) -> Found:
        """As ``Evaluator`` says; to be asked once."""
        self._look(np.array([max(self._end_ns, self._last_ns)], np.int64))
        worst = self._worst_ns / NS_PER_S if self._count else None
        return Found(self._count > 0, self._count, self._total_ns, worst, tuple(self._wrong), self._samples)


class Rates:
    """Windows with too few or too many values. They lie side by side from the log's begin to its end.

    A window is a second, or ten periods where these are longer; a rest at the end that is shorter is not looked at,
    unless it is all there is. One value more or less is never too much: that depends on where the window begins.

    Args:
        rate_hz: how many a second there should be.
        tolerance: how far that may be off, as a share.
        start_ns: first instant of the log.
        end_ns: its last one.
        all_but_ns: so long it may be otherwise, together.
    """

    def __init__(self, rate_hz: float, tolerance: float, start_ns: int, end_ns: int, all_but_ns: int) -> None:
        span_ns = max(0, end_ns - start_ns)
        self._window_ns = max(LEAST_WINDOW_NS, round(10 * NS_PER_S / rate_hz), -(-span_ns // MOST_WINDOWS))
        self._window_ns = min(self._window_ns, max(1, span_ns))
        self._start_ns, self._all_but_ns = start_ns, all_but_ns
        self._counts: Int64s = np.zeros(span_ns // self._window_ns, np.int64)
        self._expected = rate_hz * self._window_ns / NS_PER_S
        self._off = max(1.0, tolerance * self._expected)
        self._samples = 0

    def feed(self, times: Int64s, values: Floats) -> None:
        """As ``Evaluator`` says."""
        known = times[~np.isnan(values)]
        self._samples += len(known)
        windows = (known - self._start_ns) // self._window_ns
        windows = windows[(windows >= 0) & (windows < len(self._counts))]
        if len(windows):
            first = int(windows[0])
            counted = np.bincount(windows - first)
            self._counts[first : first + len(counted)] += counted

    def found(self) -> Found:
        """As ``Evaluator`` says."""
        off = np.abs(self._counts - self._expected)
        bad = off > self._off * (1 + 1e-12)
        starts = np.flatnonzero(bad & ~np.append(False, bad[:-1]))
        ends = np.flatnonzero(bad & ~np.append(bad[1:], False)) + 1
        total_ns = int(np.count_nonzero(bad)) * self._window_ns
        wrong = tuple(
            Wrong(self._at(start), self._at(end), self._rate(int(start) + int(np.argmax(off[start:end]))))
            for start, end in zip(starts[:MAX_MOMENTS], ends[:MAX_MOMENTS], strict=True)
        )
        failed = bool(bad.any()) and (total_ns > self._all_but_ns or not self._all_but_ns)
        worst = self._rate(int(np.argmax(np.where(bad, off, -1.0)))) if bad.any() else None
        return Found(failed, len(starts), total_ns, worst, wrong, self._samples)

    def _at(self, window: int) -> int:
        return self._start_ns + int(window) * self._window_ns

    def _rate(self, window: int) -> float:
        return float(self._counts[window]) * NS_PER_S / self._window_ns


class Presence:
    """Whether there is any value."""

    def __init__(self) -> None:
        self._samples = 0

    def feed(self, times: Int64s, values: Floats) -> None:
        """As ``Evaluator`` says."""
        self._samples += int(np.count_nonzero(~np.isnan(values)))

    def found(self) -> Found:
        """As ``Evaluator`` says."""
        return Found(self._samples == 0, int(self._samples == 0), 0, None, (), self._samples)


def evaluator(rule: CheckText, gap_ns: int, span: tuple[int, int]) -> Evaluator:
    """What looks at the samples of one signal for a rule.

    Args:
        rule: as ``checked_checklist`` gives it.
        gap_ns: the longest time between two samples of the signal that is no gap.
        span: first and last instant of the log.
    """
    match rule.kind:
        case CheckKind.RATE:
            return Rates(rule.rate_hz or 0.0, rule.tolerance_percent / 100, *span, rule.all_but_ns)
        case CheckKind.LIMITS:
            return Outside(rule.low, rule.high, gap_ns, rule.all_but_ns)
        case CheckKind.GAP:
            return Gaps(round((rule.longest_s or 0.0) * NS_PER_S), *span)
        case CheckKind.PRESENT:
            return Presence()
        case CheckKind.CONDITION:
            return Holding(gap_ns, rule.all_but_ns)
