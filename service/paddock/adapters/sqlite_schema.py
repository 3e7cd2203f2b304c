"""Tables and indexes of the embedded documents: one table per collection, the document as JSON text.

SQLite uses an index on an expression only where a query spells the expression alike, so every expression on a
document is spelled by ``expression`` alone.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from paddock.adapters.document_queries import check_field
from paddock.domain.fields import FIELDS
from paddock.domain.figures import FIGURES
from paddock.errors import Unavailable

SCHEMA_VERSION = 1
"""Raised when older code could no longer work on the tables. Indexes may change without it."""

_LONG_TEXT = {"notes"}
_METADATA = tuple(f"metadata.{field.name}.value" for field in FIELDS if field.name not in _LONG_TEXT)

_FIGURES = tuple(figure.field for figure in FIGURES)

LIST_INDEX = ("deleted_at", "started_ns", "id", "search", "health", "topic_set", *_METADATA, *_FIGURES)
"""What a search of recordings looks at and a facet counts, in the order of their list."""

# Every index has the id after what it sorts by, so that it gives pages in their final order. Nearly every list asks
# for what is not deleted, hence deleted_at comes first: one index then filters and sorts. Behind the id is what is
# looked at on the way, so that a search reads the index and not every document.
INDEXES: dict[str, tuple[tuple[str, ...], ...]] = {
    "recordings": (
        ("uploaded_at",),
        ("started_ns",),
        ("status", "uploaded_at"),
        ("deleted_at",),
        ("deleted_at", "uploaded_at", "id", "search", "started_ns"),
        LIST_INDEX,
        ("deleted_at", "status", "uploaded_at"),
        ("deleted_at", "health", "started_ns"),
        # What an older version read has none.
        ("topic_set",),
        ("old_build_until",),
        # What storage sums up.
        ("metadata.car.value", "metadata.event.value", "id", "size_bytes"),
        *(("deleted_at", field, "started_ns") for field in _METADATA),
        *(("deleted_at", field) for field in _FIGURES),
    ),
    "signals": (
        ("recording", "name"),
        # One index answers every statistic: it holds all recordings of one signal side by side.
        ("name", "recording", "min", "max", "mean", "first", "last", "count"),
    ),
    "artifacts": (
        ("recording", "created_at"),
        ("recording", "format", "size_bytes"),
        # Not the purpose first: SQLite would take the two that a list asks for to be rarer than its recordings.
        ("expires_at", "purpose"),
    ),
    "uploads": (("completed_at", "created_at"), ("sha256",)),
    "jobs": (
        ("state", "place", "id", "due_at", "set_aside_at"),
        ("state", "asked_by"),
        ("state", "updated_at"),
        ("updated_at",),
        ("subject",),
    ),
    # A handful of documents that are read by their id.
    "catalogues": (),
    "history": (("recording", "at"),),
    "signal_names": (("search",), ("topic",)),
    "topic_sets": (),
    "bundles": (("created_at",),),
}
TABLES = tuple(INDEXES)


class Listed(NamedTuple):
    """A text inside the elements of a list field that is looked up, which SQLite cannot index by itself."""

    table: str
    field: str
    path: str

    @property
    def index_table(self) -> str:
        """Where text and document id stand side by side."""
        return f"{self.table}_by_element_{self.field}_{self.path}"

    def fill(self, matching: str) -> str:
        """The SQL that writes the texts of all documents that match."""
        value = f"json_extract(element.value, '$.{self.path}')"
        return (
            f"INSERT OR IGNORE INTO {self.index_table} (value, id) SELECT {value}, {self.table}.id"
            f" FROM {self.table}, json_each(doc, '$.{self.field}') AS element"
            f" WHERE typeof({value}) = 'text' AND {matching}"
        )


LISTED = (Listed("recordings", "channels", "topic"),)


def expression(field: str, table: str = "") -> str:
    """The SQL of a field of a document.

    Raises:
        ValueError: it is no dotted path of plain names. This keeps SQL out of it.
    """
    check_field(field)
    column = f"{table}." if table else ""
    return f"{column}id" if field == "id" else f"json_extract({column}doc, '$.{field}')"


def index_name(table: str, fields: tuple[str, ...]) -> str:
    """Says what is indexed."""
    return f"{table}_by_{'_'.join(fields).replace('.', '_')}"


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


def create_missing(connection: sqlite3.Connection) -> None:
    """Bring tables and indexes to what is written above, inside the caller's write transaction."""
    check_version(connection)
    for table in TABLES:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {table} (id TEXT PRIMARY KEY, doc TEXT NOT NULL)")
    for listed in LISTED:
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (listed.index_table,)).fetchone():
            connection.execute(
                f"CREATE TABLE {listed.index_table} (value TEXT, id TEXT, PRIMARY KEY (value, id)) WITHOUT ROWID"
            )
            connection.execute(f"CREATE INDEX {listed.index_table}_by_id ON {listed.index_table} (id)")
            connection.execute(listed.fill("1"))
    definitions = {}
    for table, indexes in INDEXES.items():
        for fields in indexes:
            name = index_name(table, fields)
            columns = fields if "id" in fields else (*fields, "id")
            definitions[name] = f"CREATE INDEX {name} ON {table} ({', '.join(map(expression, columns))})"
    existing = dict(
        connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
    )
    kept = {f"{listed.index_table}_by_id" for listed in LISTED}
    for name in existing.keys() - kept:
        if definitions.get(name) != existing[name]:
            connection.execute(f'DROP INDEX "{name}"')
    for name, definition in definitions.items():
        if existing.get(name) != definition:
            connection.execute(definition)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
