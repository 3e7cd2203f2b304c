"""Tables and indexes of the embedded documents: one table per collection, the document as JSON text.

SQLite uses an index on an expression only where a query spells the expression alike, so every expression on a
document is spelled by ``expression`` alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from paddock.adapters.document_queries import check_field
from paddock.adapters.sqlite_earlier import has_earlier
from paddock.errors import Unavailable
from paddock.ports.documents import SCHEMA_VERSION, CollectionRow, Documents, collection_rows, with_own_fields
from paddock.ports.indexes import Index, Side

_BY_ELEMENT = "_by_element_"


class Listed(NamedTuple):
    """A list field whose texts are looked up, which SQLite cannot index by itself."""

    table: str
    field: str

    @property
    def index_table(self) -> str:
        """Where text and document id stand side by side."""
        return f"{self.table}{_BY_ELEMENT}{self.field}"

    def fill(self, matching: str) -> str:
        """The SQL that writes the texts of all documents that match."""
        return (
            f"INSERT OR IGNORE INTO {self.index_table} (value, id) SELECT element.value, {self.table}.id"
            f" FROM {self.table}, json_each(doc, '$.{self.field}') AS element"
            f" WHERE element.type = 'text' AND {matching}"
        )


def _listed(collections: Iterable[CollectionRow]) -> tuple[Listed, ...]:
    return tuple(
        Listed(row.name, index.fields[0]) for row in collections for index in row.indexes if index.elements
    )


LISTED = _listed(collection_rows(Documents))
_OF_ELEMENTS = {f"{listed.index_table}_by_id" for listed in LISTED}


def expression(field: str, table: str = "") -> str:
    """The SQL of a field of a document.

    Raises:
        ValueError: it is no dotted path of plain names. This keeps SQL out of it.
    """
    check_field(field)
    column = f"{table}." if table else ""
    return f"{column}id" if field == "id" else f"json_extract({column}doc, '$.{field}')"


def index_name(table: str, index: Index) -> str:
    """Says what is indexed."""
    return f"{table}_by_{'_'.join(index.fields).replace('.', '_')}"


def check_version(connection: sqlite3.Connection) -> int:
    """The version of the tables, 0 when there are none yet.

    Raises:
        Unavailable: a newer Paddock wrote them (code ``newer_schema``).
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise Unavailable(
            f"The database was written by a newer Paddock (schema {version}, this one knows {SCHEMA_VERSION}):"
            " update Paddock, or choose another data directory.",
            code="newer_schema",
            permanent=True,
        )
    return version


def create_missing(connection: sqlite3.Connection, collections: Sequence[CollectionRow]) -> bool:
    """Bring tables and indexes to what the collections say, inside the caller's write transaction.

    Returns:
        whether all documents have today's shape; only then the tables get today's version.
    """
    version = check_version(connection)
    for row in collections:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {row.name} (id TEXT PRIMARY KEY, doc TEXT NOT NULL)")
    for listed in LISTED:
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (listed.index_table,)).fetchone():
            connection.execute(
                f"CREATE TABLE {listed.index_table} (value TEXT, id TEXT, PRIMARY KEY (value, id)) WITHOUT ROWID"
            )
            connection.execute(f"CREATE INDEX {listed.index_table}_by_id ON {listed.index_table} (id)")
            connection.execute(listed.fill("1"))
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        if _BY_ELEMENT in name and name not in {listed.index_table for listed in LISTED}:
            connection.execute(f'DROP TABLE "{name}"')
    own_fields = [name for (name,) in connection.execute("SELECT id FROM fields")]
    definitions = {}
    for row in with_own_fields(collections, own_fields):
        for index in row.indexes:
            if Side.SQLITE in index.side and not index.elements:
                name = index_name(row.name, index)
                columns = ", ".join(map(expression, index.columns))
                definitions[name] = f"CREATE INDEX {name} ON {row.name} ({columns})"
    existing = _indexes(connection)
    for name in existing.keys() - _OF_ELEMENTS:
        if definitions.get(name) != existing[name]:
            connection.execute(f'DROP INDEX "{name}"')
    for name, definition in definitions.items():
        if existing.get(name) != definition:
            connection.execute(definition)
    if version < SCHEMA_VERSION and has_earlier(connection):
        return False
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return True


def drop_indexes(connection: sqlite3.Connection) -> None:
    """Remove what ``create_missing`` makes again, inside the caller's write transaction."""
    for name in _indexes(connection).keys() - _OF_ELEMENTS:
        connection.execute(f'DROP INDEX "{name}"')


def _indexes(connection: sqlite3.Connection) -> dict[str, str]:
    """The definitions of the indexes, without those that come with a table."""
    return dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"))
