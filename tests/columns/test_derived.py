"""Expressions over columns are what NumPy written by hand makes of the same arrays, however these are cut."""

from __future__ import annotations

import math
import random

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.columns.derived import Derived, DerivedColumns, derived_channel
from paddock.domain.maths_language.checking import Shape
from paddock.domain.maths_language.fault import Fault
from paddock.domain.maths_language.parser import parse
from paddock.errors import Rejected
from tests.columns.maths_log import FAST, MS, NAMES, ON, SLOW, SLOW_TIMES, TIMES, N, X, Y, computed, log
from tests.formats.builders import START_NS, MemoryColumns, Topic, struct_type

DT = 0.01
HOLE = np.where((np.arange(FAST) >= 60) & (np.arange(FAST) < 70), np.nan, np.arange(FAST))
V = np.where(
    (SLOW_TIMES[0] <= TIMES) & (SLOW_TIMES[-1] >= TIMES),
    np.interp(TIMES, SLOW_TIMES, SLOW.astype(np.float32).astype(np.float64)),
    np.nan,
)
_BEFORE = np.searchsorted(SLOW_TIMES, TIMES, "right") - 1
K = np.where(_BEFORE >= 0, np.trunc(SLOW)[_BEFORE], np.nan)


def averaged(values: npt.NDArray[np.float64], rows: int) -> npt.NDArray[np.float64]:
    return np.array([np.mean(values[max(0, row - rows + 1) : row + 1]) for row in range(len(values))])


def filtered(values: npt.NDArray[np.float64], hertz: float) -> npt.NDArray[np.float64]:
    share, found = 1 - math.exp(-2 * math.pi * hertz * DT), [values[0]]
    for value in values[1:]:
        found.append(found[-1] + share * (value - found[-1]))
    return np.array(found)


def shifted(values: npt.NDArray[np.float64], rows: int) -> npt.NDArray[np.float64]:
    return np.concatenate([np.full(rows, np.nan), values[:-rows]])


BY_HAND = {
    "T.x + T.y * 2": X + Y * 2,
    "(T.x - T.y) / (T.x + 40)": (X - Y) / (X + 40),
    "-T.x ^ 2": -(X**2),
    "2 ^ T.n": 2.0**N,
    "T.x / (T.n - 1)": np.divide(X, N - 1, out=np.full(FAST, np.nan), where=N != 1),
    "abs(T.x) + sign(T.x)": np.abs(X) + np.sign(X),
    "sqrt(T.x)": np.sqrt(np.where(X >= 0, X, np.nan)),
    "exp(-T.y) + log(T.y) + log10(T.y)": np.exp(-Y) + np.log(Y) + np.log10(Y),
    "sin(T.x) * cos(T.y) - tan(T.x / 30)": np.sin(X) * np.cos(Y) - np.tan(X / 30),
    "asin(T.x / 30) + acos(T.x / 30) + atan(T.y)": np.arcsin(X / 30) + np.arccos(X / 30) + np.arctan(Y),
    "atan2(T.x, T.y)": np.arctan2(X, Y),
    "radians(T.x) + degrees(T.y)": np.radians(X) + np.degrees(Y),
    "floor(T.x) + ceil(T.y) + round(T.x)": np.floor(X) + np.ceil(Y) + np.round(X),
    "min(T.x, T.y, 5)": np.minimum(np.minimum(X, Y), 5),
    "max(T.x, T.y)": np.maximum(X, Y),
    "clip(T.x, -2, two)": np.clip(X, -2, 2),
    "T.x > T.y": (X > Y) * 1.0,
    "T.x <= 3 and not T.on or T.n == 2": (((X <= 3) & ~ON) | (N == 2)) * 1.0,
    "where(T.x > 0 and T.n != 3, T.x, -T.y)": np.where((X > 0) & (N != 3), X, -Y),
    "T.hole * 2": HOLE * 2,
    "T.hole > 100": np.where(np.isnan(HOLE), np.nan, HOLE > 100),
    "T.x - S.v": X - V,
    "T.x * S.k": X * K,
    "derivative(T.x)": np.concatenate([[np.nan], np.diff(X) / DT]),
    "integral(T.x)": np.concatenate([[0], np.cumsum((X[1:] + X[:-1]) / 2 * DT)]),
    "delay(T.x, 0.05)": shifted(X, 5),
    "moving_average(T.x, 0.1)": averaged(X, 10),
    "low_pass(T.x, 5)": filtered(X, 5),
    "median(T.x, 0.09)": np.array([np.median(X[max(0, row - 8) : row + 1]) for row in range(FAST)]),
    "cumulative_max(T.x)": np.maximum.accumulate(X),
    "rising_edge(T.x > 5)": np.concatenate([[0], np.diff((X > 5).astype(int)) == 1]) * 1.0,
    "count(rising_edge(T.on))": np.cumsum(np.concatenate([[0], np.diff(ON.astype(int)) == 1])) * 1.0,
    "sqrt(derivative(low_pass(T.x, 5))^2 + T.y^2)": np.sqrt(
        np.concatenate([[np.nan], np.diff(filtered(X, 5)) / DT]) ** 2 + Y**2
    ),
}


