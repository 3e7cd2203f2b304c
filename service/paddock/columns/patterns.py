"""Patterns over topics and signals: ``*`` stands for any text, ``?`` for any character, all else for itself.

``ACUAllData.cell_voltages[3]`` and ``*.cell_voltages[*]`` name elements of a list, so brackets are no classes of
characters, as they are in a shell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from paddock.errors import Rejected

MAX_PATTERNS = 1_000
MAX_LENGTH = 2_000
"""Characters of one pattern."""

Said = TypeVar("Said")
_Matcher = Callable[[str], bool]

_INDEXED = re.compile(r"(.*)\[([0-9*?]{1,9})\]", re.DOTALL)


def check_patterns(texts: Sequence[str]) -> None:
    """Refuse more than can be looked for.

    Raises:
        Rejected: too many patterns, or one that is too long (code ``bad_pattern``).
    """
    if len(texts) > MAX_PATTERNS:
        raise Rejected(
            f"{len(texts):,} topics and signals are named, more than {MAX_PATTERNS:,}: use patterns like VNData.*.",
            code="bad_pattern",
        )
    for text in texts:
        if len(text) > MAX_LENGTH:
            raise Rejected(
                f"The pattern {text[:40]!r}… has {len(text):,} characters, more than {MAX_LENGTH:,}.",
                code="bad_pattern",
            )


@dataclass(frozen=True)
class Element:
    """A pattern that ends like ``[3]``, ``[1?]`` or ``[*]``, seen as one for elements of a list."""

    text: str
    """The whole pattern."""
    index: str
    """What stands in the brackets."""

    @property
    def is_every(self) -> bool:
        """Whether it takes all of the list."""
        return not self.index.strip("*")

    def takes(self, index: int) -> bool:
        """Whether the index matches; a number stands for itself however it is padded."""
        if self.index.isdecimal():
            return int(self.index) == index
        return _matcher(self.index)(str(index))


class Patterns:
    """Some patterns, ready to look names up.

    A name costs time linear in its length for each pattern with a wildcard; the others are found by hash.

    Raises:
        Rejected: as ``check_patterns`` says.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = tuple(dict.fromkeys(texts))
        check_patterns(self.texts)
        self._names = _Names((text, text) for text in self.texts)
        indexed = [
            (match[1], Element(text, match[2])) for text in self.texts if (match := _INDEXED.fullmatch(text))
        ]
        self._lists = _Names(indexed)

    def taking(self, name: str) -> set[str]:
        """The patterns that take a topic or a signal; a topic may be written without its leading ``/``."""
        return self._names.taking(name)

    def elements(self, name: str) -> set[Element]:
        """The patterns that take elements of the list called ``name``."""
        return self._lists.taking(name)

    def reaches(self, topic: str) -> bool:
        """Whether a pattern takes the topic or, as it seems, something in it; without patterns all is taken."""
        return not self.texts or any(
            reach(name) for name in {topic, topic.removeprefix("/")} for reach in self._reaching
        )

    @cached_property
    def _reaching(self) -> list[_Matcher]:
        return [_by_states(text, within=True) for text in self.texts]


class _Names(Generic[Said]):
    """What is said under patterns for names."""

    def __init__(self, said: Iterable[tuple[str, Said]]) -> None:
        self._literal: dict[str, set[Said]] = {}
        self._wild: list[tuple[_Matcher, Said]] = []
        for text, value in said:
            # Also with wildcards: a topic may be called ``a*``.
            self._literal.setdefault(text, set()).add(value)
            if "*" in text or "?" in text:
                self._wild.append((_matcher(text), value))

    def taking(self, name: str) -> set[Said]:
        found: set[Said] = set()
        for spelled in {name, name.removeprefix("/")}:
            found |= self._literal.get(spelled, set())
            found |= {value for matches, value in self._wild if matches(spelled)}
        return found


def _matcher(text: str) -> _Matcher:
    """Whether a whole name matches, told in time linear in the name."""
    if "?" in text:
        return _by_states(text)
    if "*" not in text:
        return lambda name: name == text
    first, *middle, last = text.split("*")
    shortest = len(first) + len(last)

    def matches(name: str) -> bool:
        if len(name) < shortest or not name.startswith(first) or not name.endswith(last):
            return False
        at, end = len(first), len(name) - len(last)
        for part in middle:
            found = name.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    return matches


def _by_states(text: str, *, within: bool = False) -> _Matcher:
    """All ways through the pattern at once, as bits of one integer: with ``?`` no part can be searched for.

    Args:
        within: take a name as well where the pattern goes on behind it with a dot.
    """
    accepting: dict[str, int] = {}
    any_character = loops = ends = state = 0
    for character in text:
        if character == "*":
            loops |= 1 << state
            continue
        if character == "?":
            any_character |= 1 << state
        else:
            accepting[character] = accepting.get(character, 0) | 1 << state
        if within and character == ".":
            ends |= 1 << state
        state += 1
    ends |= 1 << state

    def matches(name: str) -> bool:
        states = 1
        for character in name:
            states = (states & (accepting.get(character, 0) | any_character)) << 1 | states & loops
            if not states:
                return False
        return bool(states & ends)

    return matches
