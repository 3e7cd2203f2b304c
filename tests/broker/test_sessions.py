"""Sessions, wills, and what is asked of devices."""

from __future__ import annotations

import pytest

from paddock.broker.downlink import Outgoing
from paddock.device_log.entry import Kind
from tests.broker.at import At, Client
from tests.broker.mqtt import clients
from tests.broker.mqtt.clients import acknowledge, packet, props, publish, subscribe, text

pytestmark = pytest.mark.anyio

PUBACK = 4
TOPIC = "devices/car/actions"


async def listening(at: At, version: int = 4, qos: int = 1, **said: object) -> Client:
    car = await at.connected("car", version, **said)
    car.send(subscribe(1, (TOPIC, qos), version=version))
    assert (await car.packet())[-1] == min(qos, 1)
    return car


def asked(version: int, payload: bytes, packet_id: int, *, first: int = 0x32, more: bytes = b"") -> bytes:
    """As a device gets it."""
    properties = props(version, b"\x03" + text("application/json") + more) if version == 5 else b""
    number = packet_id.to_bytes(2, "big") if packet_id else b""
    return packet(first if packet_id else 0x30, text(TOPIC) + number + properties + payload)


@pytest.mark.parametrize("version", [4, 5])
async def test_a_device_subscribes_to_its_own_actions_only(at: At, version: int) -> None:
    car = await at.connected("car", version)
    wanted = [
        TOPIC,
        "devices/box/actions",
        "devices/+/actions",
        "#",
        "devices/car/data",
        f"$share/g/{TOPIC}",
        TOPIC,
    ]
    car.send(
        subscribe(
            9, *((name, qos) for name, qos in zip(wanted, (2, 1, 1, 0, 1, 1, 0), strict=True)), version=version
        )
    )
    refused = [0x80] * 5 if version == 4 else [0x87] * 4 + [0x9E]
    codes = bytes([1, *refused, 0])
    assert await car.packet() == packet(0x90, b"\x00\x09" + props(version) + codes)
    car.send(clients.unsubscribe(10, TOPIC, "#", version=version))
    assert await car.packet() == packet(0xB0, b"\x00\x0a" + (b"\x00\x00\x11" if version == 5 else b""))


@pytest.mark.parametrize("version", [4, 5])
async def test_an_action_is_sent_once_and_told_what_became_of_it(at: At, version: int) -> None:
    car = await listening(at, version)
    at.asked.outgoing = [Outgoing("a1", "car", b"{1}"), Outgoing("b1", "box", b"{}"), Outgoing("a2", "car", b"{2}")]
    assert await car.packet() == asked(version, b"{1}", 1)
    assert await car.packet() == asked(version, b"{2}", 2)
    await at.until(lambda: at.asked.became == [("a1", "sent"), ("a2", "sent")])
    car.send(acknowledge(PUBACK, 1), acknowledge(PUBACK, 1), acknowledge(PUBACK, 77))
    await at.until(lambda: ("a1", "acknowledged") in at.asked.became)
    car.send(packet(0x40, b"\x00\x02\x99\x00") if version == 5 else acknowledge(PUBACK, 2))
    await at.until(lambda: len(at.asked.became) == 4)
    assert at.asked.became[-1] == (
        "a2",
        "failed: The device refused it with reason 0x99." if version == 5 else "acknowledged",
    )
    car.send(clients.PING)
    assert await car.packet() == b"\xd0\x00", "nothing is sent twice"


async def test_an_action_with_quality_of_service_0(at: At) -> None:
    car = await listening(at, qos=0)
    at.asked.outgoing = [Outgoing("a1", "car", b"{1}")]
    assert await car.packet() == asked(4, b"{1}", 0)
    await at.until(lambda: at.asked.became == [("a1", "sent")])


async def test_an_identifier_of_the_subscription_comes_along(at: At) -> None:
    car = await at.connected("car", 5)
    car.send(subscribe(1, (TOPIC, 1), version=5, properties=b"\x0b\x81\x01"))
    await car.packet()
    at.asked.outgoing = [Outgoing("a1", "car", b"{1}")]
    assert await car.packet() == asked(5, b"{1}", 1, more=b"\x0b\x81\x01")


async def test_a_device_that_comes_back_gets_what_it_has_not_acknowledged(at: At) -> None:
    car = await listening(at, clean=False)
    at.asked.outgoing = [Outgoing("a1", "car", b"{1}"), Outgoing("a2", "car", b"{2}")]
    assert [await car.packet(), await car.packet()] == [asked(4, b"{1}", 1), asked(4, b"{2}", 2)]
    car.abort()
    await at.until(lambda: len(at.asked.became) == 2)
    at.asked.over("a1")  # expired meanwhile
    at.asked.outgoing.append(Outgoing("a3", "car", b"{3}"))
    car = await at.connected("car", clean=False)
    assert car.connack == b"\x20\x02\x01\x00"
    assert await car.packet() == asked(4, b"{2}", 2, first=0x3A), "as a duplicate, under its number"
    third = await car.packet()
    assert third[0] == 0x32 and third.endswith(b"{3}")
    car.send(acknowledge(PUBACK, 2))
    await at.until(lambda: ("a2", "acknowledged") in at.asked.became)


