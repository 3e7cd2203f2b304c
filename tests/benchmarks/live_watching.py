"""From publish to browser: ``python -m tests.benchmarks.live_watching [--viewers 50] [--seconds 20]``.

A car publishes by MQTT (QoS 1) to a ``paddock up`` of its own, 20,000 values a second. Fifty pages watch it as the
live page does, all signals with sparklines and eight in plots; one more reads hardly anything, and a second device
floods with messages. Printed is how long each sample took from before it was published until a page had it decoded,
what the slow page got, and what each process cost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
from websockets.asyncio.client import connect

TOPICS, FIELDS, HZ = 20, 10, 100
FLOOD = 1_000
PLOTTED = 8
WINDOW = 12
TICKS_PER_S = 100
LOOKED_AT = 7
"""Of so many messages to the pages one is read for how late it is; a prime, so that no rhythm is in it."""


def _text(value: str) -> bytes:
    return struct.pack(">H", len(value)) + value.encode()


def _packet(kind: int, body: bytes) -> bytes:
    """An MQTT packet; its length in groups of seven bits."""
    length, rest = b"", len(body)
    while True:
        rest, digit = rest >> 7, rest & 0x7F
        length += bytes([digit | (0x80 if rest else 0)])
        if not rest:
            return bytes([kind]) + length + body


def publish(port: int, device: str, token: str, flood: bool, ended: Any, out: Any) -> None:
    """A device: so many messages a second, written by hand, so that it costs little beside what is measured."""
    connection = socket.create_connection(("127.0.0.1", port))
    hello = _text("MQTT") + b"\x04\xc2" + struct.pack(">H", 60) + _text(device) + _text(device) + _text(token)
    connection.sendall(_packet(0x10, hello))
    assert connection.recv(4) == b"\x20\x02\x00\x00", "the endpoint did not let the device in"
    acknowledged = 0

    def hear() -> None:
        nonlocal acknowledged
        while data := connection.recv(65_536):
            acknowledged += len(data)

    threading.Thread(target=hear, daemon=True).start()
    topic, begun, sent = _text(f"devices/{device}/data"), time.time(), 0
    per_beat = FLOOD // HZ if flood else TOPICS
    while not ended.is_set():
        now = time.time()
        packets = []
        for number in range(per_beat):
            names = [f"f{sent % 500}"] if flood else [f"s{field}" for field in range(FIELDS)]
            said = {"topic": f"T{number}", "timestamp": now} | dict.fromkeys(names, now)
            sent += 1
            payload = msgspec.json.encode(said)
            packets.append(_packet(0x32, topic + struct.pack(">H", sent % 65_535 + 1) + payload))
        connection.sendall(b"".join(packets))
        rest = begun + (sent / per_beat) / HZ - time.time()
        if rest > 0:
            time.sleep(rest)
        elif rest < -1:
            begun -= rest  # it could not be sent as fast: that is lost, as on a radio
    time.sleep(1)
    out.put((device, sent, acknowledged // 4))


def watch(url: str, device: str, viewers: int, seconds: float, out: Any) -> None:
    """The pages, and one that is slow."""
    late = Lateness()
    plotted = [f"T0.s{field}" for field in range(PLOTTED)]
    ask = json.dumps(
        {
            "watch": [
                {"device": device, "span_s": 60, "columns": 80},
                {"device": device, "signals": plotted, "span_s": 60, "columns": 1200},
            ]
        }
    )

    async def page(number: int) -> None:
        async with connect(f"{url}/api/live?window={WINDOW}", max_size=None, compression=None) as socket:
            await socket.send(ask)
            until = time.time() + seconds
            await socket.recv(decode=False)
            joined = time.time()
            while time.time() < until:
                text = await socket.recv(decode=False)
                said = _told(text)
                late.note(text, said.samples, number, joined)
                await socket.send(f'{{"ack": {said.number}}}')

    async def slow() -> tuple[int, int, float]:
        got, left_out, behind = 0, 0, 0.0
        async with connect(f"{url}/api/live?window=1", max_size=None, max_queue=1) as socket:
            await socket.send(ask)
            until = time.time() + seconds
            while time.time() < until:
                said = msgspec.json.decode(await socket.recv())
                got += 1
                left_out = said.get("left_out_total", left_out)
                behind = time.time() - max((values[-1] for _, _, values in said["samples"] if values), default=0)
                await asyncio.sleep(1.5)
                await socket.send(json.dumps({"ack": said["number"]}))
        return got, left_out, behind

    async def all_of_them() -> Any:
        found = await asyncio.gather(slow(), *(page(number) for number in range(viewers)))
        return found[0]

    slowly = asyncio.run(all_of_them())
    out.put((late, slowly))


class Told(msgspec.Struct):
    """What is read of every message to a page."""

    number: int
    samples: msgspec.Raw


class Lateness:
    """How old values are when a page has them. Each value is when it was published."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.newest: list[float] = []
        self.messages = self.bytes = 0

    def note(self, text: bytes, samples: msgspec.Raw, page: int, joined: float) -> None:
        """Look into every so many messages: fifty pages that read all of theirs would be most of what is measured.

        Values from before ``joined`` are the page's history.
        """
        self.messages += 1
        self.bytes += len(text)
        if (self.messages + page) % LOOKED_AT == 0:
            rows = _samples(samples)
            now = time.time()
            for _, _, values in rows:
                self.values.extend([now - value for value in values if value >= joined])
                if values[-1] >= joined:
                    self.newest.append(now - values[-1])

    def said(self) -> str:
        """One line."""
        p50, p90, p99 = np.percentile(self.values, [50, 90, 99]) * 1e3
        newest = np.percentile(self.newest, 99) * 1e3
        return (
            f"p50 {p50:.0f} ms, p90 {p90:.0f} ms, p99 {p99:.0f} ms, of {len(self.values):,} values"
            f" (the newest of each signal p99 {newest:.0f} ms)"
        )


