"""What two Paddocks tell each other of one recording, so that both can say the same of it.

Field by field there is a value, and behind it the changes that led there. A change has the same key on every
Paddock that knows it, so each can tell whether it has seen what the other says now, see ``sync_merge.py``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.domain import lap_marks
from paddock.domain.history import Change, MiscFile
from paddock.domain.instants import INT64_MAX
from paddock.domain.intervals import MAX_CONDITION, MAX_NAME, MAX_NOTES, Interval
from paddock.domain.recording import MetadataSource, Recording
from paddock.domain.setup_values import PREFIX, text_of

DELETED = "deleted"
STARTED = "started_ns"
CLOCK = "clock_offset_ns"
FILE = "file"

Instant = Annotated[int, Meta(ge=-INT64_MAX, le=INT64_MAX, description="Nanoseconds since the Unix epoch.")]
FileId = Annotated[str, Meta(pattern="^[0-9a-f]{16}$", max_length=16, description="Of a file.")]
Field = Annotated[
    str,
    Meta(
        max_length=100,
        description="A metadata field, `setup.` and one of the setup sheet, `laps.marked`, `started_ns`, "
        "`clock_offset_ns`, `file` or `deleted`.",
        examples=["driver"],
    ),
]
_Text = Annotated[str, Meta(max_length=20_000)]
_Source = Annotated[str, Meta(max_length=40)]


class SaidValue(msgspec.Struct, frozen=True):
    """What is said of one field, and whose word it is."""

    value: Annotated[_Text | None, Meta(description="As text; null for nothing.", examples=["Adam"])] = None
    source: Annotated[_Source, Meta(description="Who says so.", examples=["person"])] = ""


class SaidChange(msgspec.Struct, frozen=True, kw_only=True):
    """One field before and after, as its history has it."""

    at: Instant
    principal: Annotated[str, Meta(max_length=300, description="Who changed it.", examples=["Adam"])]
    field: Field
    before: Annotated[_Text | None, Meta(description="Null when there was no value.")] = None
    before_source: Annotated[_Source, Meta(description="Who had said that.")] = ""
    after: Annotated[_Text | None, Meta(description="Null when there is no value any more.")] = None
    subject: Annotated[str, Meta(max_length=100, description="The id of the file that was added or removed.")] = ""
    origin: Annotated[
        str, Meta(max_length=300, description="The Paddock where it was made; empty for the one that answers.")
    ] = ""

    @classmethod
    def of(cls, change: Change) -> SaidChange:
        """A change as it is told to another Paddock."""
        return cls(
            at=change.at,
            principal=change.principal,
            field=change.field,
            before=change.before,
            before_source=change.before_source,
            after=change.after,
            subject=change.subject,
            origin=change.origin,
        )

    def key(self, recording_id: str) -> str:
        """Equal on every Paddock that knows this change; where it was made is no part of it."""
        said = (self.at, self.principal, self.field, self.before, self.before_source, self.after, self.subject)
        return hashlib.sha256(msgspec.json.encode((recording_id, *said))).hexdigest()[:32]


class SaidFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file beside a recording; its id is the same on every Paddock that has it."""

    id: FileId
    name: Annotated[str, Meta(max_length=1_000, description="Its name.", examples=["setup.pdf"])]
    size_bytes: Annotated[int, Meta(ge=0, le=2**53, description="Its size.")]
    added_at: Instant
    added_by: Annotated[str, Meta(max_length=300, description="Who put it there.", examples=["Adam"])]


class SaidInterval(msgspec.Struct, frozen=True, kw_only=True):
    """A span of a recording with a name, or that it was taken away; of two with one id the later one is right."""

    id: FileId
    name: Annotated[str, Meta(max_length=MAX_NAME + 20, description="Its name.", examples=["Brake test 3"])]
    start_ns: Instant
    end_ns: Instant
    notes: Annotated[str, Meta(max_length=MAX_NOTES)] = ""
    condition: Annotated[str, Meta(max_length=MAX_CONDITION, description="That found it; else empty.")] = ""
    name_of: Annotated[str, Meta(max_length=MAX_NAME, description="The name without its number.")] = ""
    ends_before: Annotated[bool, Meta(description="Whether the sample at its end is no part of it.")] = False
    made_at: Instant = 0
    made_by: Annotated[str, Meta(max_length=300, description="Who marked it.", examples=["Adam"])] = ""
    removed_at: Instant = 0

    @classmethod
    def of(cls, interval: Interval) -> SaidInterval:
        """An interval as it is told to another Paddock."""
        said = {name: getattr(interval, name) for name in cls.__struct_fields__}
        return cls(**said)

    def kept(self, recording_id: str) -> Interval:
        """The interval as it is stored."""
        said = {name: getattr(self, name) for name in self.__struct_fields__}
        return Interval(recording=recording_id, **said)

    @property
    def changed_at(self) -> int:
        """When it was made or taken away."""
        return max(self.made_at, self.removed_at)


