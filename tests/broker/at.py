"""An endpoint that runs, devices with tokens, and a client by hand that reads what the endpoint answers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from paddock.bootstrap import open_context
from paddock.broker.downlink import Outgoing
from paddock.broker.endpoint import Endpoint
from paddock.device_log.appender import Appender
from paddock.device_log.entry import Entry, Kind
from paddock.device_log.reader import Reader
from paddock.domain.devices import Device
from paddock.domain.principal import LOCAL_USER
from paddock.errors import Rejected
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.usecases.devices.devices import add_device
from paddock.usecases.devices.refused import RefusedInput
from paddock.usecases.devices.tokens import KnownDevices, mint_token
from tests.broker.mqtt import clients

WAIT_S = 60


@dataclass
class Asked:
    """What is asked of devices, and what the endpoint said became of it."""

    outgoing: list[Outgoing] = field(default_factory=list)
    became: list[tuple[str, str]] = field(default_factory=list)

    async def waiting(self, device_ids: Collection[str]) -> Sequence[Outgoing]:
        return [each for each in self.outgoing if each.device_id in device_ids]

    async def sent(self, action_id: str) -> None:
        self.became.append((action_id, "sent"))

    async def acknowledged(self, action_id: str) -> None:
        self.over(action_id)
        self.became.append((action_id, "acknowledged"))

    async def failed(self, action_id: str, why: str) -> None:
        self.over(action_id)
        self.became.append((action_id, f"failed: {why}"))

    def over(self, action_id: str) -> None:
        self.outgoing = [each for each in self.outgoing if each.id != action_id]


@dataclass
class At:
    """A Paddock whose endpoint runs."""

    context: Context
    port: int
    log: Path
    asked: Asked
    tokens: dict[str, str] = field(default_factory=dict)

    async def device(self, device_id: str) -> str:
        """Add one; its token."""
        await add_device(self.context, LOCAL_USER, Device(id=device_id, name=device_id))
        self.tokens[device_id] = (await mint_token(self.context, LOCAL_USER, device_id)).token
        return self.tokens[device_id]

    async def connected(self, device_id: str = "car", version: int = 4, **said: object) -> Client:
        """A device that is let in."""
        client = await self.client(version)
        client_id = str(said.pop("client_id", f"{device_id}-client"))
        token = self.tokens[device_id]
        client.send(clients.connect(version, client_id, device_id, token, **said))  # type: ignore[arg-type]
        client.connack = await client.packet()
        assert client.connack[0] == 0x20 and client.connack[2 + 1] == 0, client.connack
        return client

    async def client(self, version: int = 4) -> Client:
        return Client(*await asyncio.open_connection("127.0.0.1", self.port), version)

    def entries(self) -> list[Entry]:
        with Reader(self.log) as reader:
            return list(reader.entries())

    def payloads(self) -> list[bytes]:
        return [each.payload for each in self.entries()]

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not holds():
                await asyncio.sleep(0.01)


@dataclass
class Client:
    """Bytes to and from an endpoint."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    version: int
    connack: bytes = b""

    def send(self, *data: bytes) -> None:
        self.writer.write(b"".join(data))

    async def packet(self) -> bytes:
        """The next packet, whole."""
        async with asyncio.timeout(WAIT_S):
            data = await self.reader.readexactly(1)
            length = shift = 0
            while True:
                data += (byte := await self.reader.readexactly(1))
                length |= (byte[0] & 0x7F) << shift
                shift += 7
                if byte[0] < 0x80:
                    return data + await self.reader.readexactly(length)

    async def rest(self) -> bytes:
        """All up to the end of the connection, which the endpoint closes."""
        async with asyncio.timeout(WAIT_S):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    def close(self) -> None:
        self.writer.close()

    def abort(self) -> None:
        self.writer.transport.abort()


def checked(device: Device, kind: Kind, content_type: str, payload: bytes) -> bytes:
    """What stands for the rest of Paddock: it refuses one payload, and takes a token out of another."""
    if payload == b"bad":
        raise Rejected("That is not JSON.", code="bad_payload")
    return payload.replace(b"secret", b"")


@contextlib.asynccontextmanager
async def endpoint_at(
    data: Path, *, tls: ssl.SSLContext | None = None, most: int | None = None, queue_bytes: int = 1 << 25
) -> AsyncIterator[At]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    log, asked, stop = data / "device-log", Asked(), asyncio.Event()
    async with open_context(Settings(data=data)) as context:
        with Appender(log, queue_bytes=queue_bytes) as appender, listener:
            endpoint = Endpoint(
                KnownDevices(context),
                appender,
                check=checked,
                refusals=RefusedInput(context),
                downlink=asked,
                most=most,
            )
            serving = asyncio.create_task(endpoint.serve([(listener, tls)], stop))
            try:
                yield At(context, listener.getsockname()[1], log, asked)
            finally:
                stop.set()
                await serving
