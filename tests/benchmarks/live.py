"""Devices that send by MQTT: ``python -m tests.benchmarks.live [--seconds 8] [--size 100]``.

Paddock's endpoint beside mosquitto with a small consumer in Python that writes the same to the same disk before it
acknowledges (``tests/benchmarks/mosquitto_consumer.py``), turn by turn in one run: messages that were acknowledged
per second, how long that took, processor, memory, and, after ``kill -9`` of everything that receives, how many of
those that were acknowledged are gone.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paddock.device_log.reader import Reader
from tests.broker.mqtt import clients
from tests.broker.process import broker
from tests.broker.publisher import Publisher, numbers_of
from tests.servers.mosquitto import mosquitto_process

SENDERS = 2
DEVICES = 8
WINDOW = 500
KEEPS_ALL = (
    "persistence true",
    "autosave_interval 1",
    "max_queued_messages 0",
    "max_inflight_messages 1000",
)


@dataclass
class Side:
    """Something that receives.

    Args:
        name: as it is printed.
        port: where devices connect.
        tokens: their passwords.
        processes: all that receives and writes.
        log: where it writes.
    """

    name: str
    port: int
    tokens: dict[str, str]
    processes: Sequence[int]
    log: Path

    def cpu_s(self) -> float:
        """How long all of it has computed."""
        ticks = 0
        for process in self.processes:
            fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self) -> int:
        """What all of it has of the machine's memory."""
        pages = sum(int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in self.processes)
        return pages * os.sysconf("SC_PAGE_SIZE")

    def kill(self) -> None:
        """All of it, at once."""
        for process in self.processes:
            os.kill(process, signal.SIGKILL)


@dataclass
class Sent:
    """What one device knows of what it sent."""

    device: str
    acknowledged: set[int]
    latencies_s: list[float]


def _send(port: int, tokens: dict[str, str], size: int, seconds: float) -> list[Sent]:
    """Devices of one process."""
    publishers = [Publisher(port, each, token, size=size, window=WINDOW) for each, token in tokens.items()]

    async def send() -> None:
        sending = [asyncio.create_task(each.send(asyncio.Event())) for each in publishers]
        await asyncio.sleep(seconds)
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)

    asyncio.run(send())
    return [Sent(each.device, each.acknowledged, each.latencies_s) for each in publishers]


@contextlib.contextmanager
def paddock(folder: Path) -> Iterator[Side]:
    """Paddock's endpoint."""
    devices = [f"device-{n}" for n in range(DEVICES)]
    with broker(folder / "data", *devices) as running:
        assert running.process is not None
        yield Side("Paddock", running.port, running.tokens, [running.process.pid], folder / "data" / "device-log")


def mosquitto_as(name: str, *lines: str) -> Callable[[Path], contextlib.AbstractContextManager[Side]]:
    """mosquitto of this configuration, and the consumer."""

    @contextlib.contextmanager
    def side(folder: Path) -> Iterator[Side]:
        kept = [*lines, f"persistence_location {folder}/"] if lines else []
        with mosquitto_process(folder, *kept) as (process, port):
            command = [sys.executable, "-m", "tests.benchmarks.mosquitto_consumer", str(port), str(folder / "log")]
            with (folder / "consumer.log").open("wb") as said:
                consumer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said)
                assert consumer.stdout is not None
                consumer.stdout.readline()  # it has subscribed
                tokens = {f"device-{n}": "any" for n in range(DEVICES)}
                try:
                    yield Side(name, port, tokens, [process.pid, consumer.pid], folder / "log")
                finally:
                    consumer.kill()
                    consumer.wait(60)

    return side


SIDES: dict[str, Callable[[Path], contextlib.AbstractContextManager[Side]]] = {
    "Paddock": paddock,
    "mosquitto": mosquitto_as("mosquitto + consumer"),
    "mosquitto-keeps": mosquitto_as("the same, keeping all", *KEEPS_ALL),
}


def _await_answer(side: Side) -> None:
    """Wait until it lets a device in: how long it takes to start is another question."""
    name, token = next(iter(side.tokens.items()))
    with socket.create_connection(("127.0.0.1", side.port), 60) as asked:
        asked.sendall(clients.connect(4, "asks", name, token))
        assert asked.recv(4)[:2] == b"\x20\x02"


def measure(side: Side, pool: ProcessPoolExecutor, size: int, seconds: float) -> str:
    """One row: devices send as fast as they are acknowledged, and then all of it is killed."""
    names = list(side.tokens)
    share = [{each: side.tokens[each] for each in names[n::SENDERS]} for n in range(SENDERS)]
    _await_answer(side)
    cpu_s = side.cpu_s()
    # They go on for a while after the end of the side: what is acknowledged is then known to the last.
    sending = [pool.submit(_send, side.port, tokens, size, seconds + 1) for tokens in share]
    time.sleep(seconds)
    cpu_s, memory = side.cpu_s() - cpu_s, side.memory_bytes()
    side.kill()
    sent = [each for one in sending for each in one.result()]
    with Reader(side.log) as reader:
        payloads = [each.payload for each in reader.entries()]
    acknowledged = sum(len(each.acknowledged) for each in sent)
    lost = sum(len(each.acknowledged - numbers_of(payloads, each.device)) for each in sent)
    latencies = np.array([each for one in sent for each in one.latencies_s]) * 1e3
    middle, most = np.percentile(latencies, (50, 99)) if latencies.size else (np.nan, np.nan)
    return (
        f"{side.name:<24}{acknowledged / seconds:>12,.0f}{middle:>10.1f}{most:>10.1f}"
        f"{cpu_s / seconds * 100:>8.0f} %{memory / 1e6:>9.0f} MB{lost:>12,}"
    )


def main(seconds: float, size: int, sides: Sequence[str]) -> None:
    """Print a row for each."""
    print(f"{DEVICES} devices, {size} bytes a message, {seconds:.0f} s each, {os.cpu_count()} processors")
    print(f"{'':<24}{'acknowledged/s':>12}{'p50 ms':>8}{'p99 ms':>10}{'processor':>10}{'memory':>12}{'lost':>12}")
    with ProcessPoolExecutor(SENDERS, multiprocessing.get_context("spawn")) as pool:
        for started in [pool.submit(_send, 0, {}, 0, 1) for _ in range(SENDERS)]:
            started.result()  # they have imported what they need
        for name in sides:
            with tempfile.TemporaryDirectory() as folder, SIDES[name](Path(folder)) as side:
                print(measure(side, pool, size, seconds), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    asked = parser.parse_args()
    main(asked.seconds, asked.size, asked.sides)
