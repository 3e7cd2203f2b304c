"""A migrated database without documents: copied where hundreds of tests would each make 140 tables and indexes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from paddock.adapters.sqlite import SqliteDocuments

_bytes: list[bytes] = []


async def put_empty_database(data: Path) -> None:
    """Into a data directory, which is made where it is missing. Opened, it is migrated as any other."""
    if not _bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "paddock.sqlite"
            made = SqliteDocuments(path)
            await made.migrate()
            await made.close()
            _bytes.append(path.read_bytes())
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    (data / "paddock.sqlite").write_bytes(_bytes[0])
