"""A CAN database of the team: which file it is, and which recordings' frames it decodes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.errors import Rejected

MAX_FILE_BYTES = 8 << 20
"""The largest public ones have two megabytes."""
MAX_NOTICES = 50
_WORD = 200
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class DatabaseUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a database is for."""

    car: Annotated[
        str,
        Meta(max_length=2_000, description="Decodes only logs of this car; empty for all.", examples=["HT09"]),
    ] = ""
    bus: Annotated[
        str,
        Meta(
            max_length=2_000,
            description="Decodes only this bus of logs; empty for all.",
            examples=["can0"],
        ),
    ] = ""
    valid_from: Annotated[
        str,
        Meta(max_length=2_000, description="The first day of recordings that it decodes.", examples=["2026-03-01"]),
    ] = ""
    valid_until: Annotated[
        str, Meta(max_length=2_000, description="The last such day.", examples=["2026-08-31"])
    ] = ""
    note: Annotated[str, Meta(max_length=2_000, description="Why it is there.", examples=["new BMS firmware"])] = ""


class BusDatabase(msgspec.Struct, frozen=True, kw_only=True):
    """One file for one use, as a document."""

    id: str
    sha256: str
    """The hash of the file, whose bytes lie in ``database_files``."""
    name: str
    """What the file is called."""
    use: DatabaseUse = DatabaseUse()
    size_bytes: int = 0
    message_count: int = 0
    signal_count: int = 0
    notices: tuple[str, ...] = ()
    """Sentences about lines that cannot be read."""
    added_at: int = 0
    added_by: str = ""
    retired_at: int | None = None
    """Since when it decodes nothing new; kept, because recordings say that it decoded them."""
    retired_by: str = ""


class DatabaseFile(msgspec.Struct, frozen=True):
    """The bytes of a database, known by their SHA-256."""

    id: str
    content: bytes


class DecodedBy(msgspec.Struct, frozen=True):
    """Which database decoded the frames of a bus of a recording."""

    bus: str
    """Empty where it is that of all buses without one of their own."""
    database: str
    """The id of the ``BusDatabase``."""
    sha256: str


def database_id(sha256: str, use: DatabaseUse) -> str:
    """The same file for the same car, bus and days is the same database, however often it is added."""
    said = "\n".join((sha256, use.car.casefold(), use.bus, use.valid_from, use.valid_until))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def check_use(use: DatabaseUse) -> DatabaseUse:
    """A use as it is stored, without spaces around its texts.

    Raises:
        Rejected: a day that is none, days in the wrong order, a text that is too long (code ``bad_database_use``).
    """
    stripped = DatabaseUse(**{name: getattr(use, name).strip() for name in use.__struct_fields__})
    for name in stripped.__struct_fields__:
        if len(getattr(stripped, name)) > _WORD:
            raise Rejected(f"{name} is longer than {_WORD} characters.", code="bad_database_use")
    for day in (stripped.valid_from, stripped.valid_until):
        if day:
            _check_day(day)
    if stripped.valid_from and stripped.valid_until and stripped.valid_until < stripped.valid_from:
        raise Rejected("The last day is before the first.", code="bad_database_use")
    return stripped


def _check_day(day: str) -> None:
    try:
        if _DAY.fullmatch(day):
            date.fromisoformat(day)
            return
    except ValueError:
        pass
    raise Rejected(f"{day[:20]!r} is no day: write it like 2026-03-01.", code="bad_database_use")


def chosen(databases: Iterable[BusDatabase], car: str, day: str) -> dict[str, BusDatabase]:
    """Those that decode a recording, by bus.

    One that is for the car goes before one for all cars, and of several the one that was added last.

    Args:
        databases: of the team.
        car: of the recording.
        day: on which it was recorded, ``2026-04-18``.
    """
    fitting = [each for each in databases if each.retired_at is None and _fits(each.use, car, day)]
    fitting.sort(key=lambda each: (bool(each.use.car), each.added_at))
    return {each.use.bus: each for each in fitting}


def _fits(use: DatabaseUse, car: str, day: str) -> bool:
    if use.car and use.car.casefold() != car.casefold():
        return False
    return (not use.valid_from or use.valid_from <= day) and (not use.valid_until or day <= use.valid_until)
