"""Jobs: ask for work, take it under a lease, finish it, or fail it until it is dead."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

import msgspec
import structlog

from paddock.domain.instants import NS_PER_S
from paddock.domain.job import MAX_TRIES, Job, JobState, backoff_ns
from paddock.domain.recording import Failure
from paddock.errors import Conflict, NotFound, PaddockError, Unavailable
from paddock.ports.documents import MAX_PAGE, Between, Condition, Equals, OneOf, Page, Sort
from paddock.usecases.services import Services

LEASE_NS = 30 * NS_PER_S
PASSING = ("disk_full", "internal_error", "queue_unavailable", "unavailable", "worker_died")
"""Codes of jobs that died although their log may be good."""
_OLDEST_DUE = Sort("due_at")

log = structlog.get_logger()


async def enqueue(
    services: Services, kind: str, subject: str, params: Mapping[str, str] | None = None, *, delay_ns: int = 0
) -> Job:
    """Ask for work on a subject. While it waits or runs, asking again changes nothing; after that it runs again."""
    now = services.now()
    due = now + delay_ns
    job = Job(
        id=f"{kind}-{subject}",
        kind=kind,
        subject=subject,
        created_at=now,
        due_at=due,
        updated_at=now,
        params=dict(params or {}),
    )
    if not await services.documents.jobs.insert(job):
        again = await _requeue(services, job.id, OneOf("state", (JobState.DONE, JobState.DEAD)), due)
        job = again or job
    await _announce(services, job.id)
    return job


async def _announce(services: Services, job_id: str) -> None:
    """A queue that is away fails nobody's upload: the job is kept, and the worker looks for it by itself."""
    try:
        await services.work.announce(job_id)
    except Unavailable as error:
        log.warning("not_announced", job=job_id, code=error.code, message=error.message)


async def retry(services: Services, job_id: str) -> Job:
    """Give a dead job its tries again.

    Raises:
        NotFound: there is no such job.
        Conflict: it is not dead.
    """
    job = await _requeue(services, job_id, Equals("state", JobState.DEAD), services.now())
    if job is None:
        found = await get_job(services, job_id)
        raise Conflict(f"Job {job_id} is {found.state}: only a dead job can be retried.", code="job_not_dead")
    await _announce(services, job.id)
    return job


async def redrive(services: Services) -> int:
    """Try again all that was given up for a passing reason, and what lies on dead letter queues; how many."""
    count = await services.work.redrive()
    after = None
    while True:
        page = await find_jobs(services, (JobState.DEAD,), limit=MAX_PAGE, after=after)
        for job in page.items:
            if job.error is not None and job.error.code in PASSING:
                await retry(services, job.id)
                count += 1
        if page.next is None:
            return count
        after = page.next


async def retry_all(services: Services) -> int:
    """Give every dead job its tries again; how many that were."""
    retried = 0
    while (page := await find_jobs(services, (JobState.DEAD,), limit=MAX_PAGE)).items:
        for job in page.items:
            # Somebody else may have retried it meanwhile.
            with contextlib.suppress(NotFound, Conflict):
                await retry(services, job.id)
                retried += 1
    return retried


async def _requeue(services: Services, job_id: str, condition: Equals | OneOf, due_at: int) -> Job | None:
    return await services.documents.jobs.change(
        job_id,
        {
            "state": JobState.QUEUED,
            "due_at": due_at,
            "tries": 0,
            "error": None,
            "progress": 0.0,
            "updated_at": services.now(),
        },
        [condition],
    )


async def get_job(services: Services, job_id: str) -> Job:
    """One job.

    Raises:
        NotFound: there is no such job.
    """
    job = await services.documents.jobs.get(job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id[:80]!r}.", code="no_such_job")
    return job


async def find_jobs(
    services: Services, states: tuple[JobState, ...] = (), *, limit: int = 50, after: str | None = None
) -> Page[Job]:
    """Jobs, those that changed last first."""
    where = [OneOf("state", states)] if states else []
    return await services.documents.jobs.find(
        where, sort=Sort("updated_at", descending=True), limit=limit, after=after
    )


class Subject(msgspec.Struct, frozen=True):
    """What a job works on, as people know it."""

    recording: str
    """The recording's id; there may be no such recording yet, or any more."""
    name: str


