"""A recording: one log file from a car, with what was derived from it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from paddock.domain.bus_database import DecodedBy
from paddock.domain.history import Change, MiscFile
from paddock.domain.instants import INT64_MAX, NS_PER_S
from paddock.domain.keys import raw_key
from paddock.domain.log_kinds import FIRST_KIND
from paddock.domain.original import MISSING_CODE, NEVER_ARRIVED, Original
from paddock.domain.setup_values import Changes, SetupSheet, Value, changed
from paddock.domain.start_in_name import start_in_name

SHORT_ID_LENGTH = 10
DERIVED_ENCODING = "maths"
"""The encoding of the messages that a maths channel makes."""


class Status(StrEnum):
    """Where a recording is on its way: ``verifying → stored → converting → ready``, or ``failed``."""

    VERIFYING = "verifying"
    STORED = "stored"
    CONVERTING = "converting"
    READY = "ready"
    FAILED = "failed"

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self in (Status.READY, Status.FAILED)


class MetadataSource(StrEnum):
    """Who said a metadata value. A person is never overwritten by a file."""

    FILE = "file"
    BASE_STATION = "base_station"
    PERSON = "person"


class MetadataValue(msgspec.Struct, frozen=True):
    """One of the team's fields (see ``domain/fields.py``) and where its value came from."""

    value: str
    source: MetadataSource


class StartedSource(StrEnum):
    """Where a recording's start time came from."""

    LOG_TIME = "log_time"
    CLOCK_OFFSET = "clock_offset"
    """The log's own times, corrected by what car or base station knew of the car's clock."""
    FILE_NAME = "file_name"
    """The date in its name, because the logger had no clock."""
    PERSON = "person"


class Failure(msgspec.Struct, frozen=True):
    """Why a recording or job failed: the code and message of the ``PaddockError``."""

    code: str
    message: str


class Loss(msgspec.Struct, frozen=True):
    """One reason why part of a damaged log is lost."""

    reason: str
    """A stable word: ``truncated_chunk``, ``bad_crc``, ``garbage`` …"""
    offset: int
    """Where in the file, in bytes."""
    size_bytes: int
    """How many bytes of the file could not be used."""
    records: int = 0
    """How many records are known to be lost; 0 when nobody can know."""


class LossReport(msgspec.Struct, frozen=True):
    """What a damaged file lost, in records, bytes and seconds. Empty for an intact one."""

    missing: tuple[str, ...] = ()
    """Parts of the file that are not there although a complete file has them: ``footer``, ``summary`` …"""
    losses: tuple[Loss, ...] = ()
    undecodable: dict[str, int] = {}
    """Messages whose payload could not be decoded, by topic."""
    orphans: int = 0
    """Messages without a channel definition in their part of the file."""
    lost_bytes: int = 0
    lost_records: int = 0
    lost_ns: int = 0
    """Gap in time that the losses explain, as far as chunk headers and neighbours tell."""

    @property
    def health(self) -> str:
        """``intact``, or ``recovered`` when anything is missing."""
        nothing = not (self.missing or self.losses or self.undecodable or self.orphans)
        return "intact" if nothing else "recovered"

    @property
    def lossy(self) -> bool:
        """Whether anything is lost; a file without its index, or with a wrong checksum there, has all the rest."""
        kept = not set(self.missing) - _DERIVED and all(each.reason in _NOTHING_LOST for each in self.losses)
        return not kept or bool(self.undecodable or self.orphans)

    @property
    def sums(self) -> LossSums:
        """How much it is, without the reasons."""
        return LossSums(self.health, self.lost_bytes, self.lost_records, self.lost_ns)


class LossSums(msgspec.Struct, frozen=True):
    """How much of a log is lost, as lists say it."""

    health: str = ""
    """As in the report; empty in what a version before 0.3.0 wrote, which has the report in this place."""
    lost_bytes: int = 0
    lost_records: int = 0
    lost_ns: int = 0


_DERIVED = frozenset(("summary", "footer", "magic"))
_NOTHING_LOST = frozenset(("bad_size", "bad_summary_crc"))


class ChannelSummary(msgspec.Struct, frozen=True):
    """One channel of a recording: a topic with one schema, merged over the ids it had in the file."""

    topic: str
    slug: str
    """Names the channel's folder in the object store: readable, plus a hash of topic and schema."""
    schema_name: str
    schema_encoding: str
    message_encoding: str
    message_count: int
    started_ns: int | None = None
    ended_ns: int | None = None
    rate_hz: float | None = None
    largest_gap_ns: int | None = None
    column_bytes: int = 0
    """About how many bytes its columns take in memory; 0 where nobody has counted."""
    stored_bytes: int = 0
    """What its columns take in the object store, compressed; 0 where nobody has counted."""
    footer_crc32: int | None = None
    """The checksum of the footer of that file; None where an older version made it."""
    others: tuple[str, ...] | None = None
    """Dotted paths of fields that are no signals: bytes, maps, repeated messages. None where they are not known."""

    @property
    def is_derived(self) -> bool:
        """Whether it is no channel of the log, but what a maths channel made of some."""
        return self.schema_encoding == self.message_encoding == DERIVED_ENCODING

    @property
    def gap_ns(self) -> int:
        """A longer time between two messages is a gap: ten mean periods, and at least a second."""
        period_ns = NS_PER_S / self.rate_hz if self.rate_hz else 0
        return max(NS_PER_S, round(10 * period_ns))


