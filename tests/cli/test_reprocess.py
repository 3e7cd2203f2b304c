"""What ``paddock reprocess`` says: how many, why, and of how many the log is gone."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from click.testing import CliRunner

from paddock import COLUMNS
from paddock.bootstrap import open_context
from paddock.cli import group
from paddock.domain.keys import raw_key
from paddock.settings import Settings
from tests.logs import small_log
from tests.usecases.conftest import Team

KEPT, GONE = small_log(), small_log(driver="Eva")


async def _older(data: Path) -> None:
    async with open_context(Settings(data=data)) as context:
        team = Team(context)
        for log in (KEPT, GONE):
            recording = await team.upload(log)
            await team.work()
            await context.documents.recordings.change(recording.id, {"converter": "2"})
        await context.objects.delete(raw_key(hashlib.sha256(GONE).hexdigest()))


def test_it_says_how_many_and_why_and_what_cannot_be(tmp_path: Path) -> None:
    asyncio.run(_older(tmp_path))
    run = CliRunner()
    assert run.invoke(group, ["fsck", "--data", str(tmp_path)]).exit_code == 3
    said = run.invoke(group, ["reprocess", "--data", str(tmp_path)])
    assert said.exit_code == 0
    assert said.stdout == (
        f"1 recording will be converted again.\n     1: The columns are from converter 2; this is {COLUMNS}.\n"
    )
    assert "1 recording more cannot be: the original is not here" in said.stderr
    assert "`paddock fsck` says which" in said.stderr
