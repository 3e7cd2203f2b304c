"""Backups and restores that are killed: a few of the moments of ``tests.scripts.kill_backups``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.mongodb_sides import ferretdb
from tests.scripts.kill_backups import killed_creates, killed_restores, made
from tests.servers.ferretdb import FerretServer

__all__ = ["ferretdb"]

pytestmark = pytest.mark.anyio


async def test_nothing_half_is_ever_taken_for_whole(tmp_path: Path, ferretdb: FerretServer) -> None:
    before = await made(tmp_path, 40)
    embedded = await killed_restores(tmp_path, None, 1, before)
    assert embedded.total() == 1 and not embedded["refused"]
    assert (await killed_restores(tmp_path, ferretdb, 2, before)).total() == 2
    assert (await killed_creates(tmp_path, 1)).total() == 1