class Attachment(msgspec.Struct, frozen=True):
    """A file that the recorder put into the log, known by where its bytes lie in the original."""

    name: str
    media_type: str
    """As the recorder says, which may be anything."""
    log_time: int
    """Nanoseconds since the Unix epoch, like ``create_time``; in a document at most the largest int64."""
    create_time: int
    offset: int
    """Where its data begins in the log, in bytes."""
    size_bytes: int


class Signal(msgspec.Struct, frozen=True):
    """One scalar series of a recording with its statistics, or a list of them; NaN is missing, never a value."""

    id: str
    recording: str
    name: str
    """Topic and field path: ``VNData.vn_gps.lat``."""
    dtype: str
    """Arrow's word for the type in the log: ``float``, ``int32``, ``bool``, ``string`` …"""
    channel: str = ""
    """The channel's slug."""
    unit: str = ""
    log_unit: str = ""
    """As the log says, or the database that decoded it; a team's catalogue goes before."""
    count: int = 0
    nan_count: int = 0
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    first: float | str | None = None
    last: float | str | None = None
    longest: int = 0
    """How many elements the longest list has. A list's statistics are those of all its values."""
    element_of: str = ""
    """The name of the list that an element belongs to."""


class Purpose(StrEnum):
    """Why an artifact was made."""

    DEFAULT = "default"
    """For everybody: the ``.mat`` behind the list's button."""
    VIEWER = "viewer"
    """The clean, indexed copy of the whole log, made where the original is damaged or has no index."""
    EXPORT = "export"
    """Somebody asked for exactly this."""


class Artifact(msgspec.Struct, frozen=True):
    """A derived file with a link: the default ``.mat``, an export, the recovered ``.mcap``."""

    id: str
    recording: str
    format: str
    key: str
    """Where it is in the object store."""
    size_bytes: int
    created_at: int
    converter: str
    """Which code made it: the number of the columns and that of the layout's writer, ``3.1``."""
    layout: str = ""
    suffix: str = ""
    """How its name for people ends, with the dot; empty for the format's own."""
    request: str = ""
    """The ``ExportRequest`` as JSON; empty for what an older version made."""
    crc32: int | None = None
    """The checksum of its bytes, for zips; None until somebody asks for one where an older version made it."""
    purpose: Purpose = Purpose.DEFAULT
    expires_at: int | None = None
    """When it is removed unless somebody uses it before; None for what stays."""
    left_out: tuple[str, ...] = ()
    """Sentences about topics that it should have and has not."""
    decoded_by: tuple[str, ...] = ()
    """The CAN databases that its values were decoded by, for people: ``car.dbc (3f9a1c0d)``."""


class RunFigures(msgspec.Struct, frozen=True):
    """The figures of a run; None where its log has no signal for one."""

    distance_m: float | None = None
    distance_from: str = ""
    """The signal that the distance was computed from."""
    max_speed_m_s: float | None = None
    min_cell_voltage_v: float | None = None
    max_cell_temperature_c: float | None = None
    driven: bool | None = None
    """Driven or parked; None when no signal tells."""


