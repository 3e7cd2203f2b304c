"""What ``paddock health`` finds wrong."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from paddock.device_log.entry import Entry, Kind
from paddock.device_log.reader import end_of
from paddock.device_log.running import RECORDER, take_lock
from paddock.domain.devices import Device
from paddock.domain.instants import NS_PER_S
from paddock.domain.principal import LOCAL_USER
from paddock.errors import Unavailable
from paddock.usecases import health
from paddock.usecases.context import Context
from paddock.usecases.devices.devices import add_device
from paddock.usecases.health import PATIENCE_NS, faults
from paddock.usecases.jobs import jobs, leases
from paddock.usecases.streams.kept_streams import KeptStreams, keep_streams
from paddock.usecases.streams.recorder_state import RecorderHealth, recorder_state

pytestmark = pytest.mark.anyio


async def test_nothing_is_wrong_while_work_is_fresh_or_done(context: Context) -> None:
    assert await faults(context) == []
    await jobs.enqueue(context, "convert", "a")
    assert await faults(context) == []


async def test_work_that_nobody_takes_is_a_fault_until_somebody_does(context: Context) -> None:
    await jobs.enqueue(context, "convert", "a")
    await jobs.enqueue(context, "convert", "b")
    begun = context.now()
    later = replace(context, now=lambda: begun + 2 * PATIENCE_NS)
    (said,) = await faults(later)
    assert said.startswith("2 jobs waited")
    assert await faults(later, overdue_ns=2 * PATIENCE_NS) == [], "the functions may still take it"
    assert await leases.take(later, "w") is not None
    assert await faults(later) == [], "one is at work, the other waits for its turn"


async def test_each_store_that_is_away_is_said(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("The bucket does not answer.", code="unavailable")

    monkeypatch.setattr(context.objects, "stat", away)
    monkeypatch.setattr(context.documents.jobs, "count", away)
    assert await faults(context) == ["The bucket does not answer."] * 2


async def test_a_full_disk_is_a_fault(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1_000_000})())
    (said,) = await faults(context)
    assert "1.0 MB left" in said


async def test_devices_whose_messages_nobody_records_are_a_fault(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "STARTS_S", 0.0)
    directory = context.device_log
    assert directory is not None
    assert (await recorder_state(context)).health is RecorderHealth.UNUSED
    await add_device(context, LOCAL_USER, Device(id="car", name="Car"))
    (said,) = await faults(context)
    assert "does not run, and nothing waits for it yet" in said
    assert (await recorder_state(context)).notice == "", "it may be starting"
    context.appender().append([Entry("car", Kind.DATA, context.now() - 180 * NS_PER_S, "", b"1")]).result()
    (said,) = await faults(context)
    assert "does not run, and it is 3 minutes behind" in said
    lock = take_lock(directory, RECORDER)
    assert lock is not None and take_lock(directory, RECORDER) is None
    with lock:
        (said,) = await faults(context)
        assert "runs, and it is 3 minutes behind" in said and said == (await recorder_state(context)).notice
        keep_streams(directory, KeptStreams(counted=end_of(directory)))
        assert await faults(context) == []
