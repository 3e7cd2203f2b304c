"""What a recording says when its job failed for good."""

from __future__ import annotations

from paddock.domain.job import Job
from paddock.domain.original import NEVER_ARRIVED
from paddock.domain.recording import Failure, Status
from paddock.ports.documents import Equals, OneOf
from paddock.usecases.context import Context
from paddock.usecases.notices.outbox import tell_failed


async def say_failed(context: Context, job: Job, failure: Failure) -> None:
    """Note it on the recording, and tell who wants to know. Of others the job itself says all there is to say."""
    if job.kind == "ingest":
        await _ingest_failed(context, job, failure)
    elif job.kind == "convert":
        await _convert_failed(context, job, failure)
    else:
        return
    await tell_failed(context, job, failure)


async def _ingest_failed(context: Context, job: Job, failure: Failure) -> None:
    """Unless the same bytes arrived well in another upload."""
    upload = await context.documents.uploads.get(job.subject)
    if upload is None:
        return
    # Other bytes say nothing of the right ones, which may have arrived another way. Stored, it may lack nothing but
    # somebody to ask for its conversion.
    waiting = (Status.VERIFYING,) if failure.code in NEVER_ARRIVED else (Status.VERIFYING, Status.STORED)
    await context.documents.recordings.change(
        upload.sha256,
        {"status": Status.FAILED, "error": failure, "health": "failed"},
        [OneOf("status", waiting)],
    )


async def _convert_failed(context: Context, job: Job, failure: Failure) -> None:
    """Its original stays downloadable, an old build too."""
    recording = await context.documents.recordings.get(job.subject)
    if recording is not None:
        changes: dict[str, object] = {"status": Status.READY, "error": failure}
        if not recording.build:
            changes |= {"status": Status.FAILED, "health": "failed"}
        await context.documents.recordings.change(recording.id, changes)


async def say_ended(context: Context, job: Job) -> None:
    """A conversion was ended because its recording was deleted: it waits, should somebody restore it."""
    recording = await context.documents.recordings.get(job.subject) if job.kind == "convert" else None
    if recording is not None:
        settled = Status.READY if recording.build else Status.STORED
        await context.documents.recordings.change(
            recording.id, {"status": settled}, [Equals("status", Status.CONVERTING)]
        )
