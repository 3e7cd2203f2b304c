"""The outermost layer: every request gets an id, a principal, safe headers and exactly one log line."""

from __future__ import annotations

import secrets
import time
from typing import Any

import structlog
from litestar import Request
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from paddock.errors import Rejected
from paddock.web.principal import Edge
from paddock.web.problems import answer

log = structlog.get_logger()

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def with_request_log(app: ASGIApp, edge: Edge) -> ASGIApp:
    """``app`` behind the edge. Also what no route answers (404, a refused address) is logged and has the headers.

    The log line is ``request`` with method, path, status, duration_ms, bytes, principal and request_id. The query
    is left out, because it may hold a link's signature.
    """

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = secrets.token_hex(8)
        status = 0
        sent_bytes = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status, sent_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableScopeHeaders.from_message(message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = request_id
            elif message["type"] == "http.response.body":
                sent_bytes += len(message["body"])
            await send(message)

        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                try:
                    state["principal"] = edge.admit(scope)
                except Rejected as error:
                    await _refuse(error, scope, receive, send_and_note)
                else:
                    await app(scope, receive, send_and_note)
            finally:
                principal = state.get("principal")
                log.info(
                    "request",
                    method=scope.get("method"),
                    path=scope["path"],
                    status=status,
                    duration_ms=round((time.perf_counter() - started) * 1e3, 1),
                    bytes=sent_bytes,
                    principal=principal.name if principal else None,
                )

    return logged


async def _refuse(error: Rejected, scope: Scope, receive: Receive, send: Send) -> None:
    request: Request[Any, Any, Any] = Request(scope, receive, send)
    response = answer(request, error).to_asgi_response(app=None, request=request)
    await response(scope, receive, send)
