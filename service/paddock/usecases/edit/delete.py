"""Delete and restore. Deleting hides a recording; its bytes stay until they are purged, which is not done here."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from paddock.domain.history import Change
from paddock.domain.principal import Principal
from paddock.domain.recording import Recording, Status
from paddock.usecases.context import Context
from paddock.usecases.edit.edit import apply
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.jobs import jobs

_DELETED = Change("", "", 0, 0, "", "deleted", after="deleted")
_RESTORED = Change("", "", 0, 0, "", "deleted", before="deleted")


async def delete_recordings(context: Context, principal: Principal, recording_ids: Iterable[str]) -> int:
    """Hide recordings; how many were not hidden already.

    Raises:
        NotFound: there is no recording with one of the ids; those before it are hidden.
    """
    return await _set(context, principal, recording_ids, deleted=True)


async def restore_recordings(context: Context, principal: Principal, recording_ids: Iterable[str]) -> int:
    """Show recordings again; how many were hidden."""
    return await _set(context, principal, recording_ids, deleted=False)


async def _set(context: Context, principal: Principal, recording_ids: Iterable[str], *, deleted: bool) -> int:
    changed = 0
    for recording_id in recording_ids:
        stored: Recording | None = None
        while stored is None:
            known = await get_recording(context, recording_id, deleted=None)
            if (known.deleted_at is not None) is deleted:
                break
            wanted = msgspec.structs.replace(known, deleted_at=context.now() if deleted else None)
            stored = await apply(context, principal, known, wanted, [_DELETED if deleted else _RESTORED])
            changed += stored is not None
        if stored is not None and stored.status in (Status.STORED, Status.CONVERTING) and not deleted:
            # Its conversion was given up when it was deleted.
            await jobs.enqueue(context, "convert", stored.id, asked_by=principal.name)
    return changed