class RecordingState(msgspec.Struct, frozen=True, kw_only=True):
    """All that people said of a recording, with how they came to it."""

    id: Annotated[str, Meta(description="SHA-256 of its original bytes.")]
    version: Annotated[int, Meta(description="To be sent with what is brought in.")]
    names: Annotated[tuple[str, ...], Meta(description="File names it arrived under.")]
    uploaded_by: Annotated[str, Meta(description="Who uploaded it first.")] = ""
    uploaded_at: Instant = 0
    values: Annotated[
        dict[str, SaidValue],
        Meta(
            description="By field: metadata, `setup.` and those of the setup sheet, and `laps.marked`, "
            "`started_ns`, `clock_offset_ns` and `deleted` where they are."
        ),
    ] = {}
    files: Annotated[tuple[SaidFile, ...], Meta(description="What people put beside it.")] = ()
    changes: Annotated[tuple[SaidChange, ...], Meta(description="Its history, the first change first.")] = ()
    intervals: Annotated[
        tuple[SaidInterval, ...] | None,
        Meta(description="Its intervals, and those that were taken away; null of a Paddock that tells none."),
    ] = None

    def value(self, field: str) -> SaidValue:
        """What is said of a field; a value of None where nothing is."""
        return self.values.get(field, SaidValue())

    def said_by(self, field: str) -> tuple[str, int]:
        """Who says what is said of a field, and since when; where no change does, it came with the upload."""
        value = self.value(field).value
        for change in reversed(self.changes):
            if change.field == field and change.after == value:
                return change.principal, change.at
        return self.uploaded_by, self.uploaded_at


class BroughtIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one Paddock takes from another one of a recording; all of it or nothing."""

    version: Annotated[
        int, Meta(ge=0, le=2**53, description="Of the recording as it was asked for; another one is refused.")
    ]
    names: Annotated[
        tuple[Annotated[str, Meta(max_length=20_000)], ...],
        Meta(max_length=1_000, description="File names that it lacks."),
    ] = ()
    values: Annotated[
        dict[Field, SaidValue], Meta(max_length=200, description="By field what it says from now on.")
    ] = {}
    changes: Annotated[
        tuple[SaidChange, ...],
        Meta(max_length=10_000, description="History that it lacks, the first change first."),
    ] = ()
    removed_files: Annotated[tuple[FileId, ...], Meta(max_length=1_000, description="Ids of files to remove.")] = ()
    intervals: Annotated[
        tuple[SaidInterval, ...], Meta(max_length=10_000, description="Intervals as they are from now on.")
    ] = ()

    @property
    def empty(self) -> bool:
        """Whether it changes nothing."""
        return not (self.names or self.values or self.changes or self.removed_files or self.intervals)


def state_of(recording: Recording, changes: Iterable[Change], intervals: Iterable[Interval] = ()) -> RecordingState:
    """What is said of a recording.

    Args:
        recording: as it is now.
        changes: its whole history, in any order.
        intervals: all of it, also those that were taken away.
    """
    values = {name: SaidValue(known.value, known.source.value) for name, known in recording.metadata.items()}
    for name, value in recording.setup_values.items():
        values[f"{PREFIX}{name}"] = SaidValue(text_of(value), MetadataSource.PERSON.value)
    if recording.lap_marks_ns is not None:
        values[lap_marks.FIELD] = SaidValue(
            lap_marks.text_of_marks(recording.lap_marks_ns), MetadataSource.PERSON.value
        )
    if recording.started_ns is not None:
        values[STARTED] = SaidValue(str(recording.started_ns), recording.started_source.value)
    if recording.clock_offset_ns is not None:
        values[CLOCK] = SaidValue(str(recording.clock_offset_ns), MetadataSource.BASE_STATION.value)
    if recording.deleted_at is not None:
        values[DELETED] = SaidValue(DELETED)
    return RecordingState(
        id=recording.id,
        version=recording.version,
        names=recording.names,
        uploaded_by=recording.uploaded_by,
        uploaded_at=recording.uploaded_at,
        values=values,
        files=tuple(map(said_file, recording.files)),
        intervals=tuple(map(SaidInterval.of, intervals)),
        # What a sync brought has versions in the order in which it was made, whatever the clocks said.
        changes=tuple(
            SaidChange.of(each) for each in sorted(changes, key=lambda change: (change.version, change.at))
        ),
    )


def said_file(file: MiscFile) -> SaidFile:
    """A file as it is told to another Paddock."""
    return SaidFile(
        id=file.id, name=file.name, size_bytes=file.size_bytes, added_at=file.added_at, added_by=file.added_by
    )


def digest(state: RecordingState) -> str:
    """A hash that is equal on two Paddocks that have nothing to tell each other of a recording.

    The start that a log says is no part of it: each Paddock reads it there itself, one of them perhaps later.
    """
    said = sorted(
        (field, value.value, value.source)
        for field, value in state.values.items()
        if (field, value.source) != (STARTED, "log_time")
    )
    keys = sorted({change.key(state.id) for change in state.changes})
    files = sorted(file.id for file in state.files)
    parts: tuple[object, ...] = (sorted(state.names), said, files, keys)
    if state.intervals:
        parts = (*parts, sorted((each.id, each.changed_at, each.removed_at > 0) for each in state.intervals))
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]
