"""Whoever sent something and then asks is told of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from paddock.device_log.entry import Entry, Kind
from paddock.device_log.reader import end_of
from paddock.device_log.running import RECORDER, say, take_lock
from paddock.device_log.segments import segments
from paddock.domain.devices import Device
from paddock.domain.principal import LOCAL_USER
from paddock.usecases.context import Context
from paddock.usecases.devices.devices import add_device, latest_values
from paddock.usecases.streams import written
from paddock.usecases.streams.recorder import Recorder
from paddock.usecases.streams.written import until_written
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio


def send(context: Context, text: bytes) -> None:
    context.appender().append([Entry("box", Kind.DATA, context.now(), "", text)]).result()


async def test_what_was_acknowledged_is_there_for_whoever_asks_next(team: Team, tmp_path: Path) -> None:
    context = team.context
    directory = context.device_log
    assert directory is not None
    await add_device(context, LOCAL_USER, Device(id="box", name="box"))
    with take_lock(directory, RECORDER) as lock:  # type: ignore[union-attr]
        stop = asyncio.Event()
        running = asyncio.create_task(Recorder(context, tmp_path, lambda at: say(lock, str(at))).run(stop))
        for number in range(5):
            send(context, b'{"fl": %d}' % number)
            await until_written(context)
            values: Any = (await latest_values(context, "box")).values
            assert values["box.fl"].value == number
        stop.set()
        await running


async def test_nobody_waits_for_a_recorder_that_does_not_run_or_is_far_behind(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = team.context
    directory = context.device_log
    assert directory is not None
    await until_written(context)
    send(context, b"1")
    await until_written(context)
    with take_lock(directory, RECORDER) as lock:  # type: ignore[union-attr]
        monkeypatch.setattr(written, "MOST_S", 0.05)
        await until_written(context)
        monkeypatch.setattr(written, "MOST_S", float("inf"))
        assert lock is not None
        said = str(end_of(directory))
        say(lock, said)
        await until_written(context)
        # A process was killed while it wrote.
        with segments(directory)[-1].path.open("ab") as log:
            log.write(b"\x01")
        await until_written(context)
