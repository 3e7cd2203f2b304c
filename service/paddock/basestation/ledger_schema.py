"""The tables of the ledger.

File names are blobs, since SQLite's text has to be UTF-8 and names need not be; times by cars' clocks are text,
since some file systems know years that 64 bits of nanoseconds do not.
"""

from __future__ import annotations

VERSION = 1
SCHEMA = (
    """CREATE TABLE IF NOT EXISTS files (
        id INTEGER PRIMARY KEY,
        place TEXT NOT NULL,
        name BLOB NOT NULL,
        size_bytes INTEGER NOT NULL,
        modified_ns TEXT NOT NULL,
        closed INTEGER,
        car_sha256 TEXT,
        metadata TEXT NOT NULL DEFAULT '{}',
        clock_offset_ns INTEGER,
        first_seen_ns INTEGER NOT NULL,
        on_car INTEGER NOT NULL,
        pulled_bytes INTEGER NOT NULL DEFAULT 0,
        sha256 TEXT,
        begins_with TEXT,
        removed_ns INTEGER,
        trouble TEXT,
        unreadable TEXT
    )""",
    "CREATE UNIQUE INDEX IF NOT EXISTS files_on_cars ON files (place, name) WHERE on_car",
    "CREATE INDEX IF NOT EXISTS files_by_name ON files (place, name, size_bytes)",
    "CREATE INDEX IF NOT EXISTS files_by_log ON files (sha256)",
    """CREATE TABLE IF NOT EXISTS logs (
        sha256 TEXT PRIMARY KEY,
        size_bytes INTEGER NOT NULL,
        name BLOB NOT NULL,
        first_seen_ns INTEGER NOT NULL,
        modified_ns TEXT NOT NULL,
        here INTEGER NOT NULL,
        metadata TEXT NOT NULL DEFAULT '{}',
        clock_offset_ns INTEGER
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS deliveries (
        sha256 TEXT NOT NULL,
        server TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'waiting',
        sent_bytes INTEGER NOT NULL DEFAULT 0,
        wasted_bytes INTEGER NOT NULL DEFAULT 0,
        said TEXT NOT NULL DEFAULT '{}',
        trouble TEXT,
        changed_ns INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (sha256, server)
    ) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
)
