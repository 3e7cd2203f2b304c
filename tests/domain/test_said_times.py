"""Times as devices write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.domain.said_times import read_time, said_time

NS = 1_776_522_720_123_456_789


@pytest.mark.parametrize(
    ("value", "time_ns"),
    [
        ("2026-04-18T14:32:00Z", 1_776_522_720_000_000_000),
        ("2026-04-18T16:32:00.5+02:00", 1_776_522_720_500_000_000),
        ("2026-04-18T14:32:00.123456789Z", NS),
        ("2026-04-18T14:32:00.123456", 1_776_522_720_123_456_000),
        ("2026-04-18 14:32:00.123", 1_776_522_720_123_000_000),
        (1_776_522_720, 1_776_522_720_000_000_000),
        (1_776_522_720.5, 1_776_522_720_500_000_000),
        (1_776_522_720_123, 1_776_522_720_123_000_000),
        (1_776_522_720_123_456, 1_776_522_720_123_456_000),
        (NS, NS),
        ("1776522720.123456789", NS),
        ("1776522720123", 1_776_522_720_123_000_000),
        (4_294_967_295, 4_294_967_295_000_000_000),
        (83, 83_000_000_000),
        (0, 0),
        ("yesterday", None),
        ("", None),
        (True, None),
        (None, None),
        ([1], None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        ("1e999999999", None),
        ("sNaN", None),
        ("2026-13-01T00:00:00Z", None),
        ("9999-12-31T00:00:00Z", None),
    ],
)
def test_a_time_is_read_however_it_is_written(value: Any, time_ns: int | None) -> None:
    assert read_time(value) == time_ns


@given(st.datetimes(datetime(2000, 1, 2), datetime(2200, 1, 1)))
def test_python_and_epoch_agree(instant: datetime) -> None:
    aware = instant.replace(tzinfo=UTC)
    microseconds = (aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    expected = read_time(aware.isoformat())
    assert read_time(aware) == expected, "as MessagePack has them"
    assert expected is not None and read_time(instant.isoformat()) == expected
    assert read_time(expected) == expected and read_time(expected // 1000) == expected
    assert abs(expected - microseconds * 1e9) < 2_000


@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none()))
def test_nothing_breaks_it(value: Any) -> None:
    found = read_time(value)
    assert found is None or -(2**63) <= found < 2**63


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ({"timestamp": 1_776_522_720, "time": 3}, ("timestamp", 1_776_522_720_000_000_000)),
        ({"timestamp_ms": 1_776_522_720_000}, ("timestamp_ms", 1_776_522_720_000_000_000)),
        ({"time_ns": NS}, ("time_ns", NS)),
        ({"time": "2026-04-18T14:32:00Z"}, ("time", 1_776_522_720_000_000_000)),
        ({"time": 83.2}, ("", None)),
        ({"ts": "lap"}, ("", None)),
        ({"timestamp": "soon"}, ("timestamp", -1)),
        ({"timestamp_ms": 83}, ("timestamp_ms", 83_000_000)),
        ({"timestamp": None}, ("", None)),
        ({}, ("", None)),
    ],
)
def test_a_message_says_its_time_under_one_key(message: dict[str, Any], found: tuple[str, int | None]) -> None:
    assert said_time(message) == found
