"""Every route says what it needs, and nobody without it reaches one."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from litestar import Litestar, WebSocket, asgi, get, websocket
from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import HTTPRouteHandler

from paddock.domain.roles import PERMISSIONS, Permission, TeamRole
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.web.app import create_app
from paddock.web.kernel.permission import Anyone, handlers_of, needs_of
from tests.web.builders import insert_converted
from tests.web.serving import shared_application

pytestmark = pytest.mark.anyio

OPEN = {
    "/health": Anyone.AT_ALL,
    "/ca.crt": Anyone.AT_ALL,
    "/static/{path:path}": Anyone.AT_ALL,
    "/sign-in": Anyone.AT_ALL,
    "/sign-in/link": Anyone.AT_ALL,
    "/sign-out": Anyone.AT_ALL,
    "/api/login": Anyone.AT_ALL,
    "/api/logout": Anyone.LET_IN,
    "/api/me": Anyone.LET_IN,
    "/api/me/password": Anyone.LET_IN,
    "/api/tokens": Anyone.LET_IN,
    "/api/tokens/{token_id:str}": Anyone.LET_IN,
    "/account": Anyone.LET_IN,
    "/account/password": Anyone.LET_IN,
    "/account/sign-out-everywhere": Anyone.LET_IN,
    "/account/sessions/{session:str}/end": Anyone.LET_IN,
    "/account/tokens/add": Anyone.LET_IN,
    "/account/tokens/{token:str}/revoke": Anyone.LET_IN,
    "/schema": Anyone.LET_IN,
    "/schema/openapi.json": Anyone.LET_IN,
    "/schema/openapi.yaml": Anyone.LET_IN,
    "/schema/openapi.yml": Anyone.LET_IN,
    "/schema/{path:str}": Anyone.LET_IN,
    "/objects/get/{name:str}": Anyone.WITH_THE_LINK,
    "/objects/put": Anyone.WITH_THE_LINK,
    "/api/devices/{device_id:str}/data": Anyone.WITH_A_TOKEN,
    "/api/devices/{device_id:str}/stream": Anyone.WITH_A_TOKEN,
    "/api/devices/{device_id:str}/alerts": Anyone.WITH_A_TOKEN,
}
"""All that may be reached without a permission: whoever adds to them does it here as well."""
ASKS = {"/api/kpis", "/api/maths/check", "/api/sql", "/api/sql/{query_id:str}"}
"""What is sent there is looked at, and changes nothing that is kept; a query of one's own is ended by one's own."""


@pytest.fixture
def app() -> Litestar:
    return shared_application()


def routes_of(app: Litestar) -> list[tuple[str, str, Permission | Anyone | None]]:
    """Method, path and what is needed, of every route but OPTIONS."""
    return [
        (str(method), route.path, needs_of(handler))
        for route in app.routes
        for handler in handlers_of(route)
        for method in (handler.http_methods if isinstance(handler, HTTPRouteHandler) else ("GET",))
        if method != "OPTIONS"
    ]


async def test_every_route_says_what_it_needs(app: Litestar) -> None:
    for route in app.routes:
        for handler in handlers_of(route):
            assert needs_of(handler) is not None, f"{route.path} needs nothing that it says"
    found = routes_of(app)
    assert len(found) > 70
    assert {path: needs for _, path, needs in found if isinstance(needs, Anyone)} == OPEN
    readable = {
        Permission.READ,
        Permission.EXPORT,
        Permission.UPLOAD,
        Permission.MANAGE_MEMBERS,
        Permission.MANAGE_PEOPLE,
        Permission.SEE_ACTIONS,
        Permission.MANAGE_NOTICES,
        Permission.EDIT_DASHBOARDS,
    }
    for method, path, needs in found:
        if path not in OPEN:
            asks = method == "GET" or path in ASKS
            assert (needs in readable) if asks else (needs is not Permission.READ), (method, path)


@pytest.mark.slow("joins all routes anew")
async def test_a_route_that_does_not_say_is_not_added(context: Context, settings: Settings) -> None:
    app = create_app(context, settings)

    async def page() -> None: ...

    async def live(socket: WebSocket[Any, Any, Any]) -> None: ...

    async def mounted(scope: Any, receive: Any, send: Any) -> None: ...

    wrong: tuple[dict[str, Any], ...] = ({}, {"needs": None}, {"needs": "edit"}, {"need": Permission.READ})
    for number, options in enumerate(wrong):
        for handler in (
            get(f"/new/{number}", **options)(page),
            websocket(f"/live/{number}", **options)(live),
            asgi(f"/mounted/{number}", copy_scope=True, **options)(mounted),
        ):
            with pytest.raises(ImproperlyConfiguredException, match="which permission it needs"):
                app.register(handler)


@pytest.mark.slow("asks every route")
async def test_who_lacks_a_permission_is_told_which(
    app: Litestar, client: httpx.AsyncClient, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = await insert_converted(context)
    monkeypatch.setitem(PERMISSIONS, TeamRole.ADMIN, frozenset())
    for method, path, needs in routes_of(app):
        address = re.sub(r"\{\w+:(\w+)\}", lambda kind: "1" if kind[1] == "int" else recording.id, path)
        # Not even looked at: a body that is no JSON, a parameter that nobody knows.
        answer = await client.request(method, f"{address}?unknown=1", content=b"{")
        if isinstance(needs, Permission):
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), (method, path)
            assert answer.json()["detail"] == f"local may not {needs.words}: ask an admin."
            assert method != "GET" or (await client.head(address)).status_code == 403, path
        else:
            assert b'"code":"not_allowed"' not in answer.content, (method, path)
    assert await context.documents.recordings.get(recording.id) == recording


@pytest.mark.slow("asks a route for each two permissions")
async def test_one_permission_is_not_another(
    app: Litestar, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = {needs: (method, path) for method, path, needs in routes_of(app) if isinstance(needs, Permission)}
    assert set(Permission) - set(tried) == {Permission.SEE_TO_BACKUPS}, "which is part of other pages"
    for missing in tried:
        monkeypatch.setitem(PERMISSIONS, TeamRole.ADMIN, frozenset(Permission) - {missing})
        for needs, (method, path) in tried.items():
            answer = await client.request(method, re.sub(r"\{[^}]*\}", "1", path), content=b"{")
            assert (b"not_allowed" in answer.content) == (needs is missing), (method, path)


async def test_a_page_that_is_refused_is_a_page(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PERMISSIONS, TeamRole.ADMIN, frozenset({Permission.READ}))
    answer = await client.get("/members", headers={"Accept": "text/html"})
    assert answer.status_code == 403 and answer.headers["content-type"].startswith("text/html")
    assert "local may not see, let in or shut out members: ask an admin." in answer.text
    assert (await client.get("/", headers={"Accept": "text/html"})).status_code == 200


async def test_which_methods_an_address_takes_is_no_secret(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PERMISSIONS, TeamRole.ADMIN, frozenset())
    answer = await client.request("OPTIONS", "/api/members")
    assert answer.status_code == 204 and "OPTIONS" in answer.headers["allow"]
