"""What is stored of the laps of recordings, each struct a document."""

from __future__ import annotations

import msgspec

from paddock.domain.laps import Lap, LapSource

MOST_CHOSEN = 20
"""Signals whose extremes a lap table shows."""
SETTINGS_ID = "team"
TIMING_VERSION = 2
"""Which code timed the laps: tables of another one are made again."""


class Extremes(msgspec.Struct, frozen=True):
    """Smallest and largest value of a signal over a lap."""

    min: float | None
    max: float | None


class StoredLap(msgspec.Struct, frozen=True, kw_only=True):
    """One lap of a recording."""

    id: str
    """See ``lap_id``."""
    recording: str
    number: int
    venue: str
    """Empty where there is none."""
    course: str
    day: str
    """On which it was driven, ``2026-04-18`` in UTC; empty where nobody knows."""
    time_s: float | None
    """For a whole lap with a time; lists sort by it."""
    lap: Lap
    energy_j: float | None = None
    """Out of the pack, by its voltage and current."""
    extremes: dict[str, Extremes] = {}
    """By the name of the signal."""


class LapTable(msgspec.Struct, frozen=True, kw_only=True):
    """How the laps of a recording were timed; its id is the recording's."""

    id: str
    build: str = ""
    """The conversion whose columns told; empty where none was looked at yet."""
    venue: str = ""
    course: str = ""
    source: LapSource | None = None
    signals: dict[str, str] = {}
    """What was read, by what for."""
    latitude: float | None = None
    longitude: float | None = None
    """Where the car was."""
    outline: tuple[tuple[float, float], ...] = ()
    """Latitude and longitude along the fastest lap, or along all of the way."""
    marks_ns: tuple[int, ...] = ()
    """When the car passed the line, if a person said so."""
    notice: str = ""
    """Why there are no laps."""
    timed_at: int = 0
    version: int = 0
    """``TIMING_VERSION`` of the code that made it."""


class LapTrace(msgspec.Struct, frozen=True, kw_only=True):
    """The way of a recording's car on a raster of time; its id is the recording's."""

    id: str
    build: str
    begin_ns: int
    step_ns: int
    latitude: float
    longitude: float
    """What east and north are measured from."""
    driven_m: bytes
    """Little-endian float32, shape (N,), like the others; NaN where there was no fix for long."""
    east_m: bytes
    north_m: bytes


class LapSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the team wants in its lap tables."""

    id: str = SETTINGS_ID
    signals: tuple[str, ...] = ()
    """Names or catalogue names whose extremes are shown."""


def lap_id(recording: str, number: int) -> str:
    """The id of a stored lap."""
    return f"{recording}:{number}"
