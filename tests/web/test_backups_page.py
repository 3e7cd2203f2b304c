"""What the site says of backups."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from paddock.domain.backup import BackupRun
from paddock.domain.job import Job
from paddock.domain.recording import Failure
from paddock.usecases.context import Context
from tests.web.conftest import Connect

pytestmark = pytest.mark.anyio
DAY_NS = 86_400 * 10**9
PAGES = ("/", "/jobs", "/storage")


async def said(client: httpx.AsyncClient) -> tuple[Any, str]:
    """The API's word and the banner, which is on every page or on none."""
    health = (await client.get("/health")).json()["backups"]
    resource = (await client.get("/api/storage")).json()["backups"]
    assert resource["health"] == health
    for path in PAGES:
        page = (await client.get(path)).text
        assert ('id="backup-warning"' in page) == bool(resource["warning"]), path
    return health, resource["warning"]


async def test_nobody_who_never_asked_for_backups_is_warned(client: httpx.AsyncClient) -> None:
    assert await said(client) == ("unused", "")
    assert "None are set up" in (await client.get("/storage")).text


async def test_the_site_warns_of_old_and_failed_ones(client: httpx.AsyncClient, context: Context) -> None:
    runs, now = context.documents.backups, context.now()
    await runs.insert(BackupRun("a", "/mnt/<disk>", now - 5 * DAY_NS, now, 7, 100))
    health, warning = await said(client)
    assert health == "old" and "last good backup is of" in warning
    page = (await client.get("/storage")).text
    assert "7 documents" in page and "/mnt/&lt;disk&gt;" in page
    await runs.insert(BackupRun("b", "/b", now - DAY_NS, now, error=Failure("disk_full", "The disk is full.")))
    health, warning = await said(client)
    assert health == "failed" and warning.endswith("The disk is full.")
    await runs.insert(BackupRun("c", "/b", now - 5, now))
    assert await said(client) == ("good", "")


async def test_where_backups_are_set_up_the_first_one_is_missed(connect: Connect, context: Context) -> None:
    object.__setattr__(context, "backup_to", "/b")
    async with connect() as client:
        assert await said(client) == ("unused", ""), "there is nothing to back up"
    await context.documents.jobs.insert(Job("j", "ingest", "s", 0, 0))
    async with connect() as client:
        health, warning = await said(client)
    assert health == "none" and "no backup yet" in warning
