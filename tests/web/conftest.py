"""The web service on the real embedded adapters, and a client beside it on loopback."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from paddock.bootstrap import open_context
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.usecases.jobs import leases
from paddock.usecases.jobs.attempt import do
from tests.empty_database import put_empty_database
from tests.quick_passwords import quick_passwords
from tests.web.browsing import browser, small_parts
from tests.web.serving import serve

__all__ = ["browser", "quick_passwords", "small_parts"]

Connect = Callable[..., httpx.AsyncClient]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture
async def context(settings: Settings) -> AsyncIterator[Context]:
    await put_empty_database(settings.data)
    async with open_context(settings) as opened:
        yield opened


@pytest.fixture
def connect(context: Context, settings: Settings) -> Connect:
    """Clients of a service with other settings or another address; crashes are answered, not raised."""

    def connect(settings: Settings = settings, address: str = "127.0.0.1", **options: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(
            serve(context, settings), raise_app_exceptions=False, client=(address, 50_000)
        )
        return httpx.AsyncClient(transport=transport, base_url=settings.base_url, **options)

    return connect


@pytest.fixture
async def client(connect: Connect) -> AsyncIterator[httpx.AsyncClient]:
    async with connect() as connected:
        yield connected


@dataclass
class Sender:
    """Uploads over HTTP as any program would."""

    client: httpx.AsyncClient
    context: Context

    async def announce(self, log: bytes, name: str = "run.mcap", **more: object) -> httpx.Response:
        sha256 = hashlib.sha256(log).hexdigest()
        body = {"sha256": sha256, "size_bytes": len(log), "name": name, **more}
        return await self.client.post("/api/uploads", json=body)

    async def upload(self, log: bytes, name: str = "run.mcap") -> dict[str, Any]:
        """The recording of a log that is new here."""
        plan = (await self.announce(log, name)).json()
        for part in plan["parts"]:
            piece = log[part["offset"] : part["offset"] + part["size_bytes"]]
            (await self.client.put(part["url"], content=piece)).raise_for_status()
        answer = await self.client.post(f"/api/uploads/{plan['id']}/complete")
        answer.raise_for_status()
        recording = answer.json()["recording"]
        assert isinstance(recording, dict)
        return recording

    async def work_off(self) -> None:
        """Do every job that is due."""
        while job := await leases.take(self.context, "test"):
            await do(self.context, job)


@pytest.fixture
def sender(client: httpx.AsyncClient, context: Context) -> Sender:
    return Sender(client, context)