async def test_a_new_session_subscribes_anew(at: At) -> None:
    car = await listening(at, clean=False)
    car.abort()
    car = await at.connected("car", clean=True)
    assert car.connack == b"\x20\x02\x00\x00"
    at.asked.outgoing = [Outgoing("a1", "car", b"{1}")]
    car.send(subscribe(3, (TOPIC, 0)))
    assert (await car.packet())[0] == 0x90
    assert await car.packet() == asked(4, b"{1}", 0)


async def test_version_5_says_how_long_a_session_lasts(at: At) -> None:
    for expiry, clean_present in ((0, 0), (100, 1)):
        said = {"clean": False, "client_id": f"c{expiry}", "properties": b"\x11" + expiry.to_bytes(4, "big")}
        car = await listening(at, 5, **said)
        car.close()
        await at.until(car.writer.is_closing)
        car = await at.connected("car", 5, **said)
        assert car.connack[2] == clean_present
    car = await at.connected("car", 5, properties=b"\x11\xff\xff\xff\xff")
    assert b"\x11\x00\x09\x3a\x80" in car.connack, "a week is the longest"
    car.send(clients.disconnect(0, b"\x11\x00\x00\x00\x00"))
    assert await car.rest() == b""
    car = await at.connected("car", 5, clean=False)
    assert car.connack[2] == 0
    car.send(clients.disconnect(0, b"\x11\x00\x00\x00\x05"))
    assert (await car.rest())[2] == 0x82, "what ended with its connection does not last now"


async def test_no_more_at_a_time_than_the_device_takes(at: At) -> None:
    said = b"\x21\x00\x02\x27\x00\x00\x00\xc8"
    car = await listening(at, 5, properties=said)
    at.asked.outgoing = [
        Outgoing("large", "car", bytes(300)),
        *(Outgoing(f"a{n}", "car", b"%d" % n) for n in range(4)),
    ]
    first, second = await car.packet(), await car.packet()
    assert (first[-1:], second[-1:]) == (b"0", b"1")
    assert ("large", "failed: It is larger than what the device takes.") in at.asked.became
    car.send(clients.PING)
    assert await car.packet() == b"\xd0\x00"
    number = first[4 + len(TOPIC) :][:2]
    car.send(acknowledge(PUBACK, int.from_bytes(number, "big")))
    assert (await car.packet())[-1:] == b"2"


@pytest.mark.parametrize("version", [4, 5])
async def test_a_will_is_published_when_the_connection_dies(at: At, version: int) -> None:
    said = {"will": ("devices/car/alerts", b"lost", 1)}
    car = await at.connected("car", version, **said)
    car.abort()
    await at.until(lambda: [(e.kind, e.payload) for e in at.entries()] == [(Kind.ALERTS, b"lost")])
    car = await at.connected("car", version, **said)
    car.send(clients.DISCONNECT)
    assert await car.rest() == b""
    car = await at.connected("car", version, client_id="next", **said)
    car.send(b"\x00\x00")
    await car.rest()
    await at.until(lambda: at.payloads() == [b"lost", b"lost"])


async def test_a_will_goes_to_the_devices_own_topics(at: At) -> None:
    for version, code in ((4, 5), (5, 0x87)):
        for topic in ("devices/box/data", "devices/car", "x"):
            client = await at.client(version)
            client.send(clients.connect(version, "c", "car", at.tokens["car"], will=(topic, b"", 0)))
            assert (await client.packet())[3] == code


async def test_a_will_may_wait_whether_its_client_comes_back(at: At) -> None:
    lasting = b"\x11\x00\x00\x00\x3c"
    said = {
        "will": ("devices/car/data", b"lost", 0),
        "will_properties": b"\x18\x00\x00\x00\x3c",
        "properties": lasting,
    }
    car = await at.connected("car", 5, **said)
    car.abort()
    car = await at.connected("car", 5, clean=False, **said)
    assert car.connack[2] == 1
    car.send(publish("devices/car/data", b"back", 1, version=5))
    assert await car.packet() == acknowledge(PUBACK, 1)
    assert at.payloads() == [b"back"]
    car.abort()
    car = await at.connected("car", 5, clean=True, **said)
    await at.until(lambda: at.payloads() == [b"back", b"lost"])
    car.send(clients.disconnect(4))
    await car.rest()
    again = await at.connected("car", 5, clean=True)
    await at.until(lambda: at.payloads() == [b"back", b"lost", b"lost"])
    again.close()
