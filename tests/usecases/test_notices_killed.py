"""Who sends notices is killed with -9 again and again, beside chats that are slow or fail: nobody is told twice."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from paddock.bootstrap import open_context
from paddock.domain.alerts import Raising
from paddock.domain.notices import Destination, DestinationKind, NoticeState
from paddock.domain.principal import LOCAL_USER
from paddock.settings import Settings
from paddock.usecases.alerts.alerts import raise_alert
from paddock.usecases.notices import sending
from paddock.usecases.notices.destinations import add_destination
from paddock.usecases.notices.outbox import find_notices
from paddock.usecases.notices.sending import Sender

pytestmark = pytest.mark.anyio

EVENTS, KILLS = 10, 3
SENDER = """
import asyncio, sys
from pathlib import Path
from paddock.bootstrap import open_context
from paddock.settings import Settings
from paddock.usecases.notices import sending

sending.LOOK_S = 0.02

async def main():
    settings = Settings(data=Path(sys.argv[1]), notices_private=True)
    async with open_context(settings, migrate=False) as context:
        print("ready", flush=True)
        await sending.Sender(context).keep_sending()

asyncio.run(main())
"""


class Chats:
    """One that is slow to answer, and one that answers 503 every other time."""

    def __init__(self) -> None:
        self.accepted: Counter[tuple[str, str]] = Counter()
        self._asked = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.split("content-length: ")[1].split("\r\n")[0])
        event = json.loads(await reader.readexactly(size))["id"]
        name = head.split(" ")[1]
        self._asked += 1
        if name == "/fails" and self._asked % 2:
            writer.write(b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n")
        else:
            self.accepted[name, event] += 1
            await asyncio.sleep(0.05 if name == "/slow" else 0.0)
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()


async def test_killed_while_it_sends_nobody_is_told_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chats, moments = Chats(), random.Random(7)
    server = await asyncio.start_server(chats.take, sock=socket.create_server(("127.0.0.1", 0)))
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    settings = Settings(data=tmp_path / "data", notices_private=True)
    async with server, open_context(settings) as context:
        for name in ("slow", "fails"):
            said = Destination(id="", name=name, kind=DestinationKind.WEBHOOK, address=f"{url}/{name}")
            await add_destination(context, LOCAL_USER, said)
        for number in range(EVENTS):
            await raise_alert(context, Raising(key=f"k{number}", text=f"{number}"))
        for _ in range(KILLS):
            sender = subprocess.Popen([sys.executable, "-c", SENDER, str(settings.data)], stdout=subprocess.PIPE)
            assert sender.stdout is not None
            await asyncio.to_thread(sender.stdout.readline)
            await asyncio.sleep(moments.uniform(0.02, 0.25))
            sender.kill()
            await asyncio.to_thread(sender.communicate)
        monkeypatch.setattr(sending, "KILLED_NS", 0)
        monkeypatch.setattr(sending, "pause_ns", lambda _: 0)
        last = Sender(context)
        ended = (NoticeState.SENT, NoticeState.UNCERTAIN)
        for _ in range(200):
            await last.look()
            await last.finish()
            notices = (await find_notices(context, limit=500)).items
            if len(notices) == 2 * EVENTS and all(each.state in ended for each in notices):
                break
            await asyncio.sleep(0.05)
    assert len(notices) == 2 * EVENTS
    states = Counter(each.state for each in notices)
    assert set(states) <= set(ended), states
    assert max(chats.accepted.values()) == 1, "told twice"
    # What nobody knows of is at most what was on its way when it was killed.
    assert states[NoticeState.UNCERTAIN] <= 2 * KILLS
    assert sum(chats.accepted.values()) >= states[NoticeState.SENT] > 0
