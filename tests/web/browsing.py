"""A served Paddock, and a browser page that complains."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from paddock.bootstrap import open_context
from paddock.domain import upload
from paddock.settings import Settings
from paddock.simulator.log import simulate
from paddock.usecases.context import Context
from paddock.usecases.jobs.work import work
from paddock.usecases.live.tail import following
from tests.web.converted import converted
from tests.web.serving import serve

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""Without the windows of a browser, where there is one: with them a page that opens costs four times as much."""
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not installed: apt install chromium-headless-shell"
)
ARTEFACTS = Path(__file__).resolve().parents[2] / "test-artefacts"
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # An address that is not loopback, as on a VPN: over plain http no page there is in a secure context.
    "--host-resolver-rules=MAP paddock.test 127.0.0.1",
]
PLAIN_HOST = "paddock.test"
IDLE = """async () => {
    const idle = () => new Promise((done) => requestIdleCallback(done, { timeout: 1000 }));
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await document.fonts.ready;
    for (const wait of [idle, frame, frame, idle]) await wait();
}"""


@dataclass
class Site:
    """A served Paddock with a worker, and a way to run things on its loop."""

    url: str
    context: Context
    loop: asyncio.AbstractEventLoop

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)


@contextlib.contextmanager
def served(data: Path, *, with_worker: bool, host: str = "", **more: Any) -> Iterator[Site]:
    """A served Paddock; with a host it is reached by that name and knows its peers. ``more`` are settings."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    settings = Settings(data=data, port=port, **more)
    if host:
        peers = data.parent / "peers"
        peers.write_text("127.0.0.1 Nina\n")
        settings = Settings(
            data=data,
            port=port,
            public_url=f"http://{host}:{port}",
            peers_file=peers,
            vpn_endpoint="vpn.example.org",
        )
    started: Any = threading.Event()
    site: list[Site] = []
    stop = asyncio.Event()

    async def run() -> None:
        async with open_context(settings) as context, following(context):
            config = uvicorn.Config(serve(context, settings), log_config=None, proxy_headers=False)
            server = uvicorn.Server(config)
            worker = asyncio.create_task(work(context, "test", stop)) if with_worker else None
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            while not server.started:
                await asyncio.sleep(0.01)
            site.append(Site(settings.base_url, context, asyncio.get_running_loop()))
            started.set()
            await stop.wait()
            server.should_exit = True
            await asyncio.gather(serving, *([worker] if worker else []))

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert started.wait(20), "the server did not start"
    try:
        yield site[0]
    finally:
        site[0].loop.call_soon_threadsafe(stop.set)
        thread.join(20)


@contextlib.contextmanager
def open_page(browser: Any, *, provoked: tuple[int, ...] = (), **options: Any) -> Iterator[Any]:
    """A page whose console stays clean; CSP violations are console errors.

    Args:
        provoked: statuses that the test provokes; Chromium writes them to the console although the page answers.
    """
    context = browser.new_context(
        **{"viewport": {"width": 1440, "height": 900}, "timezone_id": "America/Detroit", **options}
    )
    page = context.new_page()
    complaints: list[str] = []

    def hear(message: Any) -> None:
        expected = any(f"responded with a status of {status} " in message.text for status in provoked)
        if message.type == "error" and not expected:
            complaints.append(message.text)

    def dismiss(dialog: Any) -> None:
        complaints.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", dismiss)
    yield page
    context.close()
    assert not complaints, complaints


class Calm:
    """When a page has come up: nothing that it asked for is on its way, and it has nothing left to do.

    ``networkidle`` of Playwright waits until nothing was asked for half a second, on each page.

    Args:
        page: one that asks for nothing yet.
    """

    def __init__(self, page: Any) -> None:
        self._page = page
        self._on_the_way: set[Any] = set()
        self._asked = 0
        page.on("request", self._begin)
        page.on("requestfinished", self._end)
        page.on("requestfailed", self._end)

    def _begin(self, request: Any) -> None:
        self._on_the_way.add(request)
        self._asked += 1

    def _end(self, request: Any) -> None:
        self._on_the_way.discard(request)

    def wait(self) -> None:
        """Return once the page is idle twice, a frame apart, and has asked for nothing meanwhile."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            asked = self._asked
            self._page.evaluate(IDLE)
            if not self._on_the_way and self._asked == asked:
                return
        raise AssertionError(f"{self._page.url} does not calm down: {[each.url for each in self._on_the_way]}")


def screenshot(page: Any, name: str) -> None:
    path = ARTEFACTS / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    # Playwright's own takes two or three times as long: it waits for frames and packs tightly.
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"captureBeyondViewport": True, "optimizeForSpeed": True})
    session.detach()
    path.write_bytes(base64.b64decode(taken["data"]))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield launched
        launched.close()


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs are sent in parts of a tenth: all that a browser sends passes the test where it holds up one part."""
    monkeypatch.setattr(upload, "LARGEST_PART_BYTES", upload.PART_SIZE_BYTES // 10)


@contextlib.contextmanager
def site_with_a_run(folder: Path) -> Iterator[tuple[Site, str]]:
    """A site that knows one driven run, and the beginning of that recording's id."""
    simulate(folder / "a.mcap", event="autocross", laps=1, rate=0.2)
    with served(folder / "data", with_worker=False) as site:
        yield site, site.run(converted(site.context, folder / "a.mcap")).id[:16]
