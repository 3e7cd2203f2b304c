"""Units of the catalogue in what is stored and exported."""

from __future__ import annotations

import pytest

from paddock.domain.catalogue import CarCatalogue, Catalogue, Entry
from paddock.domain.export import ExportRequest
from paddock.domain.principal import LOCAL_USER
from paddock.usecases.catalogue.catalogue import catalogue_of, save_catalogue, signals_of
from paddock.usecases.take_away.artifacts import find_artifact
from paddock.usecases.take_away.export import request_export
from tests.logs import small_log
from tests.matlab_files import loadmat
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio

BAR = Entry("Pedals.brake", unit="bar", cars=("HT09",))


async def test_the_catalogues_unit_is_stored_and_written(team: Team) -> None:
    context = team.context
    await save_catalogue(context, LOCAL_USER, [BAR], version=0)
    recording = await team.upload(small_log())
    await team.work()
    recording = await team.recording(recording.id)
    assert {signal.name: signal.unit for signal in await signals_of(context, recording)}["Pedals.brake"] == "bar"
    made = await find_artifact(context, recording, ExportRequest(), await catalogue_of(context, recording))
    assert made is not None
    with await context.objects.open(made.key) as file:
        contents = loadmat(file, simplify_cells=True)
    assert contents["Pedals"]["meta"]["units"]["brake"] == "bar"


async def test_another_unit_is_another_artifact_and_another_label_is_not(team: Team) -> None:
    recording = await team.upload(small_log())
    await team.work()
    first = await request_export(team.context, LOCAL_USER, recording.id, ExportRequest())
    assert first.artifact is not None
    await save_catalogue(team.context, LOCAL_USER, [Entry("Pedals.brake", label="Brake")], version=0)
    assert (await request_export(team.context, LOCAL_USER, recording.id, ExportRequest())).id == first.id
    await save_catalogue(team.context, LOCAL_USER, [BAR], version=1)
    assert (await request_export(team.context, LOCAL_USER, recording.id, ExportRequest())).id != first.id


def test_what_a_car_was_told() -> None:
    catalogue = Catalogue(signals=(Entry("Pedals.brake", unit="psi"), BAR))
    assert CarCatalogue(catalogue, "ht09").said_units() == {"Pedals.brake": "bar"}
    assert CarCatalogue(catalogue, "HT08").said_units() == {"Pedals.brake": "psi"}
