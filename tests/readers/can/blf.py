"""BLF files for tests, object by object."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

HEAD = struct.Struct("<4sLBBBBBBBBQQLL8H8H72x")
BEGAN = (2026, 4, 6, 18, 14, 32, 0, 250)
"""Saturday, 18 April 2026, 14:32:00.250."""
BEGAN_NS = 1_776_522_720_250_000_000


def file_of(*parts: bytes) -> bytes:
    """A file of containers, or of objects without any."""
    head = HEAD.pack(b"LOGG", 144, 0, 0, 0, 0, 2, 6, 8, 1, 0, 0, 0, 0, *BEGAN, *BEGAN)
    return head + b"".join(parts)


def padded(part: bytes) -> bytes:
    return part + b"\0" * (len(part) % 4)


def container(content: bytes, *, packed: bool = True, size_known: bool = True) -> bytes:
    body = zlib.compress(content) if packed else content
    size = 32 + len(body)
    head = struct.pack("<4sHHLL", b"LOBJ", 16, 1, size if size_known else 0, 10)
    return padded(head + struct.pack("<H6xL4x", 2 if packed else 0, len(content)) + body)


def object_of(kind: int, body: bytes, time: int, *, unit: int = 2) -> bytes:
    """An object with a first head, whose time counts nanoseconds, or tens of microseconds with ``unit`` 1."""
    size = 32 + len(body)
    return padded(struct.pack("<4sHHLLLHHQ", b"LOBJ", 32, 1, size, kind, unit, 0, 0, time) + body)


def can(id: int, data: bytes, *, flags: int = 0, channel: int = 1) -> bytes:
    return struct.pack("<HBBL8s", channel, flags, len(data), id, data)


def can_fd(id: int, code: int, data: bytes) -> bytes:
    return struct.pack("<HBBLLBBB5x64s", 1, 0, code, id, 0, 0, 1, len(data), data)


def can_fd_64(id: int, code: int, data: bytes, flags: int = 0x1000) -> bytes:
    return struct.pack("<BBBBLLLLLLLHBBL", 2, code, len(data), 0, id, 0, flags, 0, 0, 0, 0, 0, 0, 0, 0) + data


def frames(count: int = 40) -> Sequence[bytes]:
    """An object each; every fifth of CAN FD, with extended ids, remote ones and an error among them."""
    objects = []
    for number in range(count):
        time = number * 7_812_500
        data = bytes([number]) * 8
        match number % 5:
            case 0:
                objects.append(object_of(100, can_fd(0x123, 9, data + b"\1\2\3\4"), time))
            case 1:
                objects.append(object_of(86, can(0x80000000 | 0x18FEF100, data) + bytes(8), time))
            case 2:
                objects.append(object_of(101, can_fd_64(0x456, 10, data * 2), time))
            case 3 if number % 2:
                objects.append(object_of(1, can(0x7FF, data[:2], flags=0x80), time))
            case _:
                objects.append(object_of(1, can(0x100, data[:3], channel=2), time // 10_000, unit=1))
    return objects
