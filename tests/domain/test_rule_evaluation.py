"""The evaluator of rules: beside one that looks at a sample at a time, and in pieces of any size."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.domain.rule_evaluation import (
    NOTHING_YET,
    Firing,
    Watch,
    as_number,
    evaluate,
    text_values,
)
from paddock.domain.rules import Comparison, RuleText

S = 10**9


def rule(comparison: Comparison = Comparison.ABOVE, **more: object) -> RuleText:
    said: dict[str, object] = {"name": "r", "signal": "a.b", "limit": 100.0, "clear_s": 0.0}
    return RuleText(comparison=comparison, **{**said, **more})  # type: ignore[arg-type]


def fired(said: RuleText, samples: list[tuple[float, float]]) -> list[tuple[bool, float, float]]:
    """Whether it fires or is over, at which second, and since when."""
    times = np.array([round(second * S) for second, _ in samples], np.int64)
    values = np.array([value for _, value in samples], np.float64)
    found = evaluate(said, NOTHING_YET, times, values).firings
    for each in found:
        assert times[each.sample] == each.time_ns and values[each.sample] == each.value
    return [(each.firing, each.time_ns / S, each.since_ns / S) for each in found]


def test_a_crossing_fires_once_it_has_lasted() -> None:
    samples = [(0, 90), (1, 101), (2, 102), (3, 103), (4, 99), (5, 98)]
    assert fired(rule(), samples) == [(True, 1, 1), (False, 4, 4)]
    assert fired(rule(for_s=2.0), samples) == [(True, 3, 1), (False, 4, 4)]
    assert fired(rule(for_s=3.0), samples) == []
    assert fired(rule(for_s=2.0, clear_s=1.0), samples) == [(True, 3, 1), (False, 5, 4)]


def test_a_noisy_crossing_is_one_alert() -> None:
    noisy = [(second / 10, 100 + (-1) ** second) for second in range(100)]
    assert len(fired(rule(), noisy)) == 100
    assert fired(rule(hysteresis=2.0), noisy) == [(True, 0.0, 0.0)]
    assert fired(rule(clear_s=0.5), noisy) == [(True, 0.0, 0.0)]
    assert fired(rule(clear_s=0.5), [*noisy, (20, 90), (21, 90)])[-1] == (False, 20.0, 9.9)


def test_every_comparison() -> None:
    samples = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, float("nan")), (6, 1)]
    for comparison, more, seconds in (
        (Comparison.ABOVE, {"limit": 3.0}, [3, 6]),
        (Comparison.BELOW, {"limit": 2.0}, [0, 1, 6]),
        (Comparison.OUTSIDE, {"low": 2.0, "high": 4.0}, [0, 1, 4]),
        (Comparison.INSIDE, {"low": 2.0, "high": 4.0}, [1, 4]),
        (Comparison.IS, {"limit": 3.0}, [2, 3]),
        (Comparison.IS_NOT, {"limit": 1.0}, [1, 6]),
    ):
        assert [second for _, second, _ in fired(rule(comparison, **more), samples)] == seconds, comparison


def test_a_band_wider_than_the_range_is_over_in_its_middle() -> None:
    said = rule(Comparison.OUTSIDE, low=0.0, high=2.0, hysteresis=50.0)
    assert fired(said, [(0, 3), (1, 0.5), (2, 1.0)]) == [(True, 0, 0), (False, 2, 2)]


def test_a_text_is_a_state() -> None:
    said = rule(Comparison.IS, text="FAULT")
    values = text_values(said, ["OK", "FAULT", None, "FAULT", "OK"])
    found = evaluate(as_number(said), NOTHING_YET, np.arange(5, dtype=np.int64), values).firings
    assert [(each.firing, each.sample) for each in found] == [(True, 1), (False, 4)]


def test_what_was_looked_at_already_is_passed_over() -> None:
    samples = [(0, 90), (5, 101), (3, 90), (5, 102), (6, 90)]
    assert fired(rule(), samples) == [(True, 5, 5), (False, 6, 6)]


def one_by_one(said: RuleText, times: list[int], values: list[float]) -> list[Firing]:
    """The same in the plainest way."""
    for_ns, clear_ns = round(said.for_s * S), round(said.clear_s * S)
    found: list[Firing] = []
    bad: bool | None = None
    since, firing, latest = 0, False, None
    for index, (time, value) in enumerate(zip(times, values, strict=True)):
        if value != value or (latest is not None and time < latest):
            latest = time if latest is None else max(latest, time)
            continue
        latest = time
        if said.comparison is Comparison.ABOVE:
            now = True if value > said.limit else False if value <= said.limit - said.hysteresis else None  # type: ignore[operator]
        else:
            low, high = said.low or 0.0, said.high or 0.0
            inner = min(said.hysteresis, (high - low) / 2)
            outside = value < low or value > high
            now = True if outside else False if low + inner <= value <= high - inner else None
        if now is not None and now is not bad:
            bad, since = now, time
        if bad is None:
            continue
        if bad and not firing and time >= since + for_ns:
            firing = True
            found.append(Firing(True, index, time, since, value))
        elif not bad and firing and time >= since + clear_ns:
            firing = False
            found.append(Firing(False, index, time, since, value))
    return found


steps = st.integers(-2, 6)
numbers = st.sampled_from([90.0, 98.0, 98.5, 99.0, 100.0, 100.5, 101.0, 110.0, float("nan")])


@pytest.mark.slow("goes through very many cases")
@settings(max_examples=300, deadline=None)
@given(
    samples=st.lists(st.tuples(steps, numbers), max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=8),
    for_ns=st.integers(0, 8),
    clear_ns=st.integers(0, 8),
    hysteresis=st.sampled_from([0.0, 1.0, 1.5, 20.0]),
    comparison=st.sampled_from([Comparison.ABOVE, Comparison.OUTSIDE]),
)
def test_pieces_of_any_size_give_what_the_whole_and_the_plain_way_give(
    samples: list[tuple[int, float]],
    cuts: list[int],
    for_ns: int,
    clear_ns: int,
    hysteresis: float,
    comparison: Comparison,
) -> None:
    limits = {"limit": 100.0} if comparison is Comparison.ABOVE else {"low": 98.0, "high": 100.5}
    said = rule(comparison, for_s=for_ns / S, clear_s=clear_ns / S, hysteresis=hysteresis, **limits)
    times = np.cumsum([step for step, _ in samples], dtype=np.int64)
    values = np.array([value for _, value in samples], np.float64)
    whole = evaluate(said, NOTHING_YET, times, values)
    assert whole.firings == one_by_one(said, times.tolist(), values.tolist())
    watch, found = NOTHING_YET, []
    edges = sorted({0, len(samples), *(cut for cut in cuts if cut < len(samples))})
    for begin, end in pairwise(edges):
        piece = evaluate(said, watch, times[begin:end], values[begin:end])
        watch = piece.watch
        found += [each._replace(sample=each.sample + begin) for each in piece.firings]
    assert found == whole.firings
    assert watch == whole.watch


@pytest.mark.parametrize("watch", [NOTHING_YET, Watch(bad=True, since_ns=5, settled=True, firing=True, last_ns=9)])
def test_nothing_changes_nothing(watch: Watch) -> None:
    nothing = evaluate(rule(), watch, np.array([], np.int64), np.array([], np.float64))
    assert nothing.firings == [] and nothing.watch == watch
