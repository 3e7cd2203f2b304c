"""Properties of MQTT 5: their types, which packets may have them, and what this server heeds (§2.2.2)."""

from __future__ import annotations

from typing import Any, NamedTuple

from paddock.broker.mqtt.cursor import Cursor
from paddock.broker.mqtt.packets import (
    CONNECT,
    DISCONNECT,
    NO_PROPERTIES,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    SUBSCRIBE,
    UNSUBSCRIBE,
    MqttError,
    Properties,
    Reason,
)

WILL = 0
"""A will's properties stand in a CONNECT, and have rules of their own."""
_ACKNOWLEDGES = frozenset({PUBACK, PUBREC, PUBREL, PUBCOMP})


class _Kind(NamedTuple):
    read: Any
    packets: frozenset[int]
    field: str = ""
    """A field of ``Properties``; empty where it is passed over."""
    most: int | None = None
    least: int = 0
    repeated: bool = False


_PUBLISHED = frozenset({PUBLISH, WILL})
_KINDS = {
    0x01: _Kind(Cursor.byte, _PUBLISHED, most=1),  # payload format indicator
    0x02: _Kind(Cursor.uint32, _PUBLISHED),  # message expiry interval
    0x03: _Kind(Cursor.text, _PUBLISHED, "content_type"),
    0x08: _Kind(Cursor.text, _PUBLISHED),  # response topic
    0x09: _Kind(Cursor.binary, _PUBLISHED),  # correlation data
    0x0B: _Kind(Cursor.varint, frozenset({SUBSCRIBE}), "subscription_id", least=1),
    0x11: _Kind(Cursor.uint32, frozenset({CONNECT, DISCONNECT}), "session_expiry_s"),
    0x15: _Kind(Cursor.text, frozenset({CONNECT}), "authentication_method"),
    0x16: _Kind(Cursor.binary, frozenset({CONNECT})),  # authentication data
    0x17: _Kind(Cursor.byte, frozenset({CONNECT}), most=1),  # request problem information
    0x18: _Kind(Cursor.uint32, frozenset({WILL}), "will_delay_s"),
    0x19: _Kind(Cursor.byte, frozenset({CONNECT}), most=1),  # request response information
    0x1F: _Kind(Cursor.text, frozenset({DISCONNECT}) | _ACKNOWLEDGES),  # reason string
    0x21: _Kind(Cursor.uint16, frozenset({CONNECT}), "receive_maximum", least=1),
    0x22: _Kind(Cursor.uint16, frozenset({CONNECT})),  # topic alias maximum: this server uses none
    0x23: _Kind(Cursor.uint16, frozenset({PUBLISH}), "topic_alias"),
    0x26: _Kind(
        Cursor.pair,  # user property
        frozenset({CONNECT, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT}) | _PUBLISHED | _ACKNOWLEDGES,
        repeated=True,
    ),
    0x27: _Kind(Cursor.uint32, frozenset({CONNECT}), "maximum_packet_size", least=1),
}


def read_properties(cursor: Cursor, packet: int) -> Properties:
    """The properties at this place of a packet.

    Raises:
        MqttError: one is unknown, out of place, said twice or out of range.
    """
    length = cursor.varint()
    if not length:
        return NO_PROPERTIES
    end = cursor.at + length
    if end > cursor.end:
        raise MqttError(Reason.MALFORMED_PACKET, "its properties are longer than the packet")
    inner = Cursor(cursor.data, cursor.at, end)
    cursor.at = end
    found: dict[str, Any] = {}
    seen = set()
    while inner.at < end:
        number = inner.varint()
        kind = _KINDS.get(number)
        if kind is None or packet not in kind.packets:
            raise MqttError(Reason.MALFORMED_PACKET, f"property {number} has no place in this packet")
        if number in seen and not kind.repeated:
            raise MqttError(Reason.PROTOCOL_ERROR, f"property {number} is said twice")
        seen.add(number)
        value = kind.read(inner)
        if isinstance(value, int) and (value < kind.least or (kind.most is not None and value > kind.most)):
            raise MqttError(Reason.PROTOCOL_ERROR, f"property {number} cannot be {value}")
        if kind.field:
            found[kind.field] = value
    return Properties(**found)
