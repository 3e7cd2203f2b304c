"""Two Paddocks for a sync: in this process, spoken to over HTTP as it is, and cut off where a test wants it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from paddock.basestation.sync.report import Report
from paddock.basestation.sync.side import Side
from paddock.basestation.sync.sync import sync
from paddock.bootstrap import open_context
from paddock.client.connection import Connection
from paddock.settings import Settings
from paddock.usecases.context import Context
from tests.web.serving import serve


class Nobody:
    """Looks on at nothing."""

    def begin(self, what: str, total: int, *, size_bytes: bool = False) -> Callable[[int], None]:
        return lambda _: None


class Killed(BaseException):
    """The process ends here."""


class Paddock:
    """A Paddock on a loop of its own, and a connection to it."""

    def __init__(self, name: str, folder: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.name = name
        self.loop = loop
        self.settings = Settings(data=folder, port=80 + len(name))
        self._opened = open_context(self.settings)
        self.context: Context = self.run(self._opened.__aenter__())
        self.requests = 0
        self.left: int | None = None
        """So many more requests are answered before the process is killed; None for all."""
        self.away = False
        self.before: Callable[[httpx.Request], None] | None = None
        """Done before a request is answered."""
        self.connection = Connection(self.settings.base_url, 60)
        self.connection._http = httpx.Client(
            transport=_Transport(self), base_url=self.settings.base_url, follow_redirects=True
        )

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """As somebody who uses the site."""
        left, before = self.left, self.before
        self.left = self.before = None
        try:
            return self.connection.call(method, path, **options)
        finally:
            self.left, self.before = left, before

    @property
    def side(self) -> Side:
        return Side(self.connection, self.name)

    def close(self) -> None:
        self.run(self._opened.__aexit__(None, None, None))


class _Transport(httpx.BaseTransport):
    """Answers from the application, in memory."""

    def __init__(self, paddock: Paddock) -> None:
        self._paddock = paddock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        paddock = self._paddock
        if paddock.away:
            raise httpx.ConnectError("no route to host")
        paddock.requests += 1
        if paddock.left is not None:
            if paddock.left < 0:
                raise Killed
            paddock.left -= 1
        if paddock.before is not None:
            paddock.before(request)
        answer = paddock.run(self._answer(request, request.read()))
        if paddock.left is not None and paddock.left < 0:
            # It was done, and whoever asked never learns.
            raise Killed
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    async def _answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        transport = httpx.ASGITransport(
            serve(self._paddock.context, self._paddock.settings), client=("127.0.0.1", 5)
        )
        # The body is whole here, whatever way it came.
        headers = [(name, value) for name, value in request.headers.items() if name != "transfer-encoding"]
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.request(request.method, request.url, headers=headers, content=body)


@contextmanager
def paddocks(folder: Path, *names: str) -> Iterator[list[Paddock]]:
    """Paddocks of those names, empty."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    with ExitStack() as stack:
        stack.callback(thread.join, 20)
        stack.callback(loop.call_soon_threadsafe, loop.stop)
        found = []
        for name in names:
            opened = Paddock(name, folder / name, loop)
            stack.callback(opened.close)
            found.append(opened)
        yield found


def meet(here: Paddock, there: Paddock, **options: Any) -> Report:
    """One sync."""
    return sync(here.side, there.side, Nobody(), **options)
