"""What is inside of a log belongs to one conversion: between two of them nobody sees a mixture."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from paddock.domain.contents import contents_id
from paddock.domain.job import Job
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Status
from paddock.errors import Conflict
from paddock.ports.documents import Equals
from paddock.usecases.conversion import convert
from paddock.usecases.conversion.builds import sweep_old_builds
from paddock.usecases.conversion.reprocess import reprocess_one
from paddock.usecases.find.contents import contents_of, every_contents_of
from paddock.usecases.jobs import jobs, leases
from paddock.usecases.look.coverage import coverage
from paddock.usecases.look.plots import plot_data
from paddock.usecases.storage.fsck import Fault, fsck
from tests.logs import small_log
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio
LOG = small_log()
ID = hashlib.sha256(LOG).hexdigest()


@pytest.fixture
async def ready(team: Team) -> Team:
    await team.upload(LOG)
    await team.work()
    return team


def before_the_flip(monkeypatch: pytest.MonkeyPatch, look: Callable[[], Awaitable[None]]) -> None:
    """Have something happen in the moment when all is written but the recording."""
    remember = convert.remember_topics

    async def remember_and_look(*given: Any) -> None:
        await remember(*given)
        monkeypatch.setattr(convert, "remember_topics", remember)
        await look()

    monkeypatch.setattr(convert, "remember_topics", remember_and_look)


async def builds_of(team: Team) -> list[str]:
    return sorted([each.build async for each in every_contents_of(team.context.documents, ID)])


async def columns_of(team: Team) -> set[str]:
    return {key.rpartition("/")[2] for key in await team.keys() if key.startswith("columns/")}


async def converted_again(team: Team) -> None:
    await reprocess_one(team.context, LOCAL_USER, ID)
    await team.work()


async def leased(team: Team) -> Job:
    await reprocess_one(team.context, LOCAL_USER, ID)
    job = await leases.take(team.context, "another")
    assert job is not None
    return job


async def test_a_reader_sees_the_old_conversion_until_the_new_one_is_whole(
    ready: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, old, seen = ready.context, await ready.recording(ID), []

    async def look() -> None:
        recording = await ready.recording(ID)
        inside = await contents_of(context.documents, recording)
        assert recording.build == inside.build == old.build
        assert (await plot_data(context, ID, ["Pedals.throttle"])).series[0].samples == 50
        seen.append(len(await builds_of(ready)))

    before_the_flip(monkeypatch, look)
    await converted_again(ready)
    assert seen == [2]
    # Whoever read the recording before the flip goes on with the columns of that conversion.
    assert (await contents_of(context.documents, old)).channels
    assert [each.pieces for each in await coverage(context, old)]


async def test_of_two_conversions_at_once_one_is_shown_whole(ready: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one lost its lease in the last moment."""
    job = await leased(ready)

    async def rival() -> None:
        await convert.convert(ready.context, job, lambda share: None)

    before_the_flip(monkeypatch, rival)
    with pytest.raises(Conflict) as lost:
        await convert.convert(ready.context, job, lambda share: None)
    assert (lost.value.code, lost.value.permanent) == ("lease_lost", False)
    recording = await ready.recording(ID)
    assert recording.status is Status.READY
    assert recording.build in await builds_of(ready)
    assert f"{recording.build}.parquet" in await columns_of(ready)
    assert (await plot_data(ready.context, ID, ["Pedals.throttle"])).series[0].samples == 50


async def test_a_conversion_that_was_killed_leaves_nothing_for_good(
    ready: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, old = await leased(ready), (await ready.recording(ID)).build

    async def kill() -> None:
        raise KeyboardInterrupt

    before_the_flip(monkeypatch, kill)
    with pytest.raises(KeyboardInterrupt):
        await convert.convert(ready.context, job, lambda share: None)
    assert len(await builds_of(ready)) == len(await columns_of(ready)) == 2
    assert (await contents_of(ready.context.documents, await ready.recording(ID))).build == old
    await convert.convert(ready.context, job, lambda share: None)
    build = (await ready.recording(ID)).build
    assert await builds_of(ready) == sorted([old, build])
    assert await columns_of(ready) == {f"{old}.parquet", f"{build}.parquet"}


async def test_what_a_conversion_under_way_wrote_is_not_swept(ready: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    await converted_again(ready)
    old = (await ready.recording(ID)).old_build
    later = replace(ready.context, now=lambda: time.time_ns() + 3601 * 10**9)

    async def sweep() -> None:
        assert old in await builds_of(ready)
        await sweep_old_builds(later)
        assert old not in await builds_of(ready)

    before_the_flip(monkeypatch, sweep)
    await converted_again(ready)
    build = (await ready.recording(ID)).build
    assert build in await builds_of(ready)
    assert f"{build}.parquet" in await columns_of(ready) and f"{old}.parquet" not in await columns_of(ready)


async def test_contents_that_are_lost_are_found_and_read_again(ready: Team) -> None:
    recording = await ready.recording(ID)
    await ready.context.documents.contents.delete([Equals("recording", ID)])
    assert (await contents_of(ready.context.documents, recording)).channels == ()
    assert [each.fault async for each in fsck(ready.context, mend=True)] == [Fault.CONTENTS_MISSING]
    await ready.work()
    assert [each.fault async for each in fsck(ready.context)] == []
    assert (await ready.contents(ID)).channels


async def test_contents_of_nobody_are_found_and_removed_unless_a_conversion_may_have_written_them(
    ready: Team,
) -> None:
    documents = ready.context.documents
    inside = await ready.contents(ID)
    left = of_build(inside, "f" * 16)
    await documents.contents.insert(left)
    await jobs.enqueue(ready.context, "convert", ID)
    assert [each.fault async for each in fsck(ready.context)] == []
    await documents.jobs.delete([Equals("kind", "convert")])
    found = [each async for each in fsck(ready.context, mend=True)]
    assert [(each.fault, each.what) for each in found] == [(Fault.CONTENTS_UNKNOWN, left.id)]
    assert await builds_of(ready) == [inside.build]


def of_build(inside: Any, build: str) -> Any:
    fields = {name: getattr(inside, name) for name in inside.__struct_fields__}
    return type(inside)(**{**fields, "id": contents_id(inside.recording, build), "build": build})
