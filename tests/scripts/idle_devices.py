"""``python -m tests.scripts.idle_devices``: what thousands of connections cost, and whom they hold up."""

from __future__ import annotations

import asyncio
import resource
import statistics
import tempfile
import time
from pathlib import Path

import click

from tests.broker.mqtt import clients
from tests.broker.process import Broker, broker

EACH = 8
"""As many as one device may have."""
SLOW = 1_000
WATCH_S = 10.0


async def _connected(running: Broker, device: str, number: int) -> asyncio.StreamWriter:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    said = clients.connect(4, f"idle {number}", device, running.tokens[device], keep_alive=600)
    writer.write(said)
    assert (await reader.readexactly(4))[3] == 0
    writer.write(clients.PING)
    assert await reader.readexactly(2) == b"\xd0\x00"
    return writer


async def _latency_s(running: Broker, device: str, times: int) -> list[float]:
    """How long a connect takes, up to its first acknowledged message."""
    found = []
    for n in range(times):
        began = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(clients.connect(4, "asks", device, running.tokens[device]))
        writer.write(clients.publish(f"devices/{device}/data", b"{}", n + 1))
        await reader.readexactly(8)
        found.append(time.monotonic() - began)
        writer.close()
        await asyncio.sleep(0.05)
    return found


def _say(what: str, running: Broker, cpu_s: float, took: list[float]) -> None:
    print(
        f"{what:<44}{running.memory_bytes / 1e6:>7.0f} MB{cpu_s / WATCH_S * 100:>7.1f} % of a processor"
        f"{statistics.median(took) * 1e3:>8.0f} ms to the first acknowledged message"
    )


async def _watch(what: str, running: Broker) -> None:
    cpu_s, began = running.cpu_s, time.monotonic()
    took = await _latency_s(running, "busy", 20)
    await asyncio.sleep(max(0.0, WATCH_S - (time.monotonic() - began)))
    _say(what, running, running.cpu_s - cpu_s, took)


async def _run(running: Broker, connections: int) -> None:
    idle = []
    await _latency_s(running, "busy", 1)
    await _watch("nobody", running)
    for n in range(connections):
        idle.append(await _connected(running, f"device-{n // EACH}", n))
    await _watch(f"{connections:,} idle devices", running)
    slow = []
    for _ in range(SLOW):
        _, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"\x10")
        slow.append(writer)
    await _watch(f"and {SLOW:,} that never finish their CONNECT", running)
    for writer in (*idle, *slow):
        writer.close()


@click.command()
@click.option("--connections", default=2_000, show_default=True)
def main(connections: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else 10_000, hard))
    devices = [f"device-{n}" for n in range(-(-connections // EACH))]
    with tempfile.TemporaryDirectory() as folder, broker(Path(folder) / "data", "busy", *devices) as running:
        asyncio.run(_run(running, connections))


if __name__ == "__main__":
    main()
