"""A team's own broker: what its devices publish there is taken in, whoever is away meanwhile."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from paddock.bootstrap import open_context
from paddock.broker.bridge import Bridge, Topics
from paddock.broker.bridge_actions import ActionsThere, HandedOver
from paddock.broker.downlink import NoActions
from paddock.device_log.entry import Kind
from paddock.device_log.reader import Reader
from paddock.domain.devices import Device
from paddock.domain.principal import LOCAL_USER
from paddock.errors import Rejected
from paddock.settings import Settings
from paddock.usecases.devices.devices import add_device, disable_device
from paddock.usecases.devices.refused import RefusedInput
from paddock.usecases.devices.tokens import KnownDevices
from tests.broker.process import Broker, broker
from tests.servers.mosquitto import mosquitto

pytestmark = pytest.mark.anyio


def test_topics_say_whose_message_it_is_and_what() -> None:
    topics = Topics("devices/{id}/{kind}, fleet/+/{id}/telemetry")
    assert topics.filters == ["devices/+/+", "fleet/+/+/telemetry"]
    assert topics.read("devices/car/data") == ("car", Kind.DATA)
    assert topics.read("devices/car/alerts") == ("car", Kind.ALERTS)
    assert topics.read("fleet/2026/car/telemetry") == ("car", Kind.DATA)
    for other in ("devices/car/other", "devices//data", "devices/car/data/x", "fleet/car/telemetry", ""):
        assert topics.read(other) is None
    for wrong in ("devices/+/data", "devices/{name}/data", "x{id}"):
        with pytest.raises(Rejected, match="must be topics with"):
            Topics(wrong)


async def test_only_devices_that_are_known_and_not_disabled(tmp_path: Path) -> None:
    async with open_context(Settings(data=tmp_path)) as context:
        for each in ("car", "old"):
            await add_device(context, LOCAL_USER, Device(id=each, name=each))
        await disable_device(context, LOCAL_USER, "old")
        doors = KnownDevices(context)
        actions = ActionsThere(NoActions(), HandedOver())
        bridge = Bridge(context, doors, RefusedInput(context), Topics("devices/{id}/{kind}"), actions)
        assert await bridge.take("devices/car/data", b"1")
        assert not await bridge.take("devices/old/data", b"2")
        assert not await bridge.take("devices/nobody/data", b"3")
        assert not await bridge.take("devices/car/data", b'{"device_id": "old", "a": 1}')
        assert not await bridge.take("somewhere", b"4")
        with Reader(tmp_path / "device-log") as reader:
            assert [(e.device_id, e.payload) for e in reader.read()] == [("car", b"1")]


def publish(port: int, first: int, last: int) -> None:
    from paho.mqtt import client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    client = paho.Client(CallbackAPIVersion.VERSION2, f"car {first}")
    client.connect("127.0.0.1", port)
    client.loop_start()
    for sent in [client.publish("devices/car/data", b"%d" % n, qos=1) for n in range(first, last)]:
        sent.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()


def test_nothing_is_missing_whoever_was_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mosquitto(tmp_path) as port:
        monkeypatch.setenv("PADDOCK_MQTT_BRIDGE_URL", f"mqtt://127.0.0.1:{port}")
        with broker(tmp_path / "data", "car") as running:
            asyncio.run(away_and_back(running, port))


async def away_and_back(running: Broker, port: int) -> None:
    def taken() -> set[int]:
        return {int(each.payload) for each in running.entries() if each.payload.isdigit()}

    async def until_taken(last: int) -> None:
        async with asyncio.timeout(60):
            while not taken() >= set(range(first, last)):
                await asyncio.sleep(0.05)

    # Before it has subscribed for the first time the broker keeps nothing for it.
    first = 0
    async with asyncio.timeout(60):
        while not taken():
            await asyncio.to_thread(publish, port, first, first + 1)
            first += 1
    publishing = asyncio.create_task(asyncio.to_thread(publish, port, first, first + 600))
    async with asyncio.timeout(60):
        while max(taken()) < first + 100:
            await asyncio.sleep(0.01)
    await asyncio.to_thread(running.end, signal.SIGKILL)
    await publishing
    running.start()
    await until_taken(first + 600)
    await asyncio.to_thread(running.end)
    await asyncio.to_thread(publish, port, first + 600, first + 700)
    running.start()
    await until_taken(first + 700)
