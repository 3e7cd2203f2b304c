"""What is wrong with a text, and where."""

from __future__ import annotations

from typing import NamedTuple

from paddock.errors import Rejected


class Span(NamedTuple):
    """A part of a text: characters from ``start`` to ``end`` (not taken)."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """From where this begins to where the other one ends."""
        return Span(self.start, other.end)


class Fault(Rejected):
    """A text that means nothing, or cannot be computed, with the place in it.

    Args:
        message: a sentence: what is wrong, and what to write instead.
        span: where; ``start`` is the position that is shown.
    """

    code = "bad_maths"

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span
