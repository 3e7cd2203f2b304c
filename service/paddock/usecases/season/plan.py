"""What the process that answers a query is told: the tables, and which files the samples of a signal are in."""

from __future__ import annotations

import hashlib

import msgspec


class SampleFiles(msgspec.Struct, frozen=True):
    """The files in which a signal lies in the same place, one per recording."""

    paths: tuple[str, ...]
    field: tuple[str, ...]
    """The column and the fields inside of it, by their names in the file."""
    element: int | None = None
    """From 0, of a list."""
    is_float: bool = False
    """Whether a missing value may be written as NaN."""
    alike: bool = True
    """Whether all files have the same fields."""


class Plan(msgspec.Struct, frozen=True):
    """One query, and all that it may read."""

    sql: str
    tables: dict[str, str]
    """Parquet file by the name of the table."""
    samples: dict[str, tuple[SampleFiles, ...]]
    """By the signal's name, as the query has it."""
    max_rows: int
    memory_bytes: int

    @property
    def files(self) -> list[str]:
        """All that may be read."""
        of_samples = (path for parts in self.samples.values() for each in parts for path in each.paths)
        return [*self.tables.values(), *of_samples]


class Said(msgspec.Struct, frozen=True):
    """The process's first line; an Arrow stream follows where the query was answered."""

    code: str = ""
    """Empty when it was answered."""
    message: str = ""


def samples_view(name: str) -> str:
    """The view behind ``samples('…')``, found by the hash because a name may hold any character."""
    return f"samples_{hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()}"
