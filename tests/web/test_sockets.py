"""WebSockets at the edge: through a real server, with handshakes and frames written by hand."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
import uvicorn
from litestar import Litestar, WebSocket, websocket
from litestar.params import FromPath

from paddock.domain.roles import PERMISSIONS, Permission, TeamRole
from paddock.errors import NotFound
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.web.app import create_app
from paddock.web.kernel import connections, sockets
from paddock.web.kernel.connections import Door, GuardedProtocol
from paddock.web.kernel.injected import TheContext, ThePrincipal

pytestmark = pytest.mark.anyio

Socket = WebSocket[Any, Any, Any]
TEAM = "10.7.0.4 Adam\n127.0.0.1 Nina\n"


@websocket("/live", needs=Permission.READ)
async def live(socket: Socket, principal: ThePrincipal, context: TheContext) -> None:
    """Says who is there, and then what it is told."""
    await socket.accept()
    await socket.send_text(f"{principal.name}, {await context.documents.recordings.count()}")
    async for text in socket.iter_data():
        await socket.send_text(f"heard {text}")


@websocket("/push", needs=Permission.READ)
async def push(socket: Socket) -> None:
    """Speaks and never listens, as a plot that follows a car."""
    await socket.accept()
    while True:
        await socket.send_text("x" * 100_000)
        socket.app.state.pushed = socket.app.state.get("pushed", 0) + 1
        await asyncio.sleep(0.001)


@websocket("/work", needs=Permission.READ)
async def work(socket: Socket) -> None:
    """Takes a while over what it is told."""
    await socket.accept()
    socket.app.state.went_on = asyncio.Event()
    await socket.receive_text()
    socket.app.state.begun = True
    await socket.app.state.went_on.wait()
    socket.app.state.done = True
    await socket.receive_text()


@websocket("/missing", needs=Permission.READ)
async def missing(socket: Socket) -> None:
    raise NotFound("There is no device 7: look for it in the list.", code="no_such_device")


@websocket("/crash/{late:int}", needs=Permission.READ)
async def crash(socket: Socket, late: FromPath[int]) -> None:
    if late:
        await socket.accept()
    raise RuntimeError("a password")


@websocket("/leave", needs=Permission.READ)
async def leave(socket: Socket) -> None:
    await socket.accept()
    await socket.close(code=4000, reason="enough")


@websocket("/people", needs=Permission.MANAGE_MEMBERS)
async def people(socket: Socket) -> None:
    await socket.accept()


@dataclass
class Answered:
    """What came of a handshake, and the connection after it."""

    status: int
    headers: dict[str, str]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    body: bytes

    @property
    def problem(self) -> Any:
        return json.loads(self.body)

    def say(self, text: str) -> None:
        """A masked text frame; the mask is zeros."""
        self.writer.write(bytes([0x81, 0x80 | len(text)]) + bytes(4) + text.encode())

    async def hear(self) -> tuple[int, bytes]:
        """The opcode and content of the next frame."""
        first, length = await self._exactly(2)
        if length >= 126:
            length = int.from_bytes(await self._exactly(2 if length == 126 else 8))
        return first & 0x0F, await self._exactly(length)

    async def closed(self) -> tuple[int, str]:
        """The code and reason of the close frame, after all else."""
        while (frame := await self.hear())[0] != 8:
            pass
        return int.from_bytes(frame[1][:2]), frame[1][2:].decode()

    async def rest(self) -> bytes:
        """What still comes until the server ends the connection."""
        return await asyncio.wait_for(self.reader.read(), 30)

    async def _exactly(self, count: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(count), 30)


@dataclass
class Served:
    """A Paddock with WebSocket routes behind the protocol that ``paddock up`` has."""

    app: Litestar
    port: int
    peers: Path | None

    async def shake(self, path: str, method: str = "GET", **headers: str | None) -> Answered:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        given = {
            "Host": f"127.0.0.1:{self.port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        lines = [f"{name}: {value}" for name, value in given.items() if value is not None]
        writer.write("\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode())
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)).decode().split("\r\n")
        said = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
        body = await reader.readexactly(int(said.get("content-length", 0)))
        return Answered(int(head[0].split()[1]), said, reader, writer, body)

    @property
    def here(self) -> str:
        return f"http://127.0.0.1:{self.port}"


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def serve(context: Context, settings: Settings) -> AsyncIterator[Served]:
    app = create_app(context, settings)
    for handler in (live, push, work, missing, crash, leave, people):
        app.register(handler)
    config = uvicorn.Config(
        app,
        http=partial(GuardedProtocol, door=Door(100)),  # type: ignore[arg-type]
        log_config=None,
        proxy_headers=False,
        host="127.0.0.1",
        port=0,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield Served(app, server.servers[0].sockets[0].getsockname()[1], settings.peers_file)
    server.should_exit = server.force_exit = True
    await serving


@pytest.fixture
async def served(context: Context, settings: Settings) -> AsyncIterator[Served]:
    async with serve(context, settings) as running:
        yield running


@pytest.fixture
async def team(context: Context, settings: Settings, tmp_path: Path) -> AsyncIterator[Served]:
    """One that lets members in, of whom this machine is one."""
    peers = tmp_path / "peers"
    peers.write_text(TEAM)
    async with serve(context, Settings(data=settings.data, peers_file=peers)) as running:
        yield running


async def test_who_is_let_in_is_who_the_route_gets(served: Served) -> None:
    with structlog.testing.capture_logs() as lines:
        answered = await served.shake("/live?token=secret", Origin=served.here, Sec_Fetch_Site="same-origin")
        assert answered.status == 101 and len(answered.headers["x-request-id"]) == 16
        assert await answered.hear() == (1, b"local, 0")
        answered.say("hello")
        assert await answered.hear() == (1, b"heard hello")
        answered.writer.write(b"\x88\x80" + bytes(4))  # goodbye
        assert (await answered.hear())[0] == 8
        await until(lambda: [each for each in lines if each["event"] == "request"])
    (line,) = [each for each in lines if each["event"] == "request"]
    assert (line["method"], line["path"], line["status"], line["principal"]) == ("WEBSOCKET", "/live", 101, "local")
    assert line["bytes"] == len("local, 0heard hello") and "secret" not in str(lines)
    assert not [each for each in lines if each["event"] == "request_crashed"], "somebody who leaves is no crash"


async def test_a_page_of_another_site_opens_none(served: Served) -> None:
    tried: tuple[tuple[dict[str, Any], str], ...] = (
        ({"Host": "evil.example"}, "wrong_host"),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, "wrong_host"),
        ({"Origin": "https://evil.example"}, "cross_site"),
        ({"Origin": "http://127.0.0.1:1"}, "cross_site"),
        ({"Origin": "null"}, "cross_site"),
        ({"Sec_Fetch_Site": "cross-site"}, "cross_site"),
    )
    for headers, code in tried:
        with structlog.testing.capture_logs() as lines:
            answered = await served.shake("/live", **headers)
            assert (answered.status, answered.problem["code"]) == (403, code), headers
            assert answered.headers["content-type"] == "application/problem+json"
            assert answered.headers["content-security-policy"] and answered.headers["x-request-id"]
            assert await answered.rest() == b"", "the connection ends"
            (line,) = [each for each in lines if each["event"] == "request"]
        assert (line["method"], line["status"], line["principal"]) == ("WEBSOCKET", 403, None)


async def test_what_is_no_handshake_is_answered_and_ended(served: Served) -> None:
    tried: tuple[dict[str, Any], ...] = (
        {"Host": None},
        {"Transfer_Encoding": "chunked", "Content_Length": "0"},
        {"Content_Length": "5"},
        {"X": "x" * 9_000},
        {"Sec_WebSocket_Key": None},
        {"Sec_WebSocket_Version": "12"},
        {"method": "POST"},
    )
    for headers in tried:
        answered = await served.shake("/live", **headers)
        assert 400 <= answered.status < 500, headers
        assert await answered.rest() == b"", headers


async def test_a_stranger_is_told_as_much_as_by_http(team: Served) -> None:
    assert team.peers is not None
    assert (await team.shake("/live")).status == 101
    team.peers.write_text("10.7.0.4 Adam\n")
    answered = await team.shake("/live")
    assert (answered.status, answered.problem["code"]) == (403, "not_a_member")
    async with httpx.AsyncClient(base_url=team.here) as client:
        by_http = (await client.get("/health")).json()
    assert by_http | {"instance": ""} == answered.problem | {"instance": ""}


async def test_who_lacks_the_permission(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PERMISSIONS, TeamRole.ADMIN, frozenset({Permission.READ}))
    answered = await served.shake("/people")
    assert (answered.status, answered.problem["code"]) == (403, "not_allowed")
    assert answered.problem["detail"] == "local may not see, let in or shut out members: ask an admin."
    assert (await served.shake("/live")).status == 101


async def test_what_fails_before_it_is_accepted_is_a_problem(served: Served) -> None:
    for path, status, code in (
        ("/missing", 404, "no_such_device"),
        ("/crash/0", 500, "internal_error"),
        ("/nothing/here", 404, "no_such_page"),
        ("/crash/nan", 404, "no_such_page"),
        ("/", 400, "bad_request"),
    ):
        answered = await served.shake(path)
        assert (answered.status, answered.problem["code"]) == (status, code)
        assert "password" not in str(answered.problem)


async def test_what_fails_later_is_closed_with_a_reason(served: Served) -> None:
    with structlog.testing.capture_logs() as lines:
        code, reason = await (await served.shake("/crash/1")).closed()
    assert code == sockets.INTERNAL_ERROR and reason.startswith("Something went wrong in Paddock")
    assert [each["event"] for each in lines].count("request_crashed") == 1
    assert await (await served.shake("/leave")).closed() == (4000, "enough")


async def test_an_open_one_ends_with_its_member(team: Served) -> None:
    assert team.peers is not None
    listening, pushing = await team.shake("/live"), await team.shake("/push")
    working = await team.shake("/work")
    working.say("begin")
    await until(lambda: team.app.state.get("begun"))
    team.peers.write_text("10.7.0.4 Adam\n")
    for each in (listening, pushing):
        code, reason = await each.closed()
        assert code == sockets.POLICY_VIOLATION and reason == "Nina is no member of the team's VPN any more."
    assert not team.app.state.get("done"), "what was begun is finished first"
    team.app.state.went_on.set()
    assert (await working.closed())[0] == sockets.POLICY_VIOLATION
    assert team.app.state.done
    assert (await team.shake("/live")).status == 403


async def test_an_open_one_may_say_nothing_for_long(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_LOOK_S", 0.1)
    answered = await served.shake("/live")
    await answered.hear()
    await asyncio.sleep(0.5)
    answered.say("still there")
    assert await answered.hear() == (1, b"heard still there")


async def test_who_leaves_while_spoken_to_is_no_crash(served: Served) -> None:
    with structlog.testing.capture_logs() as lines:
        answered = await served.shake("/push")
        await answered.hear()
        answered.writer.transport.abort()
        await until(lambda: [each for each in lines if each["event"] == "request"])
    assert not [each for each in lines if each["event"] == "request_crashed"]


async def test_who_does_not_read_is_not_waited_for_long(team: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "CLOSE_S", 0.1)
    assert team.peers is not None
    with structlog.testing.capture_logs() as lines:
        answered = await team.shake("/push")
        await until(lambda: team.app.state.get("pushed", 0) > 9)
        pushed = 0
        while pushed != team.app.state.pushed:  # nothing is read: buffers fill
            pushed = team.app.state.pushed
            await asyncio.sleep(0.5)
        team.peers.write_text("10.7.0.4 Adam\n")
        await until(lambda: [each for each in lines if each["event"] == "request"])
    answered.writer.transport.abort()


async def test_a_server_that_can_say_no_more_says_403(context: Context, settings: Settings) -> None:
    """ASGI's extension is optional; the test client of httpx knows no WebSocket."""
    app = create_app(context, settings)
    app.register(live)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope: Any = {
        "type": "websocket",
        "path": "/live",
        "raw_path": b"/live",
        "query_string": b"",
        "root_path": "",
        "scheme": "ws",
        "headers": [(b"host", b"127.0.0.1"), (b"origin", b"https://evil.example")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
        "subprotocols": [],
    }
    with structlog.testing.capture_logs() as lines:
        await app(scope, receive, send)
    assert [line["status"] for line in lines if line["event"] == "request"] == [403]
    (closed,) = sent
    assert (closed["type"], closed["code"]) == ("websocket.close", sockets.POLICY_VIOLATION)
    assert len(closed["reason"].encode()) <= sockets.MAX_REASON_BYTES
