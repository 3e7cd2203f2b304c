"""What devices publish is in the log before it is acknowledged, and nothing else is."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from pathlib import Path

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from paddock.broker import connection
from paddock.device_log import appender as log_appender
from paddock.device_log.entry import Kind
from tests.broker.at import At, endpoint_at
from tests.broker.mqtt import clients
from tests.broker.mqtt.clients import acknowledge, publish

pytestmark = pytest.mark.anyio

PUBACK, PUBREC, PUBREL, PUBCOMP = 4, 5, 6, 7


@pytest.mark.parametrize("version", [4, 5])
async def test_a_message_is_in_the_log_once_it_is_acknowledged(at: At, version: int) -> None:
    car = await at.connected(version=version)
    car.send(publish("devices/car/data", b'{"a": 1}', 7, version=version))
    assert await car.packet() == acknowledge(PUBACK, 7)
    (entry,) = at.entries()
    assert (entry.device_id, entry.kind, entry.payload) == ("car", Kind.DATA, b'{"a": 1}')
    car.send(publish("devices/car/alerts", b"hot secret", 8, version=version, retain=True))
    car.send(publish("devices/car/actions", b"done", 9, version=version))
    assert [await car.packet(), await car.packet()] == [acknowledge(PUBACK, 8), acknowledge(PUBACK, 9)]
    assert [(each.kind, each.payload) for each in at.entries()[1:]] == [
        (Kind.ALERTS, b"hot "),
        (Kind.ACTIONS, b"done"),
    ]


def test_every_reason_why_a_message_is_not_taken_is_one_that_an_acknowledgement_may_say() -> None:
    for reason in connection.NOT_TAKEN.values():
        ReasonCode(PacketTypes.PUBACK, identifier=int(reason))


async def test_nothing_is_acknowledged_before_it_is_on_the_disk(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    synced, go_on = threading.Event(), threading.Event()

    def slow(descriptor: int) -> None:
        synced.set()
        assert go_on.wait(60)

    car = await at.connected()
    monkeypatch.setattr(log_appender.os, "fdatasync", slow)
    car.send(publish("devices/car/data", b"1", 1), clients.PING)
    assert await car.packet() == b"\xd0\x00", "others go on meanwhile"
    await at.until(synced.is_set)
    car.send(clients.PING)
    assert await car.packet() == b"\xd0\x00"
    go_on.set()
    assert await car.packet() == acknowledge(PUBACK, 1)


@pytest.mark.parametrize("version", [4, 5])
async def test_quality_of_service_0_needs_no_answer(at: At, version: int) -> None:
    car = await at.connected(version=version)
    car.send(*(publish("devices/car/data", b"%d" % n, version=version) for n in range(100)), clients.PING)
    assert await car.packet() == b"\xd0\x00"
    await at.until(lambda: len(at.entries()) == 100)
    assert at.payloads() == [b"%d" % n for n in range(100)]


async def test_many_are_acknowledged_in_their_order(at: At) -> None:
    car = await at.connected()
    for n in range(1, 3001):
        car.send(publish("devices/car/data", b"bad" if n % 7 == 0 else b"%d" % n, n))
    for n in range(1, 3001):
        assert await car.packet() == acknowledge(PUBACK, n)
    assert at.payloads() == [b"%d" % n for n in range(1, 3001) if n % 7]


async def test_quality_of_service_2_in_version_3_is_taken_once(at: At) -> None:
    car = await at.connected()
    car.send(publish("devices/car/data", b"once", 5, qos=2))
    assert await car.packet() == acknowledge(PUBREC, 5)
    car.send(publish("devices/car/data", b"once", 5, qos=2, duplicate=True))
    assert await car.packet() == acknowledge(PUBREC, 5)
    car.send(acknowledge(PUBREL, 5))
    assert await car.packet() == acknowledge(PUBCOMP, 5)
    car.send(publish("devices/car/data", b"another", 5, qos=2))
    assert await car.packet() == acknowledge(PUBREC, 5)
    assert at.payloads() == [b"once", b"another"]


async def test_quality_of_service_2_goes_on_after_a_lost_connection(at: At) -> None:
    car = await at.connected(clean=False)
    car.send(publish("devices/car/data", b"once", 5, qos=2))
    assert await car.packet() == acknowledge(PUBREC, 5)
    car.abort()
    car = await at.connected(clean=False)
    assert car.connack == b"\x20\x02\x01\x00", "the session goes on"
    car.send(publish("devices/car/data", b"once", 5, qos=2, duplicate=True))
    assert await car.packet() == acknowledge(PUBREC, 5)
    assert at.payloads() == [b"once"]


async def test_version_5_is_told_that_1_is_the_most(at: At) -> None:
    car = await at.connected(version=5)
    assert b"\x24\x01" in car.connack
    car.send(publish("devices/car/data", b"x", 5, qos=2, version=5))
    assert (await car.rest())[2] == 0x9B
    assert at.entries() == []


async def test_a_device_reaches_its_own_topics_only(at: At) -> None:
    wrong = [
        "devices/box/data",
        "devices/car",
        "devices/car/data/x",
        "/devices/car/data",
        "devices/CAR/data",
        "x",
        "$SYS",
    ]
    for version, code in ((4, b""), (5, b"\x87")):
        car = await at.connected(version=version)
        for n, topic in enumerate(wrong, 1):
            car.send(publish(topic, b"x", n, version=version))
            assert (await car.packet())[4:] == code
    assert at.entries() == []
    state = None
    while state is None or state.refused_count < 2 * len(wrong):
        await asyncio.sleep(0.01)
        state = await at.context.documents.device_states.get("car")
    assert state.refused == {"not_its_topic": 2 * len(wrong)}
    assert state.last_refused.startswith("It may publish to devices/car/data, ")


async def test_what_is_not_taken_is_said_in_version_5_and_counted(at: At) -> None:
    car = await at.connected(version=5)
    car.send(publish("devices/car/data", b"bad", 1, version=5), publish("devices/car/data", b"good", 2, version=5))
    assert await car.packet() == b"\x40\x03\x00\x01\x99"
    assert await car.packet() == acknowledge(PUBACK, 2)
    assert at.payloads() == [b"good"]


async def test_topics_may_have_numbers_in_version_5(at: At) -> None:
    car = await at.connected(version=5)
    assert b"\x22\x00\x10" in car.connack
    car.send(
        publish("devices/car/data", b"1", 1, version=5, properties=b"\x23\x00\x03"),
        publish("", b"2", 2, version=5, properties=b"\x23\x00\x03"),
        publish("devices/car/alerts", b"3", 3, version=5, properties=b"\x23\x00\x03"),
        publish("", b"4", 4, version=5, properties=b"\x23\x00\x03\x03" + clients.text("text/plain")),
    )
    for n in range(1, 5):
        assert await car.packet() == acknowledge(PUBACK, n)
    assert [(e.kind, e.content_type, e.payload) for e in at.entries()] == [
        (Kind.DATA, "", b"1"),
        (Kind.DATA, "", b"2"),
        (Kind.ALERTS, "", b"3"),
        (Kind.ALERTS, "text/plain", b"4"),
    ]
    for alias, reason in ((b"\x00\x11", 0x94), (b"\x00\x00", 0x94), (b"\x00\x09", 0x82)):
        car = await at.connected(version=5)
        car.send(publish("", b"x", 1, version=5, properties=b"\x23" + alias))
        assert (await car.rest())[2] == reason


async def test_what_is_too_large_ends_the_connection(at: At) -> None:
    car = await at.connected(version=5)
    assert b"\x27\x00\x10\x00\x00" in car.connack
    largest = 1024 * 1024 - len(publish("devices/car/data", b"", 1, version=5)) - 2
    car.send(publish("devices/car/data", bytes(largest), 1, version=5))
    assert await car.packet() == acknowledge(PUBACK, 1)
    car.send(publish("devices/car/data", bytes(largest + 1), 1, version=5)[:5])
    assert (await car.rest())[2] == 0x95


async def test_a_full_disk_ends_the_connection_and_the_device_keeps_its_message(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    v4, v5 = await at.connected(clean=False), await at.connected("box", 5)
    with monkeypatch.context() as patch:
        patch.setattr(log_appender, "_write_all", full)
        v4.send(publish("devices/car/data", b"kept", 1, qos=2))
        v5.send(publish("devices/box/data", b"kept", 1, version=5))
        assert await v4.rest() == b""
        told = await v5.rest()
        assert told[2] == 0x97 and b"The disk is full" in told
    car = await at.connected(clean=False)
    car.send(publish("devices/car/data", b"kept", 1, qos=2, duplicate=True))
    assert await car.packet() == acknowledge(PUBREC, 1)
    assert at.payloads() == [b"kept"]


async def test_a_flood_waits_and_others_do_not(tmp_path: Path) -> None:
    async with endpoint_at(tmp_path, queue_bytes=4 << 20) as at:
        await at.device("car")
        await at.device("box")
        flood, box = await at.connected("car"), await at.connected("box")
        sent = 0

        async def pour() -> None:
            nonlocal sent
            while True:
                sent += 1
                flood.send(publish("devices/car/data", bytes(20_000), sent % 65_535 + 1))
                await flood.writer.drain()

        pouring = asyncio.create_task(pour())
        for n in range(1, 51):
            box.send(publish("devices/box/data", b"%d" % n, n))
            assert await box.packet() == acknowledge(PUBACK, n)
        assert sent > 50
        pouring.cancel()
    assert [each.payload for each in at.entries() if each.device_id == "box"] == [b"%d" % n for n in range(1, 51)]
