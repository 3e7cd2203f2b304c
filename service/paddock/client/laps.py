"""Laps of a recording as the service says them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


class Sector(msgspec.Struct, frozen=True):
    """One part of a lap."""

    number: int
    duration_s: float | None
    uncertainty_s: float | None = None


class Extremes(msgspec.Struct, frozen=True):
    """Smallest and largest value of a signal over a lap."""

    min: float | None
    max: float | None


class Lap(msgspec.Struct, frozen=True, kw_only=True):
    """One lap."""

    number: int
    kind: str
    """``lap``, or ``out`` and ``in`` for the ways to and from the line."""
    started_at: str
    ended_at: str
    duration_s: float | None
    """None where it cannot be said: then ``notice`` says why."""
    uncertainty_s: float | None = None
    """Two standard deviations."""
    estimate_s: float | None = None
    sectors: tuple[Sector, ...] = ()
    distance_m: float | None = None
    energy_j: float | None = None
    extremes: dict[str, Extremes] = {}
    """By signal, those that the team chose."""
    notice: str = ""


class Laps(msgspec.Struct, frozen=True, kw_only=True):
    """The laps of a recording; iterating gives each."""

    items: tuple[Lap, ...]
    best: int | None = None
    """Number of the fastest one."""
    theoretical_best_s: float | None = None
    source: str | None = None
    """``gps``, ``beacon``, ``counter`` or ``hand``."""
    venue: str = ""
    setup: dict[str, float | str] = {}
    """The setup sheet of the run, by field."""
    notice: str = ""
    """Why there are none."""

    def __iter__(self) -> Iterator[Lap]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)
