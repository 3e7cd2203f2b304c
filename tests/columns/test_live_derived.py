"""An expression while its signals come: whatever came together, it is what it is over the whole log."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.columns.joined import Samples, at_instants
from paddock.columns.live_derived import LiveDerived
from paddock.columns.maths_compiled import Compiled
from paddock.domain.catalogue import CarCatalogue, Catalogue
from paddock.domain.instants import NS_PER_S
from paddock.domain.maths_binding import Bound, Names
from paddock.domain.maths_language.parser import parse

SIGNALS = {"A.x": "double", "A.y": "double", "B.slow": "double", "C.gear": "int64"}
GAPS = {"A.x": NS_PER_S, "A.y": NS_PER_S, "B.slow": 2 * NS_PER_S, "C.gear": 10**6 * NS_PER_S}
OWN = frozenset(("A.x", "A.y"))


def bound(text: str) -> Bound:
    return Names(SIGNALS, CarCatalogue(Catalogue()), {}).bind(parse(text).tree, {})


def own_of(expression: Bound) -> frozenset[str]:
    return frozenset(name for name in expression.signals if name in OWN)


@st.composite
def logs(draw: st.DrawFn) -> list[tuple[str, int, float]]:
    """Messages of three topics in order of time: topic, time and number."""
    steps = draw(st.lists(st.sampled_from([0, 10, 10, 10, 30, 400, 2_500]), min_size=5, max_size=120))
    topics = draw(st.lists(st.sampled_from("AAAABC"), min_size=len(steps), max_size=len(steps)))
    values = draw(st.lists(st.integers(-5, 5), min_size=len(steps), max_size=len(steps)))
    times = np.cumsum(np.array(steps, np.int64)) * 10**6 + 10**18
    return list(zip(topics, times.tolist(), map(float, values), strict=True))


@settings(deadline=None, max_examples=60)
@given(
    log=logs(),
    cuts=st.lists(st.integers(0, 120), max_size=20),
    text=st.sampled_from(
        [
            "A.x + A.y",
            "A.x * B.slow",
            "where(C.gear > 0, A.x, B.slow)",
            "low_pass(A.x + B.slow, 2) - delay(A.y, 0.05)",
            "moving_average(derivative(A.x), 0.1) / C.gear",
            "rising_edge(A.x > B.slow)",
        ]
    ),
)
@pytest.mark.slow("very many examples")
def test_it_is_what_it_is_over_the_whole_log_however_that_comes(
    log: list[tuple[str, int, float]], cuts: list[int], text: str
) -> None:
    expression = bound(text)
    fields = {"A.x": ("A", 1.0), "A.y": ("A", -0.5), "B.slow": ("B", 1.0), "C.gear": ("C", 1.0)}

    def samples(messages: list[tuple[str, int, float]], name: str) -> Samples:
        topic, factor = fields[name]
        of_topic = [each for each in messages if each[0] == topic]
        return Samples(
            np.array([each[1] for each in of_topic], np.int64), np.array([each[2] * factor for each in of_topic])
        )

    live = LiveDerived(expression, own_of(expression), GAPS)
    times, values = [np.empty(0, np.int64)], [np.empty(0)]
    edges = sorted({0, len(log), *(each for each in cuts if each < len(log))})
    for begin, end in pairwise(edges):
        part = {name: samples(log[begin:end], name) for name in expression.signals}
        came = {name: each for name, each in part.items() if len(each.times)}
        found = live.feed(
            {name: each for name, each in came.items() if name in OWN},
            {name: each for name, each in came.items() if name not in OWN},
        )
        times.append(found.times)
        values.append(found.values)
    answered = Samples(np.concatenate(times), np.concatenate(values))

    whole = {name: samples(log, name) for name in expression.signals}
    instants = next(each.times for name, each in whole.items() if name in OWN)
    if not len(instants):
        return
    joined = {
        name: each.values
        if name in OWN
        else at_instants(each, instants, GAPS[name], on_lines=SIGNALS[name] == "double")
        if len(each.times)
        else np.full(len(instants), np.nan)
        for name, each in whole.items()
    }
    expected = Compiled(expression, GAPS["A.x"]).at(instants, joined)
    known = len(answered.times)
    assert np.array_equal(answered.times, instants[:known])
    if "C.gear" not in expression.signals or len(set(instants.tolist()) & set(whole["C.gear"].times.tolist())) == 0:
        np.testing.assert_allclose(answered.values, expected[:known], rtol=1e-12, atol=1e-12)
    if "B.slow" in expression.signals and len(whole["B.slow"].times):
        waits = instants[known:]
        assert np.all(waits >= whole["B.slow"].times[-1]), "only what lies on no line yet waits"
    elif "B.slow" not in expression.signals:
        assert known == len(instants)


def test_a_signal_that_stopped_is_waited_for_as_long_as_there_may_be_a_line() -> None:
    expression = bound("A.x + B.slow")
    live = LiveDerived(expression, own_of(expression), GAPS)
    start = 10**18
    first = live.feed(
        {"A.x": Samples(start + np.arange(1, 11) * 10**8, np.ones(10))},
        {"B.slow": Samples(np.array([start]), np.array([1.0]))},
    )
    assert not len(first.times)
    later = live.feed({"A.x": Samples(start + np.arange(11, 30) * 10**8, np.ones(19))}, {})
    assert len(later.times) == 28 and np.all(np.isnan(later.values))


def test_what_comes_late_is_passed_over() -> None:
    live = LiveDerived(bound("A.x * 2"), frozenset(("A.x",)), GAPS)
    assert live.feed({"A.x": Samples(np.array([20, 10]), np.array([2.0, 1.0]))}, {}).values.tolist() == [2.0, 4.0]
    late = live.feed({"A.x": Samples(np.array([15, 20, 30]), np.array([9.0, 2.0, 3.0]))}, {})
    assert late.times.tolist() == [20, 30] and late.values.tolist() == [4.0, 6.0]


@pytest.mark.parametrize("text", ["A.x / 0", "sqrt(A.x - 1000)"])
def test_what_is_no_number_is_missing(text: str) -> None:
    live = LiveDerived(bound(text), frozenset(("A.x",)), GAPS)
    assert np.isnan(live.feed({"A.x": Samples(np.array([20]), np.array([2.0]))}, {}).values).all()
