"""Retention: which backups go. Only whole ones of our own, and only because whole ones of our own stay."""

from __future__ import annotations

from typing import NamedTuple

from paddock.domain.backup import BACKUPS, INVENTORY, MANIFEST, Keep, Manifest, is_backup_id, kept, key_of
from paddock.domain.instants import NS_PER_S
from paddock.errors import Rejected
from paddock.ports.objects import ObjectInfo, Store
from paddock.usecases.backup.files import Progress, open_backup, say_nothing
from paddock.usecases.backup.verify import is_whole
from paddock.usecases.context import Context

LEFTOVER_AGE_NS = 86_400 * NS_PER_S
"""What has no manifest for so long was interrupted."""


class Listed(NamedTuple):
    """One backup as it lies there."""

    id: str
    manifest: Manifest | None
    """None where it cannot be read."""
    own: bool
    fault: str
    """A sentence; empty where nothing is wrong as far as names and sizes tell."""

    @property
    def usable(self) -> bool:
        """Whether a restore would take it, as far as is known without reading it."""
        return self.manifest is not None and not self.fault


async def list_backups(store: Store, key: bytes | None) -> list[Listed]:
    """Every backup that has a manifest, the newest first."""
    found = await _files(store)
    return [
        await _look(store, backup_id, files, key)
        for backup_id, files in sorted(found.items(), reverse=True)
        if MANIFEST in files
    ]


async def _files(store: Store) -> dict[str, dict[str, ObjectInfo]]:
    """Names and sizes of what each backup has."""
    found: dict[str, dict[str, ObjectInfo]] = {}
    async for info in store.list(BACKUPS):
        backup_id, _, name = info.key.removeprefix(BACKUPS).partition("/")
        if is_backup_id(backup_id):
            found.setdefault(backup_id, {})[name] = info
    return found


async def _look(store: Store, backup_id: str, files: dict[str, ObjectInfo], key: bytes | None) -> Listed:
    try:
        manifest, own = await open_backup(store, backup_id, key)
    except Rejected as error:
        return Listed(backup_id, None, False, error.message)
    wrong = [
        part.name
        for part in manifest.parts
        if part.name not in files or files[part.name].size_bytes != part.size_bytes
    ]
    return Listed(backup_id, manifest, own, f"{wrong[0]} is missing or cut." if wrong else "")


async def apply_retention(
    context: Context,
    store: Store,
    key: bytes,
    keep: Keep,
    progress: Progress = say_nothing,
    *,
    made: str = "",
) -> list[str]:
    """Remove what is kept no longer, and what an interrupted backup left; the names of the backups removed.

    A backup that stays is read first: one that cannot be restored keeps no place of another. The one that was just
    ``made`` stays, although a clock that was wrong may say that others are newer.
    """
    own = {
        one.id: one.manifest for one in await list_backups(store, key) if one.own and one.usable and one.manifest
    }
    whole: set[str] = set()
    while True:
        stays = kept([(each, manifest.made_at) for each, manifest in own.items()], keep) | ({made} & own.keys())
        unread = sorted(stays - whole)
        if not unread or len(stays) == len(own):
            break
        progress("Reading backups that stay", len(whole), len(stays))
        if await is_whole(context, store, own[unread[-1]]):
            whole.add(unread[-1])
        else:
            del own[unread[-1]]
    gone = sorted(own.keys() - stays)
    for backup_id in gone:
        # The manifest first: from then on it is no backup, and the rest is a leftover.
        for name in (MANIFEST, *(part.name for part in own[backup_id].parts)):
            await store.delete(key_of(backup_id, name))
    await _remove_leftovers(context, store)
    return gone


async def _remove_leftovers(context: Context, store: Store) -> None:
    for backup_id, files in (await _files(store)).items():
        old = all(context.now() - info.modified_at > LEFTOVER_AGE_NS for info in files.values())
        if MANIFEST not in files and old:
            for name in files:
                if name == INVENTORY or name.startswith("documents/"):
                    await store.delete(key_of(backup_id, name))
