"""The endpoint killed with -9 while devices send: what was acknowledged is in the log."""

from __future__ import annotations

import asyncio
import random
import signal
from dataclasses import dataclass
from pathlib import Path

from tests.broker.process import Broker, broker
from tests.broker.publisher import Publisher, numbers_of


@dataclass
class Killed:
    """What came of it."""

    acknowledged: int
    entries: int
    missing: int
    connections: int


async def _send(running: Broker, kills: int, chance: random.Random, devices: list[str]) -> list[Publisher]:
    publishers = [Publisher(running.port, each, running.tokens[each]) for each in devices]
    until = asyncio.Event()
    sending = [asyncio.create_task(each.send(until)) for each in publishers]
    for _ in range(kills):
        known = sum(len(each.acknowledged) for each in publishers)
        while sum(len(each.acknowledged) for each in publishers) < known + 500:
            await asyncio.sleep(0.005)
        await asyncio.sleep(chance.uniform(0, 0.2))
        await asyncio.to_thread(running.end, signal.SIGKILL)
        await asyncio.to_thread(running.start)
    until.set()
    await asyncio.gather(*sending)
    return publishers


def kill(folder: Path, kills: int, seed: int) -> Killed:
    """Kill it so often at moments by chance, and look what is in the log afterwards."""
    devices = ["car", "box", "pi"]
    with broker(folder / "data", *devices) as running:
        publishers = asyncio.run(_send(running, kills, random.Random(seed), devices))
        running.end(signal.SIGKILL)
        payloads = [each.payload for each in running.entries()]
    missing = sum(len(each.acknowledged - numbers_of(payloads, each.device)) for each in publishers)
    return Killed(
        sum(len(each.acknowledged) for each in publishers),
        len(payloads),
        missing,
        sum(each.connections for each in publishers),
    )
