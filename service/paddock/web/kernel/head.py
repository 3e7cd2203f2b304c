"""HEAD for every address: what GET would answer, without its body (RFC 9110 §9.3.2)."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send

_ASKED = "paddock.head"


def asks_with_head(request: Request[Any, Any, Any]) -> bool:
    """Whether only the headers of this GET are sent: for the few routes whose redirect HEAD cannot follow."""
    return _ASKED in request.scope


def answering_head(app: ASGIApp) -> ASGIApp:
    """``app``, asked with GET where a client asks with HEAD, so that hardly a route has to know of it."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "HEAD":
            await app(scope, receive, send)
            return
        begun = False

        async def send_head(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        async def receive_until_begun() -> HTTPReceiveMessage:
            # A client that left: so whoever streams a log or follows an export does not do it for nobody.
            return {"type": "http.disconnect"} if begun else await receive()  # type: ignore[return-value]

        # A range is only defined for GET; of HEAD it is ignored.
        headers = [each for each in scope["headers"] if each[0].lower() not in (b"range", b"if-range")]
        with_get: Any = {**scope, "method": "GET", "headers": headers, _ASKED: True}
        await app(with_get, receive_until_begun, send_head)

    return answered
