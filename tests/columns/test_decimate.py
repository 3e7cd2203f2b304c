from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.columns.decimate import POINTS_PER_BUCKET, decimate, decimate_steps

VALUES = {
    "float64": st.floats(width=64),
    "float32": st.floats(width=32),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint8": st.integers(0, 255),
    "bool": st.booleans(),
}


@st.composite
def series(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int, int, int]:
    dtype = draw(st.sampled_from(sorted(VALUES)))
    values = np.array(draw(st.lists(VALUES[dtype], min_size=1, max_size=200)), dtype)
    origin = draw(st.sampled_from([0, 1_776_522_720_000_000_000]))
    steps = draw(st.lists(st.sampled_from([0, 0, 1, 10, 1_000_000]), min_size=len(values), max_size=len(values)))
    times = origin + np.cumsum(np.array(steps, np.int64))
    start, end = int(times[0]), int(times[-1])
    return times, values, draw(st.integers(1, 12)), start - draw(st.integers(0, 5)), end + draw(st.integers(0, 5))


def edges(start: int, end: int, buckets: int) -> list[int]:
    return [start + int(edge) for edge in np.linspace(0, max(end - start, 1), buckets + 1)]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(series())
def test_every_bucket_keeps_its_ends_and_extremes(case: tuple[np.ndarray, np.ndarray, int, int, int]) -> None:
    times, values, buckets, start, end = case
    kept = decimate(*case)
    assert (np.diff(kept) > 0).all()
    assert len(kept) <= (POINTS_PER_BUCKET + 2) * buckets or len(kept) == len(times)
    cuts = edges(start, end, buckets)
    for number, (low, high) in enumerate(pairwise(cuts)):
        inside = (times >= low) & ((times < high) if number < buckets - 1 else np.True_)
        here = values[inside]
        shown = values[kept][inside[kept]]
        numbers, shown_numbers = here[here == here], shown[shown == shown]
        assert len(numbers) == 0 or (
            numbers.min() == shown_numbers.min()
            and numbers.max() == shown_numbers.max()
            and numbers[0] == shown_numbers[0]
            and numbers[-1] == shown_numbers[-1]
        )
        assert (here != here).any() == (shown != shown).any(), "a gap stays, and none is made"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(series())
def test_steps_stay_exact_or_keep_their_extremes(case: tuple[np.ndarray, np.ndarray, int, int, int]) -> None:
    times, values, *_ = case
    kept = decimate_steps(*case)
    assert kept[0] == 0 and kept[-1] == len(times) - 1
    changes = 1 + int((values[1:] != values[:-1]).sum())
    if changes + 1 <= POINTS_PER_BUCKET * case[2]:
        held = values[kept][np.searchsorted(kept, np.arange(len(times)), side="right") - 1]
        np.testing.assert_array_equal(held, values)


def test_few_points_are_all_there() -> None:
    times = np.arange(40)
    np.testing.assert_array_equal(decimate(times, np.sin(times), 10, 0, 40), times)


def test_one_spike_in_a_million_survives() -> None:
    times = np.arange(1_000_000, dtype=np.int64) * 1_000_000
    values = np.zeros(len(times), np.float32)
    values[654_321] = -1
    kept = decimate(times, values, 1000, 0, int(times[-1]))
    assert 654_321 in kept
    assert len(kept) <= 4000


def test_a_gap_over_many_buckets_keeps_its_ends() -> None:
    times = np.arange(10_000)
    values = times.astype(float)
    values[3000:5000] = np.nan
    kept = decimate(times, values, 100, 0, 10_000)
    assert {2999, 3000, 4999, 5000} <= set(kept.tolist())


@pytest.mark.parametrize("values", [np.full(1000, np.nan), np.zeros(1000)])
def test_nothing_but_one_value(values: np.ndarray) -> None:
    kept = decimate(np.zeros(1000, np.int64), values, 4, 0, 0)
    assert {0, 999} <= set(kept.tolist())


def test_texts_change_seldom_and_stay_exact() -> None:
    codes = np.repeat([0, 1, 0, 2], 1000)
    np.testing.assert_array_equal(decimate_steps(np.arange(4000), codes, 10, 0, 4000), [0, 1000, 2000, 3000, 3999])
