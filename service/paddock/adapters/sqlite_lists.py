"""Keeps the tables that index elements of lists in step with the documents, in the transaction of each write."""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Sequence

from paddock.adapters.sqlite_filters import Sql
from paddock.adapters.sqlite_schema import LISTED


def index_elements(
    connection: sqlite3.Connection, table: str, ids: Sequence[str], changed: Container[str] | None = None
) -> None:
    """Bring the elements of some documents up to date.

    Args:
        changed: the fields that were written; None for all.
    """
    for listed in LISTED:
        if listed.table == table and (changed is None or listed.field in changed):
            rows = [(document_id,) for document_id in ids]
            connection.executemany(f"DELETE FROM {listed.index_table} WHERE id = ?", rows)
            connection.executemany(listed.fill(f"{table}.id = ?"), rows)


def drop_elements(connection: sqlite3.Connection, table: str, matching: Sql) -> None:
    """Forget the elements of the documents that are about to be removed."""
    for listed in LISTED:
        if listed.table == table:
            connection.execute(
                f"DELETE FROM {listed.index_table} WHERE id IN (SELECT id FROM {table} WHERE {matching.text})",
                matching.values,
            )