_told = msgspec.json.Decoder(Told).decode
_samples = msgspec.json.Decoder(list[tuple[int, msgspec.Raw, list[float]]]).decode


def cpu_s(pid: int) -> float:
    """Seconds of processor that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def memory_mb(pid: int) -> float:
    """Resident."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1e3 if found else 0.0


def children(pid: int) -> dict[int, str]:
    """The processes that one started, by what they do."""
    found = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
        found[int(child)] = words[3] if len(words) > 3 else words[0]
    return found


def run(viewers: int, seconds: float) -> None:
    """Print what it takes."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        log = stack.enter_context((Path(folder) / "log").open("wb"))
        up = subprocess.Popen(
            [sys.executable, "-m", "paddock", "up", "--port", "0", "--data", f"{folder}/data"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        stack.callback(up.wait, 30)
        stack.callback(up.send_signal, signal.SIGTERM)
        assert up.stdout is not None
        url = port = None
        while not (url and port):
            line = up.stdout.readline()
            assert line, (Path(folder) / "log").read_text()
            url = url or ((found := re.search(r"http://\S+", line)) and found[0])
            port = port or ((found := re.search(r"mqtt://[^:\s]+:(\d+)", line)) and int(found[1]))
        devices = {}
        with httpx.Client(base_url=url) as client:
            for name in ("car", "flood"):
                client.post("/api/devices", json={"name": name, "type": "car", "car": "HT09"}).raise_for_status()
                devices[name] = client.post(f"/api/devices/{name}/token").json()["token"]
        context = multiprocessing.get_context("spawn")
        said, seen, ended = context.Queue(), context.Queue(), context.Event()
        senders = [
            context.Process(target=publish, args=(port, name, token, name == "flood", ended, said))
            for name, token in devices.items()
        ]
        for each in senders:
            each.start()
        while len(httpx.get(f"{url}/api/live").json()["items"]) < len(devices):
            time.sleep(0.1)
        time.sleep(3)
        pages = context.Process(target=watch, args=(url.replace("http", "ws", 1), "car", viewers, seconds, seen))
        pages.start()
        time.sleep(2)
        processes: dict[int, str] = {
            up.pid: "site",
            **children(up.pid),
            senders[0].pid or 0: "(publishers)",
            pages.pid or 0: "(pages)",
        }
        before, begun = {pid: cpu_s(pid) for pid in processes}, time.time()
        time.sleep(max(1.0, seconds - 4))
        lasted = time.time() - begun
        print(f"{viewers} pages, {TOPICS * FIELDS * HZ:,} values/s and a flood, {lasted:.0f} s")
        for pid, name in processes.items():
            used = (cpu_s(pid) - before[pid]) / lasted
            print(f"{name:<16}{used * 100:>6.0f} % of a core{memory_mb(pid):>8.0f} MB")
        late, (got, left_out, behind) = seen.get(timeout=60)
        ended.set()
        print(f"publish to page    {late.said()}")
        rate, flow = late.messages / viewers / seconds, late.bytes / viewers / seconds / 1e3
        print(f"each page          {rate:.1f} messages/s, {flow:.0f} kB/s")
        print(
            f"the slow page      {got} messages, {left_out:,} samples left out, {behind * 1e3:.0f} ms old when told"
        )
        for _ in senders:
            device, sent, acknowledged = said.get(timeout=60)
            print(f"{device:<19}{sent:,} messages, {acknowledged:,} acknowledged")
        for each in (*senders, pages):
            each.join(10)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    given = parser.parse_args()
    run(given.viewers, given.seconds)
