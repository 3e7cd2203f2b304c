"""Arrival: the recording of bytes that are with us, or certain to be, and what is said of them along with them."""

from __future__ import annotations

import msgspec

from paddock.domain.fields import fill_empty
from paddock.domain.log_kinds import FIRST_KIND
from paddock.domain.original import Original
from paddock.domain.recording import Recording, Status, search_text, starting
from paddock.domain.upload import NOTHING_SAID, SaidAlong
from paddock.errors import Conflict
from paddock.ports.documents import Equals
from paddock.usecases.context import Context
from paddock.usecases.take_away.export import renew_default_file


async def arrive(
    context: Context,
    uploaded_by: str,
    sha256: str,
    size_bytes: int,
    name: str,
    said: SaidAlong = NOTHING_SAID,
    kind: str = FIRST_KIND,
) -> Recording:
    """The recording of these bytes: a new one, or the known one with this name and what was not said of it yet.

    Args:
        said: fills what is empty.
        kind: of a new one, where its original is stored already; else it is known once the bytes are proved.
    """
    recordings = context.documents.recordings
    fresh = Recording(
        id=sha256,
        names=(name,),
        size_bytes=size_bytes,
        status=Status.VERIFYING,
        uploaded_at=context.now(),
        uploaded_by=uploaded_by,
        metadata=said.values,
        clock_offset_ns=said.clock_offset_ns,
        kind=kind,
        original=Original.AWAITED,
    )
    fresh = msgspec.structs.replace(fresh, search=search_text(fresh))
    if await recordings.insert(fresh):
        return fresh
    while True:
        known = await recordings.get(sha256)
        if known is None:
            raise Conflict("The recording was removed while its upload ended: upload it again.")
        updated = msgspec.structs.replace(
            known,
            names=known.names if name in known.names else (*known.names, name),
            metadata=fill_empty(known.metadata, said.values),
            deleted_at=None,
        )
        if known.clock_offset_ns is None and said.clock_offset_ns is not None:
            # Nobody has corrected the start yet, or a person has.
            updated = msgspec.structs.replace(updated, clock_offset_ns=said.clock_offset_ns)
            updated = starting(updated, known.started_ns)
        if updated == known:
            return known
        changes = {
            "names": updated.names,
            "metadata": updated.metadata,
            "clock_offset_ns": updated.clock_offset_ns,
            "started_ns": updated.started_ns,
            "started_source": updated.started_source,
            "deleted_at": None,
            "search": search_text(updated),
            "version": known.version + 1,
        }
        changed = await recordings.change(sha256, changes, [Equals("version", known.version)])
        if changed is not None:
            if (changed.metadata, changed.started_ns) != (known.metadata, known.started_ns):
                await renew_default_file(context, uploaded_by, changed)
            return changed
