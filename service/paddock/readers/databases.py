"""Reads CAN databases from the files that hold them."""

from __future__ import annotations

from paddock.domain.can_database import CanDatabase
from paddock.errors import Rejected
from paddock.readers.can.by_cantools import is_sym_or_kcd, read_sym_or_kcd
from paddock.readers.can.dbc import read_dbc

MAX_DATABASE_BYTES = 64 << 20
"""The largest public ones have two megabytes."""


def read_database(content: bytes, name: str) -> CanDatabase:
    """The database of a DBC, ``.sym`` or ``.kcd`` file, damaged or not; its ``notices`` say what cannot be read.

    Args:
        content: of the file.
        name: for people.

    Raises:
        Rejected: it is none (code ``not_a_database``), or cantools is missing for it (``needs_cantools``).
    """
    if len(content) <= MAX_DATABASE_BYTES:
        database = read_sym_or_kcd(content, name) if is_sym_or_kcd(content) else read_dbc(content)
        if database.messages:
            return database
    raise Rejected(
        f"{name} is no CAN database: no message can be read in it. Give a .dbc, .sym or .kcd file.",
        code="not_a_database",
    )
