"""A zip of files that exist already, as the bytes between them: nothing is compressed, nothing is copied.

Sizes and checksums are known before, so the local headers say them (APPNOTE 6.3.9, 4.3.7): the zip has a length,
can be continued where a download broke off, and opens in programs that do not read ahead to its end. What is larger
than 4 GB, or lies beyond, has ZIP64's fields (4.5.3).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from paddock.domain.instants import NS_PER_S

_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF
_UTF8 = 1 << 11
_PLAIN, _ZIP64 = 20, 45
_UNIX = 3 << 8
_READABLE = 0o100644 << 16


class Entry(NamedTuple):
    """One file of the zip."""

    name: str
    size_bytes: int
    crc32: int
    modified_at: int
    """Nanoseconds since the Unix epoch; in the zip in UTC, to two seconds."""


class Layout(NamedTuple):
    """The bytes before each file, and those after the last."""

    heads: tuple[bytes, ...]
    end: bytes


def lay_out(entries: Sequence[Entry]) -> Layout:
    """What a zip of these files, stored as they are and in this order, has around them."""
    heads, listed, offset = [], [], 0
    for entry in entries:
        head = _local_header(entry)
        heads.append(head)
        listed.append(_central_header(entry, offset))
        offset += len(head) + entry.size_bytes
    directory = b"".join(listed)
    return Layout(tuple(heads), directory + _end(len(entries), len(directory), offset))


def _local_header(entry: Entry) -> bytes:
    large = entry.size_bytes >= _FULL_32
    name, size = entry.name.encode(), _FULL_32 if large else entry.size_bytes
    extra = struct.pack("<HHQQ", 1, 16, entry.size_bytes, entry.size_bytes) if large else b""
    version = _ZIP64 if large else _PLAIN
    fixed = struct.pack(
        "<4sHHHIIIIHH", b"PK\3\4", version, _UTF8, 0, _dos(entry), entry.crc32, size, size, len(name), len(extra)
    )
    return fixed + name + extra


def _central_header(entry: Entry, offset: int) -> bytes:
    name = entry.name.encode()
    large, far = entry.size_bytes >= _FULL_32, offset >= _FULL_32
    fields = [*((entry.size_bytes,) * 2 if large else ()), *((offset,) if far else ())]
    extra = struct.pack(f"<HH{len(fields)}Q", 1, 8 * len(fields), *fields) if fields else b""
    size = _FULL_32 if large else entry.size_bytes
    version = _ZIP64 if fields else _PLAIN
    fixed = struct.pack(
        "<4sHHHHIIIIHHHHHII",
        b"PK\1\2",
        _UNIX | version,
        version,
        _UTF8,
        0,
        _dos(entry),
        entry.crc32,
        size,
        size,
        len(name),
        len(extra),
        0,
        0,
        0,
        _READABLE,
        _FULL_32 if far else offset,
    )
    return fixed + name + extra


def _end(count: int, directory_size: int, directory_at: int) -> bytes:
    end = b""
    if count >= _FULL_16 or directory_size >= _FULL_32 or directory_at >= _FULL_32:
        end += struct.pack(
            "<4sQHHIIQQQQ", b"PK\6\6", 44, _UNIX | _ZIP64, _ZIP64, 0, 0, count, count, directory_size, directory_at
        )
        end += struct.pack("<4sIQI", b"PK\6\7", 0, directory_at + directory_size, 1)
    counted = min(count, _FULL_16)
    return end + struct.pack(
        "<4sHHHHIIH",
        b"PK\5\6",
        0,
        0,
        counted,
        counted,
        min(directory_size, _FULL_32),
        min(directory_at, _FULL_32),
        0,
    )


def _dos(entry: Entry) -> int:
    """Date and time as MS-DOS has them, from 1980 on."""
    at = max(datetime.fromtimestamp(entry.modified_at // NS_PER_S, UTC), datetime(1980, 1, 1, tzinfo=UTC))
    date = (at.year - 1980) << 9 | at.month << 5 | at.day
    return date << 16 | at.hour << 11 | at.minute << 5 | at.second // 2
