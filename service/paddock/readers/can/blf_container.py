"""The outer layer of Vector's BLF: a head, then containers, whose contents put together are a stream of objects."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from paddock.columns.losses import LossLedger
from paddock.domain.instants import NS_PER_S
from paddock.readers.can.deflate import inflated
from paddock.readers.can.frame_reader import start_ns

FILE_SIGNATURE = b"LOGG"
OBJECT_SIGNATURE = b"LOBJ"
OBJECT_HEAD = struct.Struct("<4sHHLL")
"""Signature, bytes of all heads, their version, bytes of the object, its type."""
_FILE_HEAD = struct.Struct("<4sL")
_SYSTEM_TIME = struct.Struct("<8H")
_STARTED_AT = 40
_CONTAINER_HEAD = struct.Struct("<H6xL4x")
"""How it is compressed, and how many bytes it is then."""
_LOG_CONTAINER = 10
_NOT_COMPRESSED, _ZLIB = 0, 2
_MAX_CONTAINER_BYTES = 256 << 20
_SEARCHED_BYTES = 1 << 20


@dataclass(frozen=True)
class Stretch:
    """Some bytes of the stream of objects that are behind each other."""

    content: bytes
    at: int
    """Where the container lies in the file."""
    is_after_loss: bool
    """Whether something is missing before it: an object may begin anywhere in it."""


def began_ns(log: BinaryIO) -> int | None:
    """When the measurement began, which has no time zone: taken as UTC. None where the head does not say."""
    log.seek(_STARTED_AT)
    content = log.read(_SYSTEM_TIME.size)
    if len(content) < _SYSTEM_TIME.size:
        return None
    year, month, _, day, hour, minute, second, millisecond = _SYSTEM_TIME.unpack(content)
    try:
        instant = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return start_ns(instant.timestamp(), int(millisecond) * (NS_PER_S // 1_000))


def stretches(log: BinaryIO, losses: LossLedger, size_bytes: int) -> Iterator[Stretch]:
    """The stream of objects, container by container; what is damaged is left out and said.

    Args:
        log: the file.
        losses: told what is damaged.
        size_bytes: of the file.
    """
    log.seek(0)
    head = log.read(_FILE_HEAD.size)
    _, head_bytes = _FILE_HEAD.unpack(head) if len(head) == _FILE_HEAD.size else (b"", 0)
    at = min(max(head_bytes, _FILE_HEAD.size), 4096)
    is_after_loss = False
    while at + OBJECT_HEAD.size <= size_bytes:
        log.seek(at)
        signature, heads_bytes, _, object_bytes, kind = OBJECT_HEAD.unpack(log.read(OBJECT_HEAD.size))
        if signature != OBJECT_SIGNATURE or (object_bytes and object_bytes < OBJECT_HEAD.size):
            found = _next_object(log, at + 1, size_bytes)
            losses.lose("garbage", at, found - at)
            at, is_after_loss = found, True
            continue
        if kind != _LOG_CONTAINER and (several := _without_container(log, at)):
            yield Stretch(several, at, is_after_loss)
            is_after_loss = False
            at += len(several)
            continue
        # A logger that lost its power has not written the size of its last container yet.
        end = at + object_bytes if object_bytes else size_bytes
        content, lost = _content(log, at, min(end, size_bytes), kind, heads_bytes)
        if kind != _LOG_CONTAINER and object_bytes and end <= size_bytes:
            # The padding behind a whole one; what is cut off is not zero.
            content += b"\0" * (object_bytes % 4)
        if content:
            yield Stretch(content, at, is_after_loss)
            is_after_loss = False
        if end > size_bytes:
            losses.lose("cut_off", size_bytes, 0)
        elif lost:
            losses.lose("bad_chunk", at, lost)
            is_after_loss = True
        at = end + object_bytes % 4


def _without_container(log: BinaryIO, at: int) -> bytes:
    """The whole objects that lie in the file as they are, from here on; as many as are read at once."""
    log.seek(at)
    content = log.read(_SEARCHED_BYTES)
    end, last = 0, len(content) - OBJECT_HEAD.size
    while end <= last:
        signature, _, _, object_bytes, kind = OBJECT_HEAD.unpack_from(content, end)
        if signature != OBJECT_SIGNATURE or kind == _LOG_CONTAINER or object_bytes < OBJECT_HEAD.size:
            break
        following = end + object_bytes + object_bytes % 4
        if following > len(content):
            break
        end = following
    return content[:end]


def _content(log: BinaryIO, at: int, end: int, kind: int, heads_bytes: int) -> tuple[bytes, int]:
    """What an object at the outer layer holds, as far as it can be had, and how many of its bytes cannot."""
    log.seek(at)
    whole = log.read(min(end - at, _MAX_CONTAINER_BYTES))
    if kind != _LOG_CONTAINER:
        # Without containers objects lie in the file as they are.
        return whole, 0
    body = whole[OBJECT_HEAD.size :]
    if len(body) < _CONTAINER_HEAD.size:
        return b"", len(whole)
    method, content_bytes = _CONTAINER_HEAD.unpack_from(body)
    packed = body[_CONTAINER_HEAD.size :]
    if method == _NOT_COMPRESSED:
        return packed, 0
    if method != _ZLIB:
        return b"", len(whole)
    return inflated(packed, min(content_bytes or _MAX_CONTAINER_BYTES, _MAX_CONTAINER_BYTES))


def _next_object(log: BinaryIO, at: int, size_bytes: int) -> int:
    """Where the next object at the outer layer begins, or the end of the file."""
    while at < size_bytes:
        log.seek(at)
        content = log.read(_SEARCHED_BYTES + len(OBJECT_SIGNATURE) - 1)
        found = content.find(OBJECT_SIGNATURE)
        if found >= 0:
            return at + found
        at += _SEARCHED_BYTES
    return size_bytes
