"""What a team writes beside its broker so that pages see what devices send: to the disk, and to every page.

As simple as it is usually done, but for one thing: what came is sent on 20 times a second as one list, not message
by message, which fifty pages and Python do not take.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import gmqtt
from websockets.asyncio.server import ServerConnection, broadcast, serve

from paddock.device_log.appender import Appender
from paddock.device_log.entry import Entry, Kind

BEAT_S = 0.05


async def relay(port: int, log: Path) -> None:
    """Until this process is ended."""
    pages: dict[str, set[ServerConnection]] = {}
    came: dict[str, list[bytes]] = {}

    async def page(socket: ServerConnection) -> None:
        assert socket.request is not None
        watching = pages.setdefault(socket.request.path.strip("/"), set())
        watching.add(socket)
        try:
            await socket.wait_closed()
        finally:
            watching.discard(socket)

    with Appender(log) as appender:
        client = gmqtt.Client("relay", clean_session=False, optimistic_acknowledgement=False)

        async def message(client: gmqtt.Client, topic: str, payload: bytes, qos: int, said: Any) -> int:
            device = topic.split("/")[1]
            came.setdefault(device, []).append(payload)
            await asyncio.wrap_future(appender.append([Entry(device, Kind.DATA, time.time_ns(), "", payload)]))
            return 0

        client.on_message = message
        subscribed = asyncio.Event()
        client.on_subscribe = lambda *_: subscribed.set()
        await client.connect("127.0.0.1", port, version=gmqtt.constants.MQTTv311)
        client.subscribe("devices/+/data", qos=1)
        await subscribed.wait()
        async with serve(page, "127.0.0.1", 0, compression=None) as server:
            print(f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", flush=True)
            while True:
                await asyncio.sleep(BEAT_S)
                for device, messages in came.items():
                    if messages:
                        broadcast(pages.get(device, ()), b"[" + b",".join(messages) + b"]")
                        messages.clear()


if __name__ == "__main__":
    asyncio.run(relay(int(sys.argv[1]), Path(sys.argv[2])))
