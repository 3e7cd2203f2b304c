"""A table as another engine (Athena, Trino, Spark) is told of it: Parquet files below some folders of the store."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection

import msgspec

_LONGEST = 100
_WORD = re.compile(r"[^a-z0-9]+")
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class EngineTable(msgspec.Struct, frozen=True):
    """Its name, its columns, and where its files lie."""

    name: str
    columns: dict[str, str]
    """Type as Hive writes it (``bigint``, ``struct<x:double>``) by the name of the column."""
    folder: str
    """The prefix of all of its files in the object store; ends in a slash."""
    channels: tuple[str, ...] = ()
    """For a topic's table: slugs of its channels, each of which is a folder ``channel=<slug>/`` in ``folder``."""
    topic: str = ""
    """Empty for the tables about recordings."""
    left_out: tuple[str, ...] = ()
    """Columns that engines cannot name, or have no type for."""


def table_name(topic: str, taken: Collection[str]) -> str:
    """What a topic's table is called: its words in lower case, with a hash behind them where that is taken."""
    words = _WORD.sub("_", topic.casefold()).strip("_")[:_LONGEST] or "channel"
    name = words if words[0].isalpha() else f"t_{words}"
    if name not in taken:
        return name
    return f"{name}_{hashlib.sha256(topic.encode()).hexdigest()[:8]}"


def may_be_named(column: str) -> bool:
    """Whether every engine takes it for a name without quotes, also inside of a struct's type."""
    return _COLUMN.fullmatch(column) is not None
