"""Upload: announce a file, send its parts to the store, complete. Every step may be repeated."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

import msgspec

from paddock.domain.log_kinds import FIRST_KIND
from paddock.domain.original import NEVER_ARRIVED
from paddock.domain.principal import Principal
from paddock.domain.recording import Recording
from paddock.domain.recording_names import check_file_name
from paddock.domain.upload import (
    NOTHING_SAID,
    PART_SIZE_BYTES,
    SaidAlong,
    Upload,
    check_announcement,
    part_size_for,
)
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.documents import Equals, Exists, Sort
from paddock.readers.registry import PROBE_BYTES
from paddock.usecases.catalogue.fields import load_fields
from paddock.usecases.context import Context
from paddock.usecases.intake.arrival import arrive
from paddock.usecases.intake.open_log import check_head
from paddock.usecases.intake.originals import is_here, kind_of_stored
from paddock.usecases.jobs import jobs

PART_LINK_EXPIRES_S = 6 * 3600


class PartPlan(msgspec.Struct, frozen=True):
    """What still has to be sent of one part: PUT exactly these bytes of the file to ``url``."""

    number: int
    offset: int
    size_bytes: int
    url: str


class UploadPlan(msgspec.Struct, frozen=True):
    """What to do next: nothing when ``recording`` is there, else send ``parts``, then complete ``upload``."""

    recording: Recording | None = None
    upload: Upload | None = None
    parts: tuple[PartPlan, ...] = ()
    left_out: tuple[str, ...] = ()
    """Sentences about metadata that was not taken."""


async def announce(
    context: Context,
    principal: Principal,
    *,
    sha256: str,
    size_bytes: int,
    name: str,
    said: SaidAlong = NOTHING_SAID,
    part_size_bytes: int = PART_SIZE_BYTES,
) -> UploadPlan:
    """Say what will be sent. The same announcement by the same principal continues its unfinished upload.

    Args:
        said: of the log. What a base station says and recordings cannot have is left out, since nobody stands
            beside it to mend it; what a person says is refused.
        part_size_bytes: how large the sender would like the parts to be; the plan has what they are.

    Raises:
        Rejected: no SHA-256, an empty or too large file, a path as name, unknown metadata fields.
        Unavailable: the store has no room for it.
    """
    check_announcement(sha256, size_bytes)
    check_file_name(name)
    left_out: tuple[str, ...] = ()
    if said.metadata or said.station_metadata:
        fields = await load_fields(context)
        taken, left_out = fields.fitting(said.station_metadata)
        said = msgspec.structs.replace(said, metadata=fields.check(said.metadata), station_metadata=taken)
    plan = await _plan(context, principal, sha256, size_bytes, name, said, part_size_bytes)
    return msgspec.structs.replace(plan, left_out=left_out)


async def _plan(
    context: Context,
    principal: Principal,
    sha256: str,
    size_bytes: int,
    name: str,
    said: SaidAlong,
    part_size_bytes: int,
) -> UploadPlan:
    if await is_here(context, sha256):
        kind = await kind_of_stored(context, sha256) or FIRST_KIND
        known = await arrive(context, principal.name, sha256, size_bytes, name, said, kind)
        if not known.status.settled or (known.error and known.error.code in NEVER_ARRIVED):
            # The bytes are safe although their first ingest has not said so yet, somebody announced other bytes
            # under their hash, or the conversion was given up when the recording was deleted.
            await jobs.enqueue(context, "convert", known.id)
        return UploadPlan(recording=known)
    if waiting := await _waiting_for_ingest(context, principal, sha256, size_bytes):
        known = await arrive(context, principal.name, sha256, size_bytes, name, said)
        await jobs.enqueue(context, "ingest", waiting.id)  # again, where it was given up
        return UploadPlan(recording=known)
    upload = await _unfinished(context, principal, sha256, size_bytes, name)
    if upload is not None:
        upload = await _saying(context, upload, said)
    if upload is not None and await context.objects.stat(upload.key) is not None:
        # Whole, and cut off before anybody said so: there is nothing left to send.
        return UploadPlan(recording=await complete(context, upload.id))
    if upload is None:
        upload = Upload(
            id=secrets.token_hex(16),
            sha256=sha256,
            name=name,
            size_bytes=size_bytes,
            part_size_bytes=part_size_for(size_bytes, part_size_bytes, context.objects.least_part_bytes),
            created_at=context.now(),
            uploaded_by=principal.name,
            **msgspec.structs.asdict(said),
        )
        store_upload = await context.objects.begin_upload(upload.key, size_bytes, upload.part_size_bytes)
        upload = msgspec.structs.replace(upload, store_upload=store_upload)
        await context.documents.uploads.insert(upload)
    return UploadPlan(upload=upload, parts=tuple(await _missing_parts(context, upload)))


async def _saying(context: Context, upload: Upload, said: SaidAlong) -> Upload | None:
    """The upload with what is said of it added: who drove may become known only while the log is sent, or twice."""
    changes = {name: value for name, value in msgspec.structs.asdict(said).items() if value not in ({}, None)}
    if all(getattr(upload, name) == value for name, value in changes.items()):
        return upload
    return await context.documents.uploads.change(upload.id, changes)


async def _unfinished(
    context: Context, principal: Principal, sha256: str, size_bytes: int, name: str
) -> Upload | None:
    page = await context.documents.uploads.find(
        [
            Equals("sha256", sha256),
            Equals("size_bytes", size_bytes),
            Equals("name", name),
            Equals("uploaded_by", principal.name),
            Equals("completed_at", None),
        ],
        limit=1,
    )
    return page.items[0] if page.items else None


async def _waiting_for_ingest(
    context: Context, principal: Principal, sha256: str, size_bytes: int
) -> Upload | None:
    """An upload of the same bytes by the same principal that is whole and not hashed yet.

    Not somebody else's: nobody can keep the right bytes out by announcing them and sending others.
    """
    page = await context.documents.uploads.find(
        [
            Equals("sha256", sha256),
            Equals("size_bytes", size_bytes),
            Equals("uploaded_by", principal.name),
            Exists("completed_at"),
        ],
        sort=Sort("created_at", descending=True),
        limit=1,
    )
    for upload in page.items:
        if await context.objects.stat(upload.key) is not None:
            return upload
    return None


async def _missing_parts(context: Context, upload: Upload) -> Sequence[PartPlan]:
    arrived = {part.number for part in await context.objects.parts(upload.key, upload.store_upload)}
    beginnings = await context.objects.beginnings(upload.key, upload.store_upload)
    plans = []
    for number in range(1, upload.part_count + 1):
        if number in arrived:
            continue
        offset = (number - 1) * upload.part_size_bytes
        skip_bytes = beginnings.get(number, 0)
        size_bytes = min(upload.part_size_bytes, upload.size_bytes - offset) - skip_bytes
        url = await context.objects.part_link(
            upload.key, upload.store_upload, number, size_bytes, PART_LINK_EXPIRES_S, skip_bytes
        )
        plans.append(PartPlan(number, offset + skip_bytes, size_bytes, url))
    return plans


async def complete(context: Context, upload_id: str) -> Recording:
    """All parts are sent: accept the log. From here on it will be ``ready`` or ``failed`` with a reason.

    Raises:
        NotFound: there is no such upload.
        Conflict: parts are missing; announce again to learn which.
        Rejected: its first MiB is of no log; the bytes are dropped.
    """
    upload = await context.documents.uploads.get(upload_id)
    if upload is None:
        raise NotFound("There is no such upload: announce the file again.", code="no_such_upload")
    # Bytes that an ingest has moved to raw/ already were complete: this call is a retry.
    if upload.completed_at is None and not await is_here(context, upload.sha256):
        if await context.objects.stat(upload.key) is None:
            await context.objects.complete_upload(upload.key, upload.store_upload)
        await refuse_other_files(context, upload)
    return await accept(context, upload)


async def abandon(context: Context, principal: Principal, upload_id: str) -> None:
    """Forget an unfinished upload of the same principal, and free what the store holds of it.

    Raises:
        NotFound: this principal has no such upload.
        Conflict: all of it has arrived, so it is kept (code ``upload_complete``).
    """
    upload = await context.documents.uploads.get(upload_id)
    if upload is None or upload.uploaded_by != principal.name:
        raise NotFound("There is no such upload: it was finished or forgotten.", code="no_such_upload")
    if upload.completed_at is None:
        # The store decides: after this, whoever completes it at the same moment is told that parts are missing.
        await context.objects.abort_upload(upload.key, upload.store_upload)
    if upload.completed_at is not None or await context.objects.stat(upload.key) is not None:
        raise Conflict(
            "All of it has arrived, so it is kept: delete the recording instead.", code="upload_complete"
        )
    await context.documents.uploads.delete([Equals("id", upload.id), Equals("completed_at", None)])


async def accept(context: Context, upload: Upload) -> Recording:
    """Make the recording of an upload whose bytes are whole, and ask for its ingest."""
    recording = await arrive(
        context, upload.uploaded_by, upload.sha256, upload.size_bytes, upload.name, upload.said
    )
    if upload.completed_at is None:
        await jobs.enqueue(context, "ingest", upload.id, asked_by=upload.uploaded_by)
        await context.documents.uploads.change(upload.id, {"completed_at": context.now()})
    return recording


async def refuse_other_files(context: Context, upload: Upload) -> None:
    """Look at the beginning of an upload that is whole.

    Raises:
        Rejected: it is no log; its bytes are dropped.
    """
    head = b""
    async for piece in context.objects.read(upload.key, 0, min(PROBE_BYTES, upload.size_bytes)):
        head += piece
    try:
        await asyncio.to_thread(check_head, head, upload.name)
    except Rejected:
        await context.objects.delete(upload.key)
        await context.documents.uploads.delete([Equals("id", upload.id)])
        raise
