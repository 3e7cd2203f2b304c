"""Fewer points of a series, and none of its spikes lost: what a plot shows of a million samples.

A range of time is cut into buckets of equal length, about one per pixel. Of each bucket its first, last, smallest
and largest sample stay (known as M4: Jugel et al., VLDB 2014), so that a line through them covers the same pixels
as a line through all of them. Where samples are missing (NaN), the ends of the gap stay as well, so that a line
breaks where the signal did.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Values = npt.NDArray[Any]

POINTS_PER_BUCKET = 4
"""At most so many samples of a bucket stay; two more where it has missing ones."""


def decimate(times: Int64s, values: Values, buckets: int, start: int, end: int) -> Int64s:
    """Which samples to draw, as ascending indices; all of them when they are few.

    Args:
        times: shape (N,), ascending, equal ones allowed.
        values: shape (N,), numbers or booleans; NaN is a missing sample.
        buckets: into how many parts of equal length ``start`` to ``end`` is cut, at least 1.
        start: the range's first instant, in the unit of ``times``; what lies before it counts to the first bucket.
        end: its last one; what lies after it counts to the last bucket.
    """
    if len(times) <= POINTS_PER_BUCKET * buckets:
        return np.arange(len(times), dtype=np.int64)
    bounds = _bucket_bounds(times, buckets, start, end)
    kept = np.zeros(len(times), np.bool_)
    missing = np.isnan(values) if values.dtype.kind == "f" else None
    if missing is not None and missing.any():
        # Only the numbers have a first, last, smallest and largest; the gaps are marked beside them.
        _keep_gap_ends(kept, missing, bounds)
        numbers = np.flatnonzero(~missing)
        bounds = np.unique(np.searchsorted(numbers, bounds))
        if len(numbers):
            kept[numbers[_four_of_each(values[numbers], bounds)]] = True
    else:
        kept[_four_of_each(values, bounds)] = True
    return np.flatnonzero(kept)


def decimate_steps(times: Int64s, values: Values, buckets: int, start: int, end: int) -> Int64s:
    """Thin out values that hold until they change: booleans, enums, codes of texts. Arguments as ``decimate``'s.

    The samples at which the value changes stay, with the first and the last one, so the steps are exact; only where
    they are too many to see, it is as for any number.
    """
    if len(times) <= POINTS_PER_BUCKET * buckets:
        return np.arange(len(times), dtype=np.int64)
    changes = np.flatnonzero(values[1:] != values[:-1]) + 1
    if len(changes) + 2 > POINTS_PER_BUCKET * buckets:
        return decimate(times, values, buckets, start, end)
    return np.unique(np.concatenate([[0], changes, [len(times) - 1]])).astype(np.int64)


def _bucket_bounds(times: Int64s, buckets: int, start: int, end: int) -> Int64s:
    """Indices at which buckets begin, those without samples left out, and N behind them."""
    # Relative to the start a double is exact to a microsecond over a century, which is far below a pixel.
    edges = start + np.linspace(0, max(end - start, 1), buckets + 1)[1:-1].astype(np.int64)
    return np.unique(np.concatenate([[0], np.searchsorted(times, edges), [len(times)]])).astype(np.int64)


def _keep_gap_ends(kept: npt.NDArray[np.bool_], missing: npt.NDArray[np.bool_], bounds: Int64s) -> None:
    """Mark the first and the last missing sample of each bucket."""
    gaps = np.flatnonzero(missing)
    within = np.unique(np.searchsorted(gaps, bounds))
    kept[gaps[within[:-1]]] = True
    kept[gaps[within[1:] - 1]] = True


def _four_of_each(values: Values, bounds: Int64s) -> Int64s:
    """First, last, (first) smallest and largest of each part; no NaN in ``values``, no empty part."""
    begins = bounds[:-1]
    found = [begins, bounds[1:] - 1]
    comparable = values.view(np.uint8) if values.dtype.kind == "b" else values
    for extreme in (np.minimum, np.maximum):
        of_each = extreme.reduceat(comparable, begins)
        reached = np.flatnonzero(comparable == np.repeat(of_each, np.diff(bounds)))
        found.append(reached[np.searchsorted(reached, begins)])
    return np.concatenate(found)
