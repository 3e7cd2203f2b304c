"""Documents: recordings, signals, artifacts, history and so on, each its own collection.

A collection is one row of ``Documents``: its name, its kind of document, its indexes. Every side builds its schema
from these rows, and a backup holds what they name.

Filters, sorts and pages are a closed list that every side answers alike. A field is a dotted path into the
document (``metadata.driver.value``) whose names are of letters, digits and ``_``; another one is a ``ValueError``.
A comparison meets values of its own kind only, numbers or text. There is no raw regular expression and no
full-text search. NaN and the infinities are stored as null; an integer beyond int64 is a ``ValueError``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NamedTuple,
    Protocol,
    TypeAlias,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from paddock.domain.actions import Action, ActionKind
from paddock.domain.alerts import Alert
from paddock.domain.backup import BackupRun
from paddock.domain.bundle import Bundle
from paddock.domain.bus_database import BusDatabase, DatabaseFile
from paddock.domain.catalogue import Catalogue
from paddock.domain.check_results import CheckedList
from paddock.domain.checklist_preview import ChecklistPreview
from paddock.domain.checklists import Checklist
from paddock.domain.contents import Contents
from paddock.domain.credentials import Credential
from paddock.domain.dashboards import Dashboard
from paddock.domain.devices import Device, DeviceFile, DeviceState, LatestValues
from paddock.domain.history import Change
from paddock.domain.intervals import Interval
from paddock.domain.job import Job
from paddock.domain.lap_table import LapSettings, LapTable, LapTrace, StoredLap
from paddock.domain.maths_channels import MathsChannel, MathsVersion
from paddock.domain.notices import Destination, Notice
from paddock.domain.own_fields import OwnField
from paddock.domain.people import Person
from paddock.domain.questions import Agreement, Question
from paddock.domain.recording import Artifact, Recording, Signal
from paddock.domain.rule_evaluation import RuleWatches
from paddock.domain.rule_preview import RulePreview
from paddock.domain.rules import Rule
from paddock.domain.setup_fields import SetupField
from paddock.domain.signal_names import SignalName
from paddock.domain.streams import Stream
from paddock.domain.topic_set import TopicSet
from paddock.domain.upload import Upload
from paddock.domain.venues import Venue
from paddock.domain.worksheets import Worksheet
from paddock.ports.indexes import RECORDING_INDEXES, Index, field_index
from paddock.ports.whole_store import Filling, Progress, Snapshot, say_nothing

Scalar: TypeAlias = str | int | float | bool | None
Operator = Literal["<", "<=", ">", ">=", "="]
Statistic = Literal["count", "min", "max", "mean", "first", "last"]
MAX_PAGE = 500
SCHEMA_VERSION = 2
"""Version of all documents; raised when older code could no longer work on them. Indexes may change without it."""
CONTENTS_APART = 2
"""The first version whose recordings have their contents beside them, see ``domain/contents.py``."""
MAX_GROUPS = 50_000


class Equals(msgspec.Struct, frozen=True):
    """The field is exactly this; ``None`` also matches a field that is not there."""

    field: str
    value: Scalar


class OneOf(msgspec.Struct, frozen=True):
    """The field is one of these."""

    field: str
    values: tuple[Scalar, ...]


class Between(msgspec.Struct, frozen=True):
    """``at_least <= field < below``; either end may be open. Null never matches."""

    field: str
    at_least: int | float | str | None = None
    below: int | float | str | None = None


class Exists(msgspec.Struct, frozen=True):
    """Whether the field is there and not null."""

    field: str
    exists: bool = True


class StartsWith(msgspec.Struct, frozen=True):
    """The text field begins with exactly this."""

    field: str
    prefix: str


class Contains(msgspec.Struct, frozen=True):
    """The text field holds this, both case-folded by the writer; no character is special."""

    field: str
    text: str


class HasTopic(msgspec.Struct, frozen=True):
    """The recording's set of topics has this one. Only for recordings."""

    topic: str


class HasSignal(msgspec.Struct, frozen=True):
    """The recording has a signal of this name whose statistic compares so. Only for recordings."""

    name: str
    statistic: Statistic
    operator: Operator
    value: float
    also: tuple[str, ...] = ()
    """Further names that the same signal has."""


Condition: TypeAlias = Equals | OneOf | Between | Exists | StartsWith | Contains | HasTopic | HasSignal
Where: TypeAlias = Sequence[Condition]


