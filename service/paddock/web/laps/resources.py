"""Laps and venues as JSON has them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.domain.instants import to_rfc3339
from paddock.domain.lap_table import LapTable, StoredLap
from paddock.domain.laps import LapKind, LapSource, best_lap, theoretical_best_s
from paddock.domain.recording import Recording
from paddock.domain.setup_values import Value
from paddock.domain.venues import MAX_CONFIGURATIONS, Course, Venue
from paddock.usecases.laps.find import RecordingLaps, SeasonLap


class SectorResource(msgspec.Struct, frozen=True):
    """One part of a lap."""

    number: Annotated[int, Meta(description="From 1.", examples=[1])]
    duration_s: Annotated[float | None, Meta(description="Null where no instant is known.", examples=[21.412])]
    uncertainty_s: Annotated[float | None, Meta(description="Two standard deviations.", examples=[0.005])]


class ExtremesResource(msgspec.Struct, frozen=True):
    """Smallest and largest value over a lap."""

    min: Annotated[float | None, Meta(description="The smallest.", examples=[0.0])]
    max: Annotated[float | None, Meta(description="The largest.", examples=[27.1])]


class LapResource(msgspec.Struct, frozen=True, kw_only=True):
    """One lap of a recording."""

    number: Annotated[int, Meta(description="From 1; 0 is the way out.", examples=[3])]
    kind: Annotated[LapKind, Meta(description="`out` and `in` are the ways to and from the line.")]
    started_at: Annotated[str, Meta(description="RFC 3339, UTC.", examples=["2026-04-18T14:33:07.118Z"])]
    ended_at: Annotated[str, Meta(description="RFC 3339, UTC.")]
    duration_s: Annotated[
        float | None, Meta(description="Null where it cannot be said: then `notice` says why.", examples=[62.318])
    ]
    uncertainty_s: Annotated[
        float | None,
        Meta(description="Two standard deviations; of an estimate the most that it is off.", examples=[0.006]),
    ]
    estimate_s: Annotated[float | None, Meta(description="What a lap without a duration may have taken.")]
    sectors: Annotated[tuple[SectorResource, ...], Meta(description="In the order of driving.")]
    distance_m: Annotated[float | None, Meta(description="Driven.", examples=[952.4])]
    energy_j: Annotated[float | None, Meta(description="Out of the pack, by voltage and current.")]
    extremes: Annotated[dict[str, ExtremesResource], Meta(description="Of the signals that the team chose.")]
    notice: Annotated[str, Meta(description="What is odd about it.", examples=["no fix for 2.1 s"])]


class LapsResource(msgspec.Struct, frozen=True, kw_only=True):
    """The laps of a recording."""

    items: Annotated[tuple[LapResource, ...], Meta(description="In their order.")]
    best: Annotated[int | None, Meta(description="Number of the fastest lap.")]
    theoretical_best_s: Annotated[float | None, Meta(description="The sum of the fastest sectors.")]
    source: Annotated[LapSource | None, Meta(description="What they were timed by.")]
    signals: Annotated[dict[str, str], Meta(description="The signals that were read, by what for.")]
    venue: Annotated[str, Meta(description="Id of the venue; empty where there is none.")]
    course: Annotated[str, Meta(description="Id of its configuration.")]
    notice: Annotated[str, Meta(description="Why there are no laps.")]
    setup: Annotated[
        dict[str, float | str], Meta(description="The setup sheet of the run by field; empty where it has none.")
    ]
    marks_at: Annotated[tuple[str, ...], Meta(description="When the car passed the line, said by hand.")]
    timed: Annotated[bool, Meta(description="Whether anybody looked for laps yet.")]
    waiting: Annotated[bool, Meta(description="Whether they are being timed.")]


class SeasonLapResource(msgspec.Struct, frozen=True, kw_only=True):
    """A lap with what its recording says."""

    recording: Annotated[str, Meta(description="Id of the recording.")]
    venue: Annotated[str, Meta(description="Id of the venue.")]
    course: Annotated[str, Meta(description="Id of its configuration.")]
    day: Annotated[str, Meta(description="On which it was driven, UTC.", examples=["2026-04-18"])]
    metadata: Annotated[dict[str, str], Meta(description="Driver, car and the like.")]
    setup: Annotated[
        dict[str, float | str], Meta(description="The setup sheet of its run by field; empty where it has none.")
    ]
    lap: Annotated[LapResource, Meta(description="The lap itself.")]


class SeasonResource(msgspec.Struct, frozen=True):
    """The fastest laps."""

    items: Annotated[tuple[SeasonLapResource, ...], Meta(description="The fastest first.")]


class VenueResource(msgspec.Struct, frozen=True, kw_only=True):
    """A place that the team drives at."""

    id: Annotated[str, Meta(description="For addresses.", examples=["9f2c41d07ab3"])]
    name: Annotated[str, Meta(description="Its name.", examples=["Michigan International Speedway"])]
    latitude: Annotated[float, Meta(description="Degrees north.")]
    longitude: Annotated[float, Meta(description="Degrees east.")]
    courses: Annotated[tuple[Course, ...], Meta(description="Its configurations with their lines.")]
    found_in: Annotated[str, Meta(description="The recording that it was found in; empty for one that was drawn.")]
    version: Annotated[int, Meta(description="What a change of it says.")]
    changed_at: Annotated[str, Meta(description="RFC 3339, UTC.")]
    changed_by: Annotated[str, Meta(description="Empty where a recording told.")]


class VenueList(msgspec.Struct, frozen=True):
    """All venues."""

    items: Annotated[tuple[VenueResource, ...], Meta(description="By name.")]


class VenueDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A venue as somebody wants it."""

    name: Annotated[str, Meta(min_length=1, max_length=200, description="Its name.")]
    courses: Annotated[
        tuple[Course, ...], Meta(min_length=1, max_length=MAX_CONFIGURATIONS, description="Its configurations.")
    ]


class VenueChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a venue is to be from now on; ``version`` is the one that was looked at."""

    name: Annotated[str, Meta(min_length=1, max_length=200, description="Its name.")]
    courses: Annotated[
        tuple[Course, ...], Meta(min_length=1, max_length=MAX_CONFIGURATIONS, description="Its configurations.")
    ]
    version: Annotated[int, Meta(ge=1, le=2**53, description="Of the venue that was changed.")]


def lap_resource(stored: StoredLap) -> LapResource:
    """One lap."""
    lap = stored.lap
    return LapResource(
        number=lap.number,
        kind=lap.kind,
        started_at=to_rfc3339(lap.started_ns),
        ended_at=to_rfc3339(lap.ended_ns),
        duration_s=lap.duration_s,
        uncertainty_s=lap.uncertainty_s,
        estimate_s=lap.estimate_s,
        sectors=tuple(SectorResource(each.number, each.duration_s, each.uncertainty_s) for each in lap.sectors),
        distance_m=lap.distance_m,
        energy_j=stored.energy_j,
        extremes={name: ExtremesResource(each.min, each.max) for name, each in stored.extremes.items()},
        notice=lap.notice,
    )


def laps_resource(found: RecordingLaps, setup: dict[str, Value]) -> LapsResource:
    """The laps of a recording.

    Args:
        setup: the sheet of its run, as programs get it.
    """
    table = found.table or LapTable(id="")
    laps = [each.lap for each in found.laps]
    best = best_lap(laps)
    return LapsResource(
        items=tuple(lap_resource(each) for each in found.laps),
        best=None if best is None else best.number,
        theoretical_best_s=theoretical_best_s(laps),
        source=table.source,
        signals=table.signals,
        venue=table.venue,
        course=table.course,
        notice=table.notice,
        setup=setup,
        marks_at=tuple(to_rfc3339(mark) for mark in table.marks_ns),
        timed=found.table is not None,
        waiting=found.waiting,
    )


def season_resource(found: SeasonLap, setup: dict[str, Value]) -> SeasonLapResource:
    """One lap of a season.

    Args:
        setup: the sheet of its run, as programs get it.
    """
    return SeasonLapResource(
        recording=found.recording.id,
        venue=found.stored.venue,
        course=found.stored.course,
        day=found.stored.day,
        metadata=said_of(found.recording),
        setup=setup,
        lap=lap_resource(found.stored),
    )


def said_of(recording: Recording) -> dict[str, str]:
    """The metadata of a recording, values alone."""
    return {name: said.value for name, said in recording.metadata.items()}


def venue_resource(venue: Venue) -> VenueResource:
    """One venue."""
    return VenueResource(
        id=venue.id,
        name=venue.name,
        latitude=venue.latitude,
        longitude=venue.longitude,
        courses=venue.courses,
        found_in=venue.found_in,
        version=venue.version,
        changed_at=to_rfc3339(venue.changed_at),
        changed_by=venue.changed_by,
    )
