"""What a client sends, as a server reads it, and the reason codes of MQTT 5."""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias

import msgspec

V3, V5 = 4, 5
"""Protocol levels of MQTT 3.1.1 and 5."""


class Reason(IntEnum):
    """Reason codes of MQTT 5 that this server says or is told (§2.4)."""

    SUCCESS = 0x00
    DISCONNECT_WITH_WILL = 0x04
    NO_SUBSCRIPTION = 0x11
    UNSPECIFIED = 0x80
    MALFORMED_PACKET = 0x81
    PROTOCOL_ERROR = 0x82
    IMPLEMENTATION = 0x83
    UNSUPPORTED_VERSION = 0x84
    CLIENT_ID_NOT_VALID = 0x85
    BAD_USER_OR_PASSWORD = 0x86
    NOT_AUTHORIZED = 0x87
    SERVER_UNAVAILABLE = 0x88
    SERVER_BUSY = 0x89
    BANNED = 0x8A
    SERVER_SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    SESSION_TAKEN_OVER = 0x8E
    TOPIC_FILTER_INVALID = 0x8F
    TOPIC_NAME_INVALID = 0x90
    PACKET_ID_NOT_FOUND = 0x92
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    QUOTA_EXCEEDED = 0x97
    ADMINISTRATIVE_ACTION = 0x98
    PAYLOAD_FORMAT_INVALID = 0x99
    QOS_NOT_SUPPORTED = 0x9B
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9E


class MqttError(Exception):
    """What a client sent is not MQTT, or not to be sent now: its connection ends.

    Args:
        reason: as MQTT 5 says it; MQTT 3.1.1 says nothing and closes.
        text: the same for people.
    """

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


class Properties(msgspec.Struct, frozen=True, gc=False):
    """Properties of MQTT 5 that this server heeds; the others are read, checked and passed over."""

    session_expiry_s: int | None = None
    receive_maximum: int | None = None
    maximum_packet_size: int | None = None
    topic_alias: int | None = None
    content_type: str = ""
    will_delay_s: int = 0
    subscription_id: int | None = None
    authentication_method: str | None = None


NO_PROPERTIES = Properties()


class Will(msgspec.Struct, frozen=True):
    """What is to be published for a client whose connection ends without its word."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: Properties


class Connect(msgspec.Struct, frozen=True):
    """The first packet."""

    version: int
    client_id: str
    clean: bool
    """Clean Session of 3.1.1, Clean Start of 5."""
    keep_alive_s: int
    user: str | None
    password: bytes | None
    will: Will | None
    properties: Properties


class Publish(msgspec.Struct, frozen=True, gc=False):
    """A message."""

    topic: str
    """Empty where a topic alias stands for it."""
    payload: bytes
    qos: int
    duplicate: bool
    packet_id: int
    """0 with quality of service 0."""
    properties: Properties = NO_PROPERTIES


class Acknowledge(msgspec.Struct, frozen=True, gc=False):
    """PUBACK, PUBREC, PUBREL or PUBCOMP, by its type of packet."""

    type: int
    packet_id: int
    reason: int = 0


class Subscribe(msgspec.Struct, frozen=True):
    """Topic filters with the quality of service that is asked for."""

    packet_id: int
    filters: tuple[tuple[str, int], ...]
    properties: Properties


class Unsubscribe(msgspec.Struct, frozen=True):
    """Topic filters that are no longer wanted."""

    packet_id: int
    filters: tuple[str, ...]


class Ping(msgspec.Struct, frozen=True):
    """PINGREQ."""


class Disconnect(msgspec.Struct, frozen=True):
    """A client's last packet."""

    reason: int
    properties: Properties


Packet: TypeAlias = Connect | Publish | Acknowledge | Subscribe | Unsubscribe | Ping | Disconnect

# Types of control packets (§2.1.2).
CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 1, 2, 3, 4, 5, 6, 7
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = 8, 9, 10, 11, 12, 13, 14, 15
