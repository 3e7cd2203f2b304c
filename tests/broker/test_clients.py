"""Devices as others program them: paho, gmqtt, aiomqtt, mosquitto's commands, and a few lines as on an ESP."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broker.process import Broker, broker

pytestmark = pytest.mark.anyio

COUNT = 50


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with broker(tmp_path_factory.mktemp("broker") / "data", "car", "box", "pi") as found:
        yield found


def payloads(running: Broker, device: str, name: str) -> list[bytes]:
    """What is in the log of one test."""
    return [e.payload for e in running.entries() if e.device_id == device and e.payload.startswith(name.encode())]


def expected(name: str) -> list[bytes]:
    return [f"{name} {n}".encode() for n in range(COUNT)]


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_paho(running: Broker, version: int, qos: int) -> None:
    from paho.mqtt import client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    if (version, qos) == (5, 2):
        return  # it would send what the server said that it does not take
    name = f"paho {version} {qos}"
    client = paho.Client(CallbackAPIVersion.VERSION2, f"paho-{version}-{qos}", protocol=version)
    client.username_pw_set("car", running.tokens["car"])
    client.connect("127.0.0.1", running.port)
    client.loop_start()
    sent = [client.publish("devices/car/data", payload, qos=qos) for payload in expected(name)]
    for each in sent:
        each.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()
    if qos:
        assert payloads(running, "car", name) == expected(name)
    else:
        until_in_log(running, "car", name)


def until_in_log(running: Broker, device: str, name: str) -> None:
    waiting = threading.Event()
    for _ in range(600):
        if payloads(running, device, name) == expected(name):
            return
        waiting.wait(0.1)
    raise AssertionError(payloads(running, device, name))


def test_paho_is_told_that_its_token_is_wrong(running: Broker) -> None:
    from paho.mqtt import client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    for version, word in ((4, "Not authorized"), (5, "Bad user name or password")):
        told = threading.Event()
        codes: list[str] = []
        client = paho.Client(CallbackAPIVersion.VERSION2, "wrong", protocol=version)
        client.username_pw_set("car", running.tokens["box"] if version == 4 else "a guess")
        client.on_connect = lambda _c, _u, _f, code, _p, codes=codes, told=told: (
            codes.append(str(code)),
            told.set(),
        )
        client.connect("127.0.0.1", running.port)
        client.loop_start()
        assert told.wait(60)
        client.disconnect()
        client.loop_stop()
        assert codes[0] == word


@pytest.mark.parametrize("version", [4, 5])
async def test_gmqtt(running: Broker, version: int) -> None:
    import gmqtt

    name = f"gmqtt {version}"
    client = gmqtt.Client(f"gmqtt-{version}")
    client.set_auth_credentials("box", running.tokens["box"])
    await client.connect("127.0.0.1", running.port, version=version, keepalive=30)
    for payload in expected(name):
        client.publish("devices/box/data", payload, qos=1)
    async with asyncio.timeout(60):
        while payloads(running, "box", name) != expected(name):
            await asyncio.sleep(0.05)
    await client.disconnect()


async def test_aiomqtt(running: Broker) -> None:
    import aiomqtt

    async with aiomqtt.Client(
        "127.0.0.1", running.port, username="pi", password=running.tokens["pi"], identifier="aiomqtt"
    ) as client:
        await client.subscribe("devices/pi/actions", qos=1)
        for payload in expected("aiomqtt"):
            await client.publish("devices/pi/data", payload, qos=1)
    assert payloads(running, "pi", "aiomqtt") == expected("aiomqtt")


@pytest.mark.parametrize("version", ["311", "5"])
def test_mosquittos_commands(running: Broker, version: str) -> None:
    program = shutil.which("mosquitto_pub")
    if program is None:
        pytest.skip("no mosquitto_pub: install mosquitto-clients")
    name = f"mosquitto {version}"
    common = ["-h", "127.0.0.1", "-p", str(running.port), "-V", version, "-u", "car", "-P", running.tokens["car"]]
    subprocess.run(
        [program, *common, "-t", "devices/car/data", "-q", "1", "-l"],
        input=b"\n".join(expected(name)),
        check=True,
        timeout=60,
    )
    assert payloads(running, "car", name) == expected(name)
    heard = subprocess.run(
        ["mosquitto_sub", *common, "-t", "devices/box/actions", "-W", "20"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert b"denied" in heard.stderr or b"rejected" in heard.stderr or heard.returncode


def test_a_few_lines_as_on_an_esp(running: Broker) -> None:
    """Fixed buffers, one byte of length, waits for each acknowledgement."""

    def text(value: str) -> bytes:
        return bytes([0, len(value)]) + value.encode()

    token = running.tokens["pi"]
    with socket.create_connection(("127.0.0.1", running.port), 60) as esp:
        said = text("MQTT") + b"\x04\xc2\x00\x0f" + text("esp") + text("pi") + len(token).to_bytes(2, "big")
        said += token.encode()
        esp.sendall(bytes([0x10, len(said) & 0x7F | 0x80, len(said) >> 7]) + said)
        assert esp.recv(4) == b"\x20\x02\x00\x00"
        for n, payload in enumerate(expected("esp"), 1):
            body = text("devices/pi/data") + bytes([0, n]) + payload
            esp.sendall(bytes([0x32, len(body)]) + body)
            assert esp.recv(4) == bytes([0x40, 2, 0, n])
        esp.sendall(b"\xc0\x00")
        assert esp.recv(2) == b"\xd0\x00"
    assert payloads(running, "pi", "esp") == expected("esp")


async def test_an_action_reaches_paho_by_all_of_paddock(running: Broker, tmp_path: Path) -> None:
    import aiomqtt

    from paddock.bootstrap import open_context
    from paddock.domain.actions import ActionState
    from paddock.domain.principal import LOCAL_USER
    from paddock.settings import Settings
    from paddock.usecases.actions.actions import ask, get_action

    async with open_context(Settings(data=running.data)) as context:
        asked = await ask(context, LOCAL_USER, "box", "identify", {"times": 3})
        async with aiomqtt.Client(
            "127.0.0.1", running.port, username="box", password=running.tokens["box"], identifier="listens"
        ) as client:
            await client.subscribe("devices/box/actions", qos=1)
            async with asyncio.timeout(60):
                message = await anext(aiter(client.messages))
                assert f'"id":"{asked.id}","name":"identify","params":{{"times":3}}'.encode() in message.payload
                while (await get_action(context, asked.id)).state is not ActionState.ACKNOWLEDGED:
                    await asyncio.sleep(0.05)
