"""The queue of jobs as the use cases ask for it, on every side of the documents."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from paddock.adapters.polling import PollingWork
from paddock.domain.job import REPROCESS_LATER_NS, JobState
from paddock.ports.documents import Documents
from paddock.usecases.context import Context
from paddock.usecases.jobs import jobs, leases
from tests.adapters.builders import job

pytestmark = pytest.mark.anyio
NOW = 1_776_522_720 * 10**9
S = 10**9


def context(documents: Documents, now: int = NOW) -> Context:
    return Context(documents, cast(Any, None), PollingWork(), Path(), now=lambda: now)


async def test_jobs_are_taken_by_kind_and_by_turns(documents: Documents) -> None:
    for number in range(4):
        await jobs.enqueue(context(documents), "export", f"eva {number}", asked_by="Eva")
    await jobs.enqueue(context(documents, NOW + 1), "export", "adam", asked_by="Adam")
    await jobs.enqueue(context(documents), "convert", "season", place=NOW + REPROCESS_LATER_NS)
    await jobs.enqueue(context(documents, NOW + 2), "ingest", "fresh", asked_by="Eva")
    await jobs.enqueue(context(documents), "convert", "delayed", delay_ns=60 * S)
    taken = [await leases.take(context(documents, NOW + 10), "w") for _ in range(8)]
    found = [each.subject for each in taken if each]
    assert found == ["fresh", "eva 0", "adam", "eva 1", "eva 2", "eva 3", "season"]


async def test_each_job_is_taken_once_by_many_at_once(documents: Documents) -> None:
    await documents.jobs.put_many([job(f"j{number}", place=number % 3) for number in range(12)])
    taken = await asyncio.gather(*(leases.take(context(documents), f"w{number}") for number in range(16)))
    assert sorted(each.id for each in taken if each) == sorted(f"j{number}" for number in range(12))


async def test_long_ones_are_left_out_where_they_are_not_wanted(documents: Documents) -> None:
    await documents.jobs.put_many([job("long", place=1, set_aside_at=NOW), job("short", place=2)])
    taken = [await leases.take(context(documents), "w", long_ones=False) for _ in range(2)]
    assert [each and each.id for each in taken] == ["short", None]
    assert not await leases.has_waiting(context(documents))
    last = await leases.take(context(documents), "w")
    assert last is not None and last.id == "long"


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
async def test_what_a_wrong_clock_wrote_is_due(documents: Documents, state: JobState) -> None:
    tomorrow = NOW + 86_400 * S
    wrong = job("a", state=state, due_at=tomorrow, lease_until=tomorrow, updated_at=tomorrow, lease_owner="gone")
    await documents.jobs.put_many([wrong])
    taken = await leases.take(context(documents), "w")
    assert taken is not None and (taken.lease_owner, taken.updated_at) == ("w", NOW)
