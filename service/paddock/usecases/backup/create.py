"""Back up: all documents at one moment and the inventory of objects, proved before they count as a backup."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import structlog

from paddock import __version__
from paddock.domain.backup import (
    FORMAT,
    INVENTORY,
    MANIFEST,
    BackupRun,
    Inventoried,
    Manifest,
    Part,
    documents_part,
    key_of,
    new_backup_id,
    seal,
)
from paddock.domain.keys import ARTIFACTS, FILES, RAW, parse_raw_key
from paddock.domain.recording import Failure
from paddock.errors import NotFound, PaddockError, Rejected
from paddock.ports.documents import SCHEMA_VERSION
from paddock.ports.objects import Store
from paddock.ports.whole_store import Snapshot
from paddock.usecases.backup.files import PartWriter, Progress, fetch_part, say_nothing, scratch_folder
from paddock.usecases.context import Context

INVENTORIED = (RAW, FILES, ARTIFACTS)
"""What documents name; columns are made again by a conversion."""
_INVENTORY_BATCH = 500

log = structlog.get_logger()


async def create_backup(
    context: Context, store: Store, key: bytes, *, place: str, progress: Progress = say_nothing
) -> Manifest:
    """Make a backup; a note of how it went is among the documents, for the site.

    Args:
        context: whose documents and objects.
        store: where to.
        key: signs it.
        place: how people call the store.
        progress: told as it goes on.

    Raises:
        NotFound: there are no documents (code ``nothing_to_back_up``). A backup of nothing, made by the timer of a
            machine that was to be restored, would be the newest one.
        Unavailable: documents, objects or the store do not answer, or have no room.
    """
    if await context.documents.is_empty():
        raise NotFound("There is nothing to back up yet.", code="nothing_to_back_up")
    run = BackupRun(new_backup_id(context.now()), place, context.now())
    try:
        manifest = await _create(context, store, key, run, progress)
    except (PaddockError, OSError) as error:
        await _note_failure(context, run, error)
        raise
    done = msgspec.structs.replace(
        run, ended_at=context.now(), documents=manifest.documents, size_bytes=manifest.size_bytes
    )
    await context.documents.backups.put_many([done])
    return manifest


async def note_no_place(context: Context, place: str, error: PaddockError) -> None:
    """Let the site know of a backup that came to nothing because its place cannot be used."""
    if not await context.documents.is_empty():
        await _note_failure(context, BackupRun(new_backup_id(context.now()), place, context.now()), error)


async def _create(context: Context, store: Store, key: bytes, run: BackupRun, progress: Progress) -> Manifest:
    with scratch_folder(context.scratch) as folder:
        async with context.documents.snapshot() as snapshot:
            # Asked before the note is written, because a snapshot may be of the moment of its first question.
            counts = {name: await snapshot.count(name) for name in context.documents.collections()}
            await context.documents.backups.put_many([run])
            parts = [
                await _write_documents(snapshot, name, folder, progress, count) for name, count in counts.items()
            ]
            one_state = snapshot.one_state
        inventory, original_bytes = await _write_inventory(context, folder, progress)
        parts.append(inventory)
        manifest = Manifest(
            format=FORMAT,
            paddock=__version__,
            schema=SCHEMA_VERSION,
            id=run.id,
            made_at=run.begun_at,
            one_state=one_state,
            parts=tuple(parts),
            original_bytes=original_bytes,
            peers=await asyncio.to_thread(_peers, context),
        )
        for number, part in enumerate(parts):
            progress("Sending", number, len(parts))
            await store.put_file(key_of(run.id, part.name), _local(folder, part.name))
            # What was sent is read back: the manifest promises that it can be.
            (await fetch_part(store, manifest, part, folder)).unlink()
        sealed = folder / MANIFEST
        await asyncio.to_thread(sealed.write_bytes, seal(manifest, key))
        await store.put_file(key_of(run.id, MANIFEST), sealed)
    return manifest


def _peers(context: Context) -> str:
    try:
        return context.vpn.read().text if context.vpn is not None else ""
    except Rejected as error:  # somebody is in the middle of editing it; the documents are backed up all the same
        log.warning("peers_file_not_backed_up", message=error.message)
        return ""


async def _note_failure(context: Context, run: BackupRun, error: Exception) -> None:
    code, message = (
        (error.code, error.message)
        if isinstance(error, PaddockError)
        else ("disk", f"{getattr(error, 'filename', None) or 'The disk'}: {getattr(error, 'strerror', error)}.")
    )
    failed = msgspec.structs.replace(run, ended_at=context.now(), error=Failure(code, message))
    try:
        await context.documents.backups.put_many([failed])
    except PaddockError as again:
        # It is the documents that do not answer; the command says so anyway.
        log.warning("backup_not_noted", code=again.code, message=again.message)


async def _write_documents(
    snapshot: Snapshot, collection: str, folder: Path, progress: Progress, total: int
) -> Part:
    name = documents_part(collection)
    writer = PartWriter(_local(folder, name))
    async for documents in snapshot.read(collection):
        await writer.write(documents)
        progress(f"Reading {collection.replace('_', ' ')}", writer.count, total)
    return await writer.end(name, collection)


async def _write_inventory(context: Context, folder: Path, progress: Progress) -> tuple[Part, int]:
    writer, original_bytes = PartWriter(_local(folder, INVENTORY)), 0
    async for some in _batches(_inventory(context)):
        await writer.write(some)
        original_bytes += sum(entry.size_bytes for entry in some if entry.sha256)
        progress("Listing objects", writer.count, 0)
    return await writer.end(INVENTORY, ""), original_bytes


async def _inventory(context: Context) -> AsyncIterator[Inventoried]:
    for prefix in INVENTORIED:
        async for info in context.objects.list(prefix):
            sha256 = parse_raw_key(info.key)[0] if prefix == RAW else ""
            yield Inventoried(info.key, info.size_bytes, sha256)


async def _batches(entries: AsyncIterator[Inventoried]) -> AsyncIterator[list[Inventoried]]:
    some: list[Inventoried] = []
    async for entry in entries:
        some.append(entry)
        if len(some) == _INVENTORY_BATCH:
            yield some
            some = []
    if some:
        yield some


def _local(folder: Path, name: str) -> Path:
    return folder / name.replace("/", "-")
