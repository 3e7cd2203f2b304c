"""A text in tokens: numbers, names, operators, brackets."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from paddock.domain.maths_language.fault import Fault, Span

MAX_LENGTH = 4_000
"""Characters of one text."""


class Kind(Enum):
    """What a token is."""

    NUMBER = "a number"
    NAME = "a name"
    QUOTED = "a quoted name"
    UNIT = "a unit"
    """What stands in brackets behind a number."""
    WORD = "a word"
    """``and``, ``or``, ``not``."""
    SIGN = "an operator"
    END = "the end"


class Token(NamedTuple):
    """A piece of the text."""

    kind: Kind
    text: str
    """Without quotes or brackets."""
    span: Span


WORDS = frozenset(("and", "or", "not"))
_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NAME = re.compile(r"[^\W\d²³¹][^\W²³¹]*(?:\.[^\W²³¹]+)*(?:\[[0-9]{1,9}\])?")
_UNIT = re.compile(r"\s*\[([^\[\]\n]{1,40})\]")
_SIGN = re.compile(r"==|!=|<=|>=|[-+*/^<>(),=]")
_QUOTES = '"`'
_INSTEAD = {
    "&&": "and", "&": "and", "||": "or", "|": "or", "!": "not", "**": "^", "'": '"', "−": "-", "×": "*", "·": "*",
    "÷": "/", "≤": "<=", "≥": ">=", "≠": "!=", "²": "^2", "³": "^3", "π": "pi", "[": "(", "]": ")",
    "{": "(", "}": ")",    ";": ",", "~": "not",
}  # fmt: skip


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text, ``Kind.END`` last.

    Raises:
        Fault: a character that means nothing here, or a text that is too long.
    """
    if len(text) > MAX_LENGTH:
        raise Fault(
            f"The text has {len(text):,} characters, more than {MAX_LENGTH:,}: make two channels of it.",
            Span(MAX_LENGTH, len(text)),
        )
    at = 0
    while True:
        if space := _SPACE.match(text, at):
            at = space.end()
        if at == len(text):
            yield Token(Kind.END, "", Span(at, at))
            return
        token, at = _token(text, at)
        yield token
        if token.kind is Kind.NUMBER and (unit := _UNIT.match(text, at)):
            yield Token(Kind.UNIT, unit[1].strip(), Span(unit.start(1) - 1, unit.end()))
            at = unit.end()


def _token(text: str, at: int) -> tuple[Token, int]:
    if text.startswith("**", at):
        raise _instead("**", at)
    if found := _NUMBER.match(text, at):
        span = Span(at, found.end())
        if following := _NAME.match(text, found.end()):
            raise Fault(
                f"A number and {_shown(following[0])} stand together: write an operator between them, like"
                f" {_shown(found[0])} * {_shown(following[0])}.",
                Span(found.end(), following.end()),
            )
        if not math.isfinite(float(found[0])):
            raise Fault(f"{_shown(found[0])} is larger than any number here.", span)
        return Token(Kind.NUMBER, found[0], span), found.end()
    if found := _NAME.match(text, at):
        kind = Kind.WORD if found[0] in WORDS else Kind.NAME
        return Token(kind, found[0], Span(at, found.end())), found.end()
    if text[at] in _QUOTES:
        end = text.find(text[at], at + 1)
        if end < 0:
            raise Fault(f"The quoted name does not end: close it with another {text[at]}.", Span(at, len(text)))
        if not text[at + 1 : end].strip():
            raise Fault("There is nothing between the quotes: write a signal's name.", Span(at, end + 1))
        if not text[at + 1 : end].isprintable():
            raise Fault("A quoted name has no line ends or control characters.", Span(at, end + 1))
        return Token(Kind.QUOTED, text[at + 1 : end], Span(at, end + 1)), end + 1
    if found := _SIGN.match(text, at):
        return Token(Kind.SIGN, found[0], Span(at, found.end())), found.end()
    raise _instead(text[at : at + 2] if text[at : at + 2] in _INSTEAD else text[at], at)


def _instead(found: str, at: int) -> Fault:
    shown = _shown(found)
    known = _INSTEAD.get(found)
    hint = f"write {known} instead." if known else "a name with such characters is written in quotes."
    return Fault(f"{shown} means nothing here: {hint}", Span(at, at + len(found)))


def _shown(text: str) -> str:
    cut = text if len(text) <= 40 else f"{text[:40]}…"
    return cut if cut.isprintable() else ascii(cut)[1:-1]
