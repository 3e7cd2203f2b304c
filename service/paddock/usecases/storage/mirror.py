"""Mirror: a second copy of what lies in the object store, and the way back.

Nothing is removed there, but for a copy that turned out wrong in the moment it was made.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from paddock.domain.keys import ARTIFACTS, COLUMNS, FILES, RAW, columns_key, file_key, parse_raw_key
from paddock.domain.original import Original
from paddock.errors import NotFound
from paddock.ports.objects import ObjectInfo, Store
from paddock.usecases.backup.files import Progress, say_nothing, scratch_folder
from paddock.usecases.context import Context
from paddock.usecases.every import every
from paddock.usecases.find.contents import contents_of
from paddock.usecases.intake.originals import fault_by_size, note

ORIGINALS = (RAW, FILES)
"""What cannot be made again: logs, and the files that people put beside them."""
DERIVED = (ARTIFACTS, COLUMNS)
AT_ONCE = 4
"""Objects on their way at the same time: most of the time of a small one is waiting."""


class Mirrored(NamedTuple):
    """What was done, and what is wrong afterwards."""

    copied: int
    copied_bytes: int
    there: int
    """How many were there already."""
    missing: tuple[str, ...]
    """Keys that documents name and that are not there in the end."""
    damaged: tuple[str, ...]
    """Keys whose bytes are not the log that they should be, or that could not be copied right."""


async def mirror(
    context: Context,
    place: Store,
    *,
    back: bool = False,
    derived: bool = False,
    verify: bool = False,
    progress: Progress = say_nothing,
) -> Mirrored:
    """Copy what is not there yet. Interrupted, it goes on where it was.

    Args:
        context: whose objects.
        place: the other store.
        back: from there to here instead, as far as documents name it: what was purged does not come back.
        derived: also what a conversion would make again.
        verify: read what is there already and prove it; what is wrong is copied again.
        progress: told the bytes that are done.

    Raises:
        Unavailable: a store does not answer or has no room.
    """
    source: Store = place if back else context.objects
    target: Store = context.objects if back else place
    prefixes = (*ORIGINALS, *DERIVED) if derived else ORIGINALS
    named = await _named(context, derived=derived)
    known = {info.key: info.size_bytes for prefix in prefixes async for info in target.list(prefix)}
    there = [info for prefix in prefixes async for info in source.list(prefix) if not back or info.key in named]
    with scratch_folder(context.scratch) as folder:
        copying = _Copying(source, target, folder, known, progress, verify=verify)
        await copying.copy(there)
    if back:
        await _note_originals(context, copying.brought)
    return Mirrored(
        len(copying.brought),
        copying.copied_bytes,
        copying.there,
        tuple(sorted(named - known.keys())),
        tuple(sorted(copying.damaged)),
    )


async def _note_originals(context: Context, brought: Sequence[str]) -> None:
    """Originals that were proved on their way are whole again."""
    for key in brought:
        if key.startswith(RAW) and (recording := await context.documents.recordings.get(parse_raw_key(key)[0])):
            await note(context, recording, None)
    async for recording in every(context.documents.recordings):
        if recording.original_state is Original.GONE:
            # A run that was interrupted may have brought it, and not said so.
            await fault_by_size(context, recording)


async def _named(context: Context, *, derived: bool) -> set[str]:
    """The keys that documents name."""
    named: set[str] = set()
    async for recording in every(context.documents.recordings):
        if recording.original_state is not Original.AWAITED:
            named.add(recording.original_key)
        named |= {file_key(recording.id, file.id) for file in recording.files}
        if derived and recording.build:
            channels = (await contents_of(context.documents, recording)).channels
            with_messages = [channel for channel in channels if channel.message_count]
            named |= {columns_key(channel.slug, recording.id, recording.build) for channel in with_messages}
    if derived:
        named |= {artifact.key async for artifact in every(context.documents.artifacts)}
    return named


class _Copying:
    """Some objects from one store to another."""

    def __init__(
        self,
        source: Store,
        target: Store,
        folder: Path,
        known: dict[str, int],
        progress: Progress,
        *,
        verify: bool,
    ) -> None:
        self.copied_bytes = self.there = 0
        self.brought: list[str] = []
        self.damaged: list[str] = []
        self._source = source
        self._target = target
        self._folder = folder
        self._known = known
        self._progress = progress
        self._verify = verify
        self._done = self._total = 0

    async def copy(self, objects: Sequence[ObjectInfo]) -> None:
        """All of them, a few at a time."""
        self._total = sum(info.size_bytes for info in objects)
        waiting = iter(objects)

        async def worker() -> None:
            for info in waiting:
                await self._bring(info)
                self._done += info.size_bytes
                self._progress("Copying", self._done, self._total)

        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(AT_ONCE):
                    workers.create_task(worker())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _bring(self, info: ObjectInfo) -> None:
        proof = parse_raw_key(info.key)[0] if info.key.startswith(RAW) else ""
        if self._known.get(info.key) == info.size_bytes and (
            not self._verify or await self._is_proved(info, proof)
        ):
            self.there += 1
            return
        aside = self._folder / hashlib.sha256(info.key.encode()).hexdigest()
        try:
            digest = await _digest(self._source, info.key, aside)
            if digest is None:
                return  # removed since it was listed
            if proof and digest != proof:
                self.damaged.append(info.key)
                return
            stored = await self._target.put_file(info.key, aside)
        finally:
            aside.unlink(missing_ok=True)
        # Read back: the copy is believed when the other store shows the same bytes.
        if await _digest(self._target, info.key) != digest:
            # By its size the next run would take it for a copy.
            await self._target.delete(info.key)
            self._known.pop(info.key, None)
            self.damaged.append(info.key)
            return
        self._known[info.key] = stored.size_bytes
        self.brought.append(info.key)
        self.copied_bytes += stored.size_bytes

    async def _is_proved(self, info: ObjectInfo, proof: str) -> bool:
        found = await _digest(self._target, info.key)
        return found == (proof or await _digest(self._source, info.key))


async def _digest(store: Store, key: str, aside: Path | None = None) -> str | None:
    """SHA-256 of an object, None when it is not there; on the way its bytes may go into a file."""
    digest = hashlib.sha256()
    file = aside.open("wb") if aside else None
    try:
        async for piece in store.read(key):
            digest.update(piece)
            if file:
                await asyncio.to_thread(file.write, piece)
    except NotFound:
        return None
    finally:
        if file:
            file.close()
    return digest.hexdigest()
