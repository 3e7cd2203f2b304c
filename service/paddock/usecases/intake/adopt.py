"""Adopt: what lies under ``incoming/``, put there by us or by another program, becomes a recording."""

from __future__ import annotations

import contextlib

import structlog

from paddock.domain.keys import INCOMING
from paddock.domain.recording_names import printable_name
from paddock.domain.sidecar import is_sidecar_name, parse_object_metadata
from paddock.domain.upload import NOTHING_SAID, SaidAlong, Upload
from paddock.errors import Rejected
from paddock.ports.objects import ObjectInfo
from paddock.usecases.catalogue.fields import load_fields
from paddock.usecases.context import Context
from paddock.usecases.intake.uploads import accept, refuse_other_files
from paddock.usecases.jobs import jobs

log = structlog.get_logger()


async def adopt(context: Context, key: str) -> None:
    """Take in what lies under ``incoming/`` whole, whoever put it there; doing it twice is harmless.

    A store's event about an object ends here, and so does the sweeper's find.
    """
    upload_id = key.removeprefix(INCOMING)
    found = await context.objects.stat(key)
    if not upload_id or found is None or is_sidecar_name(upload_id):
        return
    upload = await context.documents.uploads.get(upload_id)
    if upload is not None:
        if upload.completed_at is not None:
            # Accepted, and still here: its ingest has not been done, so whoever asks may do it.
            await jobs.enqueue(context, "ingest", upload_id, asked_by=upload.uploaded_by)
            return
        with contextlib.suppress(Rejected):
            await refuse_other_files(context, upload)
            await accept(context, upload)
        return
    said = await _said_by_stranger(context, found)
    stranger = Upload(
        id=upload_id,
        sha256="",
        name=printable_name(upload_id.rsplit("/", 1)[-1]),
        size_bytes=found.size_bytes,
        part_size_bytes=found.size_bytes,
        created_at=context.now(),
        completed_at=context.now(),
        station_metadata=said.station_metadata,
        clock_offset_ns=said.clock_offset_ns,
    )
    await context.documents.uploads.insert(stranger)
    await jobs.enqueue(context, "ingest", upload_id)


async def _said_by_stranger(context: Context, found: ObjectInfo) -> SaidAlong:
    """What the sidecar says; one that cannot be read keeps no log out."""
    if not found.sidecar:
        return NOTHING_SAID
    try:
        sidecar = parse_object_metadata(found.sidecar, found.key)
    except Rejected as why:
        log.warning("sidecar_not_read", key=found.key, why=why.message)
        return NOTHING_SAID
    taken, left_out = (await load_fields(context)).fitting(sidecar.metadata)
    for sentence in left_out:
        log.warning("sidecar_value_left_out", key=found.key, why=sentence)
    return SaidAlong({}, taken, sidecar.clock_offset_ns)
