"""What somebody has open ends when they are let in no more: downloads, uploads, event streams, WebSockets.

A member of the VPN who was removed, a user who was disabled or signed out, a token that was revoked.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from typing import Any

import structlog
from litestar.types import Message, Receive, Scope, Send

from paddock.domain.principal import Principal, PrincipalKind
from paddock.errors import Rejected, Unavailable

LOOK_S = 0.3
"""How often open requests are compared with who is let in; there is no look while none is open."""

log = structlog.get_logger()


class ShutOut(Rejected):
    """Who began the request is not let in any more, or not as they were."""

    def __init__(self, principal: Principal) -> None:
        if principal.kind is PrincipalKind.MEMBER:
            super().__init__(f"{principal.name} is no member of the team's VPN any more.", code="not_a_member")
        else:
            super().__init__("You are signed out, or your role is another one: sign in.", code="not_signed_in")


class OpenRequests:
    """All requests and WebSockets that are under way.

    Args:
        gone: for each of some requests, whether who began it is not let in any more as they were.
    """

    def __init__(self, gone: Callable[[Collection[tuple[Scope, Principal]]], Awaitable[Sequence[bool]]]) -> None:
        self._gone = gone
        self._open: set[OpenRequest] = set()
        self._looks = False
        self._look_under_way: asyncio.Task[None] | None = None

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
        asyncio.get_running_loop().call_later(LOOK_S, self._begin_look, context=contextvars.Context())

    def _begin_look(self) -> None:
        self._look_under_way = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        looked_at = [each for each in self._open if not each.is_shut_out]
        try:
            gone = await self._gone([(each.scope, each.principal) for each in looked_at])
        except Unavailable as error:
            # Nobody can be known, and what is open goes on until the next look.
            log.warning("store_unavailable", code=error.code, message=error.message)
            gone = [False] * len(looked_at)
        for request, is_gone in zip(looked_at, gone, strict=True):
            if is_gone and request in self._open:
                request.end_if_waiting()
        self._looks = False
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
