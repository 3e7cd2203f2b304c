from dataclasses import replace

import pytest

from paddock.domain.job import MAX_FAULTS, MAX_TRIES, REPROCESS_LATER_NS, JobState
from paddock.domain.principal import LOCAL_USER
from paddock.errors import Conflict, NotFound, PaddockError, Rejected, Unavailable
from paddock.usecases.context import Context
from paddock.usecases.jobs import jobs, leases
from paddock.usecases.jobs.attempt import do

pytestmark = pytest.mark.anyio


def later(context: Context, seconds: float) -> Context:
    """The same context, some time later."""
    return replace(context, now=lambda: context.now() + int(seconds * 1e9))


def at(context: Context, instant_ns: int) -> Context:
    """The same context at this time."""
    return replace(context, now=lambda: instant_ns)


async def test_asking_twice_for_the_same_work_is_one_job(context: Context) -> None:
    await jobs.enqueue(context, "convert", "a")
    await jobs.enqueue(context, "convert", "a")
    assert await leases.take(context, "w") is not None
    assert await leases.take(context, "w") is None
    await jobs.enqueue(context, "convert", "a")
    assert await leases.take(context, "w") is None, "it runs already"


async def test_work_that_is_done_can_be_asked_for_again(context: Context) -> None:
    await jobs.enqueue(context, "convert", "a")
    job = await leases.take(context, "w")
    assert job is not None
    await leases.finish(context, job)
    await jobs.enqueue(context, "convert", "a")
    assert await leases.take(context, "w") is not None


async def test_what_passes_by_itself_is_tried_for_a_day_with_growing_pauses(context: Context) -> None:
    await jobs.enqueue(context, "convert", "a")
    begun, pauses = context.now(), []
    while job := await leases.take(context, "w"):
        state = await leases.fail(context, job, Unavailable("the disk is full", code="disk_full"))
        assert await leases.take(context, "w") is None, "not before its time"
        failed = await jobs.get_job(context, job.id)
        assert failed.error is not None and failed.error.message == "the disk is full"
        pauses.append(failed.due_at - context.now())
        context = at(context, failed.due_at)
    assert state is JobState.DEAD
    assert len(pauses) == MAX_TRIES
    assert 24 <= (context.now() - begun) / 3600e9 < 26
    assert pauses[0] < 3e9 and sorted(pauses) == pauses and pauses[-1] < 3601e9


async def test_a_crash_is_tried_a_few_times_and_what_passes_does_not_count_for_it(context: Context) -> None:
    crash = PaddockError("KeyError: 'x'", code="internal_error", permanent=False)
    await jobs.enqueue(context, "convert", "a")
    for number in range(MAX_FAULTS):
        for error in (Unavailable("away"), Unavailable("away"), crash):
            context = later(context, 3600)
            job = await leases.take(context, "w")
            assert job is not None and job.faults == number
            state = await leases.fail(context, job, error)
    assert state is JobState.DEAD
    (dead,) = (await jobs.find_jobs(context, (JobState.DEAD,))).items
    assert dead.error is not None and dead.error.code == "internal_error"


async def test_only_workers_that_died_are_called_dead(context: Context) -> None:
    """A lease that ran out because the documents were away belongs to whoever still works at it."""
    await jobs.enqueue(context, "convert", "a")
    job = await leases.take(context, "w")
    assert job is not None
    context = later(context, 60)
    assert await leases.take(context, "w", at_work=frozenset([job.id])) is None
    assert await leases.keep(context, job, 0.5)
    kept = await jobs.get_job(context, job.id)
    assert (kept.faults, kept.error) == (0, None)
    await leases.release(context)
    assert (await jobs.get_job(context, job.id)).faults == 0, "a restart is nobody's death"
    for faults in range(1, MAX_FAULTS + 1):
        again = await leases.take(context, f"w{faults}")
        assert again is not None
        await leases.release(context, f"w{faults}")
        died = await jobs.get_job(context, job.id)
        assert died.faults == faults and died.error is not None and died.error.code == "worker_died"
    last = await leases.take(context, "w")
    assert last is not None
    assert await do(context, last) is JobState.DEAD