class Recording(msgspec.Struct, frozen=True):
    """One log file from a car. Its id is the SHA-256 of the original bytes, in hexadecimal.

    It is what lists show of it, and small: what is inside of the log are the ``Contents`` of its ``build``.
    """

    id: str
    names: tuple[str, ...]
    """The file names it arrived under, first first."""
    size_bytes: int
    status: Status
    uploaded_at: int
    """Nanoseconds since the Unix epoch, like every time below."""
    kind: str = FIRST_KIND
    """What its bytes are, see ``domain/log_kinds.py``; known once they are proved."""
    uploaded_by: str = ""
    started_ns: int | None = None
    started_source: StartedSource = StartedSource.LOG_TIME
    clock_offset_ns: int | None = None
    """To be added to the log's own times, as car or base station say; None where nobody knows better."""
    duration_ns: int | None = None
    message_count: int | None = None
    metadata: dict[str, MetadataValue] = {}
    setup: SetupSheet | None = None
    """How the car was set up, as people say; None where nobody did."""
    lap_marks_ns: tuple[int, ...] | None = None
    """When the car passed the line, since the log's first message, as somebody marked it; empty where they left it
    to the log again, None where nobody said anything."""
    topic_set: str | None = None
    """The id of its topics' ``TopicSet``, to count by; None until the log was read."""
    loss: LossSums | None = None
    """None until the log was read."""
    health: str = ""
    """For filters: ``intact``, ``recovered``, ``failed``; empty until one of them is known."""
    highlights: RunFigures = RunFigures()
    notices: tuple[str, ...] = ()
    """Sentences about what is odd in the log but lost nothing, such as clock jumps."""
    build: str = ""
    """The conversion that is served; changes on every conversion. Empty before the first."""
    old_build: str = ""
    """The one before, kept until ``old_build_until`` for those who were given links to it."""
    old_build_until: int | None = None
    converter: str = ""
    """Which code made its columns: their number, ``3``."""
    derived: dict[str, str] = {}
    """The maths channels that its columns hold, by name: the slug of each, which another version changes."""
    derived_in_mat: tuple[str, ...] = ()
    """Those of them that the default MATLAB file holds."""
    has_frames: bool = False
    """Whether messages of it are frames of CAN buses, although it is no log of frames."""
    decoded_by: tuple[DecodedBy, ...] = ()
    """The CAN databases that its columns were decoded by, ordered by bus."""
    checks: str = ""
    """What came of the team's checklists: ``passed``, ``failed``, or ``skipped`` where none of them could look at
    anything; empty while nobody looked."""
    failed_checks: int = 0
    """How many of their rules were not met."""
    error: Failure | None = None
    original: Original = Original.UNSAID
    """Whether its bytes are kept, written when they arrive and by ``usecases/intake/originals.py``; ask
    ``original_state``."""
    original_fault: Failure | None = None
    """What is wrong with the stored original, as far as anybody looked; its log is taken again."""
    original_hashed_at: int | None = None
    """When a run over all originals that is not finished proved its bytes."""
    deleted_at: int | None = None
    search: str = ""
    """Case-folded names, metadata, texts of the setup sheet and id, for the contains filter."""
    files: tuple[MiscFile, ...] = ()
    edits: tuple[Change, ...] = ()
    """What the last edit changed. It is written in the same moment as the edit, so that a crash before it is in
    the history collection loses nothing."""
    version: int = 1

    @property
    def name(self) -> str:
        """The name it arrived under first."""
        return self.names[0]

    @property
    def original_state(self) -> Original:
        """Whether its bytes are kept, also of a document that an older version wrote."""
        if self.original is not Original.UNSAID:
            return self.original
        if self.original_fault is not None:
            return Original.GONE if self.original_fault.code == MISSING_CODE else Original.DAMAGED
        never = not self.build and self.error is not None and self.error.code in NEVER_ARRIVED
        return Original.AWAITED if never or self.status is Status.VERIFYING else Original.KEPT

    @property
    def setup_values(self) -> dict[str, Value]:
        """What its setup sheet says; nothing where it has none."""
        return self.setup.values if self.setup else {}

    @property
    def log_health(self) -> str:
        """``intact`` or ``recovered``, as the log was when it was last read; empty before."""
        return (self.loss.health or self.health) if self.loss else ""

    @property
    def original_key(self) -> str:
        """Where its original is, or will be, in the object store."""
        return raw_key(self.id, self.kind)

    @property
    def short_id(self) -> str:
        """What people see of the id."""
        return self.id[:SHORT_ID_LENGTH]


def starting(recording: Recording, log_started_ns: int | None, *, has_clock: bool = True) -> Recording:
    """The recording with its start as the log says, corrected where its clock lied; what a person said stays.

    Args:
        log_started_ns: ``log_time`` of its first message; None where it has none.
        has_clock: whether the log's times are instants at all. Else the name may say when it began, or nobody.
    """
    if log_started_ns is None or recording.started_source is StartedSource.PERSON:
        return recording
    if not has_clock:
        named_ns = start_in_name(recording.names)
        source = StartedSource.LOG_TIME if named_ns is None else StartedSource.FILE_NAME
        return msgspec.structs.replace(recording, started_ns=named_ns, started_source=source)
    corrected_ns = log_started_ns + (recording.clock_offset_ns or 0)
    if recording.clock_offset_ns is None or not -INT64_MAX <= corrected_ns <= INT64_MAX:
        return msgspec.structs.replace(recording, started_ns=log_started_ns, started_source=StartedSource.LOG_TIME)
    return msgspec.structs.replace(recording, started_ns=corrected_ns, started_source=StartedSource.CLOCK_OFFSET)


def with_setup(recording: Recording, changes: Changes) -> Recording:
    """The recording with some values of its setup sheet changed; a sheet that says nothing is none."""
    values = changed(recording.setup_values, changes)
    copied_from = recording.setup.copied_from if recording.setup else ""
    return msgspec.structs.replace(recording, setup=SetupSheet(values, copied_from) if values else None)


def search_text(recording: Recording) -> str:
    """What the contains filter looks in: id, names, metadata values and texts of the setup sheet, case-folded."""
    words = [recording.id, *recording.names, *(v.value for v in recording.metadata.values())]
    words += [value for value in recording.setup_values.values() if isinstance(value, str)]
    return "\n".join(words).casefold()
