"""Packets as a client writes them, by hand: a reader of ours is not tested with a writer of ours."""

from __future__ import annotations


def varint(value: int) -> bytes:
    out = b""
    while value >= 128:
        out += bytes([value % 128 + 128])
        value //= 128
    return out + bytes([value])


def text(value: str | bytes) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return len(content).to_bytes(2, "big") + content


def packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + varint(len(body)) + body


def props(version: int, content: bytes = b"") -> bytes:
    return varint(len(content)) + content if version == 5 else b""


def connect(
    version: int = 4,
    client_id: str = "c",
    user: str | None = "car",
    password: str | None = "token",
    *,
    clean: bool = True,
    keep_alive: int = 60,
    will: tuple[str, bytes, int] | None = None,
    will_properties: bytes = b"",
    properties: bytes = b"",
) -> bytes:
    flags = 2 * clean | (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
    body = text(client_id)
    if will is not None:
        flags |= 4 | will[2] << 3
        body += props(version, will_properties) + text(will[0]) + text(will[1])
    for each in (user, password):
        if each is not None:
            body += text(each)
    head = text("MQTT") + bytes([version, flags]) + keep_alive.to_bytes(2, "big") + props(version, properties)
    return packet(0x10, head + body)


def publish(
    topic: str,
    payload: bytes,
    packet_id: int = 0,
    *,
    version: int = 4,
    qos: int | None = None,
    duplicate: bool = False,
    retain: bool = False,
    properties: bytes = b"",
) -> bytes:
    qos = (1 if packet_id else 0) if qos is None else qos
    body = text(topic) + (packet_id.to_bytes(2, "big") if qos else b"") + props(version, properties) + payload
    return packet(0x30 | 8 * duplicate | qos << 1 | retain, body)


def subscribe(packet_id: int, *filters: tuple[str, int], version: int = 4, properties: bytes = b"") -> bytes:
    body = packet_id.to_bytes(2, "big") + props(version, properties)
    return packet(0x82, body + b"".join(text(name) + bytes([options]) for name, options in filters))


def unsubscribe(packet_id: int, *filters: str, version: int = 4) -> bytes:
    return packet(0xA2, packet_id.to_bytes(2, "big") + props(version) + b"".join(map(text, filters)))


def acknowledge(kind: int, packet_id: int) -> bytes:
    return bytes([kind << 4 | (2 if kind == 6 else 0), 2]) + packet_id.to_bytes(2, "big")


PING = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"


def disconnect(reason: int, properties: bytes = b"") -> bytes:
    return packet(0xE0, bytes([reason]) + props(5, properties))
