from dataclasses import replace

import pytest

from paddock.domain.job import MAX_TRIES, JobState
from paddock.errors import Conflict, NotFound, Rejected, Unavailable
from paddock.usecases import jobs
from paddock.usecases.services import Services

pytestmark = pytest.mark.anyio


def later(services: Services, seconds: float) -> Services:
    """The same services, some time later."""
    return replace(services, now=lambda: services.now() + int(seconds * 1e9))


async def test_asking_twice_for_the_same_work_is_one_job(services: Services) -> None:
    await jobs.enqueue(services, "convert", "a")
    await jobs.enqueue(services, "convert", "a")
    assert await jobs.take(services, "w") is not None
    assert await jobs.take(services, "w") is None
    await jobs.enqueue(services, "convert", "a")
    assert await jobs.take(services, "w") is None, "it runs already"


async def test_work_that_is_done_can_be_asked_for_again(services: Services) -> None:
    await jobs.enqueue(services, "convert", "a")
    job = await jobs.take(services, "w")
    assert job is not None
    await jobs.finish(services, job)
    await jobs.enqueue(services, "convert", "a")
    assert await jobs.take(services, "w") is not None


async def test_a_passing_failure_is_tried_again_later_and_not_for_ever(services: Services) -> None:
    await jobs.enqueue(services, "convert", "a")
    for tries in range(1, MAX_TRIES + 1):
        services = later(services, 3600)
        job = await jobs.take(services, "w")
        assert job is not None and job.tries == tries
        state = await jobs.fail(services, job, Unavailable("the disk is away"))
        assert await jobs.take(services, "w") is None, "not before its time"
    assert state is JobState.DEAD
    assert await jobs.take(later(services, 3600), "w") is None


async def test_a_permanent_failure_is_dead_at_once_and_can_be_retried(services: Services) -> None:
    await jobs.enqueue(services, "convert", "a")
    job = await jobs.take(services, "w")
    assert job is not None
    assert await jobs.fail(services, job, Rejected("it is no log")) is JobState.DEAD
    (dead,) = (await jobs.find_jobs(services, (JobState.DEAD,))).items
    assert dead.error is not None and dead.error.message == "it is no log"
    await jobs.retry(services, dead.id)
    again = await jobs.take(services, "w")
    assert again is not None and again.tries == 1
    with pytest.raises(Conflict):
        await jobs.retry(services, dead.id)
    with pytest.raises(NotFound):
        await jobs.retry(services, "nope")


async def test_a_vanished_workers_job_is_taken_by_the_next_and_the_first_loses_it(services: Services) -> None:
    await jobs.enqueue(services, "convert", "a")
    first = await jobs.take(services, "first")
    assert first is not None
    assert await jobs.take(services, "second") is None
    services = later(services, 31)
    second = await jobs.take(services, "second")
    assert second is not None and second.tries == 2
    assert not await jobs.keep(services, first, 0.5)
    await jobs.finish(services, first)
    assert await jobs.fail(services, first, Rejected("late")) is None
    (running,) = (await jobs.find_jobs(services)).items
    assert (running.state, running.lease_owner) == (JobState.RUNNING, "second")


async def test_a_worker_known_to_be_gone_gives_its_jobs_back_at_once(services: Services) -> None:
    for subject in "abc":
        await jobs.enqueue(services, "convert", subject)
        await jobs.take(services, "gone")
    await jobs.release(services, "gone")
    assert [await jobs.take(services, "next") is not None for _ in "abcd"] == [True, True, True, False]
