"""One try at a leased job, which is watched and can be ended whatever it does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TypeVar

import structlog

from paddock.domain.job import MAX_FAULTS, Job, JobState, first_turn_s, is_last_try, time_limit_s
from paddock.domain.recording import Failure
from paddock.domain.words import size
from paddock.errors import PaddockError, Unavailable
from paddock.ports.documents import Condition, Equals, Exists
from paddock.usecases.context import Context
from paddock.usecases.jobs import jobs, leases
from paddock.usecases.jobs.say_failed import say_ended, say_failed

HEARTBEAT_S = 1.0

T = TypeVar("T")
PATIENCE = 10
"""So many times longer by the clock may a job take that has little of the processor: it waits for a store, say."""


class Gauge:
    """How far a job is, told by whoever runs it."""

    def __init__(self) -> None:
        self.share = 0.0
        """0 to 1."""
        self.processor_s: float | None = None
        """What it has had of the processor; None where nobody knows."""

    def progress(self, share: float) -> None:
        """Note the share."""
        self.share = share


RunJob = Callable[[Context, Job, Gauge], Awaitable[None]]
"""Does a job and raises only ``PaddockError``. Cancelled, it ends the work at once."""

log = structlog.get_logger()


async def run_here(context: Context, job: Job, gauge: Gauge) -> None:
    """In this process, for tests and functions: work that is on a thread cannot be ended, only forgotten."""
    from paddock.usecases.jobs.handlers import handle

    await handle(context, job, gauge.progress)


async def do(context: Context, job: Job, run: RunJob = run_here) -> JobState | None:
    """Do one leased job and write one log line about it; its state, None when another worker has it by now.

    Raises:
        Unavailable: the documents do not answer; the job is free again when its lease runs out.
    """
    return await Attempt(context, job, run).result()


async def _once(ask: Callable[[], Awaitable[T]]) -> T:
    return await ask()


async def _insist(ask: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await ask()
        except Unavailable as error:
            log.warning("store_unavailable", code=error.code, message=error.message)
            await asyncio.sleep(HEARTBEAT_S)


class Ended(StrEnum):
    """Why an attempt was ended before it was done."""

    LEASE_LOST = "lease_lost"
    SUBJECT_DELETED = "subject_deleted"
    TOO_SLOW = "too_slow"
    SET_ASIDE = "set_aside"
    WORKER_STOPS = "worker_stops"


class Attempt:
    """See ``do``."""

    def __init__(self, context: Context, job: Job, run: RunJob = run_here) -> None:
        self.job = job
        self.begun = time.monotonic()
        self._context = context
        self._run = run
        self._size_bytes = 0
        self._gauge = Gauge()
        self._work: asyncio.Task[None] | None = None
        self._ended: Ended | None = None

    @property
    def is_long(self) -> bool:
        """Whether it takes longer than most logs of its size, and may have to give way."""
        return self.job.set_aside_at is not None or self._has_taken(first_turn_s(self._size_bytes))

    def _has_taken(self, limit_s: float) -> bool:
        """Whether it took longer than that: of the processor, or much longer by the clock."""
        age_s, worked_s = time.monotonic() - self.begun, self._gauge.processor_s
        return (age_s if worked_s is None else worked_s) > limit_s or age_s > PATIENCE * limit_s

    def end(self, why: Ended) -> None:
        """End it at once; ``result`` sees to the rest."""
        if self._work is not None and self._ended is None:
            self._ended = why
            self._work.cancel()

    async def result(self, *, patient: bool = False) -> JobState | None:
        """Work, and write down what became of it.

        Args:
            patient: wait for documents that do not answer, so that what was done is not taken for abandoned.
        """
        failure: PaddockError | None = None
        insist = _insist if patient else _once
        self._size_bytes = await insist(lambda: jobs.size_of(self._context, self.job))
        self._work = asyncio.create_task(self._run_job())
        watch = asyncio.create_task(self._watch())
        try:
            await self._work
            self._ended = None
        except PaddockError as error:
            failure, self._ended = error, None
        except asyncio.CancelledError:
            if self._ended is None:
                raise
            if self._ended is Ended.TOO_SLOW:
                failure = self._too_slow()
        finally:
            watch.cancel()
        state = await insist(lambda: self._leave(failure))
        log.info(
            "job",
            job=self.job.id,
            kind=self.job.kind,
            outcome=str(state or Ended.LEASE_LOST),
            ended=self._ended,
            tries=self.job.tries,
            duration_s=round(time.monotonic() - self.begun, 3),
            code=failure.code if failure else None,
            message=failure.message if failure else None,
        )
        return state

    async def _run_job(self) -> None:
        if self.job.faults >= MAX_FAULTS:
            raise PaddockError(leases.WORKER_DIED.message, code=leases.WORKER_DIED.code)
        await self._run(self._context, self.job, self._gauge)

    async def _leave(self, failure: PaddockError | None) -> JobState | None:
        context, job = self._context, self.job
        if failure is not None:
            # Said on the recording first: a worker that dies in between repeats the job, and says it again.
            if is_last_try(job, failure) and await leases.keep(context, job, self._gauge.share):
                await say_failed(context, job, Failure(failure.code, failure.message))
            return await leases.fail(context, job, failure)
        match self._ended:
            case Ended.LEASE_LOST:
                return None
            case Ended.SET_ASIDE | Ended.WORKER_STOPS:
                return await leases.put_back(context, job, set_aside=self._ended is Ended.SET_ASIDE)
            case Ended.SUBJECT_DELETED:
                await say_ended(context, job)
        return await leases.finish(context, job)

    async def _watch(self) -> None:
        """Keep the lease, and end the work when it is lost, takes too long, or is of no use to anybody."""
        limit_s = time_limit_s(self.job.kind, self._size_bytes)
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if self._has_taken(limit_s):
                return self.end(Ended.TOO_SLOW)
            try:
                if not await leases.keep(self._context, self.job, self._gauge.share):
                    return self.end(Ended.LEASE_LOST)
                if await self._is_deleted():
                    return self.end(Ended.SUBJECT_DELETED)
            except Unavailable:
                pass
            except Exception:
                log.exception("job_not_watched", job=self.job.id)

    async def _is_deleted(self) -> bool:
        if self.job.recording is None:
            return False
        deleted: list[Condition] = [Equals("id", self.job.recording), Exists("deleted_at")]
        return await self._context.documents.recordings.count(deleted) > 0

    def _too_slow(self) -> PaddockError:
        limit_s = time_limit_s(self.job.kind, self._size_bytes)
        return PaddockError(
            f"This took longer than {limit_s / 60:.0f} minutes, the most that a log of {size(self._size_bytes)} is "
            "given, and was stopped: it holds up nobody.",
            code="too_slow",
        )
