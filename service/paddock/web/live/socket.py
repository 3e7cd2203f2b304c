"""The WebSocket of a page: a snapshot, then what changed.

Messages to the page are JSON objects: ``type`` (``snapshot`` or ``changes``), ``number``, ``sequence``, ``at_s``
(now), ``signals`` (what those are that were not told of before), ``samples``: a list of ``[number of the signal,
seconds, values]``. Seconds are since ``origin_at`` of the last snapshot. A snapshot with ``reset`` replaces what
the page has, all else goes on from it. ``left_out`` says how many samples were left out because the page is slow.
``notes`` are sentences by device: that it sends more than is shown, or that its clock is wrong.

The page may send ``{"watch": [{"device", "signals", "span_s", "columns"}, …]}`` to see something else, with
``after`` to go on after a connection that was lost, and ``{"ack": number}`` for what it has taken up to there: with
``window`` in the address it is sent no more than so many messages that it has not acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Router, WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.params import QueryParameter
from msgspec import Meta

from paddock.domain.roles import Permission
from paddock.errors import Rejected
from paddock.usecases.context import Context
from paddock.usecases.live.described import describer
from paddock.usecases.live.parts import MOST_WATCHED, Watched
from paddock.usecases.live.viewer import Viewer
from paddock.usecases.live.watching import BEAT_S
from paddock.web.kernel.injected import TheContext
from paddock.web.live.notes import notes_of

Socket = WebSocket[Any, Any, Any]
SAY_SOMETHING_S = 1.0
"""A page hears that the connection lives at least so often."""
_MUCH = ThreadPoolExecutor(2, "live-much")
"""Makes what is much: more at once would only take the interpreter from each other, and from who is in time."""
_MUCH_AT_FIRST = 2
"""Messages: minutes of many signals, and what came since these were put together, for whoever came first."""


class Heard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a page says."""

    watch: Annotated[tuple[Watched, ...], Meta(max_length=MOST_WATCHED)] | None = None
    after: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    ack: Annotated[int, Meta(ge=0, le=2**53)] | None = None


_heard = msgspec.json.Decoder(Heard)


@websocket("/", needs=Permission.READ)
async def follow(
    socket: Socket,
    context: TheContext,
    device: Annotated[list[str] | None, QueryParameter(max_items=50)] = None,
    signal: Annotated[list[str] | None, QueryParameter(max_items=3_000)] = None,
    span: Annotated[float, QueryParameter()] = 0.0,
    columns: Annotated[int, QueryParameter()] = 800,
    after: Annotated[int | None, QueryParameter()] = None,
    window: Annotated[int, QueryParameter()] = 0,
) -> None:
    """Follow devices: see above."""
    asked = [{"device": each, "signals": signal or [], "span_s": span, "columns": columns} for each in device or ()]
    watched = _understood(msgspec.json.encode({"watch": asked})).watch
    describe = await describer(context)
    viewer = Viewer(context.watching.parts, watched or (), describe, context.now, after, notes_of)
    await socket.accept()
    page = _Page(socket, context, viewer, window=window, watches=bool(watched))
    telling = asyncio.ensure_future(page.tell())
    hearing = asyncio.ensure_future(page.hear())
    try:
        done, _ = await asyncio.wait({telling, hearing}, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            await each
    finally:
        for each in (telling, hearing):
            each.cancel()
        await asyncio.gather(telling, hearing, return_exceptions=True)


class _Page:
    """One connection."""

    def __init__(self, socket: Socket, context: Context, viewer: Viewer, *, window: int, watches: bool) -> None:
        self._socket, self._watching, self._viewer = socket, context.watching, viewer
        self._window = window
        self._watches = watches
        self._acknowledged = 0
        self._wanted: Heard | None = None

    async def hear(self) -> None:
        """Until the page leaves."""
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                said = _understood(await self._socket.receive_data(mode="text"))
                if said.watch is not None:
                    self._wanted = said
                if said.ack is not None:
                    self._acknowledged = max(self._acknowledged, said.ack)

    async def tell(self) -> None:
        """For ever."""
        loop = asyncio.get_running_loop()
        viewer, late, watches, told_at = self._viewer, False, self._watches, loop.time()
        much = _MUCH_AT_FIRST
        # A client that left is told to `hear` as well.
        with contextlib.suppress(WebSocketDisconnect, OSError):
            while True:
                until = await self._watching.next_beat()
                if self._wanted is not None and self._wanted.watch is not None:
                    viewer.watch(self._wanted.watch, self._wanted.after)
                    self._wanted, much, watches = None, _MUCH_AT_FIRST, True
                if not watches:
                    continue
                if self._window and viewer.number - self._acknowledged >= self._window:
                    late = True
                    continue
                if much or late:
                    # On a thread, so that nobody else waits for it.
                    message = await loop.run_in_executor(_MUCH, partial(viewer.message, until, late=late))
                    much = max(0, much - (message is not None))
                else:
                    message = viewer.message(until)
                late = False
                began = loop.time()
                if message is None:
                    if began - told_at < SAY_SOMETHING_S:
                        continue
                    message = viewer.still_here()
                await self._socket.send_text(message)
                told_at = loop.time()
                late = told_at - began > BEAT_S


def _understood(text: str | bytes) -> Heard:
    try:
        return _heard.decode(text)
    except msgspec.MsgspecError as error:
        raise Rejected(f"What the page said cannot be understood: {error}", code="bad_message") from None


ROUTER = Router("/api/live", route_handlers=[follow])
