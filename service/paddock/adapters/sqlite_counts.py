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
    found: dict[tuple[Scalar, ...], list[int]] = {}
    for row in connection.execute(query, matching.values).fetchall():
        number = row[-1] or 0
        if known := found.get(key := row[:-1]):
            known[0] += 1
            known[1] += number
        else:
            found[key] = [1, number]
    # Rows come in the order of the values, and a sort keeps it among equal sums.
    largest = sorted(found.items(), key=lambda group: -group[1][1])[:MAX_GROUPS]
    return [Group(key, *numbers) for key, numbers in largest]
