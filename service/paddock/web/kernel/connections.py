"""Connections: how many there may be, and how long one may keep its place without saying anything.

uvicorn waits for ever for a request that was begun, and takes connections until no file can be opened any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import time
from typing import Any

import h11
import msgspec
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

from paddock.web.kernel.problems import MEDIA_TYPE, problem

HEAD_S = 10.0
"""From the first byte of a request, or from the connection, to the end of its head."""
BODY_LOOK_S = 30.0
BODY_BYTES = 1_000
"""The least that has to arrive of a body in ``BODY_LOOK_S``; the worst radio link beside a track is faster."""
MOST_CONNECTIONS = 1_000
KEPT_FILES = 200
"""For the database, objects, links and the worker, out of the files that a process may open."""
QUIET_S = 10.0

log = structlog.get_logger()


class Door:
    """What all connections of a server share.

    Args:
        most: how many there may be at once.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.waiting: dict[GuardedProtocol, None] = {}
        """Those on which no request is under way, the one that has waited longest first."""
        self._closed = 0
        self._told_at = float("-inf")

    def make_room(self) -> bool:
        """Close whoever waits longest; whether there was one."""
        self._tell()
        oldest = next(iter(self.waiting), None)
        if oldest is None:
            return False
        del self.waiting[oldest]
        oldest.transport.abort()
        return True

    def _tell(self) -> None:
        """One line for many: they come by the thousand."""
        self._closed += 1
        if time.monotonic() - self._told_at > QUIET_S:
            log.warning("too_many_connections", most=self.most, closed=self._closed)
            self._told_at, self._closed = time.monotonic(), 0


class GuardedProtocol(H11Protocol):
    """One connection, with an end to its patience.

    Args:
        door: of the server.
        given: what uvicorn gives its own.
    """

    def __init__(self, *, door: Door, **given: Any) -> None:
        super().__init__(**given)
        self._door = door
        self._overdue: asyncio.TimerHandle | None = None
        self._in_body = False
        self._arrived = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """As uvicorn's, where there is room."""
        if len(self.connections) >= self._door.most and not self._door.make_room():
            transport.abort()
            return
        super().connection_made(transport)
        self._door.waiting[self] = None
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """As uvicorn's; one that was turned away was never there."""
        self._expect_nothing()
        self._door.waiting.pop(self, None)
        if self.transport is not None:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As uvicorn's, with a look at how far the request is."""
        if self.transport is None:
            return
        super().data_received(data)
        if self.transport.get_protocol() is not self:  # it became a WebSocket, which may say nothing for hours
            self._door.waiting.pop(self, None)
            self._expect_nothing()
            return
        state = self.conn.their_state
        if state is h11.IDLE:
            if self._overdue is None and not self.transport.is_closing():
                self._expect_head()
            return
        self._door.waiting.pop(self, None)
        if state is not h11.SEND_BODY:
            self._expect_nothing()
            return
        self._arrived += len(data)
        if not self._in_body:
            self._expect_body()

    def on_response_complete(self) -> None:
        """As uvicorn's: the connection waits for the next request, which is uvicorn's to end."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self._door.waiting[self] = None

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """As uvicorn's, which leaves a handshake that its WebSocket library cannot read open for ever."""
        super().handle_websocket_upgrade(event)
        if not getattr(self.transport.get_protocol(), "handshake_initiated", True):
            self._refuse(400, "bad_http", "A WebSocket begins with a GET without a body, in a head of modest size.")

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP is refused as everything else is."""
        self._refuse(400, "bad_http", "This is no HTTP/1.1 request, or its head is larger than 64 KiB.")

    def _refuse(self, status: int, code: str, detail: str) -> None:
        body = msgspec.json.encode(problem(status, code, detail))
        head = h11.Response(
            status_code=status,
            headers=[
                ("Content-Type", MEDIA_TYPE),
                ("Content-Length", str(len(body))),
                ("Connection", "close"),
            ],
        )
        with contextlib.suppress(h11.LocalProtocolError):  # an answer is under way already
            self.transport.write(
                b"".join(self.conn.send(e) or b"" for e in (head, h11.Data(body), h11.EndOfMessage()))
            )
        self.transport.close()

    def _expect_nothing(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
        self._overdue, self._in_body = None, False

    def _expect_head(self) -> None:
        self._expect_nothing()
        self._overdue = self.loop.call_later(HEAD_S, self._head_is_overdue)

    def _expect_body(self) -> None:
        self._expect_nothing()
        self._in_body, self._arrived = True, 0
        self._overdue = self.loop.call_later(BODY_LOOK_S, self._look_at_body)

    def _head_is_overdue(self) -> None:
        self._overdue = None
        if self.conn.trailing_data[0]:
            self._refuse(408, "too_slow", "The request did not arrive in time: send it again.")
        else:
            self.transport.abort()

    def _look_at_body(self) -> None:
        # While we do not read it is not the client that is slow.
        if self._arrived < BODY_BYTES and not self.flow.read_paused:
            self._expect_nothing()
            self.transport.abort()
        else:
            self._expect_body()


def most_connections() -> int:
    """How many connections fit beside the files that we open ourselves, of which it has as many as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + KEPT_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):  # a system may have a limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(soft // 4, min(MOST_CONNECTIONS, soft - KEPT_FILES))


class OncePerWhile(logging.Filter):
    """Lets a message of a library through once in ``QUIET_S``: who is attacked does not fill the disk as well."""

    def __init__(self) -> None:
        super().__init__()
        self._passed_at: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is the first of its kind in a while."""
        kind, now = str(record.msg)[:40], time.monotonic()
        if now - self._passed_at.get(kind, float("-inf")) < QUIET_S:
            return False
        if len(self._passed_at) > 1_000:
            self._passed_at.clear()
        self._passed_at[kind] = now
        return True
