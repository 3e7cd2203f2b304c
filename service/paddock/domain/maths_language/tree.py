"""The tree of an expression."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from paddock.domain.maths_language.fault import Span
from paddock.domain.maths_language.functions import Function


@dataclass(frozen=True, slots=True)
class Number:
    """A number, with a unit where the text says one: ``0.2032 [m]``."""

    value: float
    span: Span
    unit: str = ""
    """Empty for a plain number, which goes with every unit."""


@dataclass(frozen=True, slots=True)
class Name:
    """What a name means is not the parser's to know: a signal, a constant, another channel."""

    text: str
    span: Span
    quoted: bool = False
    """Then it is a signal, whatever else is called so."""


@dataclass(frozen=True, slots=True)
class Text:
    """An argument that is a text: the unit of ``to(x, "km/h")``."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x`` or ``not x``."""

    sign: str
    of: Node
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """Two sides of an operator."""

    sign: str
    left: Node
    right: Node
    at: Span
    """Where the operator stands."""
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    function: Function
    arguments: tuple[Node, ...]
    span: Span


Node = Number | Name | Text | Unary | Binary | Call


def children(node: Node) -> tuple[Node, ...]:
    """What a node is computed from."""
    match node:
        case Unary():
            return (node.of,)
        case Binary():
            return (node.left, node.right)
        case Call():
            return node.arguments
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, in the order of the text."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(children(node))
