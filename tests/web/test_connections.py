"""Connections that say nothing, or never end what they say, keep nobody else out."""

from __future__ import annotations

import asyncio
import json
import logging
import resource
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
import uvicorn
from uvicorn.server import ServerState

from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.web.app import create_app
from paddock.web.kernel import connections
from paddock.web.kernel.connections import Door, GuardedProtocol, OncePerWhile, most_connections

pytestmark = pytest.mark.anyio
MOST = 8
HEALTH = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def port(context: Context, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """Where a server with little patience listens."""
    monkeypatch.setattr(connections, "HEAD_S", 0.4)
    monkeypatch.setattr(connections, "BODY_LOOK_S", 0.4)
    config = uvicorn.Config(create_app(context, settings), log_config=None)
    config.load()
    state, door = ServerState(), Door(MOST)
    server = await asyncio.get_running_loop().create_server(
        lambda: GuardedProtocol(door=door, config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    yield server.sockets[0].getsockname()[1]
    server.close()
    for open_one in list(state.connections):
        open_one.transport.abort()  # type: ignore[union-attr]


async def connect(port: int, said: bytes = b"") -> Connection:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    return reader, writer


async def rest(connection: Connection) -> bytes:
    """What still comes until the server closes it."""
    try:
        return await asyncio.wait_for(connection[0].read(), 20)
    except ConnectionResetError:
        return b""


async def answer(connection: Connection) -> tuple[int, dict[str, Any]]:
    head, _, body = (await rest(connection)).partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


async def health(port: int) -> bytes:
    reader, writer = await connect(port, HEALTH)
    line = await asyncio.wait_for(reader.readline(), 20)
    writer.close()
    return line


async def test_more_silent_connections_than_there_may_be(port: int) -> None:
    with structlog.testing.capture_logs() as lines:
        silent = [await connect(port, b"GET / HT" if number % 2 else b"") for number in range(5 * MOST)]
        assert await health(port) == b"HTTP/1.1 200 OK\r\n"
    assert [line["event"] for line in lines].count("too_many_connections") == 1
    for connection in silent:
        await rest(connection)


async def test_connections_that_wait_for_their_next_request_make_room_too(port: int) -> None:
    kept = [await connect(port, HEALTH) for _ in range(MOST)]
    for reader, _ in kept:
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    assert await health(port) == b"HTTP/1.1 200 OK\r\n"


async def test_a_head_that_does_not_end(port: int) -> None:
    status, problem = await answer(await connect(port, b"GET /health HTTP/1.1\r\nX: "))
    assert (status, problem["code"]) == (408, "too_slow")
    assert await rest(await connect(port)) == b"", "nothing was asked, so nothing is answered"


async def test_a_second_head_that_does_not_end(port: int) -> None:
    connection = await connect(port, HEALTH + b"GET /hea")
    assert (await rest(connection)).startswith(b"HTTP/1.1 200 OK")
    connection = await connect(port, HEALTH)
    await connection[0].readline()
    connection[1].write(b"GET /hea")
    assert b"too_slow" in await rest(connection)


async def test_a_body_that_does_not_end(port: int) -> None:
    head = b"POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    assert await rest(await connect(port, head + b"Content-Length: 100\r\n\r\n{")) == b""
    assert await rest(await connect(port, head + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n")) == b""


async def test_a_body_that_comes_slowly_but_comes(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_BYTES", 10)
    head = b"POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    connection = await connect(port, head + b"Connection: close\r\nContent-Length: 600\r\n\r\n")
    for _ in range(60):
        connection[1].write(b" " * 10)
        await asyncio.sleep(0.02)
    status, problem = await answer(connection)
    assert (status, problem["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    "said", [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000]
)
async def test_what_is_no_http_is_a_problem(port: int, said: bytes) -> None:
    status, problem = await answer(await connect(port, said))
    assert (status, problem["code"], problem["status"]) == (400, "bad_http", 400)


async def test_two_lengths_are_refused_and_nothing_after_them_is_read(port: int) -> None:
    smuggled = b"0\r\n\r\nGET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    connection = await connect(
        port,
        b"POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n%s" % (len(smuggled), smuggled),
    )
    status, problem = await answer(connection)
    assert (status, problem["code"]) == (400, "two_lengths")


@pytest.mark.parametrize(
    ("soft", "hard", "most"),
    [(1_024, 1_048_576, 1_000), (256, 1_048_576, 1_000), (1_024, 1_024, 824), (256, 256, 64), (-1, -1, 1_000)],
)
def test_connections_leave_files_for_everything_else(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, most: int
) -> None:
    limits = [(soft, hard)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: limits.append(wanted))
    assert most_connections() == most


def test_a_library_repeats_itself_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(connections.time, "monotonic", lambda: now[0])
    once = OncePerWhile()
    passed = []
    for _ in range(3):
        for text in ("socket.accept() out of system resource", "another"):
            passed.append(once.filter(logging.LogRecord("asyncio", logging.ERROR, "", 1, text, None, None)))
        now[0] += 6
    assert passed == [True, True, False, False, True, True]
