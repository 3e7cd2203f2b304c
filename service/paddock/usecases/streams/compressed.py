"""What a device sent compressed, as it was before: with a bound, since a few kilobytes may stand for gigabytes."""

from __future__ import annotations

import asyncio
import zlib

from paddock.domain.device_messages import MAX_MESSAGE_BYTES
from paddock.errors import Rejected

_GZIP = ("gzip", "x-gzip")
_PLAIN = ("", "identity")
_GZIP_HEADER = 16 + zlib.MAX_WBITS


async def uncompressed(payload: bytes, encoding: str) -> bytes:
    """A payload by its ``Content-Encoding``; of more than ``MAX_MESSAGE_BYTES`` the beginning, one byte too long.

    Raises:
        Rejected: it is written in another way (code ``unknown_encoding``), or is not one whole gzip stream (code
            ``bad_gzip``).
    """
    said = encoding.strip().lower()
    if said in _PLAIN:
        return payload
    if said not in _GZIP:
        raise Rejected(
            f"The body's Content-Encoding is {encoding[:40]!r}: send it with gzip, or as it is.",
            code="unknown_encoding",
        )
    return await asyncio.to_thread(_from_gzip, payload)


def _from_gzip(payload: bytes) -> bytes:
    # One stream: to begin another one again and again costs much more than the few bytes that each takes.
    reader = zlib.decompressobj(_GZIP_HEADER)
    try:
        found = reader.decompress(payload, MAX_MESSAGE_BYTES + 1)
    except zlib.error:
        raise _bad_gzip() from None
    if len(found) <= MAX_MESSAGE_BYTES and (not reader.eof or reader.unused_data):
        raise _bad_gzip()
    return found


def _bad_gzip() -> Rejected:
    return Rejected(
        "The body says to be gzip and is not one gzip stream from its beginning to its end.", code="bad_gzip"
    )
