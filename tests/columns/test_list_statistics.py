from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from paddock.columns.limits import MAX_LOG_ELEMENTS, Limits
from paddock.columns.list_statistics import MAX_ELEMENTS
from paddock.columns.statistics import ChannelStatistics
from paddock.domain.recording import Signal

NAN = float("nan")


def signals(kind: pa.DataType, *batches: list[object], limits: Limits | None = None) -> dict[str, Signal]:
    statistics = ChannelStatistics(limits or Limits())
    fields = pa.struct([("cells", kind)])
    for batch in batches:
        rows = pa.array([{"cells": row} for row in batch], fields)
        statistics.add(rows, np.arange(len(rows), dtype=np.int64))
    return {signal.name: signal for signal in statistics.signals("ACU", "acu", fields)}


def test_a_list_has_statistics_over_all_its_values_and_each_element_its_own() -> None:
    found = signals(pa.list_(pa.float32()), [[4.0, 3.5], [3.0, NAN]], [[3.25, 3.75]])
    assert list(found) == ["ACU.cells", "ACU.cells[0]", "ACU.cells[1]"]
    whole, first, second = found.values()
    assert (whole.dtype, whole.longest, whole.element_of) == ("list<item: float>", 2, "")
    assert (whole.count, whole.nan_count, whole.min, whole.max, whole.mean) == (5, 1, 3.0, 4.0, 3.5)
    assert (whole.first, whole.last) == (None, None)
    assert (first.dtype, first.element_of, first.min, first.max, first.count) == ("float", "ACU.cells", 3.0, 4.0, 3)
    assert (second.first, second.last, second.count, second.nan_count) == (3.5, 3.75, 2, 1)


def test_of_lists_that_vary_an_element_counts_where_it_is() -> None:
    found = signals(pa.list_(pa.int32()), [[1], None, [], [2, 7, 9]], [[3, 8]])
    assert [found[f"ACU.cells[{index}]"].count for index in range(3)] == [3, 2, 1]
    assert (found["ACU.cells[1]"].min, found["ACU.cells[1]"].max) == (7.0, 8.0)
    assert found["ACU.cells"].count == 6


@pytest.mark.parametrize("kind", [pa.list_(pa.string()), pa.large_list(pa.bool_()), pa.list_(pa.timestamp("ns"))])
def test_elements_of_every_scalar(kind: pa.DataType) -> None:
    value = {pa.string(): "on", pa.bool_(): True}.get(kind.value_type, 1)
    found = signals(kind, [[value, None], [value]])
    assert (found["ACU.cells[0]"].count, found["ACU.cells[1]"].nan_count) == (2, 2)


@pytest.mark.parametrize("kind", [pa.list_(pa.binary()), pa.list_(pa.list_(pa.int8())), pa.list_(pa.struct([]))])
def test_what_is_no_series_has_no_elements(kind: pa.DataType) -> None:
    assert signals(kind, [[]]) == {}


def test_of_a_list_without_end_only_the_list_is_a_signal() -> None:
    found = signals(pa.list_(pa.int8()), [[1]], [[2] * 100_000], [[3] * (MAX_ELEMENTS + 1)])
    assert list(found) == ["ACU.cells"]
    assert (found["ACU.cells"].longest, found["ACU.cells"].max) == (100_000, 3.0)
    assert len(signals(pa.list_(pa.int8()), [[0] * MAX_ELEMENTS])) == 1 + MAX_ELEMENTS


def test_a_log_has_elements_up_to_a_limit() -> None:
    limits = Limits()
    rows: list[object] = [[0] * 200]
    counts = [len(signals(pa.list_(pa.int8()), rows, limits=limits)) for _ in range(25)]
    assert counts == [201] * 20 + [1] * 5
    assert MAX_LOG_ELEMENTS == 20 * 200


def test_a_field_goes_before_the_element_that_is_called_like_it() -> None:
    statistics = ChannelStatistics(Limits())
    fields = pa.struct([("a", pa.list_(pa.int8())), ("a[0]", pa.string())])
    statistics.add(pa.array([{"a": [7], "a[0]": "its own"}], fields), np.zeros(1, np.int64))
    found = list(statistics.signals("t", "t", fields))
    assert [(signal.name, signal.dtype) for signal in found] == [("t.a", "list<item: int8>"), ("t.a[0]", "string")]


@pytest.mark.parametrize(
    "values",
    [
        np.array([[1.5, NAN, np.inf, NAN], [-2.25, 4.0, -np.inf, NAN], [0.5, NAN, np.inf, NAN]], np.float32),
        np.array([[2**63, 0], [1, 2**64 - 1]], np.uint64),
        np.array([[-5, 7], [3, -(2**63)]], np.int64),
        np.array([[True, False], [True, False]]),
        np.array([[1, 2], [3, 4]], "M8[ns]"),
    ],
)
def test_elements_of_lists_that_are_equally_long_are_as_if_each_were_a_field(values: np.ndarray) -> None:
    """They are taken in together."""
    items = pa.array(values.ravel())
    rows, width = values.shape
    cells = pa.FixedSizeListArray.from_arrays(items, width).cast(pa.list_(items.type))
    columns = [pa.array(values[:, index]) for index in range(width)]
    messages = pa.StructArray.from_arrays([cells, *columns], ["cells", *(f"cell{index}" for index in range(width))])
    statistics = ChannelStatistics(Limits())
    for first in (0, 1):
        statistics.add(messages[first:], np.arange(first, rows, dtype=np.int64))
    found = {signal.name: signal for signal in statistics.signals("ACU", "acu", messages.type)}
    for index in range(width):
        alone = msgspec.structs.replace(found[f"ACU.cell{index}"], name="", element_of="")
        assert msgspec.structs.replace(found[f"ACU.cells[{index}]"], name="", element_of="") == alone


def test_without_statistics_lists_are_still_known_by_their_elements() -> None:
    found = signals(pa.list_(pa.int32()), [[1], None, [], [2, 7, 9]], [[3, 8]], limits=Limits(statistics=False))
    assert list(found) == ["ACU.cells", "ACU.cells[0]", "ACU.cells[1]", "ACU.cells[2]"]
    assert (found["ACU.cells"].longest, found["ACU.cells"].count) == (3, 6)
    assert {each.max for each in found.values()} == {None}
