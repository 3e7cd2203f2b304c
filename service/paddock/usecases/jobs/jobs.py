"""Jobs: ask for work, look at it, try again what was given up."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog

from paddock.domain.job import Job, JobState, place_of
from paddock.domain.principal import Principal
from paddock.errors import Conflict, NotFound, Unavailable
from paddock.ports.documents import MAX_PAGE, Equals, OneOf, Page, Sort
from paddock.usecases.context import Context
from paddock.usecases.intake.originals import check_original

PASSING = ("disk_full", "internal_error", "newer_schema", "queue_unavailable", "unavailable", "worker_died")
"""Codes of jobs that died although their log may be good. One that met ``newer_schema`` had a worker of before."""

AGAIN = ":again"
"""Behind the subject of work that is asked for while it runs."""

log = structlog.get_logger()


async def enqueue(
    context: Context,
    kind: str,
    subject: str,
    params: Mapping[str, str] | None = None,
    *,
    asked_by: str = "",
    place: int | None = None,
    delay_ns: int = 0,
) -> Job:
    """Ask for work on a subject. While it waits or runs, asking again changes nothing; after that it runs again.

    Args:
        asked_by: who is to be treated fairly beside others who wait.
        place: in the queue, such as that of the job which this one follows from.
        delay_ns: not due before.
    """
    now = context.now()
    if place is None:
        waiting = [Equals("state", JobState.QUEUED), Equals("asked_by", asked_by)]
        others = await context.documents.jobs.count(waiting) if asked_by else 0
        place = place_of(kind, now, others)
    job = Job(
        id=f"{kind}-{subject}",
        kind=kind,
        subject=subject,
        created_at=now,
        due_at=now + delay_ns,
        updated_at=now,
        params=dict(params or {}),
        asked_by=asked_by,
        place=place,
    )
    if not await context.documents.jobs.insert(job):
        asked = {"due_at": job.due_at, "params": job.params, "asked_by": asked_by, "place": place}
        again = await _requeue(context, job.id, OneOf("state", (JobState.DONE, JobState.DEAD)), asked)
        job = again or job
    await _announce(context, job.id)
    return job


async def enqueue_anew(
    context: Context, kind: str, subject: str, params: Mapping[str, str] | None = None, **asked: Any
) -> Job:
    """Enqueue work that begins by reading what may have changed meanwhile.

    What runs may have read it already: then it is asked for under a second name, and done once more.

    Args:
        asked: as ``enqueue`` takes them.
    """
    running = await context.documents.jobs.get(f"{kind}-{subject}")
    again = AGAIN if running is not None and running.state is JobState.RUNNING else ""
    return await enqueue(context, kind, f"{subject}{again}", params, **asked)


async def _announce(context: Context, job_id: str) -> None:
    """A queue that is away fails nobody's upload: the job is kept, and the worker looks for it by itself."""
    try:
        await context.work.announce(job_id)
    except Unavailable as error:
        log.warning("not_announced", job=job_id, code=error.code, message=error.message)


async def retry(context: Context, principal: Principal, job_id: str) -> Job:
    """Give a dead job its tries again; it is then who retried it that asks for it.

    Raises:
        NotFound: there is no such job.
        Conflict: it is not dead, or the log that it converts is not here any more (code ``no_original``).
    """
    dead = await get_job(context, job_id)
    if dead.kind == "convert" and (recording := await context.documents.recordings.get(dead.subject)):
        check_original(recording)
    asked = {"due_at": context.now(), "asked_by": principal.name}
    job = await _requeue(context, job_id, Equals("state", JobState.DEAD), asked)
    if job is None:
        found = await get_job(context, job_id)
        raise Conflict(f"Job {job_id} is {found.state}: only a dead job can be retried.", code="job_not_dead")
    await _announce(context, job.id)
    return job


async def redrive(context: Context, principal: Principal) -> int:
    """Try again all that was given up for a passing reason, and what lies on dead letter queues; how many."""
    return await context.work.redrive() + await _retry_dead(context, principal, PASSING)


async def retry_all(context: Context, principal: Principal) -> int:
    """Give every dead job its tries again; how many that were."""
    return await _retry_dead(context, principal)


async def _retry_dead(context: Context, principal: Principal, codes: Sequence[str] | None = None) -> int:
    retried = 0
    after = None
    while True:
        page = await find_jobs(context, (JobState.DEAD,), limit=MAX_PAGE, after=after)
        for job in page.items:
            if codes is None or (job.error is not None and job.error.code in codes):
                # Somebody else may have retried it meanwhile, and the log of another is gone.
                with contextlib.suppress(NotFound, Conflict):
                    await retry(context, principal, job.id)
                    retried += 1
        if page.next is None:
            return retried
        after = page.next


async def _requeue(
    context: Context, job_id: str, condition: Equals | OneOf, asked: Mapping[str, object]
) -> Job | None:
    return await context.documents.jobs.change(
        job_id,
        {
            "state": JobState.QUEUED,
            "tries": 0,
            "faults": 0,
            "error": None,
            "progress": 0.0,
            "updated_at": context.now(),
            "set_aside_at": None,
            **asked,
        },
        [condition],
    )


async def get_job(context: Context, job_id: str) -> Job:
    """One job.

    Raises:
        NotFound: there is no such job.
    """
    job = await context.documents.jobs.get(job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id[:80]!r}: look for it in the list of jobs.", code="no_such_job")
    return job


async def find_jobs(
    context: Context, states: tuple[JobState, ...] = (), *, limit: int = 50, after: str | None = None
) -> Page[Job]:
    """Jobs, those that changed last first."""
    where = [OneOf("state", states)] if states else []
    return await context.documents.jobs.find(
        where, sort=Sort("updated_at", descending=True), limit=limit, after=after
    )


class Subject(msgspec.Struct, frozen=True):
    """What a job works on, as people know it."""

    recording: str
    """The recording's id; there may be no such recording yet, or any more."""
    name: str


async def subjects_of(context: Context, found: Sequence[Job]) -> dict[str, Subject]:
    """What each of some jobs works on, by job id; without those whose upload or recording is gone."""
    if not found:
        return {}
    works_on = {job.id: job.params.get("recording", job.subject) for job in found}
    subjects = tuple(set(works_on.values()))
    uploads = await context.documents.uploads.find([OneOf("id", subjects)], limit=MAX_PAGE)
    recordings = await context.documents.recordings.find([OneOf("id", subjects)], limit=MAX_PAGE)
    known = {upload.id: Subject(upload.sha256, upload.name) for upload in uploads.items}
    known |= {recording.id: Subject(recording.id, recording.name) for recording in recordings.items}
    return {job_id: known[subject] for job_id, subject in works_on.items() if subject in known}


async def size_of(context: Context, job: Job) -> int:
    """How large the log is that a job works on, in bytes; 0 when that is not known."""
    if job.kind == "ingest":
        upload = await context.documents.uploads.get(job.subject)
        return upload.size_bytes if upload else 0
    recording = await context.documents.recordings.get(job.params.get("recording", job.subject))
    return recording.size_bytes if recording else 0


async def count_jobs(context: Context) -> dict[JobState, int]:
    """How many jobs are in each state."""
    counted = {state: number for (state,), number in await context.documents.jobs.counts(["state"])}
    return {state: counted.get(state, 0) for state in JobState}
