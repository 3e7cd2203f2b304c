"""What a recording says when its job failed for good."""

from __future__ import annotations

from paddock.domain.job import Job
from paddock.domain.original import NEVER_ARRIVED
from paddock.domain.recording import Failure, Status
from paddock.ports.documents import Equals, OneOf
from paddock.usecases.context import Context
from paddock.usecases.notices.outbox import tell_failed


async def say_failed(context: Context, job: Job, failure: Failure) -> None:
    """Note on the recording why its job failed, and tell who wants to know.

    Only an ingest and a conversion leave a trace there; of every other job its own document says it all.
    """
    if job.kind == "ingest":
        await _ingest_failed(context, job, failure)
    elif job.kind == "convert":
        await _convert_failed(context, job, failure)
    else:
        return
    await tell_failed(context, job, failure)


async def _ingest_failed(context: Context, job: Job, failure: Failure) -> None:
    """Note that an ingest failed, unless another upload has brought the same bytes."""
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
    """Note that a conversion failed: the original can still be downloaded, and so can what an older one made."""
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
