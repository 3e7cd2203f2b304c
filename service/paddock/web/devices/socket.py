"""``/api/devices/{id}/stream``: the WebSocket of a device that sends much.

Each message to us, text or binary, is a payload as ``POST /api/devices/{id}/data`` takes it. Each is answered in
order, once it is on the disk: ``{"number": 1, "messages": 3}``, counted from 1, or with ``error`` in place of
``messages``. The token comes in the header, or as ``jwt_token`` in the first message. When it counts no more, the
connection is closed within a second.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import msgspec
from litestar import Router, WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from paddock.errors import PaddockError
from paddock.usecases.context import Context
from paddock.usecases.streams.intake import Taken
from paddock.usecases.streams.tokens_inside import unsealed
from paddock.web.devices.api import Id
from paddock.web.devices.intake_api import bearer_token
from paddock.web.kernel.injected import TheContext
from paddock.web.kernel.permission import Anyone

IN_FLIGHT = 64
"""Messages that wait for the disk at once; who sends more waits."""
LOOK_S = 0.3

Socket = WebSocket[Any, Any, Any]


class SocketError(msgspec.Struct, frozen=True):
    """Why a message was not taken."""

    code: str
    detail: str
    permanent: bool
    """Whether sending it again cannot help."""


class SocketAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one message."""

    number: int
    messages: int = 0
    problems: tuple[str, ...] = ()
    error: SocketError | None = None


@websocket("/{device_id:str}/stream", needs=Anyone.WITH_A_TOKEN)
async def stream(socket: Socket, context: TheContext, device_id: Id) -> None:
    """Take what a device sends: see above."""
    token = bearer_token(socket.headers)
    if token is not None:
        await context.intake.admit(device_id, [token])
    await socket.accept()
    sending = _Sending(socket, context, device_id, token)
    tasks = [asyncio.ensure_future(each) for each in (sending.hear(), sending.answer(), sending.look())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            await each
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        sending.stop()


class _Sending:
    """One connection."""

    def __init__(self, socket: Socket, context: Context, device_id: str, token: str | None) -> None:
        self._socket, self._context, self._device_id, self._token = socket, context, device_id, token
        self._waiting: asyncio.Queue[asyncio.Task[Taken]] = asyncio.Queue(IN_FLIGHT)

    async def hear(self) -> None:
        """Until the device leaves."""
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                message: Any = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                payload = message.get("bytes")
                if payload is None:
                    payload = (message.get("text") or "").encode()
                if self._token is None:
                    self._token = await self._token_in(payload)
                await self._waiting.put(asyncio.ensure_future(self._take(payload)))

    async def _token_in(self, payload: bytes) -> str:
        """The token of a first message.

        Raises:
            Rejected: there is none, or it is not this device's; the connection is closed.
        """
        tokens = sorted(unsealed("", payload).tokens)
        await self._context.intake.admit(self._device_id, tokens)
        return tokens[0]

    async def _take(self, payload: bytes) -> Taken:
        return await self._context.intake.take(self._device_id, payload, "", token=self._token)

    async def answer(self) -> None:
        """Say what became of each, in their order."""
        number = 0
        with contextlib.suppress(WebSocketDisconnect, OSError):
            while True:
                taking = await self._waiting.get()
                number += 1
                try:
                    taken = await taking
                    said = SocketAnswer(number, taken.messages, taken.problems)
                except PaddockError as error:
                    said = SocketAnswer(number, error=SocketError(error.code, error.message, error.permanent))
                await self._socket.send_text(msgspec.json.encode(said).decode())

    async def look(self) -> None:
        """Raises, which closes the connection, when the token counts no more.

        Raises:
            Rejected: see ``KnownDevices.admit``.
        """
        intake = self._context.intake
        while True:
            await asyncio.sleep(LOOK_S)
            if self._token is not None:
                with contextlib.suppress(PaddockError):
                    await intake.known.refresh()
                intake.known.admit(self._token, self._device_id)

    def stop(self) -> None:
        """Nobody waits for what was heard and not answered; the device sends it again."""
        while not self._waiting.empty():
            self._waiting.get_nowait().cancel()


ROUTER = Router("/api/devices", route_handlers=[stream])
