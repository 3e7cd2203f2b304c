"""What people see of a running agent: the pit screen, the terminal, the chat; and what it hears from them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import msgspec

from paddock.basestation.agent import Agent
from paddock.basestation.announce import Announcer, Webhook
from paddock.basestation.screen.routes import Said, screen
from paddock.basestation.small_site import served
from paddock.basestation.status import Status
from paddock.basestation.verdict import Verdict
from paddock.basestation.view import View, view_of
from paddock.errors import NotFound, Rejected, Unavailable
from paddock.web.kernel.listener import listen

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8090
_TRIES = 20
_VIEW_EVERY_S = 1.0
_ADDRESS = "screen.url"
"""The file of the data directory that says where the screen of the running agent is."""
_ANSWER_S = 10.0


class Showing:
    """Everything beside the agent that runs as long as it does.

    Args:
        agent: is looked at.
        listener: of the screen; None for no screen.
        webhook: of the chat; None for none.
        draw: is given the view every second, for a terminal; None for none.
    """

    def __init__(
        self,
        agent: Agent,
        listener: socket.socket | None = None,
        webhook: Webhook | None = None,
        draw: Callable[[View], None] | None = None,
    ) -> None:
        self._agent = agent
        self._listener = listener
        self._announcer = Announcer(agent.ledger, agent.observed, webhook) if webhook else None
        self._draw = draw

    async def run(self) -> None:
        """Show and tell until this is cancelled."""
        with contextlib.ExitStack() as stack:
            async with contextlib.AsyncExitStack() as serving, asyncio.TaskGroup() as tasks:
                if self._listener is not None:
                    agent = self._agent
                    site = screen(self._status, agent.stints, agent.aftercare.look_now)
                    await serving.enter_async_context(served(site, self._listener))
                    stack.enter_context(_said_in(agent.ledger.folder, _own_address(self._listener)))
                if self._announcer is not None:
                    tasks.create_task(self._announcer.run(self._verdicts))
                if self._draw is not None:
                    tasks.create_task(self._keep_drawing(self._draw))
                await asyncio.Event().wait()

    async def _status(self) -> Status:
        return await asyncio.to_thread(self._agent.status)

    async def _verdicts(self) -> Sequence[Verdict]:
        return view_of(await self._status()).verdicts

    async def _keep_drawing(self, draw: Callable[[View], None]) -> None:
        while True:
            with contextlib.suppress(Unavailable):  # a full disk, of which others speak
                draw(view_of(await self._status()))
            await asyncio.sleep(_VIEW_EVERY_S)


def listener_of(text: str | None) -> socket.socket | None:
    """The socket of the screen, bound; None for ``none``.

    Args:
        text: ``HOST:PORT``, ``:PORT`` or ``PORT``; None for the usual port of this machine alone, or the next one
            that is free.

    Raises:
        Rejected: it is no address.
        Unavailable: it cannot be had.
    """
    if text is None:
        what_to_do = "choose another with --screen HOST:PORT, or --screen none"
        return _had(listen(DEFAULT_HOST, DEFAULT_PORT, what_to_do, tries=_TRIES))
    if text == "none":
        return None
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or DEFAULT_HOST
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise Rejected("--screen is HOST:PORT, like 0.0.0.0:8090, or none.", code="bad_screen")
    return _had(listen(host, int(port), "choose another --screen"))


def _had(listener: socket.socket) -> socket.socket:
    """One that is bound alone could be bound by another agent as well."""
    listener.listen()
    return listener


def screen_in_words(listener: socket.socket) -> str:
    """Where the screen is, and who may come."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        names = f"http://{socket.gethostname()}.local:{port}/ and this machine's addresses, port {port}"
        return f"The pit screen is at {names}. Whoever reaches it can say who drives."
    own = _own_address(listener)
    if host in ("127.0.0.1", "::1"):
        return f"The pit screen is at {own}, on this machine alone. For a tablet: --screen 0.0.0.0:{port}"
    return f"The pit screen is at {own}. Whoever reaches it can say who drives."


def said_by(folder: Path) -> Said:
    """What the screen of the agent that works with a data directory says.

    Raises:
        NotFound: there is none (code ``no_agent``).
    """
    try:
        url = (folder / _ADDRESS).read_text().strip()
        answer = httpx.get(f"{url}status", timeout=_ANSWER_S, trust_env=False).raise_for_status()
    except (OSError, httpx.HTTPError):
        raise NotFound(
            f"No `paddock offload` with a screen works with {folder}: start it, or name its --data.",
            code="no_agent",
        ) from None
    return msgspec.json.decode(answer.content, type=Said)


@contextlib.contextmanager
def _said_in(folder: Path, url: str) -> Iterator[None]:
    path = folder / _ADDRESS
    with contextlib.suppress(OSError):  # a full disk does not stop the screen
        path.write_text(f"{url}\n")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def _own_address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
