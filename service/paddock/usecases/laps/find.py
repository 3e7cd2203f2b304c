"""Laps as people ask for them: of one recording, of a day, of a driver, the fastest of a season."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from paddock.domain.fields import same_value
from paddock.domain.instants import NS_PER_S
from paddock.domain.job import JobState
from paddock.domain.lap_marks import MOST_MARKS
from paddock.domain.lap_table import TIMING_VERSION, LapTable, StoredLap
from paddock.domain.principal import Principal
from paddock.domain.recording import Recording
from paddock.errors import NotFound, Rejected
from paddock.ports.documents import MAX_PAGE, Between, Condition, Equals, Exists, OneOf, Sort
from paddock.usecases.context import Context
from paddock.usecases.edit.edit import change_recording
from paddock.usecases.find.recordings import check_converted, find_recordings
from paddock.usecases.find.search import Search, in_every_spelling
from paddock.usecases.find.search import conditions as conditions_of_recordings
from paddock.usecases.jobs import jobs
from paddock.usecases.look.plots import log_span

MOST_LOOKED_AT = 5_000
"""Laps that are looked through for those of one driver."""
_MOST_NAMED = 5_000
"""Recordings that a search of laps may name; a team has 2,000 in a season."""


@dataclass(frozen=True)
class RecordingLaps:
    """The laps of one recording."""

    table: LapTable | None
    """None where nobody has timed them yet."""
    laps: tuple[StoredLap, ...]
    waiting: bool
    """Whether they are being timed, or will be."""


class SeasonLap(msgspec.Struct, frozen=True):
    """A lap with the recording that it is in."""

    stored: StoredLap
    recording: Recording


@dataclass(frozen=True)
class LapSearch:
    """Which laps are meant; what is empty holds for all."""

    venue: str = ""
    course: str = ""
    since: str = ""
    """First day."""
    until: str = ""
    """Last day."""
    metadata: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For a metadata field the values of which it has one, in any case and spacing."""
    also: tuple[Condition, ...] = ()
    """What else holds of the laps."""


async def laps_of(context: Context, recording: Recording) -> RecordingLaps:
    """All laps of a recording in their order."""
    table = await context.documents.lap_tables.get(recording.id)
    page = await context.documents.laps.find(
        [Equals("recording", recording.id)], sort=Sort("number"), limit=MAX_PAGE
    )
    job = await context.documents.jobs.get(f"laps-{recording.id}")
    waiting = job is not None and job.state in (JobState.QUEUED, JobState.RUNNING)
    known = table is not None and table.build != ""
    return RecordingLaps(table if known else None, page.items, waiting)


def conditions(search: LapSearch) -> list[Condition]:
    """A search as the documents understand it, without what it wants of recordings."""
    where: list[Condition] = [Exists("time_s"), *search.also]
    if search.venue:
        where.append(Equals("venue", search.venue))
    if search.course:
        where.append(Equals("course", search.course))
    if search.since or search.until:
        where.append(Between("day", search.since or None, f"{search.until}~" if search.until else None))
    return where


async def recordings_meant(context: Context, search: LapSearch) -> list[Condition]:
    """What a search wants of recordings, as a condition for their laps; empty where it wants nothing, or too many.

    It takes a second where these have 20,000 laps: who wants the fastest few is quicker without.

    Raises:
        Rejected: there is more in it than can be looked for (code ``search_too_long``).
    """
    if not search.metadata:
        return []
    wanted = await in_every_spelling(context, Search(metadata=search.metadata))
    meant = await context.documents.recordings.counts(["id"], conditions_of_recordings(wanted))
    return [OneOf("recording", tuple(each for (each,), _ in meant))] if len(meant) <= _MOST_NAMED else []