@pytest.mark.parametrize("text", BY_HAND)
def test_values_are_those_of_numpy_by_hand(text: str) -> None:
    times, values = computed(text)
    assert times.tolist() == TIMES.tolist()
    np.testing.assert_allclose(values, BY_HAND[text], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("text", BY_HAND)
def test_no_value_depends_on_how_the_log_is_cut(text: str) -> None:
    _, whole = computed(text)
    for batch_rows, rows in ((1, 1), (7, 3), (64, 65_536), (1_000, 13)):
        _, cut = computed(text, log(batch_rows), rows)
        assert cut.tobytes() == whole.tobytes()


@pytest.mark.parametrize(
    ("text", "by_hand"),
    [
        ("low_pass(T.x, 2)", filtered(X, 2)),
        ("moving_average(T.x, 0.25)", averaged(X, 25)),
        ("(T.x + T.y) / 2 - 0.5", (X + Y) / 2 - 0.5),
        ("moving_average(low_pass(T.x, 2) * T.y, 0.25)", averaged(filtered(X, 2) * Y, 25)),
    ],
)
def test_the_filters_of_wuracings_viewer_are_expressions(text: str, by_hand: npt.NDArray[np.float64]) -> None:
    """Low-pass, moving average and expressions, one after the other too."""
    np.testing.assert_allclose(computed(text)[1], by_hand, rtol=1e-9, atol=1e-9)


IN_TIME = (
    "derivative(T.x)",
    "integral(T.x)",
    "delay(T.x, 0.35)",
    "moving_average(T.x, 0.7)",
    "low_pass(T.x, 3)",
    "median(T.x, 0.4)",
    "cumulative_max(T.x)",
    "count(rising_edge(T.x > 0))",
    "T.x + S.v * S.k",
    "delay(S.v + T.x, 0.2)",
)


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.sampled_from((0, 1, 10, 10, 11, 80, 3_000)), min_size=1, max_size=150),
    others=st.lists(st.sampled_from((0, 7, 40, 40, 900, 5_000)), min_size=1, max_size=60),
    chance=st.randoms(use_true_random=False),
    batch_rows=st.integers(1, 70),
    rows=st.integers(1, 70),
    text=st.sampled_from(IN_TIME),
)
def test_any_log_gives_the_same_in_any_batches(
    steps: list[int], others: list[int], chance: random.Random, batch_rows: int, rows: int, text: str
) -> None:
    values = [chance.choice((None, -1.5, 0.0, 3e38, 0.1 * index, -7.0)) for index in range(len(steps))]
    slow = [{"v": float(index), "k": index % 3} for index in range(len(others))]

    def cut(size: int) -> MemoryColumns:
        topics = [
            Topic("T", struct_type(x=pa.float64()), [{"x": v} for v in values], (np.cumsum(steps) * MS).tolist()),
            Topic("S", struct_type(v=pa.float32(), k=pa.int16()), slow, (np.cumsum(others) * MS).tolist()),
        ]
        return MemoryColumns(topics, batch_rows=size)

    (whole_times, whole), (times, found) = computed(text, cut(10_000)), computed(text, cut(batch_rows), rows)
    assert times.tolist() == whole_times.tolist()
    assert found.tobytes() == whole.tobytes()


def test_the_topic_with_the_most_messages_gives_the_instants_wherever_it_stands() -> None:
    assert len(computed("S.v + T.x")[0]) == FAST
    assert computed("S.v * 2")[0].tolist() == SLOW_TIMES.tolist()


