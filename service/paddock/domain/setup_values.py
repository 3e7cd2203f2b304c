"""Values of setup sheets, as a recording has them.

A value is a number or a text. Histories and other Paddocks know it as a text; ``value_of`` and ``text_of`` go from
one to the other without loss.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

Value = float | str
Values = Mapping[str, Value]
Changes = Mapping[str, Value | None]
"""By field what it becomes; None for nothing any more."""

MAX_NUMBER = 1e15
PREFIX = "setup."
"""Before a field's name, where values of the sheet stand beside others: in the history, in searches and orders."""


class SetupSheet(msgspec.Struct, frozen=True):
    """The sheet of one run."""

    values: dict[str, Value]
    """By the field's name; what nobody said is not there."""
    copied_from: str = ""
    """The id of the recording whose sheet it began as; empty for one that began blank."""


def text_of(value: Value) -> str:
    """A value as a text: a number as short as it can be read back, without ``.0``."""
    return value if isinstance(value, str) else repr(float(value)).removesuffix(".0")


def value_of(text: str) -> Value:
    """The value of a text: a number where the text is exactly how that number is written, else the text itself.

    ``text_of(value_of(text)) == text`` for every text, so ``012`` stays a text.
    """
    try:
        number = float(text)
    except ValueError:
        return text
    exact = math.isfinite(number) and text_of(number) == text and text != "-0"
    return number if exact else text


def changes_between(before: Values, after: Values) -> dict[str, Value | None]:
    """What was changed to come from one sheet to another: ``changed(before, …) == after``."""
    names = dict.fromkeys((*before, *after))
    return {name: after.get(name) for name in names if before.get(name) != after.get(name)}


def changed(values: Values, changes: Changes) -> dict[str, Value]:
    """A sheet with some values changed."""
    return {name: value for name, value in {**values, **changes}.items() if value is not None}
