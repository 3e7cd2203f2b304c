"""Figures over spans, and spans in which a condition holds."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.columns.joined import Samples
from paddock.columns.kpis import Kpi, kpi, spans_of
from paddock.domain.instants import NS_PER_S

GAP_NS = NS_PER_S
STEP_NS = NS_PER_S // 10


def series(values: list[float]) -> Samples:
    return Samples(np.arange(len(values), dtype=np.int64) * STEP_NS, np.array(values, np.float64))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.floats(-1e3, 1e3) | st.just(float("nan")), max_size=40), st.integers(0, 45), st.integers(0, 45))
def test_figures_are_those_of_numpy(values: list[float], first: int, last: int) -> None:
    found = kpi(series(values), first * STEP_NS, last * STEP_NS, GAP_NS, on_lines=True)
    inside = [(n * 0.1, v) for n, v in enumerate(values) if first <= n <= last and v == v]
    if not inside:
        assert found == Kpi(0)
        return
    times, known = map(np.array, zip(*inside, strict=True))
    assert (found.count, found.min, found.max) == (len(known), known.min(), known.max())
    np.testing.assert_allclose((found.mean, found.std), (known.mean(), known.std()), atol=1e-9)
    assert found.at_max_ns == round(times[known.argmax()] * NS_PER_S)
    if np.all(np.diff(times) < 1):
        np.testing.assert_allclose(found.integral, np.trapezoid(known, times), atol=1e-9)


def test_what_holds_is_summed_by_steps_and_never_across_a_gap() -> None:
    samples = Samples(np.array([0, 1, 30]) * NS_PER_S, np.array([2.0, 4.0, 6.0]))
    assert kpi(samples, 0, 60 * NS_PER_S, GAP_NS, on_lines=False).integral == 2.0
    assert kpi(samples, 0, 60 * NS_PER_S, GAP_NS, on_lines=True).integral == 3.0


def spans(values: list[float], at_least: int = 0) -> list[tuple[int, int]]:
    found = spans_of(series(values), GAP_NS, at_least * STEP_NS)
    return [(start // STEP_NS, end // STEP_NS) for start, end, _ in found]


def test_a_span_lasts_until_the_first_sample_that_says_no() -> None:
    nan = float("nan")
    assert spans([]) == spans([0, 0]) == spans([nan]) == []
    assert spans([0, 1, 1, 0, 1]) == [(1, 3), (4, 4)]
    assert spans([1, nan, 1, 1]) == [(0, 1), (2, 3)]
    assert spans([0, 1, 1, 0, 1, 0], at_least=2) == [(1, 3)]


def test_a_gap_ends_a_span() -> None:
    samples = Samples(np.array([0, 1, 60, 61]) * STEP_NS, np.ones(4))
    found = spans_of(samples, GAP_NS, 0)
    assert [(start // STEP_NS, end // STEP_NS, before) for start, end, before in found] == [
        (0, 1, False),
        (60, 61, False),
    ]


@given(st.lists(st.booleans(), max_size=60))
def test_spans_are_the_runs(holds: list[bool]) -> None:
    expected, begun = [], None
    for number, each in enumerate(holds):
        if each and begun is None:
            begun = number
        if not each and begun is not None:
            expected.append((begun, number))
            begun = None
    if begun is not None:
        expected.append((begun, len(holds) - 1))
    assert spans([float(each) for each in holds]) == expected
