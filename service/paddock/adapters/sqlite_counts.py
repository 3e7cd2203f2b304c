"""Counts and sums of ``ports/documents.py`` in SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from paddock.adapters.sqlite_filters import Sql, select_sql, where_sql
from paddock.adapters.sqlite_schema import expression
from paddock.ports.documents import MAX_GROUPS, Exists, Group, Scalar, Where


def facet_sql(table: str, field: str, where: Where, limit: int) -> Sql:
    """The values of a field, each with how many match."""
    found = select_sql(table, {"value": field}, [Exists(field), *where])
    query = f"SELECT value, count(*) FROM ({found.text}) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {limit}"
    return Sql(query, found.values)


def counts_sql(table: str, by: Sequence[str], where: Where) -> Sql:
    """The combinations of the values of some fields, each with how many match in the last column."""
    columns = {f"by{place}": field for place, field in enumerate(by)}
    found = select_sql(table, columns, where)
    names = ", ".join(columns)
    query = (
        f"SELECT {names}, count(*) AS found FROM ({found.text}) GROUP BY {names}"
        f" ORDER BY found DESC, {names} LIMIT {MAX_GROUPS}"
    )
    return Sql(query, found.values)


def sums(connection: sqlite3.Connection, table: str, field: str, by: Sequence[str], where: Where) -> list[Group]:
    """Sums of a field by group."""
    matching = where_sql(table, where)
    names = ", ".join(f"by{place}" for place in range(len(by)))
    values = ", ".join(f"{expression(name)} AS by{place}" for place, name in enumerate(by))
    # Added up here: below sum() SQLite does not read an index in place of the documents, and where nearly every
    # row is a group of its own its GROUP BY takes longer than reading. The order chooses the index.
    query = f"SELECT {values}, {expression(field)} FROM {table} WHERE {matching.text} ORDER BY {names}"
    # Numbers in two dictionaries: a list for each group is ten thousand things for Python's collector to look at,
    # which takes longer than adding up.
    counts: dict[tuple[Scalar, ...], int] = {}
    totals: dict[tuple[Scalar, ...], int] = {}
    for row in connection.execute(query, matching.values).fetchall():
        key = row[:-1]
        counts[key] = counts.get(key, 0) + 1
        totals[key] = totals.get(key, 0) + (row[-1] or 0)
    # Rows come in the order of the values, and a sort keeps it among equal sums.
    largest = sorted(totals, key=totals.__getitem__, reverse=True)[:MAX_GROUPS]
    return [Group(key, counts[key], totals[key]) for key in largest]
