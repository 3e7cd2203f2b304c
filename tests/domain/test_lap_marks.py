"""Marked laps as text: read back as they were, and nothing else is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.domain.lap_marks import marks_of_text, text_of_marks


def test_people_read_seconds() -> None:
    assert text_of_marks((0, 12_400_000_000, 75_000_000_001)) == "0, 12.4, 75.000000001"


@given(st.sets(st.integers(0, 10**15), max_size=50))
def test_marks_come_back(marks: set[int]) -> None:
    assert marks_of_text(text_of_marks(sorted(marks))) == tuple(sorted(marks))


@pytest.mark.parametrize(
    "text", ["x", "-1", "1.2.3", "1e9", "1.0000000001", "9" * 12, "٣", ", ".join(map(str, range(1001)))]
)
def test_what_is_no_mark_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        marks_of_text(text)
