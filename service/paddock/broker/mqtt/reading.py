"""Bytes of a client → packets, however they are cut into pieces."""

from __future__ import annotations

from paddock.broker.mqtt.cursor import MOST_VARINT_BYTES, Cursor
from paddock.broker.mqtt.packets import (
    AUTH,
    CONNECT,
    DISCONNECT,
    NO_PROPERTIES,
    PINGREQ,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    SUBSCRIBE,
    UNSUBSCRIBE,
    V3,
    V5,
    Acknowledge,
    Connect,
    Disconnect,
    MqttError,
    Packet,
    Ping,
    Publish,
    Reason,
    Subscribe,
    Unsubscribe,
    Will,
)
from paddock.broker.mqtt.properties import WILL, read_properties

_FLAGS = {CONNECT: 0, PUBACK: 0, PUBREC: 0, PUBREL: 2, PUBCOMP: 0, SUBSCRIBE: 2, UNSUBSCRIBE: 2, PINGREQ: 0,
          DISCONNECT: 0, AUTH: 0}  # fmt: skip
_MOST_BEFORE_CONNECT = 70_000
"""What a CONNECT may have: a will of 64 KiB, or a token of any length that a token has."""
_MOST_FILTERS = 100
_MOST_CONNECT_NAME = 6


class PacketReader:
    """Takes the bytes of one connection, and gives packets.

    Args:
        most_bytes: how long a packet may be, all in all.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._buffer = bytearray()
        self._at = 0
        self.version = 0
        """Protocol level that CONNECT said; 0 before it."""

    def feed(self, data: bytes | memoryview) -> None:
        """Take what came."""
        if self._at:
            del self._buffer[: self._at]
            self._at = 0
        self._buffer += data

    def next(self) -> Packet | None:
        """The next packet; None until more has come.

        Raises:
            MqttError: what came is no packet that a client may send now.
        """
        buffer, at = self._buffer, self._at
        here = len(buffer) - at
        if here < 2:
            if here and not self.version and buffer[at] >> 4 != CONNECT:
                raise MqttError(Reason.PROTOCOL_ERROR, "the first packet is no CONNECT")
            return None
        length = buffer[at + 1]
        begin = at + 2
        if length >= 0x80:
            found = self._length(at + 1)
            if found is None:
                return None
            length, begin = found
        head = buffer[at]
        kind = head >> 4
        if not self.version and kind != CONNECT:
            raise MqttError(Reason.PROTOCOL_ERROR, "the first packet is no CONNECT")
        end = begin + length
        if end - at > (self._most_bytes if self.version else min(self._most_bytes, _MOST_BEFORE_CONNECT)):
            raise MqttError(Reason.PACKET_TOO_LARGE, f"a packet has at most {self._most_bytes} bytes")
        if end > len(buffer):
            return None
        cursor = Cursor(buffer, begin, end)
        if kind == PUBLISH:
            packet: Packet = self._publish(cursor, head)
        else:
            packet = self._other(cursor, kind, head & 0x0F)
        self._at = end
        return packet

    def _length(self, at: int) -> tuple[int, int] | None:
        """Remaining Length, and where it ends; None until it is here."""
        cursor = Cursor(self._buffer, at, min(at + MOST_VARINT_BYTES, len(self._buffer)))
        if all(byte >= 0x80 for byte in self._buffer[at : cursor.end]) and cursor.end - at < MOST_VARINT_BYTES:
            return None
        length = cursor.varint()
        return length, cursor.at

    def _publish(self, cursor: Cursor, head: int) -> Publish:
        qos = head >> 1 & 3
        if qos == 3:
            raise MqttError(Reason.MALFORMED_PACKET, "there is no quality of service 3")
        if head & 8 and not qos:
            raise MqttError(Reason.MALFORMED_PACKET, "quality of service 0 has no duplicates")
        topic = cursor.text()
        if "#" in topic or "+" in topic:
            raise MqttError(Reason.TOPIC_NAME_INVALID, "nothing is published to a topic with wildcards")
        packet_id = self._packet_id(cursor) if qos else 0
        properties = NO_PROPERTIES
        if self.version == V5:
            properties = read_properties(cursor, PUBLISH)
        if not topic and properties.topic_alias is None:
            raise MqttError(
                Reason.PROTOCOL_ERROR if self.version == V5 else Reason.TOPIC_NAME_INVALID,
                "a message without a topic",
            )
        return Publish(topic, cursor.rest(), qos, bool(head & 8), packet_id, properties)

    def _other(self, cursor: Cursor, kind: int, flags: int) -> Packet:
        if kind not in _FLAGS:
            raise MqttError(Reason.PROTOCOL_ERROR, f"no client sends a packet of type {kind}")
        if _FLAGS[kind] != flags:
            raise MqttError(Reason.MALFORMED_PACKET, f"a packet of type {kind} with flags {flags}")
        if kind == CONNECT:
            if self.version:
                raise MqttError(Reason.PROTOCOL_ERROR, "a second CONNECT")
            packet: Packet = _connect(cursor)
            assert isinstance(packet, Connect)
            self.version = packet.version
        elif kind == PINGREQ:
            packet = Ping()
        elif kind == SUBSCRIBE:
            packet = self._subscribe(cursor)
        elif kind == UNSUBSCRIBE:
            packet = self._unsubscribe(cursor)
        elif kind == DISCONNECT:
            packet = self._disconnect(cursor)
        elif kind == AUTH:
            raise MqttError(Reason.PROTOCOL_ERROR, "there is no further authentication here")
        else:
            packet = self._acknowledge(cursor, kind)
        if cursor.at != cursor.end:
            raise MqttError(Reason.MALFORMED_PACKET, "the packet is longer than what is in it")
        return packet

    def _packet_id(self, cursor: Cursor) -> int:
        packet_id = cursor.uint16()
        if not packet_id:
            raise MqttError(Reason.PROTOCOL_ERROR, "0 is no packet identifier")
        return packet_id

    def _acknowledge(self, cursor: Cursor, kind: int) -> Acknowledge:
        packet_id = self._packet_id(cursor)
        reason = 0
        if self.version == V5 and cursor.at < cursor.end:
            reason = cursor.byte()
            if cursor.at < cursor.end:
                read_properties(cursor, kind)
        return Acknowledge(kind, packet_id, reason)

    def _subscribe(self, cursor: Cursor) -> Subscribe:
        packet_id = self._packet_id(cursor)
        properties = read_properties(cursor, SUBSCRIBE) if self.version == V5 else NO_PROPERTIES
        filters = []
        while cursor.at < cursor.end:
            topic_filter, options = cursor.text(), cursor.byte()
            reserved = 0xC0 if self.version == V5 else 0xFC
            if options & reserved or options & 3 == 3 or options >> 4 & 3 == 3:
                raise MqttError(Reason.MALFORMED_PACKET, "there are no such options of a subscription")
            filters.append((topic_filter, options & 3))
        _check_filters([name for name, _ in filters])
        return Subscribe(packet_id, tuple(filters), properties)

    def _unsubscribe(self, cursor: Cursor) -> Unsubscribe:
        packet_id = self._packet_id(cursor)
        if self.version == V5:
            read_properties(cursor, UNSUBSCRIBE)
        filters = []
        while cursor.at < cursor.end:
            filters.append(cursor.text())
        _check_filters(filters)
        return Unsubscribe(packet_id, tuple(filters))

    def _disconnect(self, cursor: Cursor) -> Disconnect:
        reason, properties = 0, NO_PROPERTIES
        if self.version == V5 and cursor.at < cursor.end:
            reason = cursor.byte()
            if cursor.at < cursor.end:
                properties = read_properties(cursor, DISCONNECT)
        return Disconnect(reason, properties)


def _check_filters(filters: list[str]) -> None:
    if not filters:
        raise MqttError(Reason.PROTOCOL_ERROR, "no topic filter in the packet")
    if len(filters) > _MOST_FILTERS:
        raise MqttError(Reason.QUOTA_EXCEEDED, f"more than {_MOST_FILTERS} topic filters at once")
    if not all(filters):
        raise MqttError(Reason.MALFORMED_PACKET, "an empty topic filter")


def _connect(cursor: Cursor) -> Connect:
    name_length = cursor.uint16()
    name = cursor.take(name_length) if name_length <= _MOST_CONNECT_NAME else b""
    version = cursor.byte()
    if name != b"MQTT" or version not in (V3, V5):
        raise MqttError(Reason.UNSUPPORTED_VERSION, "only MQTT 3.1.1 and 5 are spoken here")
    flags = cursor.byte()
    if flags & 1:
        raise MqttError(Reason.MALFORMED_PACKET, "the reserved flag of CONNECT is set")
    has_will, has_user, has_password = flags & 0x04, flags & 0x80, flags & 0x40
    will_qos, will_retain = flags >> 3 & 3, bool(flags & 0x20)
    if will_qos == 3 or (not has_will and (will_qos or will_retain)):
        raise MqttError(Reason.MALFORMED_PACKET, "the flags of the will contradict each other")
    if version == V3 and has_password and not has_user:
        raise MqttError(Reason.MALFORMED_PACKET, "a password without a user name")
    keep_alive_s = cursor.uint16()
    properties = read_properties(cursor, CONNECT) if version == V5 else NO_PROPERTIES
    client_id = cursor.text()
    will = None
    if has_will:
        will_properties = read_properties(cursor, WILL) if version == V5 else NO_PROPERTIES
        will = Will(cursor.text(), cursor.binary(), will_qos, will_retain, will_properties)
    return Connect(
        version,
        client_id,
        bool(flags & 0x02),
        keep_alive_s,
        cursor.text() if has_user else None,
        cursor.binary() if has_password else None,
        will,
        properties,
    )
