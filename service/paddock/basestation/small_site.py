"""A small web site of a command, in Paddock's own look: the pit screen. The car's is smaller still.

It has neither database nor members. Whoever reaches its port is let in, apart from pages of other sites.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from pathlib import Path

import uvicorn
from litestar import Litestar
from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template.config import TemplateConfig
from litestar.types import ASGIApp, ControllerRouterHandler, Message, Receive, Scope, Send

import paddock.web
from paddock.errors import Rejected
from paddock.web.kernel.assets import asset_routes
from paddock.web.kernel.bodies import BoundedRequest
from paddock.web.kernel.conditional import Conditional
from paddock.web.kernel.connections import Door, GuardedProtocol
from paddock.web.kernel.head import answering_head
from paddock.web.kernel.problems import answer
from paddock.web.kernel.request_log import HttpReply
from paddock.web.kernel.same_site import (
    SAFE_METHODS,
    own_names,
    refuse_cross_site,
    refuse_wrong_host,
    security_headers,
)
from paddock.web.kernel.templates import templates

WEB = Path(paddock.web.__file__).parent
MAX_BODY_BYTES = 64 * 1024
MOST_CONNECTIONS = 100
END_S = 2
"""How long a request that is under way when the site ends may take."""


def small_site(
    handlers: Sequence[ControllerRouterHandler],
    folder: Path,
    *,
    pages: Sequence[tuple[str, str, str]],
    names: Sequence[str] = (),
) -> ASGIApp:
    """Routes and what their pages are made of, as one ASGI application.

    Args:
        handlers: the routes. Their errors are answered as the service's are; GET answers have an ETag.
        folder: has the templates, which extend ``kernel/base.html``, and what browsers load: ``screen.js`` there is
            ``/static/screen.js``.
        pages: what the bar at the top leads to: address, label, and the word that the page's block ``here`` has.
        names: by which it may be asked for, besides addresses, ``localhost``, ``*.local`` and this machine's own.
    """
    environment = templates(folder, WEB)
    environment.globals.update(pages=pages, ways_on=[(address, label) for address, label, _ in pages])
    site = Litestar(
        route_handlers=[*handlers, asset_routes({"": folder, "/kernel": WEB / "kernel"})],
        exception_handlers={Exception: answer},
        request_class=BoundedRequest,
        response_class=Conditional,
        debug=False,
        pdb_on_exception=False,
        logging_config=None,
        request_max_body_size=MAX_BODY_BYTES,
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment)),
        openapi_config=None,
    )
    return _behind_the_edge(answering_head(site), frozenset(name.lower() for name in names))


def _behind_the_edge(app: ASGIApp, names: frozenset[str]) -> ASGIApp:
    own = names | own_names()

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableScopeHeaders.from_message(message)
                for name, value in security_headers().items():
                    answered.setdefault(name, value)
            await send(message)

        scope.setdefault("state", {})
        headers = Headers(scope["headers"])
        try:
            refuse_wrong_host(
                headers, lambda host: host in own or host.endswith(".local"), "use this machine's address"
            )
            if scope["type"] == ScopeType.WEBSOCKET or scope["method"] not in SAFE_METHODS:
                refuse_cross_site(headers)
        except Rejected as error:
            await HttpReply(scope, receive, send_safely).refuse(error)
            return
        await app(scope, receive, send_safely)

    return edge


class _Guest(uvicorn.Server):
    """A uvicorn server that leaves the signals of the process to the command around it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def served(site: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """Answers on a socket (see ``web/kernel/listener.py``) while this is open, beside what else the loop does."""
    server = _Guest(
        uvicorn.Config(
            site,
            http=partial(GuardedProtocol, door=Door(MOST_CONNECTIONS)),  # type: ignore[arg-type]
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=END_S,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await serving
