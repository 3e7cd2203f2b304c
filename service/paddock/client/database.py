"""CAN databases of the team, as the service says them."""

from __future__ import annotations

import msgspec


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """One file for one use."""

    id: str
    name: str
    sha256: str
    car: str = ""
    """Decodes only logs of this car; empty for all."""
    bus: str = ""
    valid_from: str = ""
    """The first day of recordings that it decodes, ``2026-03-01``."""
    valid_until: str = ""
    note: str = ""
    messages: int = 0
    signals: int = 0
    notices: tuple[str, ...] = ()
    """Lines that cannot be read."""
    added_at: str = ""
    added_by: str = ""
    retired: bool = False


class AddedDatabase(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a database that was added."""

    database: Database
    converted: int
    """How many recordings are converted now, because their frames were only bytes."""
    renamed: tuple[str, ...] = ()
    """Signals whose names before are aliases in the signal catalogue now."""


class DatabaseChange(msgspec.Struct, frozen=True, kw_only=True):
    """One difference between two versions."""

    kind: str
    """``added``, ``removed``, ``renamed``, ``rescaled``, ``moved`` or ``redefined``."""
    name: str
    was: str = ""
    sentence: str = ""