@pytest.mark.parametrize("back_s", [3600, 86_400, 10 * 365 * 86_400])
async def test_a_clock_that_is_set_back_keeps_nobody_waiting(context: Context, back_s: float) -> None:
    await jobs.enqueue(context, "convert", "queued")
    await jobs.enqueue(context, "convert", "taken")
    await jobs.enqueue(context, "convert", "failed")
    for _ in range(2):
        job = await leases.take(context, "gone")
        assert job is not None
    await leases.fail(context, job, Unavailable("away"))
    context = later(context, -back_s)
    taken = [await leases.take(context, "next") for _ in range(4)]
    assert sorted(job.subject for job in taken if job) == ["failed", "queued", "taken"]


async def test_a_clock_that_is_set_forward_begins_again_what_seems_abandoned_and_loses_nothing(
    context: Context,
) -> None:
    await jobs.enqueue(context, "convert", "a")
    first = await leases.take(context, "first")
    assert first is not None
    ahead = later(context, 86_400)
    second = await leases.take(ahead, "second")
    assert second is not None
    assert not await leases.keep(context, first, 0.5)
    assert await leases.finish(context, second) is JobState.DONE


async def test_logs_go_before_exports_and_exports_before_a_season_that_is_converted_again(
    context: Context,
) -> None:
    await jobs.enqueue(context, "convert", "season", place=context.now() + REPROCESS_LATER_NS)
    for number in range(5):
        await jobs.enqueue(context, "export", f"old {number}", asked_by="Eva")
    await jobs.enqueue(context, "ingest", "fresh", asked_by="Adam")
    order = [await leases.take(context, "w") for _ in range(7)]
    kinds = [job.kind for job in order if job]
    assert kinds == ["ingest", *["export"] * 5, "convert"]


async def test_nobody_waits_for_all_that_somebody_else_asked_for_before(context: Context) -> None:
    for number in range(30):
        await jobs.enqueue(context, "export", f"eva {number}", asked_by="Eva")
    await jobs.enqueue(context, "export", "adam", asked_by="Adam")
    order = [job.subject for _ in range(31) if (job := await leases.take(context, "w"))]
    assert len(order) == 31
    assert order.index("adam") <= 2


async def test_a_permanent_failure_is_dead_at_once_and_can_be_retried(context: Context) -> None:
    await jobs.enqueue(context, "convert", "a")
    job = await leases.take(context, "w")
    assert job is not None
    assert await leases.fail(context, job, Rejected("it is no log")) is JobState.DEAD
    (dead,) = (await jobs.find_jobs(context, (JobState.DEAD,))).items
    assert dead.error is not None and dead.error.message == "it is no log"
    await jobs.retry(context, LOCAL_USER, dead.id)
    again = await leases.take(context, "w")
    assert again is not None and (again.tries, again.asked_by) == (1, LOCAL_USER.name)
    with pytest.raises(Conflict):
        await jobs.retry(context, LOCAL_USER, dead.id)
    with pytest.raises(NotFound):
        await jobs.retry(context, LOCAL_USER, "nope")


async def test_a_vanished_workers_job_is_taken_by_the_next_and_the_first_loses_it(context: Context) -> None:
    await jobs.enqueue(context, "convert", "a")
    first = await leases.take(context, "first")
    assert first is not None
    assert await leases.take(context, "second") is None
    context = later(context, 31)
    second = await leases.take(context, "second")
    assert second is not None and second.tries == 2
    assert not await leases.keep(context, first, 0.5)
    await leases.finish(context, first)
    assert await leases.fail(context, first, Rejected("late")) is None
    (running,) = (await jobs.find_jobs(context)).items
    assert (running.state, running.lease_owner) == (JobState.RUNNING, "second")


async def test_a_worker_known_to_be_gone_gives_its_jobs_back_at_once(context: Context) -> None:
    for subject in "abc":
        await jobs.enqueue(context, "convert", subject)
        await leases.take(context, "gone")
    await leases.release(context, "gone")
    assert [await leases.take(context, "next") is not None for _ in "abcd"] == [True, True, True, False]
