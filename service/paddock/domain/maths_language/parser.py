"""The parser: operator precedence by hand (Pratt), one token ahead.

From loosest to tightest: ``or``, ``and``, ``not``, comparisons, ``+ -``, ``* /``, the sign ``-``, ``^``.
``2^3^2`` is ``2^(3^2)`` and ``-2^2`` is ``-(2^2)``, as in mathematics; comparisons do not chain.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from paddock.domain.maths_language.fault import Fault, Span
from paddock.domain.maths_language.functions import FUNCTIONS, Function, Takes
from paddock.domain.maths_language.tokens import Kind, Token, tokens
from paddock.domain.maths_language.tree import Binary, Call, Name, Node, Number, Text, Unary
from paddock.domain.near_misses import did_you_mean

MAX_DEPTH = 50
"""Brackets, functions and signs inside each other."""
MAX_NODES = 400

_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_POWERS = {
    "or": 1, "and": 2, **dict.fromkeys(_COMPARISONS, 4), "+": 5, "-": 5, "*": 6, "/": 6, "^": 8,
}  # fmt: skip
_NOT, _MINUS = 3, 7
_CHANNEL = re.compile(r"[^\W\d]\w*")


class Parsed(NamedTuple):
    """What a text says."""

    name: str
    """The channel's, where the text begins with ``name =``; else empty."""
    tree: Node


def parse(text: str) -> Parsed:
    """The tree of an expression, or of ``name = expression``.

    Raises:
        Fault: with the place; of whatever text, in time linear in its length.
    """
    return _Parser(text).parsed()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._next = next(self._tokens)
        self._depth = 0
        self._nodes = 0

    def parsed(self) -> Parsed:
        self._refuse_nothing()
        first = self._next
        tree = self._expression(0)
        name = ""
        if self._is("=") and isinstance(tree, Name) and not tree.quoted and tree.span == first.span:
            if not _CHANNEL.fullmatch(tree.text):
                raise Fault(f"{tree.text[:40]} cannot be a channel's name: use letters, digits and _.", first.span)
            self._take()
            self._refuse_nothing()
            name, tree = tree.text, self._expression(0)
        if self._next.kind is not Kind.END:
            raise self._unexpected(self._next)
        return Parsed(name, tree)

    def _refuse_nothing(self) -> None:
        if self._next.kind is Kind.END:
            raise Fault("There is nothing to compute: write an expression, like abs(a - b).", self._next.span)

    def _take(self) -> Token:
        token = self._next
        self._next = next(self._tokens, token)
        return token

    def _is(self, sign: str) -> bool:
        return self._next.kind is Kind.SIGN and self._next.text == sign

    def _expression(self, least: int) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Fault(
                f"More than {MAX_DEPTH} brackets are inside each other: make two channels.", self._next.span
            )
        left = self._operand()
        while True:
            token = self._next
            power = _POWERS.get(token.text, 0) if token.kind in (Kind.SIGN, Kind.WORD) else 0
            if not power or power < least:
                break
            self._take()
            # Equal powers go to the left, but those of ^ to the right.
            right = self._expression(power if token.text == "^" else power + 1)
            left = self._counted(Binary(token.text, left, right, token.span, left.span.to(right.span)))
            if token.text in _COMPARISONS and self._next.kind is Kind.SIGN and self._next.text in _COMPARISONS:
                raise Fault(
                    "Comparisons do not chain: write a < b and b < c instead of a < b < c.", self._next.span
                )
        self._depth -= 1
        return left

    def _operand(self) -> Node:
        token = self._take()
        match token.kind:
            case Kind.NUMBER:
                return self._number(token)
            case Kind.QUOTED:
                return self._counted(Name(token.text, token.span, quoted=True))
            case Kind.NAME:
                if self._is("("):
                    return self._call(token)
                return self._counted(Name(token.text, token.span))
            case Kind.WORD if token.text == "not":
                return self._signed("not", token, _NOT)
            case Kind.SIGN if token.text in "+-":
                return self._signed(token.text, token, _MINUS)
            case Kind.SIGN if token.text == "(":
                inner = self._expression(0)
                self._close(token)
                return inner
        raise self._unexpected(token)

    def _signed(self, sign: str, token: Token, power: int) -> Node:
        of = self._expression(power)
        return of if sign == "+" else self._counted(Unary(sign, of, token.span.to(of.span)))

    def _number(self, token: Token) -> Node:
        unit = self._take() if self._next.kind is Kind.UNIT else None
        span = token.span.to(unit.span) if unit else token.span
        return self._counted(Number(float(token.text), span, unit.text if unit else ""))

    def _call(self, name: Token) -> Node:
        function = FUNCTIONS.get(name.text)
        if function is None:
            hint = did_you_mean(name.text, FUNCTIONS) or f" There are {', '.join(FUNCTIONS)}."
            raise Fault(f"There is no function {name.text[:40]}.{hint}", name.span)
        opened = self._take()
        arguments: list[Node] = []
        while not self._is(")"):
            if arguments:
                if not self._is(","):
                    break
                self._take()
            arguments.append(self._argument(function, len(arguments)))
        closed = self._close(opened)
        span = name.span.to(closed.span)
        _check_count(function, len(arguments), span)
        return self._counted(Call(function, tuple(arguments), span))

    def _argument(self, function: Function, place: int) -> Node:
        is_text = place < len(function.takes) and function.takes[place] is Takes.UNIT
        if is_text:
            token = self._take()
            if token.kind is not Kind.QUOTED:
                raise Fault(f"{function.name} takes a unit in quotes here, like {function.example}.", token.span)
            return self._counted(Text(token.text, token.span))
        return self._expression(0)

    def _close(self, opened: Token) -> Token:
        token = self._take()
        if token.kind is Kind.END:
            raise Fault("A bracket that is opened here is not closed: write ) where it ends.", opened.span)
        if token.text != ")" or token.kind is not Kind.SIGN:
            raise self._unexpected(token)
        return token

    def _counted(self, node: Node) -> Node:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise Fault(f"The expression has more than {MAX_NODES:,} parts: make two channels of it.", node.span)
        return node

    def _unexpected(self, token: Token) -> Fault:
        if token.kind is Kind.END:
            return Fault("Something is missing at the end: a value, a signal or a bracket.", token.span)
        if token.text == "=" and token.kind is Kind.SIGN:
            return Fault("One = says what a channel is called, at the start: two, ==, compare.", token.span)
        if token.kind in (Kind.SIGN, Kind.WORD):
            return Fault(
                f"{token.text} stands where a value or a signal should, or where nothing goes on.", token.span
            )
        if token.kind is Kind.UNIT:
            return Fault("A unit stands behind a number alone, like 0.2032 [m].", token.span)
        return Fault(
            f"{token.text[:40]} follows something that is complete: write an operator before it.", token.span
        )


def _check_count(function: Function, given: int, span: Span) -> None:
    needed = len(function.takes)
    if given == needed or (function.more and given > needed):
        return
    at_least = "at least " if function.more else ""
    words = "nothing" if not needed else f"{at_least}{needed} value{'s' if needed > 1 else ''}"
    raise Fault(f"{function.name} takes {words}, like {function.example}; here are {given}.", span)
