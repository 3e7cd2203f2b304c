"""Packets of clients are read as the standards say, however they are cut; all else is refused with its reason."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.broker.mqtt.packets import (
    Acknowledge,
    Connect,
    Disconnect,
    MqttError,
    Packet,
    Ping,
    Properties,
    Publish,
    Reason,
    Subscribe,
    Unsubscribe,
)
from paddock.broker.mqtt.reading import PacketReader
from tests.broker.mqtt import clients
from tests.broker.mqtt.clients import packet, text

LIMIT = 100_000


def left_in(reader: PacketReader) -> int:
    """How many bytes came that are no whole packet yet."""
    return len(reader._buffer) - reader._at


def read(*pieces: bytes, version: int = 0) -> list[Packet]:
    reader = PacketReader(LIMIT)
    found = []
    if version:
        reader.feed(clients.connect(version))
        assert reader.next() is not None
    for piece in pieces:
        reader.feed(piece)
        while (each := reader.next()) is not None:
            found.append(each)
    assert left_in(reader) == 0
    return found


def reason_of(data: bytes, version: int = 0) -> Reason:
    with pytest.raises(MqttError) as raised:
        read(data, version=version)
    return raised.value.reason


def session(version: int) -> list[bytes]:
    return [
        clients.connect(version, "c" * 200, will=("devices/car/alerts", b"gone", 1)),
        clients.subscribe(7, ("devices/car/actions", 1), version=version),
        clients.publish("devices/car/data", b'{"a": 1}', version=version),
        clients.publish("devices/car/data", b"", 65535, version=version),
        clients.publish("devices/☀/data", bytes(20_000), 3, version=version, duplicate=True, retain=True),
        clients.acknowledge(4, 9),
        clients.acknowledge(6, 10),
        clients.PING,
        clients.unsubscribe(8, "devices/car/actions", version=version),
        clients.DISCONNECT,
    ]


@pytest.mark.parametrize("version", [4, 5])
def test_what_a_client_says(version: int) -> None:
    found = read(*session(version))
    connect, *rest = found
    assert isinstance(connect, Connect)
    assert (connect.version, connect.client_id, connect.clean, connect.keep_alive_s) == (
        version,
        "c" * 200,
        True,
        60,
    )
    assert (connect.user, connect.password) == ("car", b"token")
    assert connect.will is not None
    assert (connect.will.topic, connect.will.payload, connect.will.qos) == ("devices/car/alerts", b"gone", 1)
    none = Properties()
    assert rest == [
        Subscribe(7, (("devices/car/actions", 1),), none),
        Publish("devices/car/data", b'{"a": 1}', 0, False, 0),
        Publish("devices/car/data", b"", 1, False, 65535),
        Publish("devices/☀/data", bytes(20_000), 1, True, 3),
        Acknowledge(4, 9),
        Acknowledge(6, 10),
        Ping(),
        Unsubscribe(8, ("devices/car/actions",)),
        Disconnect(0, none),
    ]


@pytest.mark.parametrize("version", [4, 5])
@given(data=st.data())
def test_however_it_is_cut(version: int, data: st.DataObject) -> None:
    whole = b"".join(session(version))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert read(*pieces) == read(whole)


def test_byte_by_byte() -> None:
    whole = b"".join(session(5)[:4])
    assert read(*(whole[n : n + 1] for n in range(len(whole)))) == read(whole)


def test_properties_that_count() -> None:
    asked = b"\x11" + (3600).to_bytes(4, "big") + b"\x21\x00\x05" + b"\x27" + (900).to_bytes(4, "big")
    asked += b"\x26" + text("a") + text("b") + b"\x26" + text("a") + text("c") + b"\x15" + text("SCRAM")
    will = b"\x18\x00\x00\x00\x09\x03" + text("text/plain")
    (connect,) = read(
        clients.connect(5, will=("t", b"", 0), will_properties=will, properties=asked),
    )
    assert isinstance(connect, Connect) and connect.will is not None
    assert connect.properties == Properties(
        session_expiry_s=3600, receive_maximum=5, maximum_packet_size=900, authentication_method="SCRAM"
    )
    assert connect.will.properties == Properties(will_delay_s=9, content_type="text/plain")
    found = read(
        clients.publish("", b"x", 1, version=5, properties=b"\x23\x00\x07\x01\x01\x03" + text("application/json")),
        clients.subscribe(1, ("t", 0b101110), version=5, properties=b"\x0b\x80\x01"),
        clients.disconnect(4, b"\x11\x00\x00\x00\x00"),
        version=5,
    )
    assert found == [
        Publish("", b"x", 1, False, 1, Properties(topic_alias=7, content_type="application/json")),
        Subscribe(1, (("t", 2),), Properties(subscription_id=128)),
        Disconnect(4, Properties(session_expiry_s=0)),
    ]


HEAD = text("MQTT") + b"\x04\x02\x00\x3c"
BOTH: Iterable[int] = (4, 5)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (clients.PING, Reason.PROTOCOL_ERROR),
        (b"GET / HTTP/1.1\r\n", Reason.PROTOCOL_ERROR),
        (b"\x16\x03\x01\x02\x00", Reason.MALFORMED_PACKET),  # TLS where there is none
        (packet(0x11, HEAD + text("c")), Reason.MALFORMED_PACKET),
        (packet(0x10, text("MQIsdp") + b"\x03\x02\x00\x3c" + text("c")), Reason.UNSUPPORTED_VERSION),
        (packet(0x10, text("MQTT") + b"\x06\x02\x00\x3c" + text("c")), Reason.UNSUPPORTED_VERSION),
        (packet(0x10, text("mqtt") + b"\x04\x02\x00\x3c" + text("c")), Reason.UNSUPPORTED_VERSION),
        (packet(0x10, text("MQTT") + b"\x04\x03\x00\x3c" + text("c")), Reason.MALFORMED_PACKET),
        (
            packet(0x10, text("MQTT") + b"\x04\x1e\x00\x3c" + text("c") + text("t") + text("")),
            Reason.MALFORMED_PACKET,
        ),
        (packet(0x10, text("MQTT") + b"\x04\x0a\x00\x3c" + text("c")), Reason.MALFORMED_PACKET),
        (packet(0x10, text("MQTT") + b"\x04\x42\x00\x3c" + text("c") + text("p")), Reason.MALFORMED_PACKET),
        (packet(0x10, HEAD + text("c") + b"more"), Reason.MALFORMED_PACKET),
        (packet(0x10, HEAD + b"\x00\x09c"), Reason.MALFORMED_PACKET),
        (packet(0x10, HEAD + text(b"\xff")), Reason.MALFORMED_PACKET),
        (packet(0x10, HEAD + text(b"\xed\xa0\x80")), Reason.MALFORMED_PACKET),  # half a surrogate pair
        (packet(0x10, HEAD + text("a\0b")), Reason.MALFORMED_PACKET),
        (b"\x10\xff\xff\xff\xff", Reason.MALFORMED_PACKET),
        (b"\x10\x80\x00", Reason.MALFORMED_PACKET),
        (b"\x10\xff\xff\xff\x7f", Reason.PACKET_TOO_LARGE),
        (clients.connect(5, properties=b"\x21\x00\x00"), Reason.PROTOCOL_ERROR),
        (clients.connect(5, properties=b"\x27\x00\x00\x00\x00"), Reason.PROTOCOL_ERROR),
        (clients.connect(5, properties=b"\x11\x00\x00\x00\x00" * 2), Reason.PROTOCOL_ERROR),
        (clients.connect(5, properties=b"\x23\x00\x01"), Reason.MALFORMED_PACKET),
        (clients.connect(5, properties=b"\x7e"), Reason.MALFORMED_PACKET),
        (clients.connect(5, properties=b"\x11\x00"), Reason.MALFORMED_PACKET),
    ],
)
def test_what_is_no_connect(data: bytes, reason: Reason) -> None:
    assert reason_of(data) == reason


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (clients.publish("t", b"", 1, qos=3), Reason.MALFORMED_PACKET),
        (clients.publish("t", b"", qos=0, duplicate=True), Reason.MALFORMED_PACKET),
        (packet(0x32, text("t") + b"\x00\x00" + b"\x00"), Reason.PROTOCOL_ERROR),
        (clients.publish("a/#", b""), Reason.TOPIC_NAME_INVALID),
        (clients.publish("a/+/b", b""), Reason.TOPIC_NAME_INVALID),
        (packet(0x30, b"\x00\x09ab"), Reason.MALFORMED_PACKET),
        (packet(0x80, b"\x00\x01" + b"\x00" + text("t") + b"\x00"), Reason.MALFORMED_PACKET),
        (packet(0x82, b"\x00\x01\x00"), Reason.PROTOCOL_ERROR),
        (packet(0xA2, b"\x00\x01\x00"), Reason.PROTOCOL_ERROR),
        (packet(0x40, b"\x00"), Reason.MALFORMED_PACKET),
        (packet(0x60, b"\x00\x01"), Reason.MALFORMED_PACKET),
        (packet(0x20, b"\x00\x00"), Reason.PROTOCOL_ERROR),
        (packet(0x90, b"\x00\x01\x00"), Reason.PROTOCOL_ERROR),
        (packet(0xD0, b""), Reason.PROTOCOL_ERROR),
        (packet(0x00, b""), Reason.PROTOCOL_ERROR),
        (packet(0xF0, b""), Reason.PROTOCOL_ERROR),
        (packet(0xC0, b"x"), Reason.MALFORMED_PACKET),
        (packet(0x30, bytes(LIMIT)), Reason.PACKET_TOO_LARGE),
    ],
)
def test_what_is_no_packet(version: int, data: bytes, reason: Reason) -> None:
    if version == 4 and data in (packet(0x82, b"\x00\x01\x00"), packet(0xA2, b"\x00\x01\x00")):
        data = data[:1] + b"\x02\x00\x01"
    assert reason_of(data, version) == reason


@pytest.mark.parametrize("version", BOTH)
def test_a_second_connect_ends_it(version: int) -> None:
    assert reason_of(clients.connect(version), version) == Reason.PROTOCOL_ERROR


def test_options_of_a_subscription() -> None:
    for version, options in ((4, 4), (4, 3), (5, 3), (5, 0x40), (5, 0x30)):
        assert reason_of(clients.subscribe(1, ("t", options), version=version), version) == Reason.MALFORMED_PACKET
    assert reason_of(clients.subscribe(1, ("", 0)), 4) == Reason.MALFORMED_PACKET
    assert reason_of(clients.subscribe(1, *[("t", 0)] * 101), 4) == Reason.QUOTA_EXCEEDED
    assert reason_of(clients.publish("", b""), 4) == Reason.TOPIC_NAME_INVALID
    assert reason_of(clients.publish("", b"", version=5), 5) == Reason.PROTOCOL_ERROR


def test_a_length_alone_takes_no_memory() -> None:
    reader = PacketReader(LIMIT)
    reader.feed(clients.connect() + b"\x30" + clients.varint(99_000))
    assert reader.next() is not None
    assert reader.next() is None
    assert left_in(reader) == 4


@pytest.mark.slow("thousands of mutated packets")
def test_nothing_but_packets_and_reasons_comes_of_mutated_bytes() -> None:
    """``tests.scripts.fuzz_mqtt`` does the same to the whole endpoint."""
    chance = random.Random(20_260_418)
    for _ in range(4000):
        mutated(chance, PacketReader(LIMIT))


def mutated(chance: random.Random, reader: PacketReader) -> None:
    version = chance.choice((4, 5))
    data = bytearray(b"".join(session(version)[: chance.randint(1, 10)])[:600])
    for _ in range(chance.randint(1, 6)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    reader.feed(bytes(data))
    try:
        while reader.next() is not None:
            pass
    except MqttError as error:
        assert error.text
