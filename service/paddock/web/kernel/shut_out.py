"""What a member has open ends when they are removed: downloads, uploads, event streams, WebSockets."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any

import structlog
from litestar.types import Message, Receive, Scope, Send

from paddock.domain.principal import Principal
from paddock.errors import Rejected

LOOK_S = 0.5
"""How often open requests are compared with who is let in; there is no look while none is open."""

log = structlog.get_logger()


class ShutOut(Rejected):
    """Who began the request is no member any more."""

    def __init__(self, principal: Principal) -> None:
        super().__init__(f"{principal.name} is no member of the team's VPN any more.", code="not_a_member")


class OpenRequests:
    """All requests and WebSockets that are under way.

    Args:
        still_admits: whether who began a request is still let in.
    """

    def __init__(self, still_admits: Callable[[Scope, Principal], bool]) -> None:
        self._still_admits = still_admits
        self._open: set[OpenRequest] = set()
        self._looks = False

    @contextlib.contextmanager
    def begun(self, scope: Scope, principal: Principal, receive: Receive, send: Send) -> Iterator[OpenRequest]:
        """Ends the block early when its member is removed.

        Raises:
            ShutOut: that has happened.
        """
        request = OpenRequest(scope, principal, receive, send)
        self._open.add(request)
        if not self._looks:
            self._look_later()
        try:
            yield request
        except asyncio.CancelledError:
            if not request.is_shut_out:
                raise
            request.task.uncancel()
            raise ShutOut(principal) from None
        finally:
            self._open.discard(request)

    def _look_later(self) -> None:
        self._looks = True
        # In no request's context: what is logged there is about others.
        asyncio.get_running_loop().call_later(LOOK_S, self._look, context=contextvars.Context())

    def _look(self) -> None:
        self._looks = False
        for request in self._open:
            if not request.is_shut_out and not self._still_admits(request.scope, request.principal):
                request.end_if_waiting()
        if self._open:
            self._look_later()


class OpenRequest:
    """One request. Between its body and its answer it is left alone: what it began there it finishes.

    So is a WebSocket between a message that arrived and the next thing that it sends or waits for.

    Args:
        scope: of the request.
        principal: who began it.
        receive: of the server.
        send: of the server.
    """

    def __init__(self, scope: Scope, principal: Principal, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None, "a request runs in a task"
        self.task = task
        self.scope = scope
        self.principal = principal
        self.is_shut_out = False
        self._receive, self._send = receive, send
        self._waits_for_more = self._answers = False

    async def receive(self) -> Any:
        """The server's."""
        self._waits_for_more = True
        try:
            message = await self._receive()
        finally:
            self._waits_for_more = False
        if message["type"] == "websocket.receive":
            self._answers = False
        return message

    async def send(self, message: Message) -> None:
        """The server's."""
        self._answers = True
        await self._send(message)

    def end_if_waiting(self) -> None:
        """End it where that breaks nothing off halfway."""
        if self._waits_for_more or self._answers:
            log.info(
                "request_shut_out",
                principal=self.principal.name,
                path=self.scope["path"],
                request_id=self.scope["state"].get("request_id"),
            )
            self.is_shut_out = True
            self.task.cancel()
