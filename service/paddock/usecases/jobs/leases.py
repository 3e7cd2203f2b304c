"""Leases: take a job, keep it while working at it, finish it, or fail it until it is dead."""

from __future__ import annotations

from collections.abc import Mapping

from paddock.domain.instants import NS_PER_S
from paddock.domain.job import Job, JobState, backoff_ns, is_last_try, passes
from paddock.domain.recording import Failure
from paddock.errors import PaddockError
from paddock.ports.documents import Between, Condition, Equals, Sort
from paddock.usecases.context import Context

LEASE_NS = 30 * NS_PER_S
AHEAD_NS = 60 * NS_PER_S
"""A job that was written so far in the future was written by a clock that was wrong: its times mean nothing."""
WORKER_DIED = Failure("worker_died", "The worker died while it was at this: it may need more memory.")


async def take(
    context: Context,
    owner: str,
    *,
    overdue_ns: int = 0,
    long_ones: bool = True,
    at_work: frozenset[str] = frozenset(),
) -> Job | None:
    """The next due job, or one whose worker vanished, now leased to ``owner``; None when nothing is due.

    Args:
        overdue_ns: of a worker beside Lambda functions, which takes what no function took within that time.
        long_ones: whether also those that were set aside.
        at_work: ids of what this owner works at: a lease that ran out meanwhile is no reason to begin again.
    """
    now = context.now()
    fresh: list[Condition] = [] if long_ones else [Equals("set_aside_at", None)]
    for where, sort in _due(now, overdue_ns):
        if job := await context.documents.jobs.change_first([*where, *fresh], sort, _lease(owner, now)):
            return await _count_try(context, job)
    for where, sort in _abandoned(now):
        if job := await context.documents.jobs.change_first(where, sort, _lease(owner, now)):
            return None if job.id in at_work else await _count_try(context, job, abandoned=True)
    return None


async def take_one(context: Context, owner: str, job_id: str) -> Job | None:
    """Take a lease on one job; None when it is done, dead, not due or somebody else's."""
    now = context.now()
    for where, _ in _due(now):
        if job := await context.documents.jobs.change(job_id, _lease(owner, now), where):
            return await _count_try(context, job)
    for where, _ in _abandoned(now):
        if job := await context.documents.jobs.change(job_id, _lease(owner, now), where):
            return await _count_try(context, job, abandoned=True)
    return None


async def has_waiting(context: Context) -> bool:
    """Whether a job is due that was not set aside."""
    (due, sort), _ = _due(context.now())
    return bool((await context.documents.jobs.find([*due, Equals("set_aside_at", None)], sort=sort, limit=1)).items)


def _due(now: int, overdue_ns: int = 0) -> list[tuple[list[Condition], Sort]]:
    queued = Equals("state", JobState.QUEUED)
    return [
        ([queued, Between("due_at", below=now - overdue_ns + 1)], Sort("place")),
        ([queued, Between("updated_at", at_least=now + AHEAD_NS)], Sort("updated_at")),
    ]


def _abandoned(now: int) -> list[tuple[list[Condition], Sort]]:
    running = Equals("state", JobState.RUNNING)
    return [
        ([running, Between("lease_until", below=now)], Sort("place")),
        ([running, Between("updated_at", at_least=now + AHEAD_NS)], Sort("updated_at")),
    ]


def _lease(owner: str, now: int) -> dict[str, object]:
    return {"state": JobState.RUNNING, "lease_owner": owner, "lease_until": now + LEASE_NS, "updated_at": now}


async def _count_try(context: Context, job: Job, *, abandoned: bool = False) -> Job | None:
    """Before the work begins, so that work which kills its worker is counted too."""
    changes: dict[str, object] = {"tries": job.tries + 1}
    if abandoned:
        changes |= {"faults": job.faults + 1, "error": WORKER_DIED}
    return await context.documents.jobs.change(job.id, changes, _held_by(job.lease_owner))


async def keep(context: Context, job: Job, progress: float) -> bool:
    """Prolong the lease and note the progress; False when the job is no longer ours."""
    now = context.now()
    changes = {"lease_until": now + LEASE_NS, "progress": round(progress, 4), "updated_at": now}
    return await context.documents.jobs.change(job.id, changes, _held_by(job.lease_owner)) is not None


async def finish(context: Context, job: Job) -> JobState | None:
    """The job is done; None when another worker has it by now."""
    changes = {"state": JobState.DONE, "progress": 1.0, "error": None, "updated_at": context.now()}
    return await _leave(context, job, changes)


async def fail(context: Context, job: Job, error: PaddockError) -> JobState | None:
    """Queue the job again after a while, or bury it when trying again is useless.

    What became of it: ``queued``, ``dead``, or None when another worker has it by now.
    """
    now = context.now()
    changes = {
        "state": JobState.DEAD if is_last_try(job, error) else JobState.QUEUED,
        "due_at": now + backoff_ns(job.tries),
        "error": Failure(error.code, error.message),
        "updated_at": now,
        "faults": job.faults + (not passes(error)),
    }
    return await _leave(context, job, changes)


async def put_back(context: Context, job: Job, *, set_aside: bool) -> JobState | None:
    """Queue a job that was interrupted by us, which is no failure of its own."""
    now = context.now()
    changes: dict[str, object] = {
        "state": JobState.QUEUED,
        "due_at": now,
        "updated_at": now,
        "tries": job.tries - 1,
        "progress": 0.0,
    }
    if set_aside:
        changes["set_aside_at"] = now
    return await _leave(context, job, changes)


async def _leave(context: Context, job: Job, changes: Mapping[str, object]) -> JobState | None:
    changed = await context.documents.jobs.change(job.id, changes, _held_by(job.lease_owner))
    return changed.state if changed else None


async def release(context: Context, owner: str | None = None) -> None:
    """Give back at once what a worker held that is known to be gone; without ``owner``, what any worker held.

    A worker that was known by its name died by itself, perhaps of one of these jobs; all are gone after a restart.
    """
    now = context.now()
    while True:
        where = [Equals("state", JobState.RUNNING)] if owner is None else _held_by(owner)
        given_back = {"state": JobState.QUEUED, "due_at": now, "updated_at": now, "lease_owner": ""}
        job = await context.documents.jobs.change_first(where, Sort("place"), given_back)
        if job is None:
            return
        if owner is not None:
            died = {"faults": job.faults + 1, "error": WORKER_DIED}
            await context.documents.jobs.change(job.id, died, [Equals("state", JobState.QUEUED)])


def _held_by(owner: str) -> list[Condition]:
    return [Equals("state", JobState.RUNNING), Equals("lease_owner", owner)]
