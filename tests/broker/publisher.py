"""A device that sends as fast as it is acknowledged, comes back whenever its connection is lost, and remembers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

from tests.broker.mqtt import clients

WINDOW = 200
RETRY_S = 0.05
_PUBACK_BYTES = 4


@dataclass
class Publisher:
    """Sends ``<device>:<number>:…`` with quality of service 1, the same again until it is acknowledged.

    Args:
        port: of the endpoint on this machine.
        device: its id.
        token: its password.
        size: of each payload.
        window: how many may wait for their acknowledgement.
    """

    port: int
    device: str
    token: str
    size: int = 64
    window: int = WINDOW
    topic: str = ""
    acknowledged: set[int] = field(default_factory=set)
    latencies_s: list[float] = field(default_factory=list)
    connections: int = 0
    refusals: int = 0

    async def send(self, until: asyncio.Event) -> None:
        """Send until then, and on until nothing waits any more or the connection is lost."""
        waiting: dict[int, float] = {}
        self._next = 0
        while not until.is_set() or waiting:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(RETRY_S)
                continue
            try:
                await self._converse(reader, writer, waiting, until)
            except (OSError, EOFError):
                if until.is_set():
                    return
                await asyncio.sleep(RETRY_S)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    def payload(self, number: int) -> bytes:
        """What is sent under a number."""
        return b"%s:%d:" % (self.device.encode(), number) + bytes(self.size)[: max(0, self.size - 16)]

    async def _converse(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        waiting: dict[int, float],
        until: asyncio.Event,
    ) -> None:
        writer.write(clients.connect(4, f"{self.device}-sends", self.device, self.token, clean=False))
        if (await reader.readexactly(4))[3]:
            self.refusals += 1
            raise EOFError
        self.connections += 1
        topic = self.topic or f"devices/{self.device}/data"
        for number in waiting:
            if writer.transport.is_closing():
                raise EOFError
            writer.write(clients.publish(topic, self.payload(number), number % 65_535 + 1, duplicate=True))
        ids = {number % 65_535 + 1: number for number in waiting}
        while waiting or not until.is_set():
            while len(waiting) < self.window and not until.is_set():
                if writer.transport.is_closing():
                    raise EOFError
                number = self._next
                self._next += 1
                waiting[number] = time.monotonic()
                ids[number % 65_535 + 1] = number
                writer.write(clients.publish(topic, self.payload(number), number % 65_535 + 1))
            data = await reader.readexactly(_PUBACK_BYTES)
            data += await reader.read(_PUBACK_BYTES * self.window)
            if rest := len(data) % _PUBACK_BYTES:
                data += await reader.readexactly(_PUBACK_BYTES - rest)
            now = time.monotonic()
            for at in range(0, len(data), _PUBACK_BYTES):
                packet_id = int.from_bytes(data[at + 2 : at + 4], "big")
                number = ids.pop(packet_id, -1)
                if number in waiting:
                    self.latencies_s.append(now - waiting.pop(number))
                    self.acknowledged.add(number)


def numbers_of(payloads: list[bytes], device: str) -> set[int]:
    """Those that a device sent."""
    return {int(each.split(b":")[1]) for each in payloads if each.startswith(device.encode() + b":")}
