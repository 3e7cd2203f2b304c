"""Ingest: prove the hash of what arrived, and put it where originals live. Nothing looks inside yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from paddock.domain.job import Job
from paddock.domain.keys import raw_key
from paddock.domain.log_kinds import FIRST_KIND
from paddock.domain.recording import Status
from paddock.domain.words import isolated
from paddock.errors import NotFound, Rejected
from paddock.ports.documents import Equals, OneOf
from paddock.readers.registry import kind_in
from paddock.usecases.context import Context
from paddock.usecases.intake.arrival import arrive
from paddock.usecases.intake.hashing import sha256_of
from paddock.usecases.intake.originals import fault_by_hash, is_here, is_kept, kind_of_stored, said
from paddock.usecases.jobs import jobs


async def ingest(context: Context, job: Job, progress: Callable[[float], None]) -> None:
    """Move an upload's bytes to ``raw/`` once all of them were hashed, and ask for their conversion.

    Raises:
        Rejected: the bytes are not those that were announced (code ``wrong_hash``); they are dropped, because
            the sender was never told that they are safe.
    """
    upload = await context.documents.uploads.get(job.subject)
    if upload is None:
        return
    recording_id = upload.sha256
    arrived = await context.objects.stat(upload.key)
    if arrived is not None:
        log = await context.objects.open(upload.key)
        try:
            kind = await asyncio.to_thread(kind_in, log)
            digest = await asyncio.to_thread(sha256_of, log, arrived.size_bytes, progress)
        finally:
            await asyncio.to_thread(log.close)
        if not recording_id:
            # A stranger's file, of which nothing was announced: it is what it is.
            recording_id = digest
            await arrive(context, upload.uploaded_by, digest, arrived.size_bytes, upload.name, upload.said)
            await context.documents.uploads.change(upload.id, {"sha256": digest})
        if digest != recording_id:
            await context.objects.delete(upload.key)
            raise Rejected(
                f"The bytes that arrived as {isolated(upload.name)} have another SHA-256 than announced: "
                "upload it again.",
                code="wrong_hash",
            )
        if await is_here(context, recording_id):
            await context.objects.delete(upload.key)
        else:
            # Also over a damaged one: these bytes are proved. Where they go, the recording says first.
            kind_name = kind.name if kind else FIRST_KIND
            await context.documents.recordings.change(recording_id, {"kind": kind_name})
            await context.objects.move(upload.key, raw_key(recording_id, kind_name))
            proved = {"size_bytes": arrived.size_bytes, **said(None)}
            await context.documents.recordings.change(recording_id, proved)
    elif not recording_id or await kind_of_stored(context, recording_id) is None:
        raise NotFound(f"The bytes of {isolated(upload.name)} are gone: upload it again.", code="bytes_missing")
    else:
        await _prove_what_was_moved(context, recording_id, progress)
    waiting: list[Equals | OneOf] = [OneOf("status", (Status.VERIFYING, Status.FAILED))]
    stored = await context.documents.recordings.change(
        recording_id, {"status": Status.STORED, "error": None, "health": ""}, waiting
    )
    if stored is not None or await _wants_conversion(context, recording_id):
        await jobs.enqueue(context, "convert", recording_id, asked_by=job.asked_by, place=job.place)


async def _prove_what_was_moved(context: Context, recording_id: str, progress: Callable[[float], None]) -> None:
    """Hash the bytes that an ingest had moved when it was cut off, unless it had noted that they are kept."""
    recording = await context.documents.recordings.get(recording_id)
    if recording is not None and not is_kept(recording):
        await fault_by_hash(context, recording, progress)


async def _wants_conversion(context: Context, recording_id: str) -> bool:
    """Whether an ingest was cut off before it asked for the conversion, or the last one failed on other bytes."""
    recording = await context.documents.recordings.get(recording_id)
    if recording is None:
        return False
    return recording.status is Status.STORED or (recording.status is Status.READY and recording.error is not None)
