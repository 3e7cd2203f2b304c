"""Laps of a recording: structures, and what is best among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec


class LapKind(StrEnum):
    """What part of a run a lap is."""

    OUT = "out"
    """From the beginning to the first crossing of the line."""
    LAP = "lap"
    """From line to line; on a course with a finish elsewhere from start to finish."""
    IN = "in"
    """From the last crossing to the end."""


class LapSource(StrEnum):
    """What the laps were timed by."""

    GPS = "gps"
    BEACON = "beacon"
    """A signal that says when the car passes a beacon beside the track."""
    COUNTER = "counter"
    """A signal that counts laps."""
    HAND = "hand"
    """A person marked them."""


class Sector(msgspec.Struct, frozen=True):
    """One part of a lap."""

    number: int
    """From 1."""
    duration_s: float | None
    """None where no instant is known at one of its ends."""
    uncertainty_s: float | None = None
    """Two standard deviations of the duration."""


class Lap(msgspec.Struct, frozen=True, kw_only=True):
    """One lap."""

    number: int
    """From 1; 0 is the way out."""
    kind: LapKind
    started_ns: int
    ended_ns: int
    duration_s: float | None
    """None where it cannot be said; then ``notice`` says why, and ``estimate_s`` what it may be."""
    uncertainty_s: float | None = None
    """Two standard deviations of the duration; of an estimate the most that it can be off."""
    estimate_s: float | None = None
    distance_m: float | None = None
    sectors: tuple[Sector, ...] = ()
    notice: str = ""
    """What is odd about it, as ``no fix for 2.1 s``."""

    @property
    def is_timed(self) -> bool:
        """Whether it is a whole lap with a time."""
        return self.kind is LapKind.LAP and self.duration_s is not None


def best_lap(laps: Iterable[Lap]) -> Lap | None:
    """The fastest one with a time, the first of several."""
    return min((lap for lap in laps if lap.is_timed), default=None, key=lambda lap: (lap.duration_s, lap.number))


def best_sectors(laps: Iterable[Lap]) -> tuple[float | None, ...]:
    """The fastest time of each sector, over all whole laps."""
    best: dict[int, float | None] = {}
    for lap in laps:
        for sector in lap.sectors if lap.kind is LapKind.LAP else ():
            known = best.setdefault(sector.number, None)
            if sector.duration_s is not None and (known is None or sector.duration_s < known):
                best[sector.number] = sector.duration_s
    return tuple(best[number] for number in sorted(best))


def theoretical_best_s(laps: Sequence[Lap]) -> float | None:
    """The sum of the fastest sectors; the fastest lap where there are none."""
    sectors = best_sectors(laps)
    if len(sectors) > 1:
        known = [time for time in sectors if time is not None]
        return sum(known) if len(known) == len(sectors) else None
    best = best_lap(laps)
    return None if best is None else best.duration_s


def lap_time(duration_s: float) -> str:
    """``1:23.456``, as a race engineer writes it; without minutes where there are none."""
    thousandths = round(duration_s * 1000)
    minutes, thousandths = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{thousandths // 1000:02d}.{thousandths % 1000:03d}"
    if hours:
        return f"{hours}:{minutes:02d}:{seconds}"
    return f"{minutes}:{seconds}" if minutes else f"{thousandths / 1000:.3f}"
