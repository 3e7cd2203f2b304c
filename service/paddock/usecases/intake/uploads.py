"""Upload: announce a file, send its parts to the store, complete. Every step may be repeated."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Mapping, Sequence

import msgspec

from paddock.domain.fields import fill_empty
from paddock.domain.instants import NS_PER_S
from paddock.domain.keys import INCOMING
from paddock.domain.log_kinds import FIRST_KIND, MCAP
from paddock.domain.original import NEVER_ARRIVED, Original
from paddock.domain.principal import Principal
from paddock.domain.recording import (
    MAX_NAME_LENGTH,
    MetadataSource,
    MetadataValue,
    Recording,
    Status,
    check_file_name,
    search_text,
)
from paddock.domain.upload import Upload, check_announcement, part_size_for
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.documents import Equals, Exists, Sort
from paddock.readers.registry import PROBE_BYTES
from paddock.usecases.catalogue.fields import load_fields
from paddock.usecases.context import Context
from paddock.usecases.intake.open_log import check_head
from paddock.usecases.intake.originals import is_here, kind_of_stored
from paddock.usecases.jobs import jobs

PART_LINK_EXPIRES_S = 6 * 3600
STRANGER_AGE_NS = 60 * NS_PER_S


class PartPlan(msgspec.Struct, frozen=True):
    """One part that still has to be sent: PUT exactly these bytes of the file to ``url``."""

    number: int
    offset: int
    size_bytes: int
    url: str


class UploadPlan(msgspec.Struct, frozen=True):
    """What to do next: nothing when ``recording`` is there, else send ``parts``, then complete ``upload``."""

    recording: Recording | None = None
    upload: Upload | None = None
    parts: tuple[PartPlan, ...] = ()


async def announce(
    context: Context,
    principal: Principal,
    *,
    sha256: str,
    size_bytes: int,
    name: str,
    metadata: Mapping[str, str] | None = None,
) -> UploadPlan:
    """Say what will be sent. The same announcement by the same principal continues its unfinished upload.

    Raises:
        Rejected: no SHA-256, an empty or too large file, a path as name, unknown metadata fields.
        Unavailable: the store has no room for it.
    """
    check_announcement(sha256, size_bytes)
    check_file_name(name)
    fields = (await load_fields(context)).check(metadata) if metadata else {}
    if await is_here(context, sha256):
        kind = await kind_of_stored(context, sha256) or FIRST_KIND
        known = await arrive(context, principal.name, sha256, size_bytes, name, fields, kind)
        if not known.status.settled or (known.error and known.error.code in NEVER_ARRIVED):
            # The bytes are safe although their first ingest has not said so yet, somebody announced other bytes
            # under their hash, or the conversion was given up when the recording was deleted.
            await jobs.enqueue(context, "convert", known.id)
        return UploadPlan(recording=known)
    if waiting := await _waiting_for_ingest(context, principal, sha256, size_bytes):
        known = await arrive(context, principal.name, sha256, size_bytes, name, fields)
        await jobs.enqueue(context, "ingest", waiting.id)  # again, where it was given up
        return UploadPlan(recording=known)
    upload = await _unfinished(context, principal, sha256, size_bytes, name)
    if upload is not None and await context.objects.stat(upload.key) is not None:
        # Whole, and cut off before anybody said so: there is nothing left to send.
        return UploadPlan(recording=await complete(context, upload.id))
    if upload is None:
        upload = Upload(
            id=secrets.token_hex(16),
            sha256=sha256,
            name=name,
            size_bytes=size_bytes,
            part_size_bytes=part_size_for(size_bytes),
            created_at=context.now(),
            uploaded_by=principal.name,
            metadata=fields,
        )
        store_upload = await context.objects.begin_upload(upload.key, size_bytes, upload.part_size_bytes)
        upload = msgspec.structs.replace(upload, store_upload=store_upload)
        await context.documents.uploads.insert(upload)
    return UploadPlan(upload=upload, parts=tuple(await _missing_parts(context, upload)))


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
    plans = []
    for number in range(1, upload.part_count + 1):
        if number in arrived:
            continue
        offset = (number - 1) * upload.part_size_bytes
        size_bytes = min(upload.part_size_bytes, upload.size_bytes - offset)
        url = await context.objects.part_link(
            upload.key, upload.store_upload, number, size_bytes, PART_LINK_EXPIRES_S
        )
        plans.append(PartPlan(number, offset, size_bytes, url))
    return plans


async def complete(context: Context, upload_id: str) -> Recording:
    """All parts are sent: accept the log. From here on it will be ``ready`` or ``failed`` with a reason.

    Raises:
        NotFound: there is no such upload.
        Conflict: parts are missing; announce again to learn which.
        Rejected: no MCAP record in the first MiB; the bytes are dropped.
    """
    upload = await context.documents.uploads.get(upload_id)
    if upload is None:
        raise NotFound("There is no such upload: announce the file again.", code="no_such_upload")
    # Bytes that an ingest has moved to raw/ already were complete: this call is a retry.
    if upload.completed_at is None and not await is_here(context, upload.sha256):
        if await context.objects.stat(upload.key) is None:
            await context.objects.complete_upload(upload.key, upload.store_upload)
        await _refuse_other_files(context, upload)
    return await _accept(context, upload)


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


async def _accept(context: Context, upload: Upload) -> Recording:
    """Make the recording of an upload whose bytes are whole, and ask for its ingest."""
    recording = await arrive(
        context, upload.uploaded_by, upload.sha256, upload.size_bytes, upload.name, upload.metadata
    )
    if upload.completed_at is None:
        await jobs.enqueue(context, "ingest", upload.id, asked_by=upload.uploaded_by)
        await context.documents.uploads.change(upload.id, {"completed_at": context.now()})
    return recording


async def _refuse_other_files(context: Context, upload: Upload) -> None:
    head = b""
    async for piece in context.objects.read(upload.key, 0, min(PROBE_BYTES, upload.size_bytes)):
        head += piece
    try:
        await asyncio.to_thread(check_head, head, upload.name)
    except Rejected:
        await context.objects.delete(upload.key)
        await context.documents.uploads.delete([Equals("id", upload.id)])
        raise


async def arrive(
    context: Context,
    uploaded_by: str,
    sha256: str,
    size_bytes: int,
    name: str,
    metadata: Mapping[str, str],
    kind: str = FIRST_KIND,
) -> Recording:
    """The recording of these bytes: a new one, or the known one with this name and what metadata it lacked.

    Args:
        kind: of a new one, where its original is stored already; else it is known once the bytes are proved.
    """
    recordings = context.documents.recordings
    arriving = {field: MetadataValue(value, MetadataSource.PERSON) for field, value in metadata.items()}
    fresh = Recording(
        id=sha256,
        names=(name,),
        size_bytes=size_bytes,
        status=Status.VERIFYING,
        uploaded_at=context.now(),
        uploaded_by=uploaded_by,
        metadata=arriving,
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
            metadata=fill_empty(known.metadata, arriving),
            deleted_at=None,
        )
        if updated == known:
            return known
        changes = {
            "names": updated.names,
            "metadata": updated.metadata,
            "deleted_at": None,
            "search": search_text(updated),
            "version": known.version + 1,
        }
        changed = await recordings.change(sha256, changes, [Equals("version", known.version)])
        if changed is not None:
            return changed


async def adopt(context: Context, key: str) -> None:
    """Take in what lies under ``incoming/`` whole, whoever put it there; doing it twice is harmless.

    A store's event about an object ends here, and so does the sweeper's find.
    """
    upload_id = key.removeprefix(INCOMING)
    found = await context.objects.stat(key)
    if not upload_id or found is None:
        return
    upload = await context.documents.uploads.get(upload_id)
    if upload is not None:
        if upload.completed_at is not None:
            # Accepted, and still here: its ingest has not been done, so whoever asks may do it.
            await jobs.enqueue(context, "ingest", upload_id, asked_by=upload.uploaded_by)
            return
        with contextlib.suppress(Rejected):
            await _refuse_other_files(context, upload)
            await _accept(context, upload)
        return
    stranger = Upload(
        id=upload_id,
        sha256="",
        name=_printable(upload_id.rsplit("/", 1)[-1]),
        size_bytes=found.size_bytes,
        part_size_bytes=found.size_bytes,
        created_at=context.now(),
        completed_at=context.now(),
    )
    await context.documents.uploads.insert(stranger)
    await jobs.enqueue(context, "ingest", upload_id)


def _printable(name: str) -> str:
    """A stranger's file name as one that we accept."""
    cleaned = "".join(character if character.isprintable() else "_" for character in name).replace("\\", "_")
    return cleaned.strip()[-MAX_NAME_LENGTH:] or f"unnamed{MCAP.suffix}"
