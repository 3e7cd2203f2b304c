"""Devices: what sends while it happens. The car, a tire-temperature box, a weather station.

What people say of a device is a ``Device``. What it did is a ``DeviceState``, which the processes that take its
messages in write: both are known by the same id, and neither writer undoes what the other wrote.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Mapping
from typing import Any

import msgspec

from paddock.domain.instants import NS_PER_S
from paddock.errors import Rejected

MAX_NAME, MAX_WORD, MAX_NOTES = 80, 200, 10_000
MAX_ID = 64
MAX_DEVICES = 500
"""As many as one page of documents has: the process that admits messages keeps all devices in memory."""
DEFAULT_TIMEOUT_S = 60
MIN_TIMEOUT_S, MAX_TIMEOUT_S = 1, 30 * 86_400
MAX_PHOTO_BYTES = 2_000_000
MAX_REASONS = 50
"""Different kinds of refused input that are counted for one device."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
RESERVED_IDS = frozenset({"verify"})
"""Addresses of the API."""
_NOT_OF_AN_ID = re.compile(r"[^a-z0-9]+")
_NOT_OF_A_TOPIC = re.compile(r"\W+")
_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)


class DeviceToken(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the token that a device has now; never the token itself."""

    jti: str
    """Its own id. A token with another one is of before, and admits nobody."""
    minted_at: int
    minted_by: str
    expires_at: int


class StreamCuts(msgspec.Struct, frozen=True, kw_only=True):
    """When the stream of a device is cut, so that what came becomes a recording."""

    idle_s: int = 60
    """It has sent nothing for so long."""
    max_bytes: int = 500_000_000
    """What came takes so much."""
    max_s: int = 3_600
    """It has lasted so long."""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """What people say of a device. It is disabled, never removed: recordings and alerts name it."""

    id: str
    """In topics (``devices/<id>/data``), addresses, and as user name in MQTT."""
    name: str
    type: str = ""
    car: str = ""
    """The car it belongs to, as recordings name it."""
    owner: str = ""
    notes: str = ""
    topic: str = ""
    """For messages of it that say none: a signal is called by its topic and its field."""
    timeout_s: int = DEFAULT_TIMEOUT_S
    """One that sent nothing for longer is silent."""
    cuts: StreamCuts = StreamCuts()
    photo: str = ""
    """Changes with the picture; empty where there is none. The bytes are in ``device_files``."""
    schema: str = ""
    """The protobuf message that its binary messages are; its file is in ``device_files``."""
    token: DeviceToken | None = None
    disabled_at: int | None = None
    disabled_by: str = ""
    cut_at: int = 0
    """When somebody last asked for its stream to become a recording now."""
    added_at: int = 0
    added_by: str = ""
    changed_at: int = 0
    changed_by: str = ""
    version: int = 1


class DeviceFile(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that belong to a device: its photo, the schema of its messages."""

    id: str
    """``<device>/photo`` or ``<device>/schema``."""
    media_type: str = ""
    content: bytes


class DeviceState(msgspec.Struct, frozen=True, kw_only=True):
    """What a device did, as those say who take its messages in."""

    id: str
    last_seen_ns: int | None = None
    """When the last message came that was taken in: data or an alert."""
    messages: int = 0
    """How many were taken in, all in all."""
    clock_offset_ns: int | None = None
    """What is to be added to the times that it says; None while it is not known, or it says none."""
    refused: dict[str, int] = {}
    """How much input was refused, by the code of the reason."""
    refused_count: int = 0
    last_refused: str = ""
    """The last reason, as a sentence."""
    last_refused_at: int | None = None


class LatestValue(msgspec.Struct, frozen=True, kw_only=True):
    """The last value of one signal."""

    value: float | int | str | bool | None
    time_ns: int
    """As the device says, or when it came."""
    name: str = ""
    """What the number is called, where the device's schema or CAN database says so."""


class LatestValues(msgspec.Struct, frozen=True, kw_only=True):
    """The last value of every signal of one device."""

    id: str
    received_ns: int
    values: dict[str, LatestValue]


def is_active(device: Device, state: DeviceState | None, now_ns: int) -> bool:
    """Whether it sent data or an alert within its own time-out."""
    if device.disabled_at is not None or state is None or state.last_seen_ns is None:
        return False
    return now_ns - state.last_seen_ns <= device.timeout_s * NS_PER_S


def new_device_id(name: str, taken: Container[str]) -> str:
    """An id that people can type: the device's name in small ASCII letters, numbered where it is taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = _NOT_OF_AN_ID.sub("-", plain).strip("-")[: MAX_ID - 8].strip("-") or "device"
    number, found = 1, stem
    while found in taken or found in RESERVED_IDS:
        number += 1
        found = f"{stem}-{number}"
    return found


def topic_of(device: Device) -> str:
    """The topic of its messages that say none: of its own, else what kind of device it is, else its id.

    Two boxes of one type so have signals of the same names, as two cars have.
    """
    return device.topic or _NOT_OF_A_TOPIC.sub("_", device.type).strip("_") or device.id.replace("-", "_")


def check_device_id(device_id: str) -> str:
    """The id as it is given, once it is found to be one that a device may have.

    Raises:
        Rejected: no device can have it (code ``bad_device``).
    """
    if len(device_id) > MAX_ID or not _ID.fullmatch(device_id) or device_id in RESERVED_IDS:
        raise Rejected(
            f"A device's id has letters, digits, - and _ only, and at most {MAX_ID} of them: {device_id[:80]!r} "
            "does not do.",
            code="bad_device",
        )
    return device_id


def checked_device(device: Device) -> Device:
    """A device as it is stored, without spaces around what people wrote.

    Raises:
        Rejected: it has no name, or something is too long or out of range (code ``bad_device``).
    """
    texts = {name: getattr(device, name).strip() for name in ("name", "type", "car", "owner", "notes", "topic")}
    if not texts["name"]:
        raise Rejected("A device has a name: say one.", code="bad_device")
    most: Mapping[str, int] = {"name": MAX_NAME, "notes": MAX_NOTES}
    for field, text in texts.items():
        if len(text) > most.get(field, MAX_WORD):
            raise Rejected(
                f"{field} is longer than {most.get(field, MAX_WORD):,} characters: shorten it.", code="bad_device"
            )
        if field != "notes" and not text.isprintable():
            raise Rejected(f"{field} has characters that cannot be shown: leave them out.", code="bad_device")
    if not MIN_TIMEOUT_S <= device.timeout_s <= MAX_TIMEOUT_S:
        raise Rejected(
            f"The time-out is {MIN_TIMEOUT_S} to {MAX_TIMEOUT_S:,} seconds, not {device.timeout_s:,}.",
            code="bad_device",
        )
    cuts = device.cuts
    if cuts.idle_s < 1 or cuts.max_s < 1 or cuts.max_bytes < 1:
        raise Rejected("A recording is cut after a second or a byte at the least.", code="bad_device")
    changes: dict[str, Any] = texts
    return msgspec.structs.replace(device, **changes)


def picture_type(content: bytes) -> str:
    """The media type of a photo.

    Raises:
        Rejected: it is no JPEG, PNG or WebP (code ``not_a_photo``).
    """
    for magic, media_type in _PICTURES:
        if content.startswith(magic):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise Rejected("That is no photo: send a JPEG, a PNG or a WebP.", code="not_a_photo")
