"""A user who is let in no more: what they have open ends, and nothing that another one has."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from paddock.domain.devices import Device
from paddock.domain.principal import LOCAL_USER
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.usecases.devices import tokens as device_tokens
from paddock.usecases.devices.devices import add_device, disable_device
from paddock.usecases.people import users
from paddock.web.app import behind_the_edge
from tests.web.people import add_person, bearing, token_of
from tests.web.test_shut_out import open_stream

pytestmark = pytest.mark.anyio


class Open:
    """A request or WebSocket that stays open, with a token."""

    def __init__(self, context: Context, settings: Settings, token: str, *, socket: bool = False) -> None:
        app = open_socket if socket else open_stream
        handler = behind_the_edge(app, settings, lambda: context)  # type: ignore[arg-type]
        scope: Any = {
            "type": "websocket" if socket else "http",
            "method": "GET",
            "path": "/",
            "headers": [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {token}".encode())],
            "query_string": b"",
            "client": ("127.0.0.1", 1),
        }
        self.sent: list[dict[str, Any]] = []
        self._parts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._parts.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.ensure_future(handler(scope, self._parts.get, self._send))  # type: ignore[arg-type]

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def begun(self) -> None:
        async with asyncio.timeout(30):
            while not self.sent:
                await asyncio.sleep(0)
        assert not self.task.done()

    async def ended(self) -> None:
        await asyncio.wait_for(asyncio.shield(self.task), 30)


async def open_socket(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        await receive()


async def disable(context: Context, client: httpx.AsyncClient, token: str) -> None:
    await users.change_user(context, LOCAL_USER, "Mei", is_active=False)


async def give_another_role(context: Context, client: httpx.AsyncClient, token: str) -> None:
    await users.change_user(context, LOCAL_USER, "Mei", role="viewer")


async def sign_out(context: Context, client: httpx.AsyncClient, token: str) -> None:
    assert (await client.post("/api/logout", headers=bearing(token))).status_code == 204


async def sign_out_everywhere(context: Context, client: httpx.AsyncClient, token: str) -> None:
    other = await token_of(client, "Mei")
    assert (await client.post("/api/logout?everywhere=true", headers=bearing(other))).status_code == 204


Act = Callable[[Context, httpx.AsyncClient, str], Awaitable[None]]


@pytest.mark.parametrize("act", [disable, give_another_role, sign_out, sign_out_everywhere])
async def test_what_is_open_ends(context: Context, client: httpx.AsyncClient, settings: Settings, act: Act) -> None:
    for name in ("Ada", "Mei"):
        await add_person(context, name, "engineer" if name == "Mei" else "admin")
    mei, ada = await token_of(client, "Mei"), await token_of(client, "Ada")
    stream, socket, other = (
        Open(context, settings, mei),
        Open(context, settings, mei, socket=True),
        Open(context, settings, ada),
    )
    for each in (stream, socket, other):
        await each.begun()
    await act(context, client, mei)
    await stream.ended()
    await socket.ended()
    assert socket.sent[-1]["type"] == "websocket.close" and socket.sent[-1]["code"] == 1008
    assert not other.task.done(), "another one's goes on"
    other.task.cancel()


async def test_a_revoked_token_ends_what_it_has_open_and_no_more(
    context: Context, client: httpx.AsyncClient, settings: Settings
) -> None:
    await add_person(context, "Mei")
    login = await token_of(client, "Mei")
    made = [
        (await client.post("/api/tokens", json={"name": name}, headers=bearing(login))).json()
        for name in ("one", "two")
    ]
    one, two = (Open(context, settings, each["token"], socket=True) for each in made)
    await one.begun()
    await two.begun()
    answer = await client.delete(f"/api/tokens/{made[0]['id']}", headers=bearing(login))
    assert answer.status_code == 204
    await one.ended()
    assert not two.task.done()
    two.task.cancel()
    assert (await client.get("/api/me", headers=bearing(made[0]["token"]))).status_code == 401
    assert (await client.get("/api/me", headers=bearing(made[1]["token"]))).status_code == 200


@pytest.mark.parametrize("how", ["disabled", "rotated", "revoked"])
async def test_a_device_likewise(context: Context, settings: Settings, how: str) -> None:
    device = await add_device(context, LOCAL_USER, Device(id="", name="Box"))
    token = (await device_tokens.mint_token(context, LOCAL_USER, device.id)).token
    opened = Open(context, settings, token, socket=True)
    await opened.begun()
    if how == "disabled":
        await disable_device(context, LOCAL_USER, device.id)
    elif how == "rotated":
        await device_tokens.mint_token(context, LOCAL_USER, device.id)
    else:
        await device_tokens.revoke_token(context, LOCAL_USER, device.id)
    await opened.ended()
    assert opened.sent[-1]["type"] == "websocket.close"
