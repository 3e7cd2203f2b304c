"""What devices on a team's own broker are asked: published there once, answered there, noted here."""

from __future__ import annotations

import asyncio
import json
import queue
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from paddock.bootstrap import open_context
from paddock.broker import bridge_actions
from paddock.broker.bridge import Topics
from paddock.broker.bridge_actions import MOST_IN_FLIGHT, ActionsThere, HandedOver
from paddock.broker.downlink import Outgoing
from paddock.device_log.entry import Kind
from paddock.domain.actions import Action, ActionState, is_asked, message_of
from paddock.domain.devices import Device
from paddock.domain.principal import LOCAL_USER
from paddock.settings import Settings
from paddock.usecases.actions.actions import ask, get_action
from paddock.usecases.actions.from_devices import take_device_answers
from tests.broker.at import Asked
from tests.broker.process import Broker, broker
from tests.servers.mosquitto import mosquitto

pytestmark = pytest.mark.anyio

TOPIC = "devices/car/actions"


def test_where_a_device_hears_what_it_is_asked() -> None:
    topics = Topics("devices/{id}/{kind}, fleet/{id}/telemetry, +/{id}/x/{kind}")
    assert topics.actions_topic("devices/car/data") == TOPIC
    for nowhere in ("fleet/car/telemetry", "a/car/x/data", "devices/car/other"):
        assert topics.actions_topic(nowhere) is None


def test_what_is_asked_is_no_answer() -> None:
    assert is_asked(message_of(Action(id="a", device="car", name="zero")))
    for answer in (
        b'{"id": "a", "state": "done", "name": "zero", "expires_at": ""}',
        b'{"id": "a"}',
        b"[]",
        b"\xff",
    ):
        assert not is_asked(answer)


@dataclass
class Broken:
    """A broker that acknowledges when it is told to."""

    store: HandedOver
    is_connected: bool = True
    published: list[tuple[str, bytes, int]] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes, **said: Any) -> None:
        assert said["qos"] == 1
        self.published.append((topic, payload, said["message_expiry_interval"]))
        self.store.push_message(len(self.published), b"")


async def test_each_action_once_and_again_when_the_device_was_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(bridge_actions, "monotonic", lambda: now)
    asked, car = (
        Asked([Outgoing("a", "car", b"1", expires_s=7), Outgoing("b", "box", b"2")]),
        Device(id="car", name="Car", timeout_s=60),
    )
    there = ActionsThere(asked, store := HandedOver())
    client = Broken(store)
    await there.hand_over(client)
    assert not client.published  # who has not been heard there may be on no broker at all
    there.heard(car, None)
    await there.hand_over(client)
    assert not client.published
    there.heard(car, TOPIC)
    client.is_connected = False
    await there.hand_over(client)
    assert not client.published
    client.is_connected = True
    for _ in range(3):
        await there.hand_over(client)
    assert client.published == [(TOPIC, b"1", 7)] and not asked.became
    store.remove_message_by_mid(1)
    await there.hand_over(client)
    assert asked.became == [("a", "sent")]
    now = 59.0
    there.heard(car, TOPIC)
    await there.hand_over(client)
    assert len(client.published) == 1
    now = 120.0
    there.heard(car, TOPIC)
    await there.hand_over(client)
    assert len(client.published) == 2
    # The broker was started anew and knows of nothing.
    store.clear()
    await there.hand_over(client)
    assert len(client.published) == 3
    asked.outgoing = [Outgoing(str(n), "car", b"") for n in range(2 * MOST_IN_FLIGHT)]
    await there.hand_over(client)
    await there.hand_over(client)
    assert len(client.published) == 2 + MOST_IN_FLIGHT
    for n in range(len(client.published)):
        store.remove_message_by_mid(n + 1)
    await there.hand_over(client)
    assert len(client.published) == 2 + 2 * MOST_IN_FLIGHT


def test_a_device_on_the_teams_own_broker_does_what_it_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mosquitto(tmp_path) as port:
        monkeypatch.setenv("PADDOCK_MQTT_BRIDGE_URL", f"mqtt://127.0.0.1:{port}")
        with broker(tmp_path / "data", "car") as running:
            asyncio.run(asked_and_answered(running, port))


async def asked_and_answered(running: Broker, port: int) -> None:
    from paho.mqtt import client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    car = paho.Client(CallbackAPIVersion.VERSION2, "car", clean_session=False)
    listens = asyncio.Event()
    loop = asyncio.get_running_loop()
    car.on_subscribe = lambda *_: loop.call_soon_threadsafe(listens.set)
    car.on_message = lambda client, _, message: heard.put(json.loads(message.payload))
    car.connect("127.0.0.1", port)
    car.subscribe(TOPIC, qos=1)
    car.loop_start()
    try:
        async with asyncio.timeout(60), open_context(Settings(data=running.data)) as context:
            await listens.wait()
            action = await ask(context, LOCAL_USER, "car", "zero", {"wheel": "fl"})
            # A broker keeps nothing for the bridge before that has subscribed for the first time.
            while not running.entries():
                car.publish("devices/car/data", b'{"a": 1}', qos=1)
                await asyncio.sleep(0.1)
            said = await asyncio.to_thread(heard.get)
            assert (said["id"], said["name"], said["params"]) == (action.id, "zero", {"wheel": "fl"})
            while (await get_action(context, action.id)).state is not ActionState.SENT:
                await asyncio.sleep(0.05)
            car.publish(TOPIC, json.dumps({"id": action.id, "state": "done", "result": "ok"}), qos=1)
            while not (answers := [each for each in running.entries() if each.kind is Kind.ACTIONS]):
                await asyncio.sleep(0.05)
            # What the bridge itself published came back to it, and is not in the log.
            (answer,) = answers
            await take_device_answers(
                context, "car", answer.payload, content_type=answer.content_type, received_ns=answer.received_ns
            )
            done = await get_action(context, action.id)
            assert (done.state, done.result, done.times_sent) == (ActionState.DONE, "ok", 1)
    finally:
        car.disconnect()
        car.loop_stop()
