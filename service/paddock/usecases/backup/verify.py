"""Verify: prove that a backup can be restored, without restoring it, and that the originals are those it knows."""

from __future__ import annotations

import asyncio
import random
from typing import NamedTuple

import msgspec

from paddock.domain.backup import Inventoried, Manifest, newer
from paddock.domain.contents import EarlierRecording
from paddock.domain.keys import FILES, RAW
from paddock.errors import PaddockError
from paddock.ports.documents import CONTENTS_APART, collection_rows
from paddock.ports.objects import Store
from paddock.usecases.backup.files import Progress, fetch_part, read_part, say_nothing, scratch_folder
from paddock.usecases.context import Context
from paddock.usecases.intake.hashing import sha256_of

SAMPLE = 20
"""Originals that are hashed unless all are."""


class Verified(NamedTuple):
    """What was proved."""

    documents: int
    hashed: int
    hashed_bytes: int
    missing: tuple[str, ...]
    """Keys of originals and attached files that are no longer in the object store."""
    damaged: tuple[str, ...]
    """Keys of those whose bytes or size are others."""


def kinds(context: Context, manifest: Manifest) -> dict[str, type[msgspec.Struct]]:
    """The kind of document of each part.

    Raises:
        Rejected: a part is of a collection that only newer code knows (code ``backup_newer``).
    """
    from paddock import __version__

    known = {row.name: row.kind for row in collection_rows(type(context.documents))} | {"": Inventoried}
    if any(part.collection not in known for part in manifest.parts):
        raise newer(manifest.id, manifest.paddock, __version__)
    if manifest.schema < CONTENTS_APART:
        known["recordings"] = EarlierRecording
    return known


async def prove_parts(context: Context, store: Store, manifest: Manifest, progress: Progress) -> int:
    """Read every file of a backup; how many documents there are.

    Raises:
        Rejected: one is damaged, or a newer Paddock's.
    """
    known = kinds(context, manifest)
    documents = done = 0
    with scratch_folder(context.scratch) as folder:
        for part in manifest.parts:
            path = await fetch_part(store, manifest, part, folder)
            async for batch in read_part(manifest, part, path, known[part.collection]):
                documents += len(batch) if part.collection else 0
            path.unlink()
            done += part.size_bytes
            progress("Reading the backup", done, manifest.size_bytes)
    return documents


async def inventory(context: Context, store: Store, manifest: Manifest) -> list[Inventoried]:
    """The objects that a backup knows of.

    Raises:
        Rejected: the inventory is damaged.
    """
    found: list[Inventoried] = []
    with scratch_folder(context.scratch) as folder:
        for part in manifest.parts:
            if not part.collection:
                path = await fetch_part(store, manifest, part, folder)
                async for batch in read_part(manifest, part, path, Inventoried):
                    found += batch
    return found


async def verify_backup(
    context: Context, store: Store, manifest: Manifest, *, every: bool = False, progress: Progress = say_nothing
) -> Verified:
    """Prove a backup, and originals in the object store of today by their hashes: some by chance, or all.

    Raises:
        Rejected: the backup is damaged, or a newer Paddock's.
    """
    documents = await prove_parts(context, store, manifest, progress)
    known = [one for one in await inventory(context, store, manifest) if one.key.startswith((RAW, FILES))]
    stored = {info.key: info.size_bytes for prefix in (RAW, FILES) async for info in context.objects.list(prefix)}
    missing = [one.key for one in known if one.key not in stored]
    damaged = [one.key for one in known if stored.get(one.key, one.size_bytes) != one.size_bytes]
    candidates = [one for one in known if one.sha256 and stored.get(one.key) == one.size_bytes]
    chosen = candidates if every else random.sample(candidates, min(SAMPLE, len(candidates)))
    total, done = sum(one.size_bytes for one in chosen), 0
    for one in chosen:
        if not await _is_whole(context, one):
            damaged.append(one.key)
        done += one.size_bytes
        progress("Hashing originals", done, total)
    return Verified(documents, len(chosen), total, tuple(missing), tuple(sorted(damaged)))


async def _is_whole(context: Context, one: Inventoried) -> bool:
    stream = await context.objects.open(one.key)
    try:
        return await asyncio.to_thread(sha256_of, stream, one.size_bytes) == one.sha256
    finally:
        await asyncio.to_thread(stream.close)


async def is_whole(context: Context, store: Store, manifest: Manifest) -> bool:
    """Whether a backup could be restored."""
    try:
        await prove_parts(context, store, manifest, say_nothing)
    except PaddockError:
        return False
    return True
