"""What a new version of a CAN database changes, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

import msgspec

from paddock.domain.can_database import CanDatabase, CanMessage, CanSignal, id_in_words
from paddock.domain.words import counted

Key = tuple[int, bool]
"""A frame's id, and whether it has 29 bits."""


class ChangeKind(StrEnum):
    """What became of a message or signal."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    """The same bits under another name."""
    RESCALED = "rescaled"
    """Another factor, offset or unit: its values differ."""
    MOVED = "moved"
    """Other bits, or a message that has another id."""
    REDEFINED = "redefined"
    """Its sign, number format, multiplexer or the names of its values."""


class DatabaseChange(msgspec.Struct, frozen=True):
    """One difference between two versions."""

    kind: ChangeKind
    name: str
    """``Engine.Rpm`` in the new version, or ``Engine`` of a message; in the old one where it was removed."""
    was: str
    """Its name in the old version; empty where it is new."""
    sentence: str


def changes(before: CanDatabase, after: CanDatabase) -> tuple[DatabaseChange, ...]:
    """All differences that matter to recordings: by message of the new version, then what is gone."""
    return tuple(_changes(_by_key(before), _by_key(after)))


def renames(found: tuple[DatabaseChange, ...]) -> dict[str, str]:
    """The new name of each signal that only has another one, by the old one."""
    return {each.was: each.name for each in found if each.kind is ChangeKind.RENAMED and "." in each.name}


def _id(key: Key) -> str:
    number, is_extended = key
    return id_in_words(is_extended, number)


def _by_key(database: CanDatabase) -> dict[Key, CanMessage]:
    found: dict[Key, CanMessage] = {}
    for message in database.messages:
        found.setdefault((message.id, message.is_extended), message)
    return found


def _changes(before: dict[Key, CanMessage], after: dict[Key, CanMessage]) -> Iterator[DatabaseChange]:
    gone = {message.name: key for key, message in before.items() if key not in after}
    moved = set()
    for key, message in after.items():
        known = before.get(key)
        if known is None and message.name in gone:
            moved.add(gone[message.name])
            known = before[gone[message.name]]
            sentence = f"{message.name} has the id {_id(key)} now, it was {_id(gone[message.name])}."
            yield DatabaseChange(ChangeKind.MOVED, message.name, message.name, sentence)
        if known is None:
            signals = counted(len(message.signals), "signal")
            yield DatabaseChange(
                ChangeKind.ADDED, message.name, "", f"{message.name} ({_id(key)}) is new, with {signals}."
            )
            continue
        if known.name != message.name:
            yield DatabaseChange(
                ChangeKind.RENAMED, message.name, known.name, f"{known.name} is called {message.name} now."
            )
        yield from _signal_changes(known, message)
    for key, message in before.items():
        if key not in after and key not in moved:
            yield DatabaseChange(
                ChangeKind.REMOVED, message.name, message.name, f"{message.name} ({_id(key)}) is gone."
            )


def _signal_changes(before: CanMessage, after: CanMessage) -> Iterator[DatabaseChange]:
    partners, gone = _partners(before.signals, after.signals)
    for position, signal in enumerate(after.signals):
        known = partners.get(position)
        full = f"{after.name}.{signal.name}"
        if known is None:
            yield DatabaseChange(ChangeKind.ADDED, full, "", f"{full} is new.")
            continue
        was = f"{before.name}.{known.name}"
        if was != full:
            yield DatabaseChange(ChangeKind.RENAMED, full, was, f"{was} is called {full} now.")
        for kind, said in _differences(known, signal):
            yield DatabaseChange(kind, full, was, f"{full} {said}.")
    for signal in gone:
        was = f"{before.name}.{signal.name}"
        yield DatabaseChange(ChangeKind.REMOVED, was, was, f"{was} is gone.")


def _partners(
    before: Sequence[CanSignal], after: Sequence[CanSignal]
) -> tuple[dict[int, CanSignal], list[CanSignal]]:
    """The signal before of each one now, by its position, and those that none is now.

    Two branches of a multiplexer may have signals of one name, so the condition counts first.
    """
    left, partners = list(before), dict[int, CanSignal]()
    same: tuple[Callable[[CanSignal], object], ...] = (
        lambda each: (each.name, _condition(each)),
        lambda each: each.name,
        _bits,
    )
    for identity in same:
        for position, signal in enumerate(after):
            if position in partners:
                continue
            found = next((each for each in left if identity(each) == identity(signal)), None)
            if found is not None:
                partners[position] = found
                left.remove(found)
    return partners, left


def _condition(signal: CanSignal) -> tuple[object, ...] | None:
    return None if signal.condition is None else (signal.condition.multiplexer, signal.condition.ranges)


def _bits(signal: CanSignal) -> tuple[object, ...]:
    return signal.start, signal.length, signal.is_big_endian, _condition(signal)


def _differences(before: CanSignal, after: CanSignal) -> Iterator[tuple[ChangeKind, str]]:
    if (before.factor, before.offset) != (after.factor, after.offset):
        yield ChangeKind.RESCALED, f"is raw {_scale(after)} now, it was raw {_scale(before)}"
    if before.unit != after.unit:
        yield ChangeKind.RESCALED, f"is in {after.unit or 'no unit'} now, it was in {before.unit or 'no unit'}"
    if _place(before) != _place(after):
        yield ChangeKind.MOVED, f"lies in {_place(after)} now, it lay in {_place(before)}"
    if (before.is_signed, before.is_float) != (after.is_signed, after.is_float):
        yield ChangeKind.REDEFINED, f"is read as {_format(after)} now, it was read as {_format(before)}"
    if before.condition != after.condition:
        yield ChangeKind.REDEFINED, "is there under another value of its multiplexer now"
    if before.names != after.names:
        yield ChangeKind.REDEFINED, "has other names for its values now"


def _scale(signal: CanSignal) -> str:
    offset = f" {'-' if signal.offset < 0 else '+'} {abs(signal.offset):g}" if signal.offset else ""
    return f"× {signal.factor:g}{offset}"


def _place(signal: CanSignal) -> str:
    order = "big" if signal.is_big_endian else "little"
    return f"{counted(signal.length, 'bit')} from bit {signal.start}, {order}-endian"


def _format(signal: CanSignal) -> str:
    return "floating point" if signal.is_float else "signed" if signal.is_signed else "unsigned"
