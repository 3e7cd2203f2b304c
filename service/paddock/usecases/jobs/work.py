"""Work: keep a few jobs going, for as long as the worker lives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from paddock.domain.job import Job, JobState
from paddock.errors import Unavailable
from paddock.usecases.context import Context
from paddock.usecases.jobs import leases
from paddock.usecases.jobs.attempt import Attempt, Ended, RunJob, run_here
from paddock.usecases.jobs.sweep import SWEEP_S, sweep
from paddock.usecases.notices.sending import Sender

LANES = 2
"""Jobs at a time. Of two that take long one gives way when others wait, so that no log waits for a slow one."""
POLL_S = 0.5
STOP_S = 4.0
"""How long a worker that is to stop waits for what it is at; the rest is begun again by the next."""

log = structlog.get_logger()


async def work(
    context: Context,
    owner: str,
    stop: asyncio.Event,
    run: RunJob = run_here,
    *,
    lanes: int = 1,
    overdue_ns: int = 0,
    turned: Callable[[], None] = lambda: None,
) -> None:
    """Do jobs until ``stop``; a store that does not answer is waited for, and no error of one job is another's.

    Args:
        owner: the name that leases carry.
        run: how a job is done.
        lanes: how many at a time; more than one only where ``run`` can end what it does.
        overdue_ns: beside Lambda functions, how long a job is left to them first.
        turned: called whenever it has looked for work, at least every few seconds while the store answers.
    """
    await _Worker(context, owner, run, lanes, overdue_ns).work(stop, turned)


class _Worker:
    def __init__(self, context: Context, owner: str, run: RunJob, lanes: int, overdue_ns: int) -> None:
        self._context = context
        self._owner = owner
        self._run = run
        self._lanes = lanes
        self._overdue_ns = overdue_ns
        self._at_work: dict[asyncio.Task[JobState | None], Attempt] = {}

    async def work(self, stop: asyncio.Event, turned: Callable[[], None]) -> None:
        sweeper = asyncio.create_task(self._keep_sweeping())
        notices = asyncio.create_task(Sender(self._context).keep_sending())
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                try:
                    took = await self._take() if len(self._at_work) < self._lanes else await self._make_way()
                except Unavailable as error:
                    log.warning("store_unavailable", code=error.code, message=error.message)
                    took = False
                except Exception:
                    log.exception("worker_faltered")
                    took = False
                turned()
                if not took:
                    await self._wait(stopped)
            await self._stop()
        finally:
            others = (sweeper, notices, stopped)
            for task in (*others, *self._at_work):
                task.cancel()
            await asyncio.gather(*others, *self._at_work, return_exceptions=True)

    async def _take(self) -> bool:
        """Begin the next job; whether there was one."""
        is_long = any(attempt.is_long for attempt in self._at_work.values())
        job = await self._lease(long_ones=not is_long)
        if job is None and is_long:
            # Nobody else waits; if somebody comes, it gives way again.
            job = await self._lease(long_ones=True)
        if job is None:
            return False
        attempt = Attempt(self._context, job, self._run)
        self._at_work[asyncio.create_task(attempt.result(patient=True))] = attempt
        return True

    async def _lease(self, *, long_ones: bool) -> Job | None:
        return await leases.take(
            self._context,
            self._owner,
            overdue_ns=self._overdue_ns,
            long_ones=long_ones,
            at_work=frozenset(attempt.job.id for attempt in self._at_work.values()),
        )

    async def _make_way(self) -> bool:
        """Where all lanes have long jobs and others wait, the one that has run for the shortest time gives way."""
        long_ones = [attempt for attempt in self._at_work.values() if attempt.is_long]
        if len(long_ones) == self._lanes > 1 and await leases.has_waiting(self._context):
            max(long_ones, key=lambda attempt: attempt.begun).end(Ended.SET_ASIDE)
        return False

    async def _wait(self, stopped: asyncio.Task[bool]) -> None:
        """Until a job may be due, one has ended, or the worker is to stop."""
        due = asyncio.create_task(self._context.work.wait(POLL_S))
        await asyncio.wait({due, stopped, *self._at_work}, return_when=asyncio.FIRST_COMPLETED)
        due.cancel()
        for task in [task for task in self._at_work if task.done()]:
            attempt = self._at_work.pop(task)
            if error := task.exception():
                # A bug of ours. Its lease runs out by itself.
                log.error("job_left", job=attempt.job.id, exc_info=error)

    async def _stop(self) -> None:
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=STOP_S)
            for attempt in self._at_work.values():
                attempt.end(Ended.WORKER_STOPS)
            await asyncio.wait(self._at_work, timeout=STOP_S)

    async def _keep_sweeping(self) -> None:
        while True:
            begun = time.monotonic()
            await sweep(self._context)
            await asyncio.sleep(max(0.0, SWEEP_S - (time.monotonic() - begun)))
