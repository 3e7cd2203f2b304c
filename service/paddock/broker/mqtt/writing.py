"""Packets of a server → bytes, in the form of the client's version."""

from __future__ import annotations

from collections.abc import Sequence

from paddock.broker.mqtt.packets import (
    CONNACK,
    DISCONNECT,
    PINGRESP,
    PUBLISH,
    SUBACK,
    UNSUBACK,
    V5,
    Reason,
)

_CONNECT_RETURN_CODES = {
    Reason.SUCCESS: 0,
    Reason.UNSUPPORTED_VERSION: 1,
    Reason.CLIENT_ID_NOT_VALID: 2,
    Reason.SERVER_UNAVAILABLE: 3,
    Reason.SERVER_BUSY: 3,
    Reason.BAD_USER_OR_PASSWORD: 4,
    Reason.NOT_AUTHORIZED: 5,
    Reason.BANNED: 5,
}
"""Those of 3.1.1 (§3.2.2.3); it closes without a word for all others."""
PING_RESPONSE = bytes((PINGRESP << 4, 0))


def connack(
    version: int,
    reason: Reason,
    *,
    session_present: bool = False,
    maximum_packet_size: int = 0,
    topic_alias_maximum: int = 0,
    assigned_client_id: str = "",
    session_expiry_s: int | None = None,
    text: str = "",
) -> bytes:
    """The answer to CONNECT; empty where 3.1.1 has none but closing.

    Args:
        version: the client's.
        reason: success, or why not.
        session_present: whether a session of before goes on.
        maximum_packet_size: what the server takes; 0 says nothing of it, as all that follow.
        topic_alias_maximum: how many aliases the client may use.
        assigned_client_id: for a client that said none.
        session_expiry_s: where it is not what the client asked for.
        text: the reason for people.
    """
    if version != V5:
        code = _CONNECT_RETURN_CODES.get(reason)
        return b"" if code is None else bytes((CONNACK << 4, 2, session_present, code))
    properties = bytearray()
    if reason is Reason.SUCCESS:
        properties += b"\x24\x01"  # maximum quality of service: 1
        properties += b"\x2a\x00"  # no shared subscriptions
    if maximum_packet_size:
        properties += b"\x27" + maximum_packet_size.to_bytes(4, "big")
    if topic_alias_maximum:
        properties += b"\x22" + topic_alias_maximum.to_bytes(2, "big")
    if assigned_client_id:
        properties += b"\x12" + _text(assigned_client_id)
    if session_expiry_s is not None:
        properties += b"\x11" + session_expiry_s.to_bytes(4, "big")
    if text:
        properties += _reason_string(text)
    return _packet(CONNACK << 4, bytes((session_present, reason)) + _varint(len(properties)) + properties)


def acknowledge(kind: int, version: int, packet_id: int, reason: Reason = Reason.SUCCESS) -> bytes:
    """PUBACK, PUBREC, PUBREL or PUBCOMP."""
    first = kind << 4 | (2 if kind == 6 else 0)
    if version == V5 and reason is not Reason.SUCCESS:
        return bytes((first, 3, packet_id >> 8, packet_id & 0xFF, reason))
    return bytes((first, 2, packet_id >> 8, packet_id & 0xFF))


def publish(
    version: int,
    topic: str,
    payload: bytes,
    *,
    packet_id: int = 0,
    duplicate: bool = False,
    subscription_id: int | None = None,
    content_type: str = "",
) -> bytes:
    """A message, with quality of service 1 where it has a packet identifier."""
    body = _text(topic)
    if packet_id:
        body += packet_id.to_bytes(2, "big")
    if version == V5:
        properties = b""
        if content_type:
            properties += b"\x03" + _text(content_type)
        if subscription_id is not None:
            properties += b"\x0b" + _varint(subscription_id)
        body += _varint(len(properties)) + properties
    return _packet(PUBLISH << 4 | (8 if duplicate else 0) | (2 if packet_id else 0), body + payload)


def suback(version: int, packet_id: int, codes: Sequence[int]) -> bytes:
    """The answer to SUBSCRIBE: granted quality of service, or a reason of 0x80 and above, for each filter."""
    if version != V5:
        codes = [min(code, 0x80) for code in codes]
    properties = b"\0" if version == V5 else b""
    return _packet(SUBACK << 4, packet_id.to_bytes(2, "big") + properties + bytes(codes))


def unsuback(version: int, packet_id: int, codes: Sequence[int]) -> bytes:
    """The answer to UNSUBSCRIBE."""
    return _packet(UNSUBACK << 4, packet_id.to_bytes(2, "big") + (b"\0" + bytes(codes) if version == V5 else b""))


def disconnect(version: int, reason: Reason, text: str = "") -> bytes:
    """The server's last packet; 3.1.1 has none."""
    if version != V5:
        return b""
    properties = _reason_string(text) if text else b""
    return _packet(DISCONNECT << 4, bytes((reason,)) + _varint(len(properties)) + properties)


def _packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, byte = value >> 7, value & 0x7F
        if not value:
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def _text(text: str) -> bytes:
    content = text.encode()
    return len(content).to_bytes(2, "big") + content


def _reason_string(text: str) -> bytes:
    return b"\x1f" + _text(text)
