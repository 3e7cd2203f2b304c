"""The rule by which signals of different rates meet, case by case."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.columns.joined import Joining, Samples, at_instants

GAP = 100


def samples(*pairs: tuple[int, float]) -> Samples:
    return Samples(np.array([time for time, _ in pairs], np.int64), np.array([value for _, value in pairs], float))


def at(given: Samples, *instants: int, on_lines: bool) -> list[float | None]:
    found = at_instants(given, np.array(instants, np.int64), GAP, on_lines=on_lines).tolist()
    return [None if math.isnan(each) else each for each in found]


def test_a_float_lies_on_the_line_and_nowhere_before_or_behind_it() -> None:
    given = samples((10, 1.0), (20, 3.0), (30, 2.0))
    assert at(given, 9, 10, 15, 20, 25, 30, 31, on_lines=True) == [None, 1, 2, 3, 2.5, 2, None]


def test_what_holds_does_so_until_the_next_and_behind_the_last_no_longer_than_a_gap() -> None:
    given = samples((10, 1.0), (20, 3.0))
    assert at(given, 9, 10, 19, 20, 120, 121, on_lines=False) == [None, 1, 1, 3, 3, None]


@pytest.mark.parametrize("on_lines", [True, False])
def test_inside_a_gap_is_nothing_but_at_its_ends(on_lines: bool) -> None:
    given = samples((0, 1.0), (101, 2.0), (201, 4.0))
    assert at(given, 0, 1, 50, 100, 101, on_lines=on_lines) == [1, None, None, None, 2]
    assert at(given, 151, on_lines=on_lines) == [3.0 if on_lines else 2.0], "exactly as long as a gap is none"


def test_of_several_at_one_instant_the_last_one_counts() -> None:
    given = samples((0, 0.0), (10, 1.0), (10, 5.0), (20, 7.0))
    assert at(given, 5, 10, 15, on_lines=True) == [0.5, 5, 6]
    assert at(given, 5, 10, 15, on_lines=False) == [0, 5, 5]


def test_next_to_a_missing_sample_is_nothing() -> None:
    given = samples((0, 0.0), (10, math.nan), (20, 2.0), (30, 3.0))
    assert at(given, 0, 5, 10, 15, 20, 25, on_lines=True) == [0, None, None, None, 2, 2.5]
    assert at(given, 5, 10, 15, 20, on_lines=False) == [0, None, None, 2]


@settings(max_examples=80, deadline=None)
@given(
    steps=st.lists(st.sampled_from((0, 0, 1, 5, 40, 150)), min_size=1, max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=6),
    asked=st.lists(st.integers(-20, 3_000), min_size=1, max_size=60),
    portions=st.integers(1, 20),
    on_lines=st.booleans(),
)
def test_read_in_batches_it_is_the_same(
    steps: list[int], cuts: list[int], asked: list[int], portions: int, on_lines: bool
) -> None:
    times = np.cumsum(steps).astype(np.int64)
    whole = Samples(times, np.arange(len(times)) * 1.5)
    instants = np.sort(np.array(asked, np.int64))
    bounds = sorted({0, len(times), *(min(cut, len(times)) for cut in cuts)})
    batches = (Samples(times[a:b], whole.values[a:b]) for a, b in pairwise(bounds))
    joining = Joining(batches, GAP, on_lines=on_lines)
    found = np.concatenate([joining.at(instants[i : i + portions]) for i in range(0, len(instants), portions)])
    assert found.tobytes() == at_instants(whole, instants, GAP, on_lines=on_lines).tobytes()


def test_a_signal_without_samples_is_nothing() -> None:
    assert np.isnan(Joining(iter(()), GAP, on_lines=True).at(np.array([1, 2], np.int64))).all()
