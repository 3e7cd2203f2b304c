"""Backups of a season into each side and back, compared field by field.

    python -m tests.benchmarks.backups [recordings] [signals of each]

FerretDB stands in for MongoDB: it shows that everything arrives, not how fast MongoDB is.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from paddock.adapters.mongodb import MongoDocuments
from paddock.adapters.polling import PollingWork
from paddock.adapters.sqlite import SqliteDocuments
from paddock.domain.backup import Manifest, Opened
from paddock.domain.words import size
from paddock.ports.documents import Documents
from paddock.usecases.backup.create import create_backup
from paddock.usecases.backup.restore import restore_backup
from paddock.usecases.backup.verify import verify_backup
from paddock.usecases.context import Context
from tests.scripts.search_at_scale import fill
from tests.servers import ferretdb
from tests.usecases.backups import KEY, directory

R = TypeVar("R")


async def main(recordings: int, signals: int) -> None:
    with tempfile.TemporaryDirectory() as name, ferretdb.running(Path(name) / "mongo") as server:
        folder = Path(name)
        source = SqliteDocuments(folder / "source.sqlite")
        await timed("fill SQLite", lambda: fill(source, recordings, signals))
        print(f"  SQLite file {size((folder / 'source.sqlite').stat().st_size)}")
        sides: list[tuple[str, Documents]] = [
            ("SQLite", SqliteDocuments(folder / "restored.sqlite")),
            # It sorts all documents before it answers with the first.
            (
                "FerretDB",
                MongoDocuments(
                    f"{server.url('restored')}?socketTimeoutMS=600000&connectTimeoutMS=60000&serverSelectionTimeoutMS=60000"
                ),
            ),
            ("SQLite again", SqliteDocuments(folder / "again.sqlite")),
        ]
        known: Documents = source
        for side, target in sides:
            manifest = await backup(known, folder)
            await timed(f"restore into {side}", partial(restore, target, folder, manifest))
            compared = await timed("compare every field", partial(compare, source, target))
            print(f"  {compared:,} documents are the same")
            known = target
        for documents in (source, *(target for _, target in sides)):
            await documents.close()


async def backup(documents: Documents, folder: Path) -> Manifest:
    context, place = _context(documents, folder), directory(folder / "backups")
    manifest = await timed("create", lambda: create_backup(context, place, KEY, place="there"))
    print(f"  {manifest.documents:,} documents, {size(manifest.size_bytes)}, one moment: {manifest.one_state}")
    await timed("verify", lambda: verify_backup(context, place, manifest))
    return manifest


async def restore(documents: Documents, folder: Path, manifest: Manifest) -> None:
    context, place = _context(documents, folder), directory(folder / "backups")
    await restore_backup(context, place, Opened(manifest, True), place="there")


async def compare(one: Documents, other: Documents) -> int:
    """How many documents are equal; those that are not end it."""
    compared = 0
    async with one.snapshot() as first, other.snapshot() as second:
        for collection in one.collections():
            if collection == "backups":
                continue
            assert await first.count(collection) == await second.count(collection), collection
            others = (one async for some in second.read(collection) for one in some)
            async for some in first.read(collection):
                for document in some:
                    assert document == await anext(others), collection
                compared += len(some)
    return compared


async def timed(what: str, work: Callable[[], Awaitable[R]]) -> R:
    begun = time.perf_counter()
    result = await work()
    print(f"{what}: {time.perf_counter() - begun:.1f} s", flush=True)
    return result


def _context(documents: Documents, folder: Path) -> Context:
    return Context(documents, directory(folder / "objects"), PollingWork(), folder / "scratch")


if __name__ == "__main__":
    asyncio.run(main(*(int(text) for text in sys.argv[1:])) if len(sys.argv) == 3 else main(10_000, 20))
