"""``python -m tests.scripts.live_pages_attack``: pages that watch, while others do to the site what they can.

A device sends numbers by HTTP, each again until it is acknowledged. Some pages watch them and go on where they were
after every cut; meanwhile hundreds of pages are opened and closed at once, some never read, and the site is killed
with -9 and started anew. Printed is what the pages miss or have twice of what was sent, and the site's memory.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

import click
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from paddock.client import Client
from tests.benchmarks.live_watching import memory_mb
from tests.cli.live_killing import HttpSender, Paddock
from tests.usecases.live_devices import Page

BATCH, HZ = 20, 100
WATCHED = {"device": "car", "span_s": 60, "columns": 4000}
"""Columns of pixels that are shorter than from one number to the next, so that every number is drawn."""


class Numbers(HttpSender):
    """As often as a device measures."""

    def run(self) -> None:
        number, begun = 0, time.time()
        headers = {"Authorization": f"Bearer {self.token}"}
        while not self.until.is_set():
            batch = [
                {"timestamp": round(begun + each / HZ, 3), "n": each} for each in range(number, number + BATCH)
            ]
            while not self._sent(batch, headers):
                time.sleep(0.05)
            number += BATCH
            self.acknowledged.update(range(number - BATCH, number))
            time.sleep(max(0.0, begun + number / HZ - time.time()))


async def watch(url: str, page: Page, until: asyncio.Event) -> None:
    """A page as the site's own script is: it connects again, and says what it has."""
    while not until.is_set():
        page.connects()
        try:
            async with connect(f"{url}/api/live?window=12", max_size=None) as watching:
                await watching.send(json.dumps({"watch": [WATCHED], "after": page.sequence}))
                while not until.is_set():
                    async with asyncio.timeout(5):
                        said = page.hears(await watching.recv())
                    await watching.send(json.dumps({"ack": said["number"]}))
        except (OSError, TimeoutError, WebSocketException):
            await asyncio.sleep(0.1)


async def open_and_close(url: str, pages: int) -> None:
    """Pages that are gone after no time or a moment."""

    async def one() -> None:
        try:
            async with connect(f"{url}/api/live?device=car&span=60", max_size=None, open_timeout=60) as watching:
                if random.random() < 0.5:
                    await watching.recv()
        except (OSError, TimeoutError, WebSocketException):
            pass

    await asyncio.gather(*(one() for _ in range(pages)))


def never_reads(port: int) -> socket.socket:
    """A page whose machine fell asleep."""
    asleep = socket.create_connection(("127.0.0.1", port))
    asleep.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asleep.sendall(
        b"GET /api/live?device=car&span=60&columns=4000 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    return asleep


async def attack(paddock: Paddock, pages: list[Page], rounds: int, opened: int) -> list[float]:
    """The memory of the site after each round without a kill."""
    url = paddock.url.replace("http", "ws", 1)
    until = asyncio.Event()
    watching = [asyncio.create_task(watch(url, page, until)) for page in pages]
    memory = []
    for number in range(rounds):
        asleep = [never_reads(paddock.port) for _ in range(5)]
        await open_and_close(url, opened)
        await asyncio.sleep(1)
        memory.append(memory_mb(paddock.running.process.pid))
        for each in asleep:
            each.close()
        if number % 3 == 2:
            await asyncio.to_thread(paddock.kill, "site")
            memory.append(float("nan"))
    await asyncio.sleep(3)
    until.set()
    await asyncio.gather(*watching)
    return memory


@click.command()
@click.option("--rounds", default=6, show_default=True)
@click.option("--opened", default=200, show_default=True, help="Pages that are opened and closed in a round.")
@click.option("--watching", default=5, show_default=True)
def main(rounds: int, opened: int, watching: int) -> None:
    """Attack it, and say what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        paddock = Paddock(Path(folder) / "data")
        try:
            with Client(paddock.url) as client:
                client.add_device("car")
                token = client.device_token("car").token
            ended = threading.Event()
            sender = Numbers(paddock.url, "car", token, ended)
            sender.start()
            pages = [Page() for _ in range(watching)]
            memory = asyncio.run(attack(paddock, pages, rounds, opened))
            ended.set()
            sender.join(30)
        finally:
            paddock.running.end(signal.SIGTERM)
    wrong = 0
    for page in pages:
        (values,) = page.samples.values()
        numbers = [int(value) for _, value in values]
        whole = list(range(numbers[0], numbers[-1] + 1))
        missing, twice = len(set(whole) - set(numbers)), len(numbers) - len(set(numbers))
        wrong += missing + twice + (numbers != whole)
        print(
            f"{len(numbers):,} numbers to {numbers[-1]:,}: {missing} missing, {twice} twice, "
            f"{page.resets} snapshots"
        )
    print(
        f"{len(sender.acknowledged):,} numbers sent; memory of the site:", *(f"{each:.0f}" for each in memory), "MB"
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
