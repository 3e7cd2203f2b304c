"""Site, MQTT endpoint and recorder killed with -9 while devices send: what was acknowledged is recorded once."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import random
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from mcap.reader import make_reader

from paddock.client import Client
from paddock.errors import PaddockError
from tests.broker.publisher import Publisher
from tests.cli.running import Running, wait_until

TARGETS = ("broker", "recorder", "site")


@dataclass
class Found:
    """What came of it."""

    kills: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    recorded: int = 0
    recordings: int = 0
    missing: int = 0
    twice: int = 0


class Numbers(Publisher):
    """Sends its numbers as JSON by MQTT."""

    def payload(self, number: int) -> bytes:
        return b'{"seq": %d, "n": %d}' % (number, number)


class HttpSender(threading.Thread):
    """Sends batches of numbers by HTTP, each again until it is acknowledged."""

    def __init__(self, url: str, device: str, token: str, until: threading.Event) -> None:
        super().__init__(daemon=True)
        self.url, self.device, self.token, self.until = url, device, token, until
        self.acknowledged: set[int] = set()

    def run(self) -> None:
        number = 0
        headers = {"Authorization": f"Bearer {self.token}"}
        while not self.until.is_set():
            numbers = range(number, number := number + 10)
            batch = [{"seq": each, "n": each} for each in numbers]
            while not self._sent(batch, headers):
                time.sleep(0.05)
            self.acknowledged.update(numbers)

    def _sent(self, batch: Sequence[Mapping[str, float]], headers: dict[str, str]) -> bool:
        try:
            answer = httpx.post(
                f"{self.url}/api/devices/{self.device}/data", json=batch, headers=headers, timeout=20
            )
        except httpx.HTTPError:
            return False
        return answer.status_code == 200


class Paddock:
    """A Paddock on ports of its own, which is started anew whenever its site is killed."""

    def __init__(self, data: Path) -> None:
        self.data = data
        ports = []
        for _ in range(2):
            with socket.create_server(("127.0.0.1", 0)) as free:
                ports.append(free.getsockname()[1])
        self.port, self.mqtt_port = ports
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        self.running = Running(self.data, "--port", str(self.port), "--mqtt-port", str(self.mqtt_port))

    def kill(self, target: str) -> bool:
        """Kill it with -9; False where it is not there just now."""
        if target == "site":
            self.running.end(signal.SIGKILL)
            self.start()
            return True
        for pid in self.running.worker_ids():
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if target.encode() in words:
                os.kill(pid, signal.SIGKILL)
                return True
        return False


def kill_live(folder: Path, kills: int, seed: int, *, between_s: float = 1.5) -> Found:
    """Kill so often, what and when by chance, while two devices send; then look into all recordings."""
    chance, found = random.Random(seed), Found()
    paddock = Paddock(folder / "data")
    try:
        tokens = {}
        with Client(paddock.url) as client:
            for device in ("car", "box"):
                client.add_device(device)
                client.change_device(device, cuts={"idle_s": 2, "max_s": 5})
                tokens[device] = client.device_token(device).token
        until, until_http = asyncio.Event(), threading.Event()
        by_mqtt = Numbers(paddock.mqtt_port, "car", tokens["car"], window=50)
        by_http = HttpSender(paddock.url, "box", tokens["box"], until_http)
        by_http.start()

        async def drive() -> None:
            sending = asyncio.create_task(by_mqtt.send(until))
            plan = [TARGETS[number % len(TARGETS)] for number in range(kills)]
            chance.shuffle(plan)
            for target in plan:
                known = len(by_mqtt.acknowledged), len(by_http.acknowledged)
                # Both go on after the kill before.
                while len(by_mqtt.acknowledged) < known[0] + 100 or len(by_http.acknowledged) < known[1] + 20:
                    await asyncio.sleep(0.02)
                await asyncio.sleep(chance.uniform(0, between_s))
                while not await asyncio.to_thread(paddock.kill, target):
                    await asyncio.sleep(0.05)
                found.kills[target] += 1
            await asyncio.sleep(between_s)
            until.set()
            await sending

        asyncio.run(drive())
        until_http.set()
        by_http.join(120)
        acknowledged = {"car": by_mqtt.acknowledged, "box": by_http.acknowledged}
        with contextlib.suppress(AssertionError):  # then what is missing says it
            wait_until(lambda: _all_recorded(paddock.url) and not _compared(paddock.data, acknowledged).missing)
        compared = _compared(paddock.data, acknowledged)
        compared.kills = found.kills
        found = compared
    finally:
        paddock.running.end(signal.SIGTERM)
    return found


def _all_recorded(url: str) -> bool:
    """Whether nothing is on its way any more."""
    try:
        with Client(url) as client:
            devices = client.devices()
            lists = client.search()
            pages = [httpx.get(f"{url}/devices/{each.id}", timeout=20).text for each in devices]
            is_live = any('badge working">live' in page for page in pages)
            return not is_live and all(recording.status == "ready" for recording in lists)
    except (PaddockError, httpx.HTTPError):
        return False


def _compared(data: Path, acknowledged: dict[str, set[int]]) -> Found:
    """What of the acknowledged numbers is in the recordings that there are now."""
    found = Found()
    counts: dict[str, Counter[int]] = {device: Counter() for device in acknowledged}
    for path in sorted((data / "objects" / "raw").glob("*.mcap")):
        found.recordings += 1
        for _, channel, message in make_reader(io.BytesIO(path.read_bytes())).iter_messages():
            counts[channel.topic][json.loads(message.data)["n"]] += 1
    for device, numbers in acknowledged.items():
        found.acknowledged += len(numbers)
        found.recorded += len(counts[device])
        found.missing += sum(number not in counts[device] for number in numbers)
        found.twice += sum(count > 1 for count in counts[device].values())
    return found
