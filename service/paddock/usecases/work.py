"""Work: take one job after the other, for as long as the worker lives."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from paddock.domain.job import MAX_TRIES, Job, JobState
from paddock.domain.recording import Failure
from paddock.errors import PaddockError, Unavailable
from paddock.usecases import jobs
from paddock.usecases.convert import convert, convert_died
from paddock.usecases.export import export
from paddock.usecases.ingest import ingest, ingest_died
from paddock.usecases.services import Services
from paddock.usecases.uploads import sweep_uploads

POLL_S = 0.5
HEARTBEAT_S = 1.0
SWEEP_S = 30.0


@dataclass(frozen=True)
class Handler:
    """What a kind of job does, and what it says to people when it can never succeed."""

    do: Callable[[Services, Job, Callable[[float], None]], Awaitable[None]]
    died: Callable[[Services, Job, Failure], Awaitable[None]] | None = None
    """None where the job itself says all there is to say."""


HANDLERS = {
    "ingest": Handler(ingest, ingest_died),
    "convert": Handler(convert, convert_died),
    "export": Handler(export),
}

log = structlog.get_logger()


async def work(services: Services, owner: str, stop: asyncio.Event, *, overdue_ns: int = 0) -> None:
    """Do jobs until ``stop``; a store that does not answer is waited for.

    Args:
        owner: the name that leases carry.
        overdue_ns: beside Lambda functions, how long a job is left to them first.
    """
    swept = float("-inf")
    while not stop.is_set():
        try:
            if time.monotonic() - swept > SWEEP_S:
                await sweep_uploads(services)
                # Well after the uploads themselves have expired, so that none which is alive loses its parts.
                await services.objects.sweep(2 * services.upload_expires_s)
                swept = time.monotonic()
            job = await jobs.take(services, owner, overdue_ns=overdue_ns)
            if job is None:
                await services.work.wait(POLL_S)
            else:
                await do(services, job)
        except Unavailable as error:
            log.warning("store_unavailable", code=error.code, message=error.message)
            await asyncio.sleep(POLL_S)


async def do(services: Services, job: Job) -> JobState | None:
    """Do one leased job and write one log line about it; its state, None when another worker has it by now.

    Raises:
        Unavailable: the documents do not answer; the job is free again when its lease runs out.
    """
    started = time.monotonic()
    done = 0.0

    def progress(share: float) -> None:
        nonlocal done
        done = share

    async def keep_lease() -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            with contextlib.suppress(Unavailable):
                if not await jobs.keep(services, job, done):
                    return

    state: JobState | None
    failure: PaddockError | None = None
    heartbeat = asyncio.create_task(keep_lease())
    handler = HANDLERS[job.kind]
    try:
        if job.tries > MAX_TRIES:
            raise PaddockError(
                f"The worker died {MAX_TRIES} times at this: it may need more memory.", code="worker_died"
            )
        await handler.do(services, job, progress)
        state = await jobs.finish(services, job)
    except Exception as error:
        if isinstance(error, PaddockError):
            failure = error
        else:
            failure = _unexpected(error)
            if failure.code == "internal_error":
                log.exception("job_crashed", job=job.id)
        # Said on the recording first: a worker that dies in between repeats the job, and says it again.
        if handler.died and jobs.is_last_try(job, failure) and await jobs.keep(services, job, done):
            await handler.died(services, job, Failure(failure.code, failure.message))
        state = await jobs.fail(services, job, failure)
    finally:
        heartbeat.cancel()
    log.info(
        "job",
        job=job.id,
        kind=job.kind,
        outcome=str(state or "lease_lost"),
        tries=job.tries,
        duration_s=round(time.monotonic() - started, 3),
        code=failure.code if failure else None,
        message=failure.message if failure else None,
    )
    return state


def _unexpected(error: Exception) -> PaddockError:
    """A full disk is a passing thing. So is a bug: the next version may not have it; it ends on the dead list."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Unavailable("The worker's disk is full: make room, then retry the job.", code="disk_full")
    return PaddockError(f"{type(error).__name__}: {error}", code="internal_error", permanent=False)
