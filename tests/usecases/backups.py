"""Backups in a directory, for the tests."""

from __future__ import annotations

from pathlib import Path

import msgspec

from paddock.adapters.directory import DirectoryObjects
from paddock.domain.backup import BACKUPS, MANIFEST, Manifest, seal
from paddock.ports.documents import Documents
from paddock.usecases.backup.create import create_backup
from paddock.usecases.context import Context

KEY = b"a key of a test, long enough"


def directory(path: Path) -> DirectoryObjects:
    """A place for backups or second copies."""
    return DirectoryObjects(path, KEY, "http://paddock.test")


async def everything(documents: Documents) -> dict[str, list[msgspec.Struct]]:
    """All documents by collection, without the notes on backups."""
    async with documents.snapshot() as snapshot:
        return {
            name: [one async for some in snapshot.read(name) for one in some]
            for name in documents.collections()
            if name != "backups"
        }


async def backed_up(context: Context, place: Path, key: bytes = KEY) -> Manifest:
    return await create_backup(context, directory(place), key, place=str(place))


def sealed_again(place: Path, manifest: Manifest, key: bytes = KEY) -> None:
    """Put another manifest in its place, as whoever has the key could."""
    (place / BACKUPS / manifest.id / MANIFEST).write_bytes(seal(manifest, key))
