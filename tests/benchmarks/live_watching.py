"""From publish to browser: ``python -m tests.benchmarks.live_watching [--viewers 50] [--seconds 20]``.

A car publishes by MQTT (QoS 1) to a ``paddock up`` of its own, 20,000 values a second. Fifty pages watch it as the
live page does, all signals with sparklines and eight in plots; one more reads hardly anything, and a second device
floods with messages. Printed is how long each value took from before it was published until a page had it decoded,
what the slow page got, and what each process cost; then the same of mosquitto with a relay in Python to pages and
the disk (``mosquitto_relay.py``).
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tests.benchmarks.live import KEEPS_ALL
from tests.benchmarks.live_pages import Watch, watch_paddock, watch_relay
from tests.servers.mosquitto import mosquitto_process

TOPICS, FIELDS, HZ = 20, 10, 100
FLOOD = 1_000
TICKS_PER_S = 100
HISTORY_S = 2
"""The car sends for so long before the first page opens."""
DEVICES = ("car", "flood")
PROCESSES = 3
"""That ``paddock up`` runs beside itself: worker, recorder, broker."""


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
    out.put("sends")
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


@dataclass
class Side:
    """Something that receives and shows.

    Args:
        name: as it is printed.
        url: of its WebSockets.
        port: where devices connect.
        tokens: their passwords.
        processes: all of it, by what each does.
        watch: pages that watch it.
    """

    name: str
    url: str
    port: int
    tokens: Mapping[str, str]
    processes: Mapping[int, str]
    watch: Callable[[Watch], None]


@contextlib.contextmanager
def paddock(folder: Path) -> Iterator[Side]:
    """A ``paddock up`` of its own."""
    with (folder / "log").open("wb") as log, contextlib.ExitStack() as stack:
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
            assert line, (folder / "log").read_text()
            url = url or ((found := re.search(r"http://\S+", line)) and found[0])
            port = port or ((found := re.search(r"mqtt://[^:\s]+:(\d+)", line)) and int(found[1]))
        tokens = {}
        with httpx.Client(base_url=url) as client:
            for name in DEVICES:
                client.post("/api/devices", json={"name": name, "type": "car", "car": "HT09"}).raise_for_status()
                tokens[name] = client.post(f"/api/devices/{name}/token").json()["token"]
            # Its processes for devices run from the first one on.
            while len(running := children(up.pid)) < PROCESSES or "up" in running.values():
                time.sleep(0.1)
        yield Side(
            "Paddock",
            url.replace("http", "ws", 1),
            port,
            tokens,
            {up.pid: "site", **running},
            watch_paddock,
        )


@contextlib.contextmanager
def mosquitto(folder: Path) -> Iterator[Side]:
    """mosquitto, and a relay from it to pages and the disk."""
    lines = [*KEEPS_ALL, f"persistence_location {folder}/"]
    with mosquitto_process(folder, *lines) as (process, port), (folder / "relay.log").open("wb") as log:
        relay = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.mosquitto_relay", str(port), f"{folder}/log"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert relay.stdout is not None
        try:
            url = relay.stdout.readline().strip()
            yield Side(
                "mosquitto + relay",
                url,
                port,
                dict.fromkeys(DEVICES, "any"),
                {process.pid: "mosquitto", relay.pid: "relay"},
                watch_relay,
            )
        finally:
            relay.kill()
            relay.wait(30)


SIDES = {"paddock": paddock, "mosquitto": mosquitto}


def run(side: Side, viewers: int, seconds: float) -> None:
    """Print what it takes."""
    context = multiprocessing.get_context("spawn")
    said, seen, ended = context.Queue(), context.Queue(), context.Event()
    senders = [
        context.Process(target=publish, args=(side.port, name, token, name == "flood", ended, said))
        for name, token in side.tokens.items()
    ]
    for each in senders:
        each.start()
    for _ in senders:
        said.get(timeout=60)
    time.sleep(HISTORY_S)
    pages = context.Process(target=side.watch, args=(Watch(side.url, DEVICES[0], viewers, seconds, seen),))
    pages.start()
    processes = {**side.processes, senders[0].pid or 0: "(car)", senders[1].pid or 0: "(flood)"}
    processes[pages.pid or 0] = "(pages)"
    seen.get(timeout=60)
    used = [(time.time(), {pid: cpu_s(pid) for pid in processes})]
    seen.get(timeout=60)
    used.append((time.time(), {pid: cpu_s(pid) for pid in processes}))
    time.sleep(seconds - 0.5)
    used.append((time.time(), {pid: cpu_s(pid) for pid in processes}))
    opening, afterwards, slow = seen.get(timeout=120)
    ended.set()
    print(f"{side.name}: {viewers} pages, {TOPICS * FIELDS * HZ:,} values/s and a flood, {seconds:.0f} s")
    print(f"  {'% of a core':<17}{'opening':>9}{'then':>9}")
    for pid, name in processes.items():
        shares = [
            (later[pid] - sooner[pid]) / (end - begin) * 100 for (begin, sooner), (end, later) in pairwise(used)
        ]
        print(f"  {name:<17}{shares[0]:>9.0f}{shares[1]:>9.0f}{memory_mb(pid):>9.0f} MB")
    print(f"  all pages open   after {used[1][0] - used[0][0]:.1f} s")
    print(f"  publish to page  {opening.and_(afterwards).said()}")
    print(f"  while they open  {opening.said()}")
    print(f"  then             {afterwards.said()}")
    rate, flow = afterwards.messages / viewers / seconds, afterwards.bytes / viewers / seconds / 1e3
    print(f"  each page        {rate:.1f} messages/s, {flow:.0f} kB/s")
    behind_ms = slow.behind_s * 1e3
    print(f"  the slow page    {slow.messages} messages, {slow.left_out:,} left out, {behind_ms:,.0f} ms old")
    for _ in senders:
        device, sent, acknowledged = said.get(timeout=60)
        print(f"  {device:<17}{sent:,} messages, {acknowledged:,} acknowledged")
    for each in (*senders, pages):
        each.join(10)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    given = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for chosen in given.sides:
        with tempfile.TemporaryDirectory() as place, SIDES[chosen](Path(place)) as running:
            run(running, given.viewers, given.seconds)
