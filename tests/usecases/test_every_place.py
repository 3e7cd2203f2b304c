"""Every call that a job, a lease or a sweep makes to the stores fails once, or always: what becomes of the logs."""

from __future__ import annotations

import contextlib
import errno
import hashlib
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from paddock.domain.export import ExportRequest
from paddock.domain.job import Job, JobState
from paddock.domain.keys import raw_key
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Status
from paddock.errors import Unavailable
from paddock.ports.documents import Equals
from paddock.usecases.context import Context
from paddock.usecases.jobs import jobs, leases
from paddock.usecases.jobs.attempt import Attempt, Gauge, RunJob, run_here
from paddock.usecases.jobs.handlers import handle
from paddock.usecases.jobs.sweep import sweep
from paddock.usecases.take_away.export import request_export
from tests.logs import small_log
from tests.usecases.conftest import Team

pytestmark = [pytest.mark.anyio, pytest.mark.slow("fails at every place")]
HOUR_NS = 3600 * 10**9
PATIENCE = 60
LEVELS = ("info", "warning", "error", "exception")
ERRORS: tuple[Callable[[], Exception], ...] = (
    lambda: RuntimeError("a bug"),
    lambda: Unavailable("it is away"),
    lambda: OSError(errno.ENOSPC, "No space left on device"),
)


class Fault:
    """Raises at one call of all that are counted."""

    def __init__(self, at: int, error: Exception) -> None:
        self.calls = 0
        self._at = at
        self._error = error

    def strike(self) -> None:
        self.calls += 1
        if self.calls == self._at:
            raise self._error


class Faulty:
    """A store whose calls are counted, also those of its collections."""

    def __init__(self, inner: Any, fault: Fault) -> None:
        self._inner = inner
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return Faulty(found, self._fault)

        def call(*args: Any, **options: Any) -> Any:
            self._fault.strike()
            return found(*args, **options)

        return call


def faulty(context: Context, fault: Fault) -> Context:
    stores: Any = {"documents": Faulty(context.documents, fault), "objects": Faulty(context.objects, fault)}
    return replace(context, **stores)


async def work_off(context: Context, run: RunJob) -> Context:
    """Do what is due as a worker does, and go on an hour later; the context of the last hour."""
    begun = context.now()
    for hour in range(1, PATIENCE):
        try:
            await sweep(context)
            while job := await leases.take(context, "w"):
                await Attempt(context, job, run).result()
        except Unavailable:
            pass
        waiting = await jobs.find_jobs(context, (JobState.QUEUED, JobState.RUNNING))
        if not waiting.items:
            return context
        context = replace(context, now=lambda hour=hour: begun + hour * HOUR_NS)
    raise AssertionError("jobs are left over")


def _say_nothing(*_: Any, **__: Any) -> None:
    pass


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback for each place takes longer than all the rest."""
    for module in ("jobs.handlers", "jobs.sweep", "contained", "jobs.attempt"):
        monkeypatch.setattr(
            f"paddock.usecases.{module}.log", SimpleNamespace(**dict.fromkeys(LEVELS, _say_nothing))
        )


@pytest.mark.usefixtures("quiet")
async def test_whatever_fails_once_is_done_in_the_end_and_nothing_is_lost(team: Team) -> None:
    place = calls = 0
    while calls >= place:
        place += 1
        log = small_log(3, driver=f"driver {place}")
        recording_id = (await team.upload(log)).id
        fault = Fault(place, ERRORS[place % len(ERRORS)]())
        await round_with(faulty(team.context, fault))
        calls = fault.calls
        later = await work_off(team.context, run_here)
        await request_export(later, LOCAL_USER, recording_id, ExportRequest(format="csv"))
        later = await work_off(later, run_here)
        recording = await team.recording(recording_id)
        assert (recording.status, recording.error) == (Status.READY, None), f"call {place}"
        with await team.context.objects.open(raw_key(recording_id)) as stored:
            assert hashlib.sha256(stored.read()).hexdigest() == recording_id
        assert not (await jobs.find_jobs(later, (JobState.DEAD,))).items, f"call {place}"
    assert place > 30, "a sweep, an ingest and a conversion make so many calls"


async def round_with(sick: Context) -> None:
    """What a worker does with one log, until it meets the fault outside of the job itself."""
    with contextlib.suppress(RuntimeError, Unavailable, OSError):
        await sweep(sick)
        while job := await leases.take(sick, "sick"):
            await Attempt(sick, job).result()


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("kind", ["ingest", "convert", "export"])
async def test_a_job_that_always_fails_at_one_place_says_why_and_harms_no_other(
    team: Team, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paddock.domain.job.MAX_FAULTS", 1)
    place = calls = 0
    while calls >= place:
        place += 1
        good, bad = [(await team.upload(small_log(3, driver=f"{which} {place}"))).id for which in ("good", "bad")]
        if kind == "export":
            await team.work()
            for recording_id in (good, bad):
                await request_export(team.context, LOCAL_USER, recording_id, ExportRequest(format="csv"))
        sick = await jobs_of(team, kind, bad)
        met: list[int] = []

        async def run(
            context: Context,
            job: Job,
            gauge: Gauge,
            place: int = place,
            sick: set[str] = sick,
            met: list[int] = met,
        ) -> None:
            fault = Fault(place if job.id in sick else 0, RuntimeError(f"a bug at {place}"))
            try:
                await handle(faulty(context, fault), job, gauge.progress)
            finally:
                met.extend([fault.calls] if job.id in sick else [])

        later = await work_off(team.context, run)
        calls = max(met)
        assert (await team.recording(good)).status is Status.READY
        recording = await team.recording(bad)
        assert await team.context.objects.stat(raw_key(bad)) or [
            key for key in await team.keys() if "incoming" in key
        ]
        dead = [job.error for job in (await jobs.find_jobs(later, (JobState.DEAD,))).items if job.id in sick]
        assert [failure and failure.message for failure in dead] in ([], [f"RuntimeError: a bug at {place}"])
        if dead and kind != "export":
            assert (recording.status, recording.error) == (Status.FAILED, dead[0])
        else:
            assert (recording.status, recording.error) == (Status.READY, None)
    assert place > 3


async def jobs_of(team: Team, kind: str, recording_id: str) -> set[str]:
    if kind == "ingest":
        found = await team.context.documents.uploads.find([Equals("sha256", recording_id)])
        return {f"ingest-{upload.id}" for upload in found.items}
    queued = await team.context.documents.jobs.find([Equals("state", JobState.QUEUED)], limit=500)
    exports = {job.id for job in queued.items if job.params.get("recording") == recording_id}
    return exports if kind == "export" else {f"convert-{recording_id}"}
