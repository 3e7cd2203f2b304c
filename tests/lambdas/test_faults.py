"""The host's worker on the cloud's stores while these are away, busy or slow."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from paddock.bootstrap import open_context
from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import Status
from paddock.settings import read_settings
from paddock.usecases.context import Context
from paddock.usecases.intake import uploads
from paddock.usecases.jobs.work import work
from paddock.web.app import create_app
from tests.adapters import s3_sides
from tests.adapters.faulty_proxy import proxying
from tests.lambdas.conftest import Cloud
from tests.logs import small_log
from tests.servers.ferretdb import running

pytestmark = pytest.mark.anyio
AWAY_S = 1.5
"""The worker asks twice in it, and wants to keep its lease once."""
WAIT_S = 120
LOGS = [small_log(driver=name) for name in ("Adam", "Eva", "Mei")]


@contextlib.asynccontextmanager
async def working(context: Context) -> AsyncIterator[None]:
    stop = asyncio.Event()
    worker = asyncio.create_task(work(context, "host", stop))
    try:
        yield
    finally:
        stop.set()
        await worker


async def wait_until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not await holds():
            await asyncio.sleep(0.2)


def all_ready(cloud: Cloud) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        found = [await cloud.context.documents.recordings.get(hashlib.sha256(log).hexdigest()) for log in LOGS]
        return all(recording is not None and recording.status is Status.READY for recording in found)

    return ready


async def test_a_database_that_is_away_is_waited_for_and_the_site_says_so(cloud: Cloud, tmp_path: Path) -> None:
    with running(tmp_path / "ferretdb") as server:
        environment = {**cloud.environment, "PADDOCK_MONGODB_URL": server.url("away")}
        settings = read_settings(
            {name: value for name, value in environment.items() if name.startswith("PADDOCK_")},
            data=tmp_path / "box",
        )
        async with open_context(settings) as context:
            cloud = replace(cloud, context=context)
            for log in LOGS:
                plan = await cloud.send(log)
                assert plan.upload is not None
                await uploads.complete(context, plan.upload.id)
            async with working(context):
                await asyncio.sleep(0.5)
                server.kill()
                app = httpx.ASGITransport(create_app(context, settings), client=("127.0.0.1", 1))
                async with httpx.AsyncClient(transport=app, base_url=settings.base_url) as http:
                    answer = await http.get("/api/recordings")
                assert answer.status_code == 503
                assert answer.json()["code"] == "database_lost"
                await asyncio.sleep(AWAY_S)
                server.start()
                await wait_until(all_ready(cloud))


@pytest.mark.parametrize(("fault", "failures"), [("busy", 40), ("cut", 40), ("half", 20)])
async def test_a_store_that_fails_for_a_while_costs_time_and_nothing_else(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, failures: int
) -> None:
    s3_sides.retry_without_pauses(monkeypatch)
    monkeypatch.setattr("paddock.domain.job.FIRST_BACKOFF_NS", NS_PER_S // 10)
    for log in LOGS:
        plan = await cloud.send(log)
        assert plan.upload is not None
        await uploads.complete(cloud.context, plan.upload.id)
    with proxying(cloud.server.endpoint) as proxy:
        environment = {**cloud.environment, "PADDOCK_S3_ENDPOINT": proxy.endpoint}
        settings = read_settings(
            {name: value for name, value in environment.items() if name.startswith("PADDOCK_")},
            data=tmp_path / "box",
        )
        async with open_context(settings) as context:
            proxy.fail(fault, failures)
            async with working(context):
                await wait_until(all_ready(cloud))
    assert len(await cloud.keys("raw/")) == len(LOGS)
    assert len(await cloud.keys("artifacts/")) == len(LOGS)
    assert await cloud.keys("incoming/") == []
