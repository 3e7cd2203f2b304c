"""The worker's lanes: what takes long gives way, what nobody needs is ended, and one job's error is its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from paddock.domain import job as job_rules
from paddock.domain.job import Job, JobState
from paddock.domain.recording import Recording, Status
from paddock.errors import PaddockError
from paddock.usecases.context import Context
from paddock.usecases.jobs import attempt, jobs
from paddock.usecases.jobs import sweep as sweeping
from paddock.usecases.jobs import work as working
from paddock.usecases.jobs.attempt import Gauge
from paddock.usecases.jobs.work import work

pytestmark = pytest.mark.anyio
HANG_S = 60


class Bench:
    """Stands in for the processes: jobs that begin with ``slow`` last until they are ended or told to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.go_on = asyncio.Event()

    async def run(self, context: Context, job: Job, gauge: Gauge) -> None:
        self.begun.append(job.subject)
        try:
            if job.subject.startswith("slow"):
                await self.go_on.wait()
            if job.subject.startswith("bad"):
                raise RuntimeError("a bug in the machinery itself")
        except asyncio.CancelledError:
            self.ended.append(job.subject)
            raise


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(attempt, "HEARTBEAT_S", 0.01)
    monkeypatch.setattr(working, "POLL_S", 0.01)
    monkeypatch.setattr(working, "STOP_S", 0.1)
    monkeypatch.setattr(attempt, "first_turn_s", lambda size_bytes: 0.05)
    return Bench()


@contextlib.asynccontextmanager
async def at_work(context: Context, bench: Bench) -> AsyncIterator[None]:
    stop = asyncio.Event()
    worker = asyncio.create_task(work(context, "w", stop, bench.run, lanes=2))
    try:
        yield
    finally:
        stop.set()
        await worker


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(HANG_S):
        while not await holds():
            await asyncio.sleep(0.01)


def is_in(context: Context, state: JobState, *subjects: str) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        found = [await jobs.get_job(context, f"convert-{subject}") for subject in subjects]
        return all(job.state is state for job in found)

    return holds


async def test_no_log_waits_for_slow_ones_and_these_are_done_in_the_end(context: Context, bench: Bench) -> None:
    slow = [f"slow {number}" for number in range(4)]
    for subject in (*slow, "good"):
        await jobs.enqueue(context, "convert", subject)
    async with at_work(context, bench):
        await until(is_in(context, JobState.DONE, "good"))
        assert "slow 0" not in bench.ended, "the one that has run longest goes on"
        assert set(bench.ended) <= set(slow)
        bench.go_on.set()
        await until(is_in(context, JobState.DONE, *slow))
    aside = await jobs.get_job(context, "convert-slow 2")
    assert (aside.tries, aside.faults) == (1, 0), "giving way is no failure"


async def test_two_that_take_long_go_on_side_by_side_while_nobody_waits(context: Context, bench: Bench) -> None:
    for number in range(2):
        await jobs.enqueue(context, "convert", f"slow {number}")
    async with at_work(context, bench):
        await until(lambda: _of(len(bench.begun) == 2))
        await asyncio.sleep(0.2)
        assert bench.ended == []
        bench.go_on.set()
        await until(is_in(context, JobState.DONE, "slow 0", "slow 1"))


async def _of(value: bool) -> bool:
    return value


async def test_a_job_that_takes_too_long_ends_and_says_so(
    context: Context, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "time_limit_s", lambda kind, size_bytes: 0.1)
    await context.documents.recordings.insert(Recording("slow", ("slow.mcap",), 1, Status.STORED, 0))
    await jobs.enqueue(context, "convert", "slow")
    async with at_work(context, bench):
        await until(is_in(context, JobState.DEAD, "slow"))
    assert bench.ended == ["slow"]
    recording = await context.documents.recordings.get("slow")
    assert recording is not None and recording.error is not None
    assert (recording.status, recording.error.code) == (Status.FAILED, "too_slow")
    assert "holds up nobody" in recording.error.message


async def test_a_job_ends_when_its_recording_is_deleted(context: Context, bench: Bench) -> None:
    await context.documents.recordings.insert(Recording("slow", ("slow.mcap",), 1, Status.CONVERTING, 0))
    await jobs.enqueue(context, "convert", "slow")
    async with at_work(context, bench):
        await until(lambda: _of(bench.begun == ["slow"]))
        await context.documents.recordings.change("slow", {"deleted_at": 1})
        await until(is_in(context, JobState.DONE, "slow"))
    recording = await context.documents.recordings.get("slow")
    assert bench.ended == ["slow"] and recording is not None
    assert (recording.status, recording.error) == (Status.STORED, None)


async def test_a_worker_that_stops_gives_back_what_it_is_at(context: Context, bench: Bench) -> None:
    await jobs.enqueue(context, "convert", "slow")
    async with at_work(context, bench):
        await until(lambda: _of(bench.begun == ["slow"]))
    job = await jobs.get_job(context, "convert-slow")
    assert (job.state, job.tries, job.faults, job.set_aside_at) == (JobState.QUEUED, 0, 0, None)


async def test_whatever_one_job_or_sweep_meets_the_others_go_on(
    context: Context, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept = []

    async def breaks(context: Context) -> None:
        raise RuntimeError("a bug")

    async def sweeps(context: Context) -> None:
        swept.append(1)

    monkeypatch.setattr(sweeping, "PARTS", (breaks, sweeps))
    for subject in ("bad 0", "bad 1", "bad 2", "good"):
        await jobs.enqueue(context, "convert", subject)
    async with at_work(context, bench):
        await until(is_in(context, JobState.DONE, "good"))
        await until(lambda: _of(bool(swept)))


async def test_a_kind_that_nobody_knows_is_a_dead_job_with_a_reason(context: Context) -> None:
    await jobs.enqueue(context, "juggle", "a")
    stop = asyncio.Event()
    worker = asyncio.create_task(work(context, "w", stop))
    try:
        async with asyncio.timeout(HANG_S):
            while (job := await jobs.get_job(context, "juggle-a")).state is not JobState.DEAD:
                await asyncio.sleep(0.02)
    finally:
        stop.set()
        await worker
    assert job.error is not None and "juggle" in job.error.message


def test_limits_grow_with_the_log() -> None:
    assert job_rules.time_limit_s("convert", 0) < 180
    assert job_rules.time_limit_s("convert", 450_000_000) > 500
    assert job_rules.first_turn_s(100) < 5 < job_rules.first_turn_s(100_000_000)
    assert job_rules.passes(PaddockError("", permanent=False)) is False
