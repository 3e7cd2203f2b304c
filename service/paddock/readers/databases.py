"""Reads CAN databases from the files that hold them."""

from __future__ import annotations

from paddock.domain.can_database import CanDatabase
from paddock.errors import Rejected
from paddock.readers.can.dbc import read_dbc

MAX_DATABASE_BYTES = 64 << 20
"""The largest public ones have two megabytes."""


def read_database(content: bytes, name: str) -> CanDatabase:
    """The database of a DBC file, damaged or not: its ``notices`` say what cannot be read.

    Args:
        content: of the file.
        name: for people.

    Raises:
        Rejected: it is none (code ``not_a_database``).
    """
    if len(content) <= MAX_DATABASE_BYTES:
        database = read_dbc(content)
        if database.messages:
            return database
    raise Rejected(
        f"{name} is no CAN database: no message (BO_) can be read in it. Give a .dbc file.", code="not_a_database"
    )
