from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.columns.patterns import MAX_LENGTH, MAX_PATTERNS, Patterns
from paddock.errors import Rejected


def reference(pattern: str) -> re.Pattern[str]:
    spoken = {"*": ".*", "?": "."}
    return re.compile("".join(spoken.get(each) or re.escape(each) for each in pattern), re.DOTALL)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text("ab.[]*?\n", max_size=8), st.text("ab.[]\n", max_size=12))
def test_star_and_question_mark_stand_for_text_and_all_else_for_itself(pattern: str, name: str) -> None:
    assert bool(Patterns((pattern,)).taking(name)) == bool(reference(pattern).fullmatch(name))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text("ab.*?", max_size=8), st.text("ab.", max_size=8))
def test_a_topic_is_reached_where_the_pattern_goes_on_behind_it(pattern: str, topic: str) -> None:
    words = pattern.split(".")
    prefixes = [".".join(words[:depth]) for depth in range(1, len(words) + 1)]
    assert Patterns((pattern,)).reaches(topic) == any(reference(prefix).fullmatch(topic) for prefix in prefixes)


def test_a_name_with_the_signs_of_patterns_is_itself() -> None:
    assert Patterns(("/odd[1]*",)).taking("/odd[1]*")
    assert Patterns(("odd[1]*",)).taking("/odd[1]*") == {"odd[1]*"}
    assert not Patterns(("[a-c]",)).taking("b")


def test_an_index_in_brackets_is_one_of_a_list() -> None:
    (element,) = Patterns(("*.cells[1?]",)).elements("ACU.cells")
    assert [index for index in range(200) if element.takes(index)] == list(range(10, 20))
    (every,) = Patterns(("ACU.cells[*]",)).elements("ACU.cells")
    assert every.is_every
    assert not Patterns(("ACU.cells[x]", "ACU.cells")).elements("ACU.cells")


@pytest.mark.parametrize(
    "patterns", [("[" * 900_000,), ("a" * (MAX_LENGTH + 1),), map(str, range(MAX_PATTERNS + 1))]
)
def test_more_than_can_be_looked_for_is_refused(patterns: tuple[str, ...]) -> None:
    with pytest.raises(Rejected) as caught:
        Patterns(patterns)
    assert caught.value.code == "bad_pattern"


@pytest.mark.parametrize("pattern", ["*a" * 999 + "b", "?*" * 999 + "b", "*" * MAX_LENGTH, "*?a?" * 499 + "b"])
def test_no_pattern_goes_back_over_a_name(pattern: str) -> None:
    """A matcher that tries every way would not come back within the test's time limit."""
    assert Patterns([pattern]).taking("a" * 20_000) == ({pattern} if pattern.endswith("*") else set())
