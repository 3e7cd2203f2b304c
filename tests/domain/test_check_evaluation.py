"""When a log breaks a rule: the same as a plain loop over all samples, however they come in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.domain.check_evaluation import Evaluator, Found, Gaps, Holding, Outside, Presence, Rates, evaluator
from paddock.domain.check_results import MAX_MOMENTS
from paddock.domain.checklists import CheckKind, CheckText
from paddock.domain.instants import NS_PER_S

GAP_NS = 10
NAN = float("nan")
VALUES = st.sampled_from([NAN, -np.inf, -2.0, -1.0, 0.0, 0.5, 1.0, 3.0, 9.0, np.inf])
SAMPLES = st.lists(st.tuples(st.integers(0, 15), VALUES), max_size=60)
"""Steps in time, some of them gaps and some of none, with values."""
CUTS = st.lists(st.integers(0, 60), max_size=5)


def fed(look: Evaluator, samples: Sequence[tuple[int, float]], cuts: Sequence[int]) -> Found:
    times = np.cumsum([step for step, _ in samples], dtype=np.int64)
    values = np.array([value for _, value in samples], np.float64)
    edges = [0, *sorted(cuts), len(samples)]
    for begin, end in pairwise(edges):
        look.feed(times[begin:end], values[begin:end])
    return look.found()


def off(value: float, low: float | None, high: float | None) -> float:
    return max((low - value) if low is not None else -1.0, (value - high) if high is not None else -1.0)


def outside(
    samples: Sequence[tuple[int, float]], low: float | None, high: float | None
) -> tuple[int, int, list[tuple[int, int, float]]]:
    """Count, time and spans, sample by sample."""
    times = np.cumsum([step for step, _ in samples]).tolist()
    spans: list[tuple[int, int, float]] = []
    total, at = 0, 0

    while at < len(samples):
        if not off(samples[at][1], low, high) > 0:
            at += 1
            continue
        start, worst, end = times[at], samples[at][1], times[at]
        while True:
            if off(samples[at][1], low, high) > off(worst, low, high):
                worst = samples[at][1]
            if at + 1 == len(samples) or times[at + 1] - times[at] > GAP_NS:
                end = times[at]
                at += 1
                break
            end = times[at + 1]
            at += 1
            if not off(samples[at][1], low, high) > 0:
                break
        total += end - start
        spans.append((start, end, worst))
    return len(spans), total, spans


LIMITS = st.sampled_from([(None, 1.0), (-1.0, None), (-1.0, 1.0), (0.0, 0.0)])


@given(SAMPLES, CUTS, LIMITS, st.integers(0, 40))
def test_time_outside_of_limits(
    samples: list[tuple[int, float]], cuts: list[int], limits: tuple[float | None, float | None], all_but: int
) -> None:
    found = fed(Outside(*limits, GAP_NS, all_but), samples, cuts)
    count, total, spans = outside(samples, *limits)
    assert (found.often, found.total_ns) == (count, total)
    assert [tuple(each) for each in found.wrong] == spans[:MAX_MOMENTS]
    assert found.failed == (total > all_but if all_but else count > 0)
    assert found.samples == sum(not np.isnan(value) for _, value in samples)
    worst = max(spans, key=lambda each: off(each[2], *limits), default=(0, 0, None))[2]
    assert found.worst == worst


@given(SAMPLES, CUTS, st.integers(0, 40))
def test_time_that_a_condition_holds(samples: list[tuple[int, float]], cuts: list[int], all_but: int) -> None:
    found = fed(Holding(GAP_NS, all_but), samples, cuts)
    count, total, spans = outside([(step, NAN if np.isnan(v) else float(v != 0)) for step, v in samples], None, 0.0)
    assert (found.often, found.total_ns) == (count, total)
    assert [each[:2] for each in found.wrong] == [each[:2] for each in spans[:MAX_MOMENTS]]


@given(SAMPLES, CUTS, st.integers(0, 40), st.integers(0, 200), st.integers(1, 20))
def test_gaps(samples: list[tuple[int, float]], cuts: list[int], start: int, length: int, longest: int) -> None:
    """The log begins at the first sample or before, and may end after the last."""
    samples = [(start + samples[0][0], samples[0][1]), *samples[1:]] if samples else []
    end = start + sum(step for step, _ in samples) + length
    found = fed(Gaps(longest, start, end), samples, cuts)
    known = [
        int(t) for t, (_, v) in zip(np.cumsum([s for s, _ in samples]), samples, strict=True) if not np.isnan(v)
    ]
    edges = [start, *known, end]
    gaps = [(a, b) for a, b in pairwise(edges) if b - a > longest]
    assert (found.often, found.total_ns) == (len(gaps), sum(b - a for a, b in gaps))
    assert [each[:2] for each in found.wrong] == gaps[:MAX_MOMENTS]
    assert found.failed == bool(gaps)
    if gaps:
        assert found.worst == pytest.approx(max(b - a for a, b in gaps) / NS_PER_S)


@given(
    st.lists(st.integers(-2 * NS_PER_S, 12 * NS_PER_S), max_size=80),
    CUTS,
    st.integers(0, 9 * NS_PER_S),
    st.sampled_from([0.5, 1.0, 3.0, 7.3, 10.0, 30.0]),
    st.sampled_from([0.0, 0.1, 0.5]),
    st.integers(0, 3),
)
def test_rates(
    times: list[int], cuts: list[int], length: int, rate: float, tolerance: float, all_but_s: int
) -> None:
    times.sort()
    look = Rates(rate, tolerance, 0, length, all_but_s * NS_PER_S)
    edges = [0, *sorted(cuts), len(times)]
    for begin, end in pairwise(edges):
        part = np.array(times[begin:end], np.int64)
        look.feed(part, np.zeros(len(part)))
    found = look.found()
    window = min(max(NS_PER_S, round(10 * NS_PER_S / rate)), max(1, length))
    bad = []
    for number in range(length // window):
        count = sum(number * window <= time < (number + 1) * window for time in times)
        expected = rate * window / NS_PER_S
        bad.append(abs(count - expected) > max(1.0, tolerance * expected) * (1 + 1e-12))
    assert found.total_ns == sum(bad) * window
    assert found.failed == (any(bad) and (sum(bad) * window > all_but_s * NS_PER_S or not all_but_s))
    starts = [n * window for n, each in enumerate(bad) if each and (n == 0 or not bad[n - 1])]
    assert [each.start_ns for each in found.wrong] == starts[:MAX_MOMENTS] and found.often == len(starts)


@pytest.mark.parametrize("rate", [1.0, 10.0, 37.0, 100.0, 400.0])
def test_a_topic_at_its_rate_passes_wherever_windows_begin(rate: float) -> None:
    for phase in np.linspace(0, 1, 7):
        times = (np.arange(int(60 * rate)) / rate * NS_PER_S + phase * NS_PER_S / rate).astype(np.int64)
        look = Rates(rate, 0.0, 0, int(times[-1]), 0)
        look.feed(times, np.zeros(len(times)))
        assert not look.found().failed, phase
        for other in (rate * 1.3, rate * 0.7):
            look = Rates(other, 0.1, 0, int(times[-1]), 0)
            look.feed(times, np.zeros(len(times)))
            assert look.found().failed


def test_nothing_and_one_sample() -> None:
    def checked(kind: CheckKind, times: list[int], values: list[float]) -> Found:
        rule = CheckText(kind=kind, subject="x", high=1.0, rate_hz=10.0, longest_s=1.0)
        look = evaluator(rule, GAP_NS, (0, 5 * NS_PER_S))
        look.feed(np.array(times, np.int64), np.array(values, np.float64))
        return look.found()

    assert [checked(kind, [], []).failed for kind in CheckKind] == [True, False, True, True, False]
    assert [checked(kind, [7], [NAN]).failed for kind in CheckKind] == [True, False, True, True, False]
    assert [checked(kind, [7], [2.0]).failed for kind in CheckKind] == [True, True, True, False, True]
    assert checked(CheckKind.LIMITS, [7], [2.0]).wrong == ((7, 7, 2.0),)
    assert isinstance(evaluator(CheckText(kind=CheckKind.PRESENT, subject="x"), 1, (0, 1)), Presence)
