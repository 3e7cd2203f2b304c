"""Maths channels that would be made of themselves, by way of others or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from paddock.domain.maths_channels import FIELD, MathsText
from paddock.domain.maths_language.fault import Fault, Span
from paddock.domain.maths_language.parser import parse
from paddock.domain.maths_language.tree import Name, walk


def check_no_cycle(said: MathsText, others: Iterable[MathsText], *, name_before: str = "") -> None:
    """Refuse a channel that would be made of itself, for any of the team's cars.

    Args:
        others: all channels but this one.
        name_before: what the others call it still, where it is renamed.

    Raises:
        Fault: it would, with the place where it names itself or the channel that does.
    """
    others = list(others)
    for car in sorted({said.car.casefold()} if said.car else {"", *(each.car.casefold() for each in others)}):
        # One for this car goes before the one for all.
        of_car = [each for each in (said, *others) if each.car.casefold() in ("", car)]
        named = {each.name: each for each in sorted(of_car, key=lambda each: each.car != "")}
        if named[said.name] is not said:
            continue
        wanted = {said.name, name_before or said.name}
        for name, place in _names(said):
            if way := _way(name, wanted, named):
                raise Fault(f"{said.name} would be made of itself: {' → '.join((said.name, *way))}.", place)


def _way(name: str, wanted: set[str], named: Mapping[str, MathsText]) -> tuple[str, ...]:
    """The channels from one to one of those wanted, both included; empty where none leads there."""
    waiting: list[tuple[str, ...]] = [(name,)]
    seen = {name}
    while waiting:
        way = waiting.pop()
        if way[-1] in wanted:
            return way
        if way[-1] in named:
            following = [each for each, _ in _names(named[way[-1]]) if each not in seen]
            seen.update(following)
            waiting += [(*way, each) for each in following]
    return ()


def _names(said: MathsText) -> list[tuple[str, Span]]:
    """What an expression may name channels by, once each, with their places."""
    try:
        nodes = list(walk(parse(said.text).tree))
    except Fault:
        return []
    found: dict[str, Span] = {}
    for node in nodes:
        if isinstance(node, Name) and not node.quoted and node.text not in said.constants:
            found.setdefault(node.text.removesuffix(f".{FIELD}"), node.span)
    return list(found.items())
