import hashlib
import time
from dataclasses import replace
from pathlib import Path

import pytest

from paddock.domain.keys import artifact_key, columns_key, raw_key
from paddock.domain.recording import Status
from paddock.ports.documents import Equals
from paddock.usecases.fsck import Fault, fsck
from paddock.usecases.services import Services
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


def much_later(services: Services) -> Services:
    """When nothing can be work under way any more."""
    return replace(services, now=lambda: time.time_ns() + 3600 * 10**9)


async def faults(team: Team, *, mend: bool = False) -> list[Fault]:
    return [finding.fault async for finding in fsck(much_later(team.services), mend=mend)]


async def mended(team: Team) -> None:
    """Mend, do the work that follows, and there is nothing left to find."""
    await faults(team, mend=True)
    await Team(much_later(team.services)).work()
    # The build before the new one is kept for who may be reading it; an hour later it is a leftover.
    assert set(await faults(team, mend=True)) <= {Fault.COLUMNS_UNKNOWN}
    assert await faults(team) == []
    assert (await team.recording(ID)).status is Status.READY


async def test_what_agrees_has_no_findings(ready: Team) -> None:
    assert await faults(ready) == []


async def test_a_lost_original_needs_a_person_and_is_not_hidden(ready: Team) -> None:
    await ready.services.objects.delete(raw_key(ID))
    assert await faults(ready, mend=True) == [Fault.ORIGINAL_MISSING]
    assert await faults(ready) == [Fault.ORIGINAL_MISSING]


async def test_an_original_without_a_document_becomes_a_recording_again(ready: Team) -> None:
    await ready.services.documents.recordings.delete([Equals("id", ID)])
    assert Fault.ORIGINAL_UNKNOWN in await faults(ready)
    await mended(ready)


async def test_lost_artifacts_and_columns_are_made_again(ready: Team) -> None:
    before = set(await ready.keys())
    for key in before:
        if not key.startswith("raw/"):
            await ready.services.objects.delete(key)
    assert set(await faults(ready)) == {Fault.ARTIFACT_MISSING, Fault.COLUMNS_MISSING}
    await mended(ready)
    assert len(await ready.keys()) == len(before)


async def test_leftovers_of_a_killed_conversion_are_removed_once_they_are_old(ready: Team, tmp_path: Path) -> None:
    (tmp_path / "left").write_bytes(b"half")
    (channel,) = (await ready.recording(ID)).channels
    leftovers = {artifact_key(ID, "0" * 32, ".mat"), columns_key(channel.slug, ID, "0" * 16)}
    for key in leftovers:
        await ready.services.objects.put_file(key, tmp_path / "left")
    assert [finding async for finding in fsck(ready.services)] == [], "they may belong to work that is under way"
    assert set(await faults(ready)) == {Fault.ARTIFACT_UNKNOWN, Fault.COLUMNS_UNKNOWN}
    await mended(ready)
    assert not leftovers & set(await ready.keys())


async def test_a_recording_that_nobody_works_on_is_given_work(ready: Team) -> None:
    await ready.services.documents.jobs.delete([Equals("kind", "convert")])
    await ready.services.documents.recordings.change(ID, {"status": Status.STORED})
    assert await faults(ready) == [Fault.WORK_MISSING]
    await mended(ready)
