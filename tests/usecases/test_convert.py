"""A conversion of which one step fails has all the others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from paddock.columns.columns import ColumnChannel
from paddock.domain.job import JobState
from paddock.domain.recording import Purpose, Status
from paddock.errors import Rejected, Unavailable
from paddock.formats.registry import find_format
from paddock.usecases.context import Context
from paddock.usecases.conversion import convert
from tests.readers.mcap.builders import car_log
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio

PLACES = {
    "mat": "The MATLAB file",
    "columns": "The columns of lap",
    "figures": "The figures of the run",
    "viewer": "The copy for viewers",
}


class PanicException(BaseException):
    """As the panics of Rust come to Python: no ``Exception``."""


def break_at(place: str, error: Callable[[], BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise error()

    write_channel = convert.write_channel

    def fail_at_lap(columns: Any, channel: ColumnChannel, *rest: Any) -> None:
        if channel.topic == "lap":
            raise error()
        write_channel(columns, channel, *rest)

    mat = dataclasses.replace(find_format("mat"), write=fail)
    replacements: dict[str, tuple[str, Any]] = {
        "mat": ("find_format", lambda name: mat if name == "mat" else find_format(name)),
        "columns": ("write_channel", fail_at_lap),
        "figures": ("run_figures", fail),
        "viewer": ("write_export", fail),
    }
    monkeypatch.setattr(convert, *replacements[place])


@pytest.mark.slow("fails at every place")
@pytest.mark.parametrize("error", [ValueError, MemoryError, PanicException, lambda: Rejected("It is too large.")])
@pytest.mark.parametrize("place", PLACES)
async def test_a_step_that_fails_costs_one_file(
    team: Team, monkeypatch: pytest.MonkeyPatch, place: str, error: Callable[[], BaseException]
) -> None:
    break_at(place, error, monkeypatch)
    recording = await team.upload(car_log(40, chunked=False))
    await team.work()
    recording = await team.recording(recording.id)
    assert (recording.status, recording.error, recording.message_count) == (Status.READY, None, 40)
    [notice] = [each for each in recording.notices if "could not be made" in each]
    assert notice.startswith(PLACES[place])
    made = (await team.context.documents.artifacts.find()).items
    purposes = {Purpose.DEFAULT, Purpose.VIEWER} - {{"mat": Purpose.DEFAULT, "viewer": Purpose.VIEWER}.get(place)}
    assert {each.purpose for each in made} == purposes
    columns = [key for key in await team.keys() if key.startswith("columns/")]
    assert len(columns) == len((await team.contents(recording.id)).channels) - (place == "columns")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("error", [lambda: OSError(28, "No space left"), lambda: Unavailable("The store is away.")])
async def test_a_disk_that_is_full_is_tried_again(
    context: Context, team: Team, monkeypatch: pytest.MonkeyPatch, place: str, error: Callable[[], BaseException]
) -> None:
    break_at(place, error, monkeypatch)
    recording = await team.upload(car_log(40, chunked=False))
    await team.work()
    job = await context.documents.jobs.get(f"convert-{recording.id}")
    assert job is not None and job.state is JobState.QUEUED
    assert (await team.recording(recording.id)).status is Status.CONVERTING
