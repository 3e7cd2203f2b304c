"""Which of many logs are stored, on the way or unknown."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from paddock.domain.keys import raw_key
from paddock.domain.principal import LOCAL_USER
from paddock.errors import Rejected
from paddock.usecases.edit.delete import delete_recordings
from paddock.usecases.intake.known import LogStanding, known_logs
from tests.logs import small_log
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio
LOG, OTHER = small_log(), small_log(driver="Eva")
ID, OTHER_ID = (hashlib.sha256(log).hexdigest() for log in (LOG, OTHER))


async def standing(team: Team, sha256: str = ID) -> str:
    return (await known_logs(team.context, [sha256]))[0].standing.value


async def test_a_log_on_its_way(team: Team) -> None:
    assert await standing(team) == "unknown"
    await team.announce(LOG)
    assert await standing(team) == "unknown", "it has to be sent"
    await team.upload(LOG)
    assert await standing(team) == "on_the_way"
    await team.work()
    assert await standing(team) == "stored"
    await delete_recordings(team.context, LOCAL_USER, [ID])
    assert await standing(team) == "stored", "its bytes are, and nobody wants it again"


async def test_other_bytes_under_a_hash_are_not_that_log(team: Team) -> None:
    await team.upload(OTHER, sha256=ID)
    assert await standing(team) == "on_the_way"
    await team.work()
    assert await standing(team) == "unknown"


@pytest.mark.parametrize("damage", [lambda raw: raw.unlink(), lambda raw: raw.write_bytes(b"short")])
async def test_what_the_store_lost_is_to_be_sent_again(team: Team, tmp_path: Path, damage) -> None:
    await team.upload(LOG)
    await team.work()
    damage(tmp_path / "objects" / raw_key(ID))
    assert await standing(team) == "unknown"


async def test_a_thousand_at_once_in_their_order(team: Team) -> None:
    for log in (LOG, OTHER):
        await team.upload(log)
    await team.work()
    asked = [OTHER_ID, *(f"{number:064x}" for number in range(997)), ID, ID]
    found = await known_logs(team.context, asked)
    assert [each.sha256 for each in found] == asked
    assert [each.sha256 for each in found if each.standing is LogStanding.STORED] == [OTHER_ID, ID, ID]
    assert await known_logs(team.context, []) == []
    with pytest.raises(Rejected):
        await known_logs(team.context, [ID, ID.upper()])
