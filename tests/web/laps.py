"""Laps as their timing would leave them in the documents."""

from __future__ import annotations

from paddock.domain.instants import NS_PER_S
from paddock.domain.lap_table import StoredLap, lap_id
from paddock.domain.laps import Lap, LapKind


def stored_lap(
    recording: str,
    started_ns: int,
    time_s: float,
    *,
    number: int = 1,
    day: str = "2026-04-18",
    venue: str = "",
    course: str = "",
    distance_m: float | None = None,
) -> StoredLap:
    """A whole lap with a time."""
    ended_ns = started_ns + round(time_s * NS_PER_S)
    return StoredLap(
        id=lap_id(recording, number),
        recording=recording,
        number=number,
        venue=venue,
        course=course,
        day=day,
        time_s=time_s,
        lap=Lap(
            number=number,
            kind=LapKind.LAP,
            started_ns=started_ns,
            ended_ns=ended_ns,
            duration_s=time_s,
            distance_m=distance_m,
        ),
    )
