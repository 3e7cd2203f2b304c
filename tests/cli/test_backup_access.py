"""A restore says what lets people and devices in again, and ends it where that is asked for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner

from paddock.bootstrap import open_context
from paddock.cli.backup import command
from paddock.domain.devices import Device
from paddock.domain.principal import LOCAL_USER
from paddock.settings import Settings
from paddock.usecases.devices.devices import add_device
from paddock.usecases.devices.tokens import mint_token
from paddock.usecases.people.revoke_all import Access, count_access
from tests.web.people import made_token


def backup(*arguments: str | Path) -> str:
    done = CliRunner().invoke(command, [str(each) for each in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


async def add_access(data: Path) -> None:
    async with open_context(Settings(data=data)) as context:
        await made_token(context)
        for name in ("car", "box"):
            await add_device(context, LOCAL_USER, Device(id=name, name=name))
        await mint_token(context, LOCAL_USER, "car")


async def access_of(data: Path) -> Access:
    async with open_context(Settings(data=data)) as context:
        return await count_access(context)


@pytest.mark.slow("a backup and two restores")
def test_a_restore_says_who_is_let_in_again_or_nobody_is(tmp_path: Path) -> None:
    old, place = tmp_path / "old", tmp_path / "backups"
    asyncio.run(add_access(old))
    backup("create", place, "--data", old)
    key = old / "backup-key"
    for revoke, access, said in (
        ((), Access(1, 1), "1 sessions, links and tokens of people and 1 of devices let in"),
        (("--revoke",), Access(0, 0), "Everybody signs in anew"),
    ):
        new = tmp_path / f"new{len(revoke)}"
        new.mkdir()
        (new / "backup-key").write_bytes(key.read_bytes())
        assert said in " ".join(backup("restore", place, "--data", new, *revoke).split())
        assert asyncio.run(access_of(new)) == access