class Sort(msgspec.Struct, frozen=True):
    """By one field, ties by id in the same direction. Nulls come last in either direction."""

    field: str = "id"
    descending: bool = False


BY_ID = Sort()

T = TypeVar("T", bound=msgspec.Struct)


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some documents and the cursor that continues after them, None at the end."""

    items: tuple[T, ...]
    next: str | None = None


class Group(msgspec.Struct, frozen=True, gc=False):
    """Documents that have the same values in some fields.

    There may be as many as documents, and none can be part of a cycle: Python's collector need not look at them.
    """

    values: tuple[Scalar, ...]
    count: int
    sum: int


class Collection(Protocol[T]):
    """Documents of one kind. Every method is atomic; a lost or full store raises ``Unavailable``."""

    async def get(self, document_id: str) -> T | None:
        """The document with this id."""
        ...

    async def insert(self, document: T) -> bool:
        """Add it; False, and nothing changed, when its id is taken."""
        ...

    async def put_many(self, documents: Sequence[T]) -> None:
        """Add or replace all of them."""
        ...

    async def change(self, document_id: str, changes: Mapping[str, object], where: Where = ()) -> T | None:
        """Set top-level fields (structs and lists as they are); the changed document.

        None, and nothing changed, when there is no such document or it does not match ``where``: this is the
        compare-and-set that guards versions and leases. A field the document does not have, or a value that
        could not be read back, is a ``ValueError``.
        """
        ...

    async def change_first(self, where: Where, sort: Sort, changes: Mapping[str, object]) -> T | None:
        """``change`` for the first document that matches, in one step: two callers at once get two documents."""
        ...

    async def find(
        self, where: Where = (), *, sort: Sort = BY_ID, limit: int = 50, after: str | None = None
    ) -> Page[T]:
        """A page of at most ``limit`` (brought into 1 to ``MAX_PAGE``) documents, continuing after a cursor.

        Raises:
            Rejected: the cursor was edited or belongs to another sort or collection (code ``bad_cursor``).
        """
        ...

    async def count(self, where: Where = ()) -> int:
        """How many match."""
        ...

    async def facet(self, field: str, where: Where = (), *, limit: int = 50) -> Sequence[tuple[Scalar, int]]:
        """The values of a scalar field with their counts, most frequent first, ties by value; nulls left out."""
        ...

    async def counts(self, by: Sequence[str], where: Where = ()) -> Sequence[tuple[tuple[Scalar, ...], int]]:
        """How many match for each combination of the scalar fields ``by``; null is a value here.

        The most frequent first, at most ``MAX_GROUPS``. Many facets are counted in one go by this.
        """
        ...

    async def sums(self, field: str, by: Sequence[str], where: Where = ()) -> Sequence[Group]:
        """Sums of an integer field, for each combination of the scalar fields ``by``; null is a value here.

        The largest sum first, at most ``MAX_GROUPS``. A document without the field adds 0.
        """
        ...

    async def delete(self, where: Where) -> int:
        """Remove what matches; how many that were. An empty ``where`` is refused with ``ValueError``."""
        ...


class Documents(ABC):
    """All collections of one store, each one row; ``Index`` says what question an index answers.

    A class to inherit from and no protocol, so that a side has the rows without repeating them.
    """

    recordings: Annotated[Collection[Recording], *RECORDING_INDEXES]
    # After the recordings: a backup of a server without moments then has what their conversions found.
    contents: Annotated[Collection[Contents], Index(("recording",), "what each conversion of a recording found")]
    signals: Annotated[
        Collection[Signal],
        Index(("recording", "name"), "the signals of one recording"),
        Index(
            ("name", "recording", "min", "max", "mean", "first", "last", "count"),
            "HasSignal: every recording of one signal side by side with all statistics; no document is read",
        ),
    ]
    artifacts: Annotated[
        Collection[Artifact],
        Index(("recording", "created_at"), "the files of some recordings, the newest first"),
        Index(("recording", "format", "size_bytes"), "bytes by recording; no document is read"),
        # Not the purpose first: SQLite would take the two that a list asks for to be rarer than its recordings.
        Index(("expires_at", "purpose"), "files that nobody has needed for long, and what has no expiry"),
    ]
    uploads: Annotated[
        Collection[Upload],
        Index(("completed_at", "created_at"), "uploads that nobody completed; those long done"),
        Index(("sha256",), "an upload of the same bytes to continue"),
    ]
    jobs: Annotated[
        Collection[Job],
        # MongoDB's findAndModify must walk an index in the order of its sort: after a sort of its own it answers
        # nothing, not the next one, when the first was taken in between.
        Index(("state", "place", "id", "due_at", "set_aside_at"), "the next job that is due"),
        Index(("state", "asked_by"), "how many jobs of somebody wait"),
        Index(("state", "updated_at"), "jobs of one state, those that changed last first"),
        Index(("updated_at",), "all jobs, those that changed last first"),
        Index(("subject",), "the jobs of one recording or upload"),
    ]
    catalogues: Collection[Catalogue]
    maths_channels: Annotated[Collection[MathsChannel], Index(("name",), "the team's maths channels by name")]
    maths_versions: Annotated[Collection[MathsVersion], Index(("channel", "version"), "what a channel was before")]
    fields: Annotated[Collection[OwnField], Index(("added_at",), "the team's own metadata fields in their order")]
    setup_fields: Annotated[Collection[SetupField], Index(("added_at",), "what the team made of its setup sheets")]
    bus_databases: Annotated[Collection[BusDatabase], Index(("added_at",), "the team's CAN databases, last first")]
    database_files: Collection[DatabaseFile]
    devices: Collection[Device]
    device_states: Collection[DeviceState]
    device_latest: Collection[LatestValues]
    device_files: Collection[DeviceFile]
    streams: Annotated[
        Collection[Stream],
        Index(("state", "began_ns"), "what is live now"),
        Index(("device", "began_ns"), "the recordings of a device, the last first"),
        Index(("recording",), "the stream that a recording was"),
        Index(("car", "ended_ns"), "the radio's copies of what a car logged itself"),
    ]
    history: Annotated[
        Collection[Change],
        Index(("recording", "at"), "what people changed on a recording"),
        Index(("at",), "all that people changed, the last first"),
        Index(("principal", "at"), "what one person changed, the last first"),
        Index(("kind", "subject", "at"), "what people changed on anything else, such as one device"),
    ]
    people: Annotated[Collection[Person], Index(("email",), "who signs in by an e-mail address")]
    credentials: Annotated[
        Collection[Credential],
        Index(("person", "kind", "created_at"), "sessions, tokens or links of one person"),
        Index(("expires_at",), "those that are over"),
    ]
    signal_names: Annotated[
        Collection[SignalName], Index(("search",), "completion"), Index(("topic",), "all topics")
    ]
    topic_sets: Annotated[
        Collection[TopicSet], Index(("topics",), "HasTopic: the sets that have a topic", elements=True)
    ]
    backups: Annotated[Collection[BackupRun], Index(("begun_at",), "the last backups; the last good one")]
    questions: Annotated[
        Collection[Question], Index(("subject",), "what is to be chosen for one recording after a sync")
    ]
    agreements: Annotated[
        Collection[Agreement],
        Index(("at",), "the last ones"),
        Index(("between", "at"), "the last ones between two Paddocks"),
    ]
    alerts: Annotated[
        Collection[Alert],
        Index(("place",), "all alerts, the firing ones first"),
        Index(("state", "place"), "alerts of one state; how many are firing"),
        Index(("key", "occurrence"), "the last alert of what is wrong"),
        Index(("device", "state", "place"), "the alerts of one device"),
        Index(("recording", "place"), "what the rules found in one recording"),
        Index(("rule", "state"), "what one rule found"),
        Index(("to_tell",), "what became of alerts that nobody was told yet"),
    ]
    actions: Annotated[
        Collection[Action],
        Index(("device", "asked_at"), "what was asked of one device, the last first"),
        Index(("state", "asked_at"), "what is to be handed to devices; what they did not take in time"),
    ]
    action_kinds: Annotated[Collection[ActionKind], Index(("device", "added_at"), "the buttons of one device")]
    destinations: Annotated[Collection[Destination], Index(("added_at",), "who is told, in their order")]
    notices: Annotated[
        Collection[Notice],
        Index(("state", "due_at"), "what is to be told now"),
        Index(("created_at",), "what was told, the last first"),
        Index(("destination", "created_at"), "what one destination was told, the last first"),
    ]
    rules: Annotated[Collection[Rule], Index(("removed_at",), "the team's alert rules")]
    rule_watches: Collection[RuleWatches]
    rule_previews: Annotated[Collection[RulePreview], Index(("asked_at",), "trials that are long over")]
    checklists: Collection[Checklist]
    check_results: Annotated[
        Collection[CheckedList],
        Index(("recording",), "what came of the checklists in one recording"),
        Index(("checklist",), "what came of one checklist"),
    ]
    checklist_previews: Annotated[Collection[ChecklistPreview], Index(("asked_at",), "trials that are long over")]
    dashboards: Annotated[Collection[Dashboard], Index(("name",), "all dashboards by name")]
    worksheets: Annotated[
        Collection[Worksheet],
        Index(("name",), "the team's worksheets by name"),
        Index(("is_default",), "the one that pages of recordings begin with"),
    ]
    bundles: Annotated[Collection[Bundle], Index(("created_at",), "what was taken away together, the last first")]

    intervals: Annotated[Collection[Interval], Index(("recording", "start_ns"), "the intervals of one recording")]
    venues: Annotated[Collection[Venue], Index(("name",), "all venues by name")]
    lap_tables: Annotated[Collection[LapTable], Index(("venue",), "what is timed again when a venue changes")]
    laps: Annotated[
        Collection[StoredLap],
        Index(("recording", "number"), "the laps of one recording"),
        Index(
            ("venue", "time_s", "id", "course", "lap.distance_m", "day"),
            "the fastest laps at a venue, on one of its configurations, of one length",
        ),
        Index(("day", "time_s"), "the fastest laps of a day"),
        Index(("time_s",), "the fastest laps"),
    ]
    lap_traces: Collection[LapTrace]
    lap_settings: Collection[LapSettings]

    def collections(self) -> Mapping[str, Collection[Any]]:
        """Every collection by its name."""
        return {row.name: getattr(self, row.name) for row in collection_rows(type(self))}

    @abstractmethod
    async def migrate(self, progress: Progress = say_nothing) -> None:
        """Create what is missing: tables, indexes, those of the fields that the team added among them.

        What an earlier version wrote is brought into today's shape.

        Safe to run twice and by two at once; killed, the next one goes on where it was.

        Args:
            progress: told as documents are rewritten.
        """

    @abstractmethod
    async def migrate_recording(self, recording_id: str) -> None:
        """Bring one recording into today's shape, which a process of an earlier version wrote since ``migrate``."""

    @abstractmethod
    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """All that is there now, for a backup."""

    @abstractmethod
    def fill(self, source: str) -> AbstractAsyncContextManager[Filling]:
        """Write documents into a store that has none; needs no ``migrate`` before.

        All of them are there when the block ends, and none when it fails on the embedded side. A MongoDB database
        that was half filled says so at ``migrate`` (code ``half_restored``), and is filled again from the same
        source.

        Args:
            source: what the documents come from, such as the name of a backup.

        Raises:
            Conflict: it has documents, other than notes on backups (code ``not_empty``), or was half filled from
                another source (code ``half_restored``).
        """

    async def is_empty(self) -> bool:
        """Whether there are no documents, other than notes on backups."""
        kept = [found for name, found in self.collections().items() if name != "backups"]
        for collection in kept:
            if await collection.count():
                return False
        return True

    @abstractmethod
    async def close(self) -> None:
        """Give back connections."""


class CollectionRow(NamedTuple):
    """What one row of ``Documents`` says of a collection."""

    name: str
    kind: type[msgspec.Struct]
    indexes: tuple[Index, ...]


@cache
def collection_rows(documents: type) -> tuple[CollectionRow, ...]:
    """The collections that a store has."""
    found = []
    for name, hint in get_type_hints(documents, include_extras=True).items():
        collection, *indexes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        if get_origin(collection) is Collection:
            found.append(CollectionRow(name, get_args(collection)[0], tuple(indexes)))
    return tuple(found)


def with_own_fields(collections: Sequence[CollectionRow], names: Sequence[str]) -> tuple[CollectionRow, ...]:
    """The same collections, recordings being indexed by the fields that the team added, too."""
    indexes = tuple(map(field_index, names))
    return tuple(
        row._replace(indexes=(*row.indexes, *indexes)) if row.name == "recordings" else row for row in collections
    )
