"""What a team writes beside its broker: everything from there to the disk, acknowledged when it is there."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gmqtt

from paddock.device_log.appender import Appender
from paddock.device_log.entry import Entry, Kind


async def consume(port: int, log: Path) -> None:
    """Write until this process is ended."""
    subscribed = asyncio.Event()
    with Appender(log) as appender:
        client = gmqtt.Client("consumer", clean_session=False, optimistic_acknowledgement=False)

        async def message(
            client: gmqtt.Client, topic: str, payload: bytes, qos: int, said: Mapping[str, Any]
        ) -> int:
            entry = Entry(topic.split("/")[1], Kind.DATA, time.time_ns(), "", payload)
            await asyncio.wrap_future(appender.append([entry]))
            return 0

        client.on_message = message
        client.on_subscribe = lambda *_: subscribed.set()
        await client.connect("127.0.0.1", port, version=gmqtt.constants.MQTTv311)
        client.subscribe("devices/+/data", qos=1)
        await subscribed.wait()
        print("subscribed", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(consume(int(sys.argv[1]), Path(sys.argv[2])))
