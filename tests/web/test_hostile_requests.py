"""Every route with the largest requests it admits: a problem that says why, and the site goes on meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler
from msgspec import inspect

from paddock.usecases.context import Context
from tests.web.builders import insert_converted
from tests.web.hostile import TEXTS, bodies, handlers, parameters, unbounded
from tests.web.serving import shared_application

pytestmark = pytest.mark.anyio
BEAT_S = 0.01
LONGEST_PAUSE_S = 2.0
"""The event loop's: generous, because the machine may be busy. These requests once took 9 s to hours."""


@dataclass
class Heart:
    longest_pause_s: float = 0.0


@contextlib.asynccontextmanager
async def heartbeat() -> AsyncIterator[Heart]:
    """How long the event loop did nothing else than work for somebody."""
    heart = Heart()

    async def beat() -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(BEAT_S)
            now = time.monotonic()
            heart.longest_pause_s = max(heart.longest_pause_s, now - last)
            last = now

    beating = asyncio.create_task(beat())
    try:
        yield heart
    finally:
        beating.cancel()


@pytest.fixture
async def routes() -> list[tuple[str, str, HTTPRouteHandler]]:
    # Litestar answers what is not below /schema with a page of its own.
    return [each for each in handlers(shared_application()) if each[1] != "/schema/{path}"]


async def try_all(client: httpx.AsyncClient, requests: list[tuple[str, str, bytes | None]]) -> list[str]:
    """What is wrong with the answers."""
    wrong = []
    for method, address, body in requests:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        async with heartbeat() as heart:
            answer = await client.request(method, address, content=body, headers=headers)
        said = f"{method} {address[:80]} {(body or b'')[:60]!r}: {answer.status_code}"
        if answer.status_code >= 500:
            wrong.append(said)
        elif answer.status_code >= 400 and method != "HEAD":
            problem = answer.json()
            if len(answer.content) > 20_000 or not problem["detail"] or problem["status"] != answer.status_code:
                wrong.append(f"{said} {answer.text[:200]}")
        if heart.longest_pause_s > LONGEST_PAUSE_S:
            wrong.append(f"{said} kept everybody waiting for {heart.longest_pause_s:.1f} s")
    return wrong


@pytest.mark.slow("asks every route")
async def test_bodies(
    client: httpx.AsyncClient, context: Context, routes: list[tuple[str, str, HTTPRouteHandler]]
) -> None:
    recording = await insert_converted(context)
    requests = [
        (method, re.sub(r"\{[^}]*\}", recording.id, path), body)
        for method, path, handler in routes
        for body in bodies(handler, recording.id)
    ]
    assert len({path for _, path, _ in requests}) >= 9
    assert await try_all(client, requests) == []


@pytest.mark.slow("asks every route")
async def test_queries(
    client: httpx.AsyncClient, context: Context, routes: list[tuple[str, str, HTTPRouteHandler]]
) -> None:
    recording = await insert_converted(context)
    requests: list[tuple[str, str, bytes | None]] = []
    for method, path, handler in routes:
        if method != "GET" or path.endswith("/events"):
            continue
        address = re.sub(r"\{[^}]*\}", recording.id, path)
        requests.append((method, f"{address}?{'&'.join(f'p{n}=1' for n in range(5_000))}", None))
        for name in parameters(handler):
            requests += [(method, f"{address}?{name}={text}", None) for text in TEXTS]
            requests.append((method, f"{address}?{'&'.join(f'{name}=a{n}.b' for n in range(3_000))}", None))
    assert len(requests) > 100
    assert await try_all(client, requests) == []


@pytest.mark.slow("asks every route")
async def test_addresses(client: httpx.AsyncClient, routes: list[tuple[str, str, HTTPRouteHandler]]) -> None:
    requests: list[tuple[str, str, bytes | None]] = [("GET", "/" + "a/" * 20_000, None)]
    for method, path, handler in routes:
        if "{" in path:
            body = b"{}" if handler.parsed_data_field else None
            requests += [(method, re.sub(r"\{[^}]*\}", text, path), body) for text in TEXTS]
    assert await try_all(client, requests) == []


async def test_a_body_has_a_bound_everywhere(routes: list[tuple[str, str, HTTPRouteHandler]]) -> None:
    taken = {path: handler.parsed_data_field for _, path, handler in routes if handler.parsed_data_field}
    found = [
        f"{path} {where}"
        for path, field in taken.items()
        for where in unbounded(inspect.type_info(field.annotation))
    ]
    assert found == []
