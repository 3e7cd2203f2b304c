"""The outermost layer: every request, WebSockets too, gets an id, a principal, safe headers and one log line."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog
from litestar import Request
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from paddock.domain.principal import STRANGER
from paddock.errors import Rejected, Unavailable
from paddock.settings import Settings
from paddock.web.kernel.permission import UNKNOWN_BECAUSE
from paddock.web.kernel.problems import answer
from paddock.web.kernel.same_site import security_headers
from paddock.web.kernel.shut_out import OpenRequests, ShutOut
from paddock.web.kernel.sockets import SocketReply

if TYPE_CHECKING:
    from paddock.web.kernel.principal import Edge

log = structlog.get_logger()

SWITCHING_PROTOCOLS, FORBIDDEN = 101, 403
_FIRST = ("http.response.start", "websocket.http.response.start", "websocket.accept")
"""Messages that begin an answer."""


def headers_for(settings: Settings) -> dict[str, str]:
    """What every answer tells browsers. Pages may send parts of uploads to the bucket, where there is one."""
    return security_headers(_bucket_origins(settings) if settings.s3_bucket else ())


def _bucket_origins(settings: Settings) -> list[str]:
    bucket = settings.s3_bucket
    endpoint = settings.s3_public_endpoint or settings.s3_endpoint
    if endpoint:
        scheme, _, host = endpoint.rstrip("/").partition("://")
        return [f"{scheme}://{host.split('/')[0]}" if settings.s3_path_style else f"{scheme}://{bucket}.{host}"]
    # boto3 may sign either; without a region nobody knows the second one before the first link is made.
    named = (
        f"https://{bucket}.s3.{settings.aws_region}.amazonaws.com"
        if settings.aws_region
        else "https://*.amazonaws.com"
    )
    return [f"https://{bucket}.s3.amazonaws.com", named]


def with_request_log(app: ASGIApp, edge: Edge, headers: Mapping[str, str]) -> ASGIApp:
    """``app`` behind the edge. Also what no route answers (404, a refused address) is logged and has the headers.

    The log line is ``request`` with method, path, status, duration_ms, bytes, principal and request_id; that of a
    WebSocket comes when it has ended. The query is left out, because it may hold a link's signature. What the
    machine itself asks after our health, every few seconds, is logged when it is bad.
    """

    opened = OpenRequests(edge.no_longer_admitted)

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request_id = secrets.token_hex(8)
        status = 0
        sent_bytes = 0

        async def send_and_note(message: Any) -> None:
            nonlocal status, sent_bytes
            kind = message["type"]
            if kind in _FIRST:
                status = message.get("status", SWITCHING_PROTOCOLS)
                message.setdefault("headers", [])  # a WebSocket may be accepted without
                answered = MutableScopeHeaders.from_message(message)
                for name, value in headers.items():
                    answered.setdefault(name, value)
                answered["X-Request-Id"] = request_id
            elif kind == "http.response.body":
                sent_bytes += len(message["body"])
            elif kind == "websocket.send":
                sent_bytes += len(message.get("bytes") or (message.get("text") or "").encode())
            elif kind == "websocket.close":
                status = status or FORBIDDEN  # what a server makes of it before the WebSocket is accepted
            await send(message)

        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        is_socket = scope["type"] == ScopeType.WEBSOCKET
        reply = SocketReply(scope, send_and_note) if is_socket else HttpReply(scope, receive, send_and_note)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                try:
                    _refuse_two_lengths(scope)
                    try:
                        state["principal"] = await edge.admit(scope)
                    except Unavailable as error:
                        # Not the end: style sheets and the page that says so ask for no users.
                        state["principal"], state[UNKNOWN_BECAUSE] = STRANGER, error
                except Rejected as error:
                    await reply.refuse(error)
                else:
                    with opened.begun(scope, state["principal"], receive, reply.send) as request:
                        await app(scope, request.receive, request.send)
            except ShutOut as error:
                if is_socket or not status:
                    await reply.refuse(error)
            finally:
                principal = state.get("principal")
                level = logging.DEBUG if _is_no_news(scope, status) else logging.INFO
                log.log(
                    level,
                    "request",
                    method=scope.get("method", "WEBSOCKET"),
                    path=scope["path"],
                    status=status,
                    duration_ms=round((time.perf_counter() - started) * 1e3, 1),
                    bytes=sent_bytes,
                    principal=principal.name if principal else None,
                )

    return logged


def _is_no_news(scope: Scope, status: int) -> bool:
    """Whether a line of it helps nobody: devices send a hundred times a second, and what was taken is known."""
    path = scope["path"]
    is_taken = status == 200 and path.startswith("/api/devices/") and path.endswith("/data")
    return is_taken or (status < 500 and _asks_after_health(scope))


def _asks_after_health(scope: Scope) -> bool:
    """Whether it is the machine itself, and not somebody for whom a proxy speaks."""
    client = scope.get("client")
    forwarded = any(name == b"x-forwarded-for" for name, _ in scope["headers"])
    return scope["path"] == "/health" and not forwarded and client is not None and client[0] in ("127.0.0.1", "::1")


def _refuse_two_lengths(scope: Scope) -> None:
    """A proxy and we could take different parts of such a request for its body (RFC 9112 §6.1).

    Raises:
        Rejected: with code ``two_lengths``, a 400.
    """
    names = [name for name, _ in scope["headers"]]
    if b"transfer-encoding" in names and b"content-length" in names:
        raise Rejected(
            "A request has a Content-Length or a Transfer-Encoding, not both: leave one out.", code="two_lengths"
        )


class HttpReply:
    """What is sent back for an HTTP request."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.send = send
        self._scope, self._receive = scope, receive

    async def refuse(self, error: Rejected) -> None:
        """Answer with an error."""
        request: Request[Any, Any, Any] = Request(self._scope, self._receive, self.send)
        response = answer(request, error).to_asgi_response(app=None, request=request)
        await response(self._scope, self._receive, self.send)