async def fastest_laps(
    context: Context,
    search: LapSearch,
    limit: int,
    *,
    look_at: int = MOST_LOOKED_AT,
    meant: Sequence[Condition] | None = None,
) -> list[SeasonLap]:
    """The fastest laps that are meant, the fastest first. Those of deleted recordings are left out.

    Args:
        look_at: about how many are looked through for those that are meant, before these are looked for by their
            recordings: whoever is not among the fastest is found so.
        meant: what ``recordings_meant`` says, where it is known already.
    """
    where = conditions(search)
    found: list[SeasonLap] = []
    at_once = MAX_PAGE if search.metadata else limit
    after, looked_at = None, 0
    while len(found) < limit and looked_at < look_at:
        page = await context.documents.laps.find(where, sort=Sort("time_s"), limit=at_once, after=after)
        looked_at += len(page.items)
        found += await _with_recordings(context, page.items, search)
        if page.next is None:
            return found[:limit]
        after = page.next
    if len(found) < limit and meant is None:
        meant = await recordings_meant(context, search)
    if len(found) < limit and meant:
        page = await context.documents.laps.find([*where, *meant], sort=Sort("time_s"), limit=limit)
        found = await _with_recordings(context, page.items, search)
    return found[:limit]


async def _with_recordings(context: Context, laps: Sequence[StoredLap], search: LapSearch) -> list[SeasonLap]:
    if not laps:
        return []
    wanted = OneOf("id", tuple({lap.recording for lap in laps}))
    page = await context.documents.recordings.find([wanted, Equals("deleted_at", None)], limit=MAX_PAGE)
    metadata = {name: frozenset(map(same_value, values)) for name, values in search.metadata.items()}
    known = {recording.id: recording for recording in page.items if _is_meant(recording, metadata)}
    return [SeasonLap(lap, known[lap.recording]) for lap in laps if lap.recording in known]


def _is_meant(recording: Recording, wanted: Mapping[str, frozenset[str]]) -> bool:
    said = {name: known.value for name, known in recording.metadata.items()}
    return all(name in said and same_value(said[name]) in values for name, values in wanted.items())


async def get_lap(context: Context, recording: Recording, number: int) -> StoredLap:
    """One lap.

    Raises:
        NotFound: the recording has none of this number (code ``no_such_lap``).
    """
    lap = await context.documents.laps.get(f"{recording.id}:{number}")
    if lap is None:
        raise NotFound(f"Recording {recording.short_id} has no lap {number}.", code="no_such_lap")
    return lap


async def ask_for_laps(context: Context, principal: Principal, recording: Recording) -> None:
    """Have the laps of a recording timed again.

    Raises:
        Conflict: it is not converted yet (code ``not_ready``).
    """
    check_converted(recording)
    await jobs.enqueue(context, "laps", recording.id, asked_by=principal.name)


async def ask_for_missing(context: Context, principal: Principal) -> int:
    """Have the laps of all recordings timed that no code of this version looked at; how many."""
    asked, after = 0, None
    while True:
        page = await find_recordings(context, limit=MAX_PAGE, after=after)
        ready = [recording for recording in page.items if recording.build]
        wanted = OneOf("id", tuple(recording.id for recording in ready))
        tables = await context.documents.lap_tables.find([wanted], limit=MAX_PAGE) if ready else None
        known = {table.id: table for table in tables.items} if tables else {}
        for recording in ready:
            table = known.get(recording.id)
            if table is None or table.build != recording.build or table.version != TIMING_VERSION:
                await jobs.enqueue(context, "laps", recording.id, asked_by=principal.name)
                asked += 1
        if page.next is None:
            return asked
        after = page.next


async def mark_laps(context: Context, principal: Principal, recording: Recording, marks_s: Sequence[float]) -> None:
    """Say by hand when the car passed the line; no marks leave it to the log again.

    Args:
        marks_s: seconds since the first message of the log.

    Raises:
        Rejected: too many of them, or outside of the log (code ``bad_lap_marks``).
        Conflict: it is not converted yet (code ``not_ready``).
    """
    check_converted(recording)
    begin_ns, end_ns = await log_span(context, recording)
    length_s = (end_ns - begin_ns) / NS_PER_S
    if len(marks_s) > MOST_MARKS:
        raise Rejected(f"Mark at most {MOST_MARKS:,} passings.", code="bad_lap_marks")
    if any(not 0 <= mark <= length_s for mark in marks_s):
        raise Rejected(f"The log has {length_s:.1f} s: marks lie within these.", code="bad_lap_marks")
    marks_ns = tuple(sorted({round(mark * NS_PER_S) for mark in marks_s}))
    await change_recording(
        context, principal, recording.id, lambda known: msgspec.structs.replace(known, lap_marks_ns=marks_ns), None
    )
    await ask_for_laps(context, principal, recording)
