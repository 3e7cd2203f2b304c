"""Every route, asked by every role: 403 exactly where the table says so, and 401 or the sign-in page before."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from paddock.domain.devices import Device
from paddock.domain.principal import LOCAL_USER
from paddock.domain.roles import PEOPLE_ROLES, PERMISSIONS, Permission, TeamRole
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.usecases.devices.devices import add_device
from paddock.usecases.devices.tokens import mint_token
from paddock.web.kernel.permission import Anyone, handlers_of, needs_of
from tests.web.people import add_person, bearing, token_of
from tests.web.serving import serve, shared_application

pytestmark = pytest.mark.anyio

Route = tuple[str, str, Permission | Anyone]


@pytest.fixture
def app(context: Context, settings: Settings) -> ASGIApp:
    return serve(context, settings)


@pytest.fixture
async def tokens(client: httpx.AsyncClient, context: Context) -> dict[TeamRole, str]:
    """One for each role that somebody, or something, can have."""
    found = {}
    for role in reversed(PEOPLE_ROLES):
        await add_person(context, f"the {role}", role.value)
        found[role] = await token_of(client, f"the {role}")
    device = await add_device(context, LOCAL_USER, Device(id="", name="Box"))
    found[TeamRole.DEVICE] = (await mint_token(context, LOCAL_USER, device.id)).token
    return found


def routes() -> tuple[list[Route], list[Route]]:
    """Those of HTTP and those of WebSockets: method, an address, what it needs."""
    http: list[Route] = []
    sockets: list[Route] = []
    for route in shared_application().routes:
        address = re.sub(r"\{[^}]*\}", "1", route.path)
        for handler in handlers_of(route):
            needs = needs_of(handler)
            assert needs is not None
            if isinstance(handler, HTTPRouteHandler):
                http += [(str(method), address, needs) for method in handler.http_methods if method != "OPTIONS"]
            elif type(handler).__name__ != "ASGIRouteHandler":
                sockets.append(("WEBSOCKET", address, needs))
    assert len(http) > 100 and sockets
    return http, sockets


async def knock(app: ASGIApp, path: str, *headers: tuple[str, str]) -> tuple[int, bytes]:
    """What a WebSocket's handshake is answered: 101, or the status and body of a refusal."""
    sent: list[Any] = []
    answered = asyncio.Event()

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] in ("websocket.accept", "websocket.close") or not message.get("more_body", True):
            answered.set()

    async def receive() -> Any:
        if not sent:
            return {"type": "websocket.connect"}
        await answered.wait()
        return {"type": "websocket.disconnect", "code": 1001}

    scope: Any = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "ws",
        "headers": [(b"host", b"127.0.0.1:8080"), *((n.lower().encode(), v.encode()) for n, v in headers)],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }
    serving = asyncio.ensure_future(app(scope, receive, send))
    await asyncio.wait_for(answered.wait(), 30)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    first = sent[0]
    return (101 if first["type"] == "websocket.accept" else first["status"]), b"".join(
        each.get("body", b"") for each in sent
    )


@pytest.mark.slow("asks every route, as every role")
async def test_each_role_reaches_what_the_table_says(
    app: ASGIApp, client: httpx.AsyncClient, tokens: dict[TeamRole, str]
) -> None:
    http, sockets = routes()
    for role, token in tokens.items():
        for method, address, needs in http:
            if not isinstance(needs, Permission):
                continue
            # A body that is no JSON: who is let through changes nothing.
            answer = await client.request(method, f"{address}?unknown=1", content=b"{", headers=bearing(token))
            refused = b'"not_allowed"' in answer.content
            assert refused == (needs not in PERMISSIONS[role]), (role, method, address)
            assert refused == (answer.status_code == 403), (role, method, address, answer.text)
        for _, address, needs in sockets:
            status, body = await knock(app, address, *bearing(token).items())
            refused = isinstance(needs, Permission) and needs not in PERMISSIONS[role]
            assert (status == 403 and b'"not_allowed"' in body) == refused, (role, address)


@pytest.mark.slow("asks every route")
async def test_a_stranger_reaches_what_lets_people_sign_in(
    app: ASGIApp, client: httpx.AsyncClient, context: Context
) -> None:
    await add_person(context, "Ada")
    http, sockets = routes()
    for method, address, needs in http:
        for accept in ("application/json", "text/html"):
            answer = await client.request(method, f"{address}?unknown=1", content=b"{", headers={"Accept": accept})
            is_page = accept == "text/html" and not address.startswith(("/api/", "/schema"))
            what = (method, address, answer.status_code)
            if needs is Anyone.WITH_A_TOKEN:
                assert answer.status_code >= 400, what
            elif needs in (Anyone.AT_ALL, Anyone.WITH_THE_LINK):
                assert b"not_signed_in" not in answer.content and answer.status_code != 401, what
            elif is_page and method == "GET":
                assert answer.status_code == 303, what
                assert answer.headers["location"].startswith("/sign-in?next="), what
            else:
                assert answer.status_code == 401, what
                assert is_page or answer.json()["code"] == "not_signed_in", what
    for _, address, needs in sockets:
        status, body = await knock(app, address)
        if needs is Anyone.WITH_A_TOKEN:
            continue  # the token comes in its first message, and the route closes it without
        assert (status == 401 and b"not_signed_in" in body) == (needs is not Anyone.AT_ALL), address


async def test_a_socket_from_another_site_is_refused_whoever_it_is(
    app: ASGIApp, client: httpx.AsyncClient, tokens: dict[TeamRole, str]
) -> None:
    _, sockets = routes()
    admin = tuple(bearing(tokens[TeamRole.ADMIN]).items())
    for _, address, needs in sockets:
        for origin in ("https://evil.example", "null", "http://127.0.0.1:8081"):
            status, body = await knock(app, address, *admin, ("Origin", origin))
            assert status == 403 and b"cross_site" in body, (address, origin)
        status, body = await knock(app, address, *admin, ("Origin", "http://127.0.0.1:8080"))
        assert b"cross_site" not in body, address
        assert b"not_allowed" not in body or needs not in PERMISSIONS[TeamRole.ADMIN]
