"""Figures of a signal over spans of time, and the spans in which a condition holds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from paddock.columns.columns import Int64s
from paddock.columns.joined import Floats, Samples
from paddock.domain.instants import NS_PER_S


class Kpi(msgspec.Struct, frozen=True):
    """A signal over one span; all None but the count where it has no value there."""

    count: int
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    std: float | None = None
    """That of all values (population)."""
    integral: float | None = None
    """Over seconds, by trapezoids, steps where the signal holds; nothing across a gap."""
    first: float | None = None
    last: float | None = None
    at_max_ns: int | None = None
    """When it was greatest, the first time."""


def kpi(samples: Samples, start_ns: int, end_ns: int, gap_ns: int, *, on_lines: bool) -> Kpi:
    """The figures of the samples with ``start_ns <= time <= end_ns``.

    Args:
        samples: of the signal, ascending.
        gap_ns: the longest time between two samples that is no gap.
        on_lines: whether it lies on lines between samples; else each holds until the next.
    """
    inside = slice(*np.searchsorted(samples.times, [start_ns, end_ns + 1], "left"))
    times, values = samples.times[inside], samples.values[inside]
    known = np.isfinite(values)
    times, values = times[known], values[known]
    if not len(values):
        return Kpi(0)
    highest = int(values.argmax())
    return Kpi(
        len(values),
        float(values.min()),
        float(values[highest]),
        float(values.mean()),
        float(values.std()),
        _integral(times, values, gap_ns, on_lines=on_lines),
        float(values[0]),
        float(values[-1]),
        int(times[highest]),
    )


def _integral(times: Int64s, values: Floats, gap_ns: int, *, on_lines: bool) -> float | None:
    steps = np.diff(times)
    heights = (values[1:] + values[:-1]) / 2 if on_lines else values[:-1]
    total = float(np.sum(np.where(steps <= gap_ns, heights * (steps / NS_PER_S), 0.0)))
    return total if math.isfinite(total) else None


class FoundSpan(NamedTuple):
    """A span in which a condition holds."""

    start_ns: int
    end_ns: int
    ends_before: bool
    """Whether the condition does not hold at its end any more; else its last sample is there."""


def spans_of(samples: Samples, gap_ns: int, at_least_ns: int) -> Sequence[FoundSpan]:
    """Each span in which a condition holds, that is: is a number and not 0.

    A sample holds until the next one; a gap ends a span, and so does a missing value.

    Args:
        samples: of the condition.
        gap_ns: the longest time between two samples that is no gap.
        at_least_ns: shorter spans are none.
    """
    times, values = samples
    if not len(times):
        return []
    holds = np.isfinite(values) & (values != 0)
    broken = np.append(np.diff(times) > gap_ns, True)
    starts = np.flatnonzero(holds & np.append(True, ~holds[:-1] | broken[:-1]))
    # A span ends where the next sample says no; before a gap, at the sample itself.
    lasts = np.flatnonzero(holds & (np.append(~holds[1:], True) | broken))
    ends = np.where(broken[lasts], times[lasts], times[np.minimum(lasts + 1, len(times) - 1)])
    found = zip(times[starts].tolist(), ends.tolist(), (~broken[lasts]).tolist(), strict=True)
    return [each for each in itertools.starmap(FoundSpan, found) if each.end_ns - each.start_ns >= at_least_ns]
