"""Conditions by which intervals are found, with how long they have to hold."""

from __future__ import annotations

import pytest

from paddock.domain.intervals import read_condition


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("speed > 60 for 2 s", ("speed > 60", 2.0)),
        ("speed > 60 FOR 0.5s ", ("speed > 60", 0.5)),
        ("speed > 60 for 250 ms", ("speed > 60", 0.25)),
        ("speed > 60 for 2 min", ("speed > 60", 120.0)),
        ("speed > 60", ("speed > 60", 0.0)),
        ("speed > 60 for 2 s and brake", ("speed > 60 for 2 s and brake", 0.0)),
        ("for 2 s", ("for 2 s", 0.0)),
    ],
)
def test_how_long_it_has_to_hold_stands_at_the_end(text: str, expected: tuple[str, float]) -> None:
    assert read_condition(text) == expected
