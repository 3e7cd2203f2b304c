"""Logs with CAN frames on their way: frames in MCAP, units of the database, loggers without a clock."""

from __future__ import annotations

import pytest

from paddock.domain.bus_database import DatabaseUse
from paddock.domain.instants import to_rfc3339
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import StartedSource
from paddock.usecases.buses.databases import add_database
from paddock.usecases.catalogue.catalogue import signals_of
from paddock.usecases.find.contents import contents_of
from paddock.usecases.look.overview import known_signals
from paddock.usecases.look.plots import plot_data
from tests.readers.can.dbc import SMALL
from tests.readers.can.test_within import mcap, socketcan
from tests.readers.mcap.builders import car_log
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio

HEADER = "year,month,day,hour,min,sec,ms,id,data\n"
WITHOUT_CLOCK = HEADER + "".join(
    f"0,0,0,0,{n // 60},{n % 60},0,00000100,{n:02x}000a0100000000\n" for n in range(90)
)


async def add(team: Team) -> int:
    use = DatabaseUse()
    return (await add_database(team.context, LOCAL_USER, SMALL.encode(), "car.dbc", use)).converted


async def topics(team: Team, recording_id: str) -> set[str]:
    contents = await contents_of(team.context.documents, await team.recording(recording_id))
    return {channel.topic for channel in contents.channels}


@pytest.mark.parametrize("database_first", [True, False])
async def test_frames_in_mcap_are_decoded_whichever_comes_first(team: Team, database_first: bool) -> None:
    if database_first:
        await add(team)
    run = await team.upload(mcap(socketcan), "run.mcap")
    await team.work()
    if not database_first:
        known = await team.recording(run.id)
        assert known.has_frames and not known.decoded_by and await topics(team, run.id) == {"can0"}
        assert await add(team) == 1
        await team.work()
    known = await team.recording(run.id)
    assert len(known.decoded_by) == 1 and {"Engine", "Battery", "0x321"} <= await topics(team, run.id)


async def test_a_log_of_messages_has_nothing_to_do_with_databases(team: Team) -> None:
    await add(team)
    run = await team.upload(car_log())
    await team.work()
    known = await team.recording(run.id)
    assert not known.has_frames and known.decoded_by == ()


async def test_units_of_the_database_are_those_of_plots_and_lists(team: Team) -> None:
    await add(team)
    run = await team.upload(mcap(socketcan), "run.mcap")
    await team.work()
    known = await team.recording(run.id)
    described = {each.signal.name: each.described.unit for each in await known_signals(team.context, known)}
    assert described["Engine.Rpm"] == "rpm" and described["Battery.Cell"] == "V"
    (series,) = (await plot_data(team.context, run.id, ["Engine.Water"])).series
    assert series.unit == "degC"
    stored = {signal.name: signal.unit for signal in await signals_of(team.context, known)}
    assert stored["Engine.Water"] == "degC"


@pytest.mark.parametrize(
    ("name", "began", "source"),
    [
        ("LOG00121.CSV", None, StartedSource.LOG_TIME),
        ("2019-05-04_14-32-05.csv", "2019-05-04T14:32:05Z", StartedSource.FILE_NAME),
    ],
)
async def test_a_logger_without_a_clock_has_no_start_but_that_of_its_name(
    team: Team, name: str, began: str | None, source: StartedSource
) -> None:
    await add(team)
    run = await team.upload(WITHOUT_CLOCK.encode(), name)
    await team.work()
    known = await team.recording(run.id)
    assert (None if known.started_ns is None else to_rfc3339(known.started_ns)) == began
    assert known.started_source is source and known.duration_ns == 89 * 10**9
    assert any("had no clock" in notice for notice in known.notices)
    (series,) = (await plot_data(team.context, run.id, ["Engine.Rpm"])).series
    assert series.unit == "rpm" and len(series.values) == 90
