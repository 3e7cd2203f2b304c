from __future__ import annotations

import re
from pathlib import Path

import pytest

import paddock.readers.mcap
from paddock.domain.words import LOSS_REASONS, isolated, size


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (99_400, "99.4 kB"),
        (99_960, "100 kB"),
        (999_600, "1.0 MB"),
        (73_400_320, "73.4 MB"),
        (6_240_000_000, "6.2 GB"),
        (200_000_000_000, "200 GB"),
        (12_345_000_000_000, "12345 GB"),
    ],
)
def test_a_size_has_a_decimal_unit(size_bytes: int, words: str) -> None:
    assert size(size_bytes) == words


def test_every_reason_that_reading_gives_has_words() -> None:
    """Where a reader says ``lose("garbage", …)``, people read a sentence."""
    source = "".join(path.read_text() for path in Path(paddock.readers.mcap.__path__[0]).rglob("*.py"))
    said = set(re.findall(r'(?:lose|lose_aside)\(\s*"(\w+)"', source))
    said |= set(re.findall(r'"(bad_\w+)"', source))
    assert len(said) > 5
    assert said <= set(LOSS_REASONS)


@pytest.mark.parametrize("name", ["run.mcap", "", "فريق", "run \u200f 1"])
def test_a_name_without_marks_stays_as_it_is(name: str) -> None:
    assert isolated(name) == name


@pytest.mark.parametrize(
    "name", ["\u202egnp.exe", "a\u2069b\u202ec", "\u2067\u2067", "\u2069\u2069\u2066", "\u202c"]
)
def test_a_name_with_marks_is_whole_and_ends_what_it_begins(name: str) -> None:
    said = isolated(name)
    assert name in said
    open_isolates = 0
    for at, character in enumerate(said, 1):
        open_isolates += (character in "\u2066\u2067\u2068") - (character == "\u2069")
        assert open_isolates > 0 or at == len(said), "nothing of the name is outside"
    assert open_isolates == 0
