"""Merge lists of named things, entries of the signal catalogue or fields, from what both last had alike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec

from paddock.domain.questions import Agreed, Keep

Thing = TypeVar("Thing", bound=msgspec.Struct)


class MergedThings(NamedTuple, Generic[Thing]):
    """What both have afterwards; different only where people have to choose."""

    here: tuple[Thing, ...]
    there: tuple[Thing, ...]
    differ: tuple[str, ...]
    """The names of those."""


def digest(thing: msgspec.Struct) -> str:
    """A hash of what a thing says: equal for two that say the same."""
    return hashlib.sha256(msgspec.json.encode(thing)).hexdigest()[:32]


def agreed(
    name: Callable[[Thing], str], here: Sequence[Thing], there: Sequence[Thing], base: Sequence[Agreed]
) -> tuple[Agreed, ...]:
    """What both have alike, in the order here; where they differ still, what they had alike before."""
    theirs = {name(each): digest(each) for each in there}
    before = {each.key: each for each in base}
    found = []
    for each in here:
        key = name(each)
        if theirs.get(key) == digest(each):
            found.append(Agreed(key, digest(each)))
        elif key in before and key in theirs:
            found.append(before[key])
    return tuple(found)


def merge_things(
    name: Callable[[Thing], str],
    here: Sequence[Thing],
    there: Sequence[Thing],
    base: Sequence[Agreed],
    answers: Mapping[str, Keep],
) -> MergedThings[Thing]:
    """What one side alone added, changed, removed or moved holds for both.

    What one removed and the other changed stays, as changed. What both changed differently stays different until
    somebody chooses; where both moved things, the order there holds.

    Args:
        name: by which a thing is the same on both sides.
        here: of the one.
        there: of the other.
        base: as both had them; empty where nobody knows, and then nothing is taken for removed.
        answers: whose word people chose, by name, as seen from here.
    """
    ours, theirs = {name(each): each for each in here}, {name(each): each for each in there}
    before = {each.key: each.digest for each in base}
    common = ours.keys() & theirs.keys() & before.keys()
    moved_there = [key for key in theirs if key in common] != [each.key for each in base if each.key in common]
    result_here, result_there, differ = [], [], []
    for key in _order(list(theirs), list(ours)) if moved_there else _order(list(ours), list(theirs)):
        mine, other = ours.get(key), theirs.get(key)
        if mine is None or other is None:
            only = mine if mine is not None else other
            if only is None or before.get(key) == digest(only):
                continue
            mine = other = only
        elif mine != other:
            keep = _side(before.get(key), mine, other) or answers.get(key)
            if keep is None:
                differ.append(key)
            else:
                mine = other = mine if keep is Keep.OURS else other
        result_here.append(mine)
        result_there.append(other)
    return MergedThings(tuple(result_here), tuple(result_there), tuple(differ))


def _side(before: str | None, mine: msgspec.Struct, other: msgspec.Struct) -> Keep | None:
    """Whose is the newer one; None where both changed it."""
    if before == digest(mine):
        return Keep.THEIRS
    return Keep.OURS if before == digest(other) else None


def _order(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """All of both in the order of ``first``; what it lacks stands behind what it stands behind in ``second``."""
    ordered = list(first)
    known = set(first)
    for position, key in enumerate(second):
        if key not in known:
            known.add(key)
            ordered.insert(ordered.index(second[position - 1]) + 1 if position else 0, key)
    return ordered