def test_one_bad_value_spoils_its_own_windows_alone() -> None:
    values = [1.0] * 40
    values[10] = 3e38
    topics = [Topic("T", struct_type(x=pa.float64()), [{"x": each} for each in values])]
    _, found = computed("moving_average(T.x, 0.05)", MemoryColumns(topics))
    assert found[20:].tolist() == [1.0] * 20


def test_infinite_values_are_missing_ones() -> None:
    topics = [Topic("T", struct_type(x=pa.float64()), [{"x": each} for each in (1.0, math.inf, 2.0, -math.inf)])]
    assert np.isnan(computed("T.x * 2", MemoryColumns(topics))[1]).tolist() == [False, True, False, True]
    assert np.isnan(computed("exp(T.x * 1000)", MemoryColumns(topics))[1]).all()


def test_gaps_are_not_bridged() -> None:
    times = [*range(0, 1_000, 10), *range(61_000, 62_000, 10)]
    rows = [{"x": 1.0} for _ in times]
    log = MemoryColumns([Topic("T", struct_type(x=pa.float64()), rows, [each * MS for each in times])])
    summary = log.summary.channels[0]
    assert summary.gap_ns == 10**9
    _, slope = computed("derivative(T.x)", log)
    assert np.flatnonzero(np.isnan(slope)).tolist() == [0, 100]
    _, sums = computed("integral(T.x)", log)
    assert sums[-1] == pytest.approx(0.99 + 0.99)
    _, drawn = computed("low_pass(T.x * 0 + where(T.x > 0, 5, 6), 0.001)", log)
    assert drawn[100] == 5


def test_elements_of_lists_are_signals() -> None:
    assert computed("L.cells[1] - L.cells[0]")[1].tolist() == [0.5] * 10


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("T.s + 1", 0, "is string"),
        ("1 + L.cells", 4, "take one element of it, like L.cells[0]"),
        ("T.z", 0, "There is no signal T.z"),
        ("T.x + nothing", 6, "no signal nothing"),
        ("T.x + lap()", 6, "needs laps"),
    ],
)
def test_what_cannot_be_computed_is_refused_at_its_place(text: str, position: int, words: str) -> None:
    with pytest.raises(Fault) as caught:
        computed(text)
    assert words in caught.value.message and caught.value.span.start == position


def test_without_a_signal_there_are_no_instants() -> None:
    with pytest.raises(Rejected, match="names no signal"):
        computed("1 + 2")


class Lap:
    def numbers_at(self, instants: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return np.where(instants - START_NS < 10**9, 1.0, 2.0)

    def distances_at(self, instants: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return (instants - START_NS) / 1e9 * 20


def test_laps_are_asked_for_at_each_instant() -> None:
    derived = Derived(log(), NAMES.bind(parse("T.x * 0 + lap() + distance() / 1000").tree, {}), Lap())
    values = np.concatenate([each.values for each in derived.samples()])
    assert (values[0], values[-1]) == (1.0, pytest.approx(2 + 1.99 * 20 / 1000))


@pytest.mark.parametrize(
    ("text", "kind", "some"),
    [
        ("T.x * 2", pa.float64(), [X[0] * 2, X[1] * 2]),
        ("T.x > T.y", pa.bool_(), [bool(X[0] > Y[0]), bool(X[1] > Y[1])]),
        ("max(T.n, 1)", pa.int64(), [1, 1]),
    ],
)
def test_columns_have_the_type_that_the_expression_has(text: str, kind: pa.DataType, some: list[object]) -> None:
    bound = NAMES.bind(parse(text).tree, {})
    channel = derived_channel("made", "1", bound.quantity.shape)
    columns = DerivedColumns(Derived(log(batch_rows=30), bound), channel)
    batches = list(columns.read(channel))
    values = pa.chunked_array([batch.messages.field("value") for batch in batches])
    assert values.type == kind and values.slice(0, 2).to_pylist() == some
    (summary,), (signal,) = columns.summary.channels, columns.summary.signals
    assert (summary.message_count, summary.topic, signal.name, signal.count) == (FAST, "made", "made.value", FAST)
    assert summary.started_ns == START_NS and summary.largest_gap_ns == 10 * MS
    assert summary.rate_hz == pytest.approx(100)
    assert np.concatenate([batch.sequence for batch in batches]).tolist() == list(range(FAST))


def test_another_version_has_another_slug() -> None:
    slugs = {derived_channel("made", version, Shape.LINE).slug for version in ("1", "2")}
    assert len(slugs) == 2
