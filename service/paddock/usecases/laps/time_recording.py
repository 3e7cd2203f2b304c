"""Times the laps of a recording from its stored columns, and stores them. Runs on a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from paddock.columns.stored import StoredColumns
from paddock.domain.catalogue import CarCatalogue
from paddock.domain.catalogue_defaults import Role
from paddock.domain.fields import EVENT, VENUE
from paddock.domain.instants import to_rfc3339
from paddock.domain.job import Job
from paddock.domain.lap_table import TIMING_VERSION, Extremes, LapTable, LapTrace, StoredLap, lap_id
from paddock.domain.laps import Lap, best_lap
from paddock.domain.recording import Recording
from paddock.domain.venues import Course, Place
from paddock.errors import NotFound
from paddock.ports.documents import Equals
from paddock.usecases.catalogue.catalogue import catalogue_of, signals_of
from paddock.usecases.checks.asking import ask_checks_after_laps
from paddock.usecases.context import Context
from paddock.usecases.laps.figures import energies_of, extremes_of
from paddock.usecases.laps.inputs import LapInputs, read_inputs
from paddock.usecases.laps.settings import chosen_signals
from paddock.usecases.laps.timing import TimedLaps, found_course, place_of, time_laps
from paddock.usecases.laps.traces import opened, outline_of, trace_of
from paddock.usecases.laps.venues import course_found, venue_at
from paddock.usecases.look.plots import log_span
from paddock.usecases.maths.asking import ask_after_laps
from paddock.usecases.take_away.stored_columns import columns_with

_ROLES = (
    Role.LATITUDE,
    Role.LONGITUDE,
    Role.SPEED,
    Role.WHEEL_SPEED,
    Role.YAW_RATE,
    Role.LAP,
    Role.BEACON,
)
_ENERGY = (Role.PACK_VOLTAGE, Role.PACK_CURRENT)
_DAY = len("2026-04-18")
FEWEST_CROSSINGS = 3
"""At a line that is believed to be one: a car that came by twice may have turned round."""


async def time_laps_of(context: Context, job: Job, progress: Callable[[float], None]) -> None:
    """The job of the kind ``laps``."""
    recording = await context.documents.recordings.get(job.subject)
    if recording is not None and recording.build and recording.deleted_at is None:
        await time_recording(context, recording)
    progress(1.0)


async def time_recording(context: Context, recording: Recording) -> LapTable:
    """Find the laps of a recording by the venue it was driven at, and store them in the place of those before.

    A venue that nobody knows is added, if the car came round often enough.

    Raises:
        Conflict: the columns are damaged or gone (code ``columns_damaged``).
    """
    catalogue = await catalogue_of(context, recording)
    signals = await signals_of(context, recording)
    span = await log_span(context, recording)
    resolved = await asyncio.to_thread(
        catalogue.resolve, [(signal.name, signal.dtype) for signal in signals if not signal.element_of]
    )
    names = {one.name for role in (*_ROLES, *_ENERGY) for one in resolved.get(role, ())[:1]}
    chosen = await chosen_signals(context, catalogue, signals)
    columns = await columns_with(context, recording, names | set(chosen), span)
    inputs = await asyncio.to_thread(read_inputs, columns, catalogue)
    if recording.lap_marks_ns is not None:
        marks = tuple(span[0] + mark for mark in recording.lap_marks_ns)
    else:
        # Marks of a version before 0.6 are in the table alone.
        before = await context.documents.lap_tables.get(recording.id)
        marks = before.marks_ns if before else ()
    table, timed = await _on_course(context, recording, inputs, span, marks)
    figures = await asyncio.to_thread(_figures, columns, catalogue, chosen, timed.laps)
    trace = None
    if inputs.motion is not None:
        trace = await asyncio.to_thread(trace_of, recording.id, recording.build, inputs.motion)
        table = msgspec.structs.replace(table, outline=outline_of(opened(trace), _outlined(timed.laps, span)))
    await _store(context, recording, table, timed.laps, figures, trace)
    await ask_after_laps(context, recording)
    await ask_checks_after_laps(context, recording)
    return table


@dataclass(frozen=True)
class _Figures:
    energies: Sequence[float | None]
    extremes: Sequence[dict[str, Extremes]]


def _figures(
    columns: StoredColumns, catalogue: CarCatalogue, chosen: Sequence[str], laps: Sequence[Lap]
) -> _Figures:
    if not laps:
        return _Figures([], [])
    return _Figures(energies_of(columns, catalogue, laps), extremes_of(columns, chosen, laps))


async def _on_course(
    context: Context, recording: Recording, inputs: LapInputs, span: tuple[int, int], marks: tuple[int, ...]
) -> tuple[LapTable, TimedLaps]:
    """The laps by the course that fits best, and what is known of the table before its figures."""
    place = await asyncio.to_thread(place_of, inputs)
    table = LapTable(
        id=recording.id,
        build=recording.build,
        signals=dict(inputs.names),
        latitude=place.latitude if place else None,
        longitude=place.longitude if place else None,
        marks_ns=marks,
        timed_at=context.now(),
        version=TIMING_VERSION,
    )
    day, event = day_of(recording), EVENT.of(recording.metadata)
    venue = None if place is None else await venue_at(context, place)
    timed: TimedLaps | None = None
    for course in venue.courses_for(day, event) if venue else ():
        timed = await asyncio.to_thread(time_laps, inputs, course, span, marks)
        if any(lap.is_timed for lap in timed.laps):
            break
    driven = timed is not None and timed.course is not None and bool(timed.laps)
    if not driven and not marks and place is not None:
        found = await asyncio.to_thread(found_course, inputs)
        if found is not None:
            tried = await asyncio.to_thread(time_laps, inputs, found, span, marks)
            if sum(lap.is_timed for lap in tried.laps) >= FEWEST_CROSSINGS - 1:
                added = msgspec.structs.replace(
                    found, event=event if venue else "", valid_from=day if venue else ""
                )
                venue, course = await course_found(context, recording, place, added, VENUE.of(recording.metadata))
                timed = TimedLaps(tried.laps, tried.source, course)
    if timed is None:
        timed = await asyncio.to_thread(time_laps, inputs, None, span, marks)
    used: Course | None = timed.course if timed.laps else None
    return (
        msgspec.structs.replace(
            table,
            venue=venue.id if venue else "",
            course=used.id if used else "",
            source=timed.source,
            notice="" if timed.laps else _why_none(inputs, place),
        ),
        timed,
    )


def _why_none(inputs: LapInputs, place: Place | None) -> str:
    if place is None:
        return "There is no position in this log, and no signal that tells of laps: mark them by hand."
    return "The car came by no place often enough to have driven laps."


def day_of(recording: Recording) -> str:
    """The day on which it was recorded, in UTC; empty where nobody knows."""
    return "" if recording.started_ns is None else to_rfc3339(recording.started_ns)[:_DAY]


def _outlined(laps: Sequence[Lap], span: tuple[int, int]) -> tuple[int, int]:
    best = best_lap(laps)
    return span if best is None else (best.started_ns, best.ended_ns)


async def _store(
    context: Context,
    recording: Recording,
    table: LapTable,
    laps: Sequence[Lap],
    figures: _Figures,
    trace: LapTrace | None,
) -> None:
    current = await context.documents.recordings.get(recording.id)
    if current is None:
        raise NotFound("The recording was removed while its laps were timed.")
    documents = context.documents
    await documents.laps.delete([Equals("recording", recording.id)])
    stored = [
        StoredLap(
            id=lap_id(recording.id, lap.number),
            recording=recording.id,
            number=lap.number,
            venue=table.venue,
            course=table.course,
            day=day_of(recording),
            time_s=lap.duration_s if lap.is_timed else None,
            lap=lap,
            energy_j=energy,
            extremes=extremes,
        )
        for lap, energy, extremes in zip(laps, figures.energies, figures.extremes, strict=True)
    ]
    if stored:
        await documents.laps.put_many(stored)
    if trace is not None:
        await documents.lap_traces.put_many([trace])
    # Last, so that a table never says more than there is.
    await documents.lap_tables.put_many([table])
