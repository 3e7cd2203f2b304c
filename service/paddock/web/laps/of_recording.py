"""The laps of a recording as its page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paddock.domain.instants import NS_PER_S
from paddock.domain.lap_table import StoredLap
from paddock.domain.laps import best_lap, best_sectors, theoretical_best_s
from paddock.domain.recording import Recording
from paddock.domain.setup_fields import SetupField
from paddock.domain.setup_sheets import SetupFields
from paddock.domain.setup_values import Value
from paddock.domain.venues import Venue
from paddock.usecases.catalogue.catalogue import catalogue_of
from paddock.usecases.context import Context
from paddock.usecases.laps.find import laps_of
from paddock.usecases.look.plots import log_span
from paddock.usecases.setups.fields import load_setup_fields

_SHORT = 16


@dataclass(frozen=True)
class LapsOfRecording:
    """What the section of laps shows."""

    rows: Sequence[StoredLap]
    timed: int
    """How many whole laps have a time."""
    best: int | None
    best_sectors: Sequence[float | None]
    sectors: int
    signals: Sequence[str]
    theoretical: float | None
    source: str
    by: str
    """The signal that told, of laps that GPS did not."""
    venue: Venue | None
    course: str
    reference: str
    """The lap that others are compared with, as an address has it; empty for none."""
    has_way: bool
    """Whether laps can be laid over others."""
    notice: str
    waiting: bool
    marks_s: Sequence[float]
    setup: Mapping[str, Value]
    """The setup sheet of the run."""
    setup_columns: Sequence[SetupField]
    """What the table shows of it."""


async def laps_of_recording(context: Context, recording: Recording) -> LapsOfRecording:
    """The laps of a recording, and what is best among them."""
    found = await laps_of(context, recording)
    table = found.table
    laps = [each.lap for each in found.laps]
    best = best_lap(laps)
    sectors = best_sectors(laps)
    venue = await context.documents.venues.get(table.venue) if table and table.venue else None
    course = venue.course(table.course) if venue and table else None
    chosen = course.reference if course else None
    begin_ns = (await log_span(context, recording))[0] if table and table.marks_ns else 0
    source = table.source if table and table.source else ""
    return LapsOfRecording(
        rows=found.laps,
        timed=sum(lap.is_timed for lap in laps),
        best=None if best is None else best.number,
        best_sectors=sectors,
        sectors=len(sectors),
        signals=signals_shown(found.laps),
        theoretical=theoretical_best_s(laps),
        source=source,
        by=table.signals.get(source, source) if table else "",
        venue=venue,
        course=course.name if course else "",
        reference=f"{chosen.recording[:_SHORT]}:{chosen.number}" if chosen else "",
        has_way=bool(table and table.outline),
        notice=table.notice if table else "",
        waiting=found.waiting,
        marks_s=[round((mark - begin_ns) / NS_PER_S, 3) for mark in table.marks_ns] if table else [],
        setup=recording.setup_values,
        setup_columns=setup_columns_of([recording], await load_setup_fields(context)),
    )


def setup_columns_of(recordings: Sequence[Recording], fields: SetupFields) -> tuple[SetupField, ...]:
    """The columns of the setup sheet that a table shows; none where no run of it has a sheet."""
    return fields.columns if any(each.setup_values for each in recordings) else ()


def signals_shown(laps: Sequence[StoredLap]) -> list[str]:
    """The signals whose extremes some laps have, each once."""
    return list(dict.fromkeys(name for lap in laps for name in lap.extremes))


async def labels_of(context: Context, recording: Recording, names: Sequence[str]) -> dict[str, str]:
    """What people call these signals."""
    catalogue = await catalogue_of(context, recording)
    return {name: catalogue.describe(name).label for name in names}
