"""Backups and restores that are killed: a few of the moments of ``tests.scripts.kill_backups``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.mongodb_sides import ferretdb
from tests.scripts.kill_backups import killed_creates, killed_restores
from tests.servers.ferretdb import FerretServer

__all__ = ["ferretdb"]

pytestmark = pytest.mark.anyio


async def test_nothing_half_is_ever_taken_for_whole(tmp_path: Path, ferretdb: FerretServer) -> None:
    found = await killed_restores(tmp_path, ferretdb, 3, 40)
    assert found["sqlite"].total() == found["ferretdb"].total() == 3
    assert not found["sqlite"]["refused"]
    assert (await killed_creates(tmp_path, 3)).total() == 3
