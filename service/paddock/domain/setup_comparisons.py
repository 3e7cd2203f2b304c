"""What is looked for on setup sheets: ``spring_front >= 35``, ``spring_front = 30..40``, ``tire_set = R25B``."""

from __future__ import annotations

import math
import re
from typing import Literal

import msgspec

from paddock.domain.setup_values import MAX_NUMBER, Value, value_of
from paddock.errors import Rejected

HAS_SHEET = "setup.copied_from"
"""A field of a recording's document that is there where it has a sheet; indexes have it, and no whole sheet."""

Operator = Literal["<", "<=", ">", ">=", "="]

_FLAGS = re.IGNORECASE | re.ASCII
_NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?"
_COMPARISON = re.compile(r"\s*([a-z][a-z0-9_]*)\s*(<=|>=|<|>|=)(.*)", _FLAGS | re.DOTALL)
_RANGE = re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})", _FLAGS)


class SetupIs(msgspec.Struct, frozen=True):
    """A value of the sheet that compares so."""

    name: str
    operator: Operator
    text: str
    """What it is compared with, as it was typed; empty for a value that nobody said."""
    bounds: tuple[float | None, float | None] | None = None
    """``at_least <= value < below`` for numbers, None where an end is open; without bounds it is the text."""
    spellings: tuple[Value, ...] = ()
    """The values that sheets have of the text."""

    @property
    def field(self) -> str:
        """Where it is in the recording's document."""
        return setup_path(self.name)

    @property
    def typed(self) -> tuple[Value, ...]:
        """What the text may mean: the text itself, and the number that it is another spelling of."""
        value = value_of(self.text)
        if isinstance(value, str) and re.fullmatch(_NUMBER, value, _FLAGS) and abs(float(value)) <= MAX_NUMBER:
            return value, float(value)
        return (value,)

    def words(self) -> str:
        """The text that ``read_setup_comparison`` reads."""
        return f"{self.name} {self.operator} {self.text}".rstrip()


def setup_path(name: str) -> str:
    """Where a field of the sheet is in the recording's document."""
    return f"setup.values.{name}"


def read_setup_comparison(text: str) -> SetupIs:
    """A comparison as people and programs write it.

    Raises:
        Rejected: it is written otherwise (code ``bad_setup_comparison``).
    """
    match = _COMPARISON.fullmatch(text[:400])
    if match is None:
        raise _bad(text)
    name, operator, value = match[1].lower(), match[2], " ".join(match[3].split())
    if operator != "=":
        return SetupIs(name, operator, value, _bounds(operator, _number(value, text)))  # type: ignore[arg-type]
    if span := _RANGE.fullmatch(value):
        least, most = _number(span[1], text), _number(span[2], text)
        return SetupIs(name, "=", value, (least, math.nextafter(most, math.inf)))
    return SetupIs(name, "=", value)


def _bounds(operator: str, number: float) -> tuple[float | None, float | None]:
    above = math.nextafter(number, math.inf)
    return {"<": (None, number), "<=": (None, above), ">": (above, None), ">=": (number, None)}[operator]


def _number(text: str, whole: str) -> float:
    if not re.fullmatch(_NUMBER, text, _FLAGS) or not abs(number := float(text)) <= MAX_NUMBER:
        raise _bad(whole)
    return number


def _bad(text: str) -> Rejected:
    return Rejected(
        f"{text[:80]!r} is no comparison of a setup sheet: write it like spring_front >= 35, spring_front = 30..40 "
        "or tire_set = R25B.",
        code="bad_setup_comparison",
    )
