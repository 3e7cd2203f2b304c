"""What is kept of one message of a device, and its bytes in a segment.

An entry is a header and a body::

    marker  8 bytes   the segment's own, see segments.py
    length  uint32    of the body
    crc     uint32    CRC-32 of marker, length and body
    body              MessagePack: an array of the entry's fields but its position

All numbers are little-endian. The marker finds the next entry after damage. It is random and in no message, so that
nothing a device sends looks like an entry.
"""

from __future__ import annotations

import struct
import zlib
from enum import StrEnum

import msgspec

MARKER_BYTES = 8
HEADER = struct.Struct("<8sII")
MOST_BODY_BYTES = 17 * 1024 * 1024
"""A longer one is damage: a payload has at most 16 MiB."""
MOST_PAYLOAD_BYTES = 16 * 1024 * 1024


class Kind(StrEnum):
    """Which of its topics a device sent to."""

    DATA = "data"
    ALERTS = "alerts"
    ACTIONS = "actions"


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One message of a device, as it came.

    Args:
        device_id: who sent it; known and let in when it was received.
        kind: which of its topics it was sent to.
        received_ns: when, by this machine's clock, in nanoseconds since the Unix epoch.
        content_type: what the payload is, such as ``application/json``; empty where nobody said.
        payload: its bytes, without any token.
        position: where it ends in the log; rises from entry to entry and is never given twice. 0 before it is in
            the log. Below 2**53, so that browsers can hold it.
    """

    device_id: str
    kind: Kind
    received_ns: int
    content_type: str
    payload: bytes
    position: int = 0


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode


def framed(entry: Entry, marker: bytes) -> bytes:
    """The bytes of an entry in the segment of this marker."""
    body = _encode((entry.device_id, entry.kind, entry.received_ns, entry.content_type, entry.payload))
    return HEADER.pack(marker, len(body), _crc(marker, body)) + body


def _crc(marker: bytes, body: bytes | memoryview) -> int:
    return zlib.crc32(body, zlib.crc32(len(body).to_bytes(4, "little"), zlib.crc32(marker)))


class Damaged(Exception):
    """There is no whole entry here."""


def frame_size(data: bytes, at: int, marker: bytes) -> int | None:
    """How many bytes the entry at ``at`` has by its header; None where the header is cut off.

    Raises:
        Damaged: no entry begins here.
    """
    here = data[at : at + HEADER.size]
    if len(here) < HEADER.size:
        if marker.startswith(here[:MARKER_BYTES]) or here.startswith(marker):
            return None
        raise Damaged
    found: bytes
    length: int
    found, length, _ = HEADER.unpack(here)
    if found != marker or length > MOST_BODY_BYTES:
        raise Damaged
    return HEADER.size + length


def unframed(data: bytes, at: int, size: int, marker: bytes, position: int) -> Entry:
    """The entry of ``size`` bytes at ``at``, all of which are there.

    Raises:
        Damaged: they are not what was written.
    """
    _, _, crc = HEADER.unpack_from(data, at)
    body = memoryview(data)[at + HEADER.size : at + size]
    if _crc(marker, body) != crc:
        raise Damaged
    try:
        fields = _decode(body)
    except msgspec.MsgspecError as error:
        # Written by a version that knows more kinds; this one passes over it.
        raise Damaged from error
    return Entry(fields.device_id, fields.kind, fields.received_ns, fields.content_type, fields.payload, position)