async def subjects_of(services: Services, found: Sequence[Job]) -> dict[str, Subject]:
    """What each of some jobs works on, by job id; without those whose upload or recording is gone."""
    subjects = tuple({job.subject for job in found})
    uploads = await services.documents.uploads.find([OneOf("id", subjects)], limit=MAX_PAGE)
    recordings = await services.documents.recordings.find([OneOf("id", subjects)], limit=MAX_PAGE)
    known = {upload.id: Subject(upload.sha256, upload.name) for upload in uploads.items}
    known |= {recording.id: Subject(recording.id, recording.name) for recording in recordings.items}
    return {job.id: known[job.subject] for job in found if job.subject in known}


async def size_of(services: Services, job: Job) -> int:
    """How large the log is that a job works on, in bytes; 0 when that is not known."""
    if job.kind == "ingest":
        upload = await services.documents.uploads.get(job.subject)
        return upload.size_bytes if upload else 0
    recording = await services.documents.recordings.get(job.params.get("recording", job.subject))
    return recording.size_bytes if recording else 0


async def count_jobs(services: Services) -> dict[JobState, int]:
    """How many jobs are in each state."""
    return {state: await services.documents.jobs.count([Equals("state", state)]) for state in JobState}


async def take(services: Services, owner: str, *, overdue_ns: int = 0) -> Job | None:
    """The next due job, or one whose worker vanished, now leased to ``owner``; None when nothing is due.

    A worker beside Lambda functions gives ``overdue_ns``: it takes what no function took within that time.
    """
    now = services.now()
    for where in _takeable(now, overdue_ns):
        if job := await services.documents.jobs.change_first(where, _OLDEST_DUE, _lease(owner, now)):
            return await _count_try(services, job)
    return None


async def take_one(services: Services, owner: str, job_id: str) -> Job | None:
    """The same for one job; None when it is done, dead, not due or somebody else's."""
    now = services.now()
    for where in _takeable(now):
        if job := await services.documents.jobs.change(job_id, _lease(owner, now), where):
            return await _count_try(services, job)
    return None


def _takeable(now: int, overdue_ns: int = 0) -> tuple[list[Condition], list[Condition]]:
    return (
        [Equals("state", JobState.QUEUED), Between("due_at", below=now - overdue_ns + 1)],
        [Equals("state", JobState.RUNNING), Between("lease_until", below=now)],
    )


def _lease(owner: str, now: int) -> dict[str, object]:
    return {"state": JobState.RUNNING, "lease_owner": owner, "lease_until": now + LEASE_NS, "updated_at": now}


async def _count_try(services: Services, job: Job) -> Job | None:
    """Before the work begins, so that work which kills its worker is counted too."""
    return await services.documents.jobs.change(job.id, {"tries": job.tries + 1}, _held_by(job.lease_owner))


async def keep(services: Services, job: Job, progress: float) -> bool:
    """Prolong the lease and note the progress; False when the job is no longer ours."""
    now = services.now()
    changes = {"lease_until": now + LEASE_NS, "progress": round(progress, 4), "updated_at": now}
    return await services.documents.jobs.change(job.id, changes, _held_by(job.lease_owner)) is not None


async def finish(services: Services, job: Job) -> JobState | None:
    """The job is done; None when another worker has it by now."""
    changes = {"state": JobState.DONE, "progress": 1.0, "error": None, "updated_at": services.now()}
    return await _leave(services, job, changes)


async def fail(services: Services, job: Job, error: PaddockError) -> JobState | None:
    """Queue the job again after a while, or bury it when trying again is useless.

    What became of it: ``queued``, ``dead``, or None when another worker has it by now.
    """
    now = services.now()
    changes = {
        "state": JobState.DEAD if is_last_try(job, error) else JobState.QUEUED,
        "due_at": now + backoff_ns(job.tries),
        "error": Failure(error.code, error.message),
        "updated_at": now,
    }
    return await _leave(services, job, changes)


def is_last_try(job: Job, error: PaddockError) -> bool:
    """Whether this failure buries the job."""
    return error.permanent or job.tries >= MAX_TRIES


async def _leave(services: Services, job: Job, changes: Mapping[str, object]) -> JobState | None:
    changed = await services.documents.jobs.change(job.id, changes, _held_by(job.lease_owner))
    return changed.state if changed else None


async def release(services: Services, owner: str | None = None) -> None:
    """Give back at once what a worker held that is known to be gone; without ``owner``, what any worker held."""
    where = [Equals("state", JobState.RUNNING)] if owner is None else _held_by(owner)
    lease = {"state": JobState.QUEUED, "due_at": services.now(), "lease_owner": ""}
    while await services.documents.jobs.change_first(where, _OLDEST_DUE, lease):
        pass


def _held_by(owner: str) -> list[Equals]:
    return [Equals("state", JobState.RUNNING), Equals("lease_owner", owner)]
