"""Merge what two Paddocks say of a recording, field by field.

The history tells which of two values is the later one: who has seen the other's last change of a field, and says
something else since, is ahead. Where neither has seen the other's, a person's word goes before the base station's
and that before the log's; two words of equal weight are a question for people, and nobody's word is replaced until
it is answered. Nothing else needs to be remembered between two syncs, so nothing can be lost or be out of date.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from paddock.domain.recording import StartedSource
from paddock.domain.sync import (
    CLOCK,
    DELETED,
    FILE,
    BroughtIn,
    RecordingState,
    SaidChange,
    SaidFile,
    SaidInterval,
    SaidValue,
)


class Disagreement(msgspec.Struct, frozen=True):
    """One field of which two Paddocks say different things, neither knowing of the other's."""

    field: str
    here: SaidValue
    there: SaidValue


class Merged(msgspec.Struct, frozen=True):
    """What each side takes from the other, and what people have to choose."""

    here: BroughtIn
    there: BroughtIn
    files_to_here: tuple[SaidFile, ...] = ()
    """Files whose bytes have to be there before the rest is brought in."""
    files_to_there: tuple[SaidFile, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()


class _Side:
    """One recording on one Paddock, and what it is to take from the other."""

    def __init__(self, state: RecordingState) -> None:
        self.state = state
        self.keys = {change.key(state.id) for change in state.changes}
        self.values: dict[str, SaidValue] = {}
        self.changes: list[SaidChange] = []

    def take(self, field: str, other: _Side, value: SaidValue) -> None:
        """Say from now on what the other does, with the history of it."""
        self.take_history(field, other)
        if self.state.value(field) != value:
            self.values[field] = value

    def take_history(self, field: str, other: _Side) -> None:
        """Know of all that led to the other's value."""
        self.note(each for each in other.state.changes if each.field == field)

    def note(self, changes: Iterable[SaidChange]) -> None:
        """Add changes that it does not know."""
        for change in changes:
            key = change.key(self.state.id)
            if key not in self.keys:
                self.keys.add(key)
                self.changes.append(change)

    def brought_in(self, other: _Side, removed_files: tuple[str, ...]) -> BroughtIn:
        """All that it takes."""
        return BroughtIn(
            version=self.state.version,
            names=_missing_names(self.state, other.state),
            values=self.values,
            changes=tuple(self.changes),
            removed_files=removed_files,
            intervals=_later_intervals(self.state, other.state),
        )


class _Word:
    """What one side says of one field."""

    def __init__(self, side: _Side, field: str) -> None:
        self.side = side
        self.field = field
        self.value = side.state.value(field)
        changes = [change for change in side.state.changes if change.field == field]
        self._keys = {change.key(side.state.id) for change in changes}
        self._befores = {(change.before, change.before_source) for change in changes}
        self.head = next(
            (change.key(side.state.id) for change in reversed(changes) if change.after == self.value.value), None
        )
        """The last change that made the value; None where no person did, or where it came with an upload."""

    def comes_after(self, other: _Word) -> bool:
        """Whether the other's value was seen here, and replaced or kept."""
        if other.head is not None:
            return other.head in self._keys
        return (other.value.value, other.value.source) in self._befores

    @property
    def weight(self) -> int:
        """Whose word it is: nobody's, the log's, the base station's, a person's."""
        if self.field == DELETED:
            # What somebody restored, or sent again, is hidden only by who knew of that.
            return 0 if self.value.value else 1
        if self.value.value is None:
            return -1
        if self.field == CLOCK:
            # Nobody can choose between two: the one that was there first stays, as where a log arrives twice.
            return 0
        return {"file": 0, "log_time": 0, "person": 2}.get(self.value.source, 1)


def merge(here: RecordingState, there: RecordingState, *, now: int) -> Merged:
    """What two Paddocks that both have a recording take from each other.

    Args:
        here: as the one says it.
        there: as the other does.
        now: nanoseconds since the Unix epoch, for what the merge itself changes.
    """
    ours, theirs = _Side(here), _Side(there)
    disagreements = []
    for field in _fields(here, there):
        pair = (_Word(ours, field), _Word(theirs, field))
        if _merge_field(*pair, now) is None:
            disagreements.append(Disagreement(field, pair[0].value, pair[1].value))
    ours.take_history(FILE, theirs)
    theirs.take_history(FILE, ours)
    hidden = any(side.values.get(DELETED, side.state.value(DELETED)).value is not None for side in (ours, theirs))
    return Merged(
        ours.brought_in(theirs, _removed_files(here, there)),
        theirs.brought_in(ours, _removed_files(there, here)),
        () if hidden else _missing_files(here, there),
        () if hidden else _missing_files(there, here),
        tuple(disagreements),
    )


def disagree(state: RecordingState, other: RecordingState, field: str) -> bool:
    """Whether two say different things of a field, and neither can be told to be the later one."""
    return _merge_field(_Word(_Side(state), field), _Word(_Side(other), field), 0) is None


def _fields(here: RecordingState, there: RecordingState) -> Iterable[str]:
    said = (change.field for state in (here, there) for change in state.changes)
    return [field for field in dict.fromkeys((*here.values, *there.values, *said)) if field != FILE]


def _merge_field(ours: _Word, theirs: _Word, now: int) -> bool | None:
    """Whether anything is said of the field; None where both say different things and nobody can tell."""
    if ours.value.value == theirs.value.value:
        said = max(ours, theirs, key=lambda word: word.weight).value
        ours.side.take(ours.field, theirs.side, said)
        theirs.side.take(theirs.field, ours.side, said)
        return True
    ahead, behind = ours.comes_after(theirs), theirs.comes_after(ours)
    if ahead == behind:
        if ours.weight == theirs.weight:
            # Both read it in the same log, perhaps by different versions of the code, or corrected its start by
            # what was known of the car's clock, the one a moment earlier and not quite as well.
            return True if ours.weight == 0 or ours.value.source == StartedSource.CLOCK_OFFSET else None
        ahead = ours.weight > theirs.weight
    winner, loser = (ours, theirs) if ahead else (theirs, ours)
    if winner.head is None and (loser.weight == 1 or winner.field == DELETED):
        # Nobody's change says how the winner came to its value, and the base station's word, or that somebody
        # deleted it, must not go without a trace. What the log says is in the log.
        replaced = SaidChange(
            at=now,
            principal=winner.side.state.uploaded_by,
            field=winner.field,
            before=loser.value.value,
            before_source=loser.value.source,
            after=winner.value.value,
        )
        winner.side.take_history(winner.field, loser.side)
        loser.side.take(loser.field, winner.side, winner.value)
        winner.side.note([replaced])
        loser.side.note([replaced])
        return True
    loser.side.take(loser.field, winner.side, winner.value)
    winner.side.take_history(winner.field, loser.side)
    return True


def _missing_names(state: RecordingState, other: RecordingState) -> tuple[str, ...]:
    return tuple(name for name in other.names if name not in state.names)


def _later_intervals(state: RecordingState, other: RecordingState) -> tuple[SaidInterval, ...]:
    """Those that are missing, or were made or taken away later on the other side; none where a side tells none."""
    if state.intervals is None or other.intervals is None:
        return ()
    known = {each.id: each.changed_at for each in state.intervals}
    return tuple(each for each in other.intervals if known.get(each.id, -1) < each.changed_at)


def _removals(state: RecordingState) -> set[str]:
    """The ids of files that somebody removed there."""
    return {change.subject for change in state.changes if change.field == FILE and change.after is None}


def _removed_files(state: RecordingState, other: RecordingState) -> tuple[str, ...]:
    gone = _removals(other) | _removals(state)
    return tuple(file.id for file in state.files if file.id in gone)


def _missing_files(state: RecordingState, other: RecordingState) -> tuple[SaidFile, ...]:
    known = {file.id for file in state.files} | _removals(state) | _removals(other)
    return tuple(file for file in other.files if file.id not in known)
