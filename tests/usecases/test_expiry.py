import hashlib
from dataclasses import replace

import pytest

from paddock.domain.export import ExportRequest
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Artifact, Purpose
from paddock.usecases.context import Context
from paddock.usecases.edit.edit import edit_recording
from paddock.usecases.find.recordings import artifact_link, artifacts_of
from paddock.usecases.storage.fsck import fsck
from paddock.usecases.take_away.expiry import sweep_artifacts
from paddock.usecases.take_away.export import request_export
from tests.logs import small_log
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio
LOG = small_log()
ID = hashlib.sha256(LOG).hexdigest()
CSV = ExportRequest(format="csv")
DAY_NS = 86_400 * 10**9


def after_days(context: Context, days: float) -> Context:
    return replace(context, now=lambda: context.now() + int(days * DAY_NS))


@pytest.fixture
async def export(team: Team) -> Artifact:
    await team.upload(LOG)
    await team.work()
    await request_export(team.context, LOCAL_USER, ID, CSV)
    await team.work()
    made = (await request_export(team.context, LOCAL_USER, ID, CSV)).artifact
    assert made is not None
    return made


async def test_an_export_that_nobody_takes_is_removed_and_can_be_made_again(team: Team, export: Artifact) -> None:
    await sweep_artifacts(after_days(team.context, 29))
    assert export.key in await team.keys()
    await sweep_artifacts(after_days(team.context, 31))
    assert export.key not in await team.keys()
    assert [finding async for finding in fsck(team.context)] == []
    assert (await request_export(team.context, LOCAL_USER, ID, CSV)).artifact is None
    await team.work()
    assert (await request_export(team.context, LOCAL_USER, ID, CSV)).artifact is not None


@pytest.mark.parametrize("how", ["asked for", "taken"])
async def test_one_that_is_used_stays(team: Team, export: Artifact, how: str) -> None:
    later = after_days(team.context, 20)
    if how == "asked for":
        await request_export(later, LOCAL_USER, ID, CSV)
    else:
        await artifact_link(later, await team.recording(ID), export.id)
    await sweep_artifacts(after_days(team.context, 31))
    assert export.key in await team.keys()
    await sweep_artifacts(after_days(team.context, 51))
    assert export.key not in await team.keys()


async def test_what_is_there_for_everybody_stays_and_what_it_replaced_goes(team: Team, export: Artifact) -> None:
    (before,) = (await artifacts_of(team.context, [await team.recording(ID)]))[ID]
    await edit_recording(team.context, LOCAL_USER, ID, metadata={"driver": "Eva"})
    await team.work()
    (after,) = (await artifacts_of(team.context, [await team.recording(ID)]))[ID]
    assert (before.purpose, after.purpose) == (Purpose.DEFAULT, Purpose.DEFAULT) and before.id != after.id
    await sweep_artifacts(after_days(team.context, 3650))
    keys = await team.keys()
    assert after.key in keys and before.key not in keys


async def test_one_that_an_older_version_made_has_its_time_from_now_on(team: Team, export: Artifact) -> None:
    await team.context.documents.artifacts.change(export.id, {"expires_at": None, "created_at": 1})
    await sweep_artifacts(team.context)
    assert export.key in await team.keys()
    await sweep_artifacts(after_days(team.context, 31))
    assert export.key not in await team.keys()
