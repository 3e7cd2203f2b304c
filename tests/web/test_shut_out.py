"""A member who is removed: what they have open ends, and nothing that another one has."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from paddock.settings import Settings
from paddock.web.kernel.principal import Edge
from paddock.web.kernel.request_log import with_request_log

pytestmark = pytest.mark.anyio

TEAM = "10.7.0.4 Adam\n10.7.0.5 Zoe\n"


class Visit:
    """One request to an application behind the edge, by hand, so that it can stay open."""

    def __init__(self, app: Any, peers: Path, address: str = "10.7.0.4") -> None:
        logged = with_request_log(app, Edge(Settings(data=peers.parent, peers_file=peers)), {})
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "headers": [(b"host", b"127.0.0.1")],
            "query_string": b"",
            "client": (address, 1),
        }
        self.sent: list[dict[str, Any]] = []
        self.parts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.task = asyncio.ensure_future(logged(scope, self.parts.get, self._send))

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return next((each["status"] for each in self.sent if "status" in each), 0)


async def open_stream(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first", "more_body": True})
    await asyncio.Event().wait()


async def take_body(scope: Any, receive: Any, send: Any) -> None:
    while (await receive())["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


@pytest.fixture
def peers(tmp_path: Path) -> Path:
    path = tmp_path / "peers"
    path.write_text(TEAM)
    return path


async def begun(visit: Visit) -> None:
    for _ in range(20):
        await asyncio.sleep(0)
    assert not visit.task.done()


async def test_a_stream_ends(peers: Path) -> None:
    adam, zoe = Visit(open_stream, peers), Visit(open_stream, peers, "10.7.0.5")
    await begun(adam)
    await begun(zoe)
    peers.write_text("10.7.0.5 Zoe\n")
    await asyncio.wait_for(adam.task, 30)
    assert not adam.sent[-1].get("more_body") or adam.sent[-1]["body"] == b"first"
    assert not zoe.task.done(), "another member's goes on"
    zoe.task.cancel()


async def test_an_upload_is_refused_in_its_middle(peers: Path) -> None:
    adam = Visit(take_body, peers)
    adam.parts.put_nowait({"type": "http.request", "body": b"half", "more_body": True})
    await begun(adam)
    peers.write_text("10.7.0.5 Zoe\n")
    await asyncio.wait_for(adam.task, 30)
    assert adam.status == 403 and b"any more" in adam.sent[-1]["body"]


async def test_what_is_begun_is_finished(peers: Path) -> None:
    went_on = asyncio.Event()

    async def work(scope: Any, receive: Any, send: Any) -> None:
        await went_on.wait()
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    adam, other = Visit(work, peers), Visit(open_stream, peers)
    await begun(adam)
    await begun(other)
    peers.write_text("10.7.0.5 Zoe\n")
    await asyncio.wait_for(other.task, 30)
    assert not adam.task.done(), "nothing is broken off halfway"
    went_on.set()
    await asyncio.wait_for(adam.task, 30)
    assert adam.status == 201


async def test_who_gives_up_is_not_taken_for_removed(peers: Path) -> None:
    adam = Visit(open_stream, peers)
    await begun(adam)
    adam.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adam.task
