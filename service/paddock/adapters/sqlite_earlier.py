"""Recordings of an earlier version on SQLite: they get today's shape, some of them in each transaction."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

import msgspec

from paddock.domain.contents import MOVED, EarlierRecording, split

_SOME = 50
_SOME_BYTES = 8_000_000
"""A log may have thousands of channels: so much of the documents is in memory at once."""
_IS_EARLIER = f"json_type(doc, '$.{MOVED[0]}') IS NOT NULL"
_decoder = msgspec.json.Decoder(EarlierRecording)


class Done(NamedTuple):
    """How far the rewriting is."""

    last: str | None
    """The last recording that was rewritten; None when there was none left."""
    done: int
    total: int


def has_earlier(connection: sqlite3.Connection) -> bool:
    """Whether a recording has the shape of an earlier version."""
    return connection.execute(f"SELECT 1 FROM recordings WHERE {_IS_EARLIER} LIMIT 1").fetchone() is not None


def split_some(connection: sqlite3.Connection, after: str) -> Done:
    """Rewrite some recordings beyond this id, inside the caller's write transaction."""
    query = f"SELECT id, doc FROM recordings WHERE id > ? AND {_IS_EARLIER} ORDER BY id LIMIT {_SOME}"
    found: list[tuple[str, str]] = []
    size_bytes = 0
    for row in connection.execute(query, (after,)):
        found.append(row)
        size_bytes += len(row[1])
        if size_bytes > _SOME_BYTES:
            break
    _split(connection, found)
    last = found[-1][0] if found else None
    done = "SELECT count(*) FROM recordings WHERE id <= ?"
    return Done(
        last,
        connection.execute(done, (last or after,)).fetchone()[0],
        connection.execute("SELECT count(*) FROM recordings").fetchone()[0],
    )


def split_one(connection: sqlite3.Connection, recording_id: str) -> None:
    """Rewrite one recording where it needs to be, inside the caller's write transaction."""
    query = f"SELECT id, doc FROM recordings WHERE id = ? AND {_IS_EARLIER}"
    _split(connection, connection.execute(query, (recording_id,)).fetchall())


def _split(connection: sqlite3.Connection, found: list[tuple[str, str]]) -> None:
    pairs = [split(_decoder.decode(doc)) for _, doc in found]
    # What is there was written by a conversion of today's code.
    connection.executemany(
        "INSERT INTO contents (id, doc) VALUES (?, ?) ON CONFLICT (id) DO NOTHING",
        [(contents.id, _text(contents)) for _, contents in pairs if contents is not None],
    )
    connection.executemany(
        "UPDATE recordings SET doc = ? WHERE id = ?", [(_text(recording), recording.id) for recording, _ in pairs]
    )


def _text(document: msgspec.Struct) -> str:
    return msgspec.json.encode(document).decode()
