"""WebSockets at the edge: a refused one is answered as any request is, an open one is closed with a reason."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from litestar import Request
from litestar.enums import ScopeType
from litestar.exceptions import WebSocketException
from litestar.types import Message, Scope, Send

from paddock.web.kernel.problems import Problem, answer, explain

POLICY_VIOLATION, INTERNAL_ERROR = 1008, 1011
"""Close codes (RFC 6455 §7.4.1)."""
MAX_MESSAGE_BYTES = 1024 * 1024
"""What one message of a client may have, as the body of a request."""
MAX_REASON_BYTES = 123
"""What a close frame has room for (RFC 6455 §5.5)."""
CLOSE_S = 5.0
"""How long the close frame may wait for somebody who does not read what was sent before."""
_ERROR = "paddock.error"


async def note_error(error: Exception, scope: Scope) -> None:
    """Keep what a WebSocket failed with, for the ``websocket.close`` that follows.

    Litestar calls it after every error, and lets exception handlers answer only those of HTTP.
    """
    if scope["type"] == ScopeType.WEBSOCKET and not isinstance(error, WebSocketException):
        scope["state"][_ERROR] = error


class SocketReply:
    """What is sent back for a WebSocket: its errors are said as the rest of the API says them.

    Args:
        scope: of the WebSocket.
        send: of the server.
    """

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._accepted = self._left = False

    async def send(self, message: Message) -> None:
        """Pass on what the application sends.

        Raises:
            OSError: the client left (ASGI's specification).
        """
        if message["type"] == "websocket.close":
            error = self._scope["state"].pop(_ERROR, None)
            if self._left:
                return  # this error is what sending to nobody came to
            if error is not None:
                await self.refuse(error)
                return
        self._accepted = self._accepted or message["type"] == "websocket.accept"
        try:
            await self._send(message)
        except OSError:
            self._left = True
            raise

    async def refuse(self, error: Exception) -> None:
        """End the WebSocket.

        Before it is accepted that is an HTTP answer with problem details, from a server that can send one (ASGI's
        extension ``websocket.http.response``), else the server's plain 403.
        """
        if not self._accepted and "websocket.http.response" in (self._scope.get("extensions") or {}):
            request: Request[Any, Any, Any] = Request(self._scope)
            response = answer(request, error).to_asgi_response(app=None, request=request)
            await response(self._scope, request.receive, self._send_denial)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._send(_close(explain(self._scope, error)))

    async def _send_denial(self, part: Any) -> None:
        denial: Any = {**part, "type": f"websocket.{part['type']}"}
        await self._send(denial)


def _close(said: Problem) -> Any:
    reason = said.detail.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
    code = INTERNAL_ERROR if said.status >= 500 else POLICY_VIOLATION
    return {"type": "websocket.close", "code": code, "reason": reason}
