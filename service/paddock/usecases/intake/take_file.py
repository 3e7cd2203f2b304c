"""Take in a whole log that lies on this machine, through ``incoming/`` like every other."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from paddock.domain.upload import Upload
from paddock.usecases.context import Context
from paddock.usecases.intake.hashing import sha256_of
from paddock.usecases.intake.uploads import accept


async def take_in_file(
    context: Context,
    path: Path,
    upload_id: str,
    *,
    name: str,
    uploaded_by: str,
    metadata: Mapping[str, str] | None = None,
    clock_offset_ns: int | None = None,
) -> str:
    """The SHA-256 of the recording that a log becomes. Doing it twice with the same id is harmless.

    Args:
        path: of the log; still there afterwards.
        upload_id: unlike that of any other log.
        name: of the recording.
        uploaded_by: who brings it, as the recording says.
        metadata: what is known of it besides, by fields that the team has.
        clock_offset_ns: what is to be added to its times.

    Raises:
        Unavailable: the store or the database does not take it now.
    """
    known = await context.documents.uploads.get(upload_id)
    if known is not None and known.completed_at is not None:
        return known.sha256
    size_bytes, sha256 = await asyncio.to_thread(_hashed, path)
    upload = Upload(
        id=upload_id,
        sha256=sha256,
        name=name,
        size_bytes=size_bytes,
        part_size_bytes=size_bytes,
        created_at=context.now(),
        uploaded_by=uploaded_by,
        station_metadata=dict(metadata or {}),
        clock_offset_ns=clock_offset_ns,
    )
    # Said before the bytes are there: whoever sees them first knows then what they are.
    await context.documents.uploads.put_many([upload])
    await context.objects.put_file(upload.key, path)
    return (await accept(context, upload)).id


def _hashed(path: Path) -> tuple[int, str]:
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        return size_bytes, sha256_of(file, size_bytes, lambda _: None)
