"""CAN frames of a car's radio by UDP: in the log, and decoded by the car's database."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from paddock.bootstrap import open_context
from paddock.cli.can_udp import listen_for_frames
from paddock.client.device import LastValue
from paddock.device_log.reader import Reader
from paddock.domain.bus_database import DatabaseUse
from paddock.domain.devices import Device
from paddock.domain.principal import LOCAL_USER
from paddock.settings import Settings
from paddock.usecases.buses.databases import add_database
from paddock.usecases.context import Context
from paddock.usecases.devices.devices import add_device, disable_device
from paddock.usecases.streams.can_frames import MOST_BYTES, frame
from paddock.usecases.streams.decoders import Decoders
from tests.cli.running import running, wait_until
from tests.readers.can.dbc import SMALL

pytestmark = pytest.mark.anyio


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    async with open_context(Settings(data=tmp_path)) as opened:
        yield opened


async def test_frames_are_taken_for_their_device_until_it_is_disabled(context: Context, tmp_path: Path) -> None:
    port = free_port()
    await add_device(context, LOCAL_USER, Device(id="radio", name="Radio", car="HT09"))
    await add_database(context, LOCAL_USER, SMALL.encode(), "car.dbc", DatabaseUse(car="HT09"))
    settings = Settings(data=tmp_path, can_udp_port=port, can_udp_device="radio")
    listening = asyncio.create_task(listen_for_frames(context, settings))
    assert context.device_log is not None
    reader = Reader(context.device_log)
    entries = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as radio, reader:
        while not entries:  # until somebody listens
            radio.sendto(frame(0x100, bytes.fromhex("05000a0100000000"), -20), ("127.0.0.1", port))
            await asyncio.sleep(0.02)
            entries = reader.read()
        decoders = Decoders(context)
        await decoders.refresh()
        decoders.decode(entries[0])
        await decoders.refresh()  # by the database of its car
        (sample,) = decoders.decode(entries[0]).samples
        assert (sample.topic, sample.values["Rpm"]) == ("Engine", 5)
        assert entries[0].received_ns - sample.time_ns == 20_000_000
        radio.sendto(bytes(MOST_BYTES + 20), ("127.0.0.1", port))
        while not context.intake.refused._waiting and await context.documents.device_states.get("radio") is None:
            await asyncio.sleep(0.02)
        await disable_device(context, LOCAL_USER, "radio")
        await asyncio.sleep(0.7)
        reader.read()
        radio.sendto(frame(0x100, b"\1"), ("127.0.0.1", port))
        await asyncio.sleep(0.1)
        assert reader.read() == []
    listening.cancel()


def test_paddock_up_listens_for_them(tmp_path: Path) -> None:
    port = free_port()
    environment = {**os.environ, "PADDOCK_CAN_UDP_PORT": str(port), "PADDOCK_CAN_UDP_DEVICE": "radio"}
    with running(tmp_path / "data", env=environment) as up, up.client() as client:
        client.add_device("Radio", type="can", device_id="radio")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as radio:

            def value() -> dict[str, LastValue]:
                radio.sendto(frame(0x100, b"12345678"), ("127.0.0.1", port))
                return client.latest("radio")

            values = wait_until(value)

        assert {each.value for each in values.values()} == {b"12345678".hex()}
