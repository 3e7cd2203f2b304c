"""Restore: all documents of a backup into a store that has none, of the same side or another one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec
import structlog

from paddock.domain.backup import BackupRun, Opened, Part
from paddock.domain.contents import EarlierRecording, split
from paddock.domain.members import add_missing
from paddock.domain.peers import parse_peers
from paddock.errors import Rejected
from paddock.ports.documents import CONTENTS_APART
from paddock.ports.objects import Store
from paddock.ports.whole_store import Filling
from paddock.usecases.backup.files import Progress, fetch_part, read_part, say_nothing, scratch_folder
from paddock.usecases.backup.verify import kinds, prove_parts
from paddock.usecases.context import Context

log = structlog.get_logger()


async def restore_backup(
    context: Context,
    store: Store,
    opened: Opened,
    *,
    place: str,
    foreign: bool = False,
    progress: Progress = say_nothing,
) -> int:
    """Write the documents; how many those are. All of the backup is proved before the first is written.

    Who was let in is let in again, where this machine has a peers file in which nobody has their name, address or
    key.

    Args:
        context: with documents that need no ``migrate`` before.
        store: where the backup lies.
        opened: its manifest.
        place: how people call the store.
        foreign: take it although our key did not sign it.
        progress: told as it goes on.

    Raises:
        Rejected: another key signed it (code ``backup_foreign``), it is damaged, or a newer Paddock's.
        Conflict: there are documents already.
    """
    manifest = opened.manifest
    if not (opened.own or foreign):
        raise Rejected(
            f"Backup {manifest.id} was signed with another key than this Paddock's, so nobody can say that it is "
            "as it was made: give that key (PADDOCK_BACKUP_KEY_FILE, or the file backup-key of the old data "
            "directory), or take it all the same with --foreign if you trust where it comes from.",
            code="backup_foreign",
        )
    await prove_parts(context, store, manifest, progress)
    known = kinds(context, manifest)
    done, total = 0, manifest.documents
    with scratch_folder(context.scratch) as folder:
        async with context.documents.fill(manifest.id) as filling:
            for part in _documents(manifest.parts):
                path = await fetch_part(store, manifest, part, folder)
                async for batch in read_part(manifest, part, path, known[part.collection]):
                    if part.collection == "backups":
                        # A server without moments shows the backup itself, while it was made.
                        batch = [run for run in batch if getattr(run, "id", "") != manifest.id]
                    if manifest.schema < CONTENTS_APART and part.collection == "recordings":
                        batch = await _split(filling, batch)
                    await filling.put(part.collection, batch)
                    done += len(batch)
                    progress(f"Writing {part.collection.replace('_', ' ')}", done, total)
                path.unlink()
            await filling.put("backups", [_note(opened, place)])
    if context.vpn is not None and manifest.peers:
        let_in = await asyncio.to_thread(context.vpn.change, partial(add_missing, parse_peers(manifest.peers)))
        log.info("members_restored", names=[entry.name for entry in let_in])
    return done


async def _split(filling: Filling, batch: Sequence[msgspec.Struct]) -> list[msgspec.Struct]:
    """Recordings of an earlier version in today's shape; their contents are written."""
    pairs = [split(earlier) for earlier in batch if isinstance(earlier, EarlierRecording)]
    await filling.put("contents", [contents for _, contents in pairs if contents is not None])
    return [recording for recording, _ in pairs]


def _documents(parts: tuple[Part, ...]) -> list[Part]:
    return [part for part in parts if part.collection]


def _note(opened: Opened, place: str) -> BackupRun:
    """What the backup itself could not know: that it became whole."""
    manifest = opened.manifest
    return BackupRun(
        manifest.id,
        place,
        begun_at=manifest.made_at,
        ended_at=manifest.made_at,
        documents=manifest.documents,
        size_bytes=manifest.size_bytes,
    )
