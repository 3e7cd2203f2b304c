"""Decompressing chunks: at once where that is safe, else in bounded pieces and as far as it goes.

What a compressor writes is one frame or several, with skippable ones before, between and after them, and a frame
is a row of blocks that each say their size. Given block by block to the decompressor, every block before a damage
comes out, and never more of them than one at a time.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import lz4.frame
import zstandard

from paddock.readers.mcap.plausible import IN_CHUNKS, Probes, looks_plausible

AT_ONCE_BYTES = 64 << 20
"""A chunk is decompressed in one call when it has no more than this before and after."""
_PIECE_BYTES = 8 << 20
_FREE_BYTES = 512 << 20
_MOST_TIMES = 1000
_PER_MESSAGE = 2048
_PER_PROBE = 4096
_READ_BYTES = 1 << 20
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_LZ4_MAGIC = b"\x04\x22\x4d\x18"
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_U32 = struct.Struct("<I")


class Source(Protocol):
    """Compressed bytes."""

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes, or those that are left."""
        ...


class Undecompressable(Exception):
    """The decompressor met bytes that it does not know. Never leaves ``paddock.readers.mcap``."""


class TooMuch(Exception):
    """A log unpacks to more than it may. Never leaves ``paddock.readers.mcap``."""


@dataclass
class Allowance:
    """How many bytes the chunks of a log may unpack to: a thousand times its own size, and half a gibibyte.

    Recorders write a few dozen times, identical messages a few hundred; what is packed tighter is made to hurt. A
    message counts as two thousand bytes more, and so does a look whether a record begins somewhere: that is what
    they cost.
    """

    left: int

    @classmethod
    def of(cls, log_bytes: int) -> Allowance:
        """What a log of this size may unpack."""
        return cls(_FREE_BYTES + _MOST_TIMES * log_bytes)

    def spend(self, size_bytes: int, messages: int = 0, probes: int = 0) -> None:
        """Note what was unpacked and done with it."""
        self.left -= size_bytes + messages * _PER_MESSAGE + probes * _PER_PROBE

    def probes(self) -> Probes:
        """Those that can be paid."""
        return Probes(max(0, self.left) // _PER_PROBE)


def compression_of(name: str, first: bytes) -> str:
    """What the records of a chunk are compressed with: its first bytes know better than a damaged name.

    Raises:
        Undecompressable: neither the name nor the bytes are known.
    """
    if name in ("zstd", "lz4"):
        return name
    if name and first.startswith(_ZSTD_MAGIC):
        return "zstd"
    if name and first.startswith(_LZ4_MAGIC):
        return "lz4"
    if name in ("", "none") or looks_plausible(first, 0, 1 << 50, IN_CHUNKS):
        return ""
    raise Undecompressable


def decompress_at_once(compression: str, records: bytes | memoryview, expected_size: int) -> bytes | None:
    """The whole chunk, or None: it is damaged, has another size than it says, or is too large for one call."""
    if not compression:
        return bytes(records)
    if max(len(records), expected_size) > AT_ONCE_BYTES:
        return None
    try:
        if compression == "lz4":
            with lz4.frame.LZ4FrameDecompressor() as frame:
                data = bytes(frame.decompress(records, max_length=expected_size + 1))
                return data if frame.eof and len(data) == expected_size else None
        size = zstandard.frame_content_size(records)
        if size not in (-1, expected_size):
            return None
        data = zstandard.ZstdDecompressor().decompress(records, max_output_size=expected_size)
    except (zstandard.ZstdError, RuntimeError, EOFError):
        return None
    return data if len(data) == expected_size else None


def decompress(compression: str, source: Source, allowance: Allowance) -> Iterator[bytes]:
    """The chunk in pieces of a bounded size, as far as it goes.

    Args:
        compression: as ``compression_of`` says.
        source: the compressed records; only ``read`` is used.
        allowance: what is unpacked is spent from it.

    Raises:
        Undecompressable: in the middle, after all pieces before the damage.
        TooMuch: in the same way, when the allowance is spent.
    """
    steps = {"zstd": _zstd_steps, "lz4": _lz4_steps}.get(compression, _plain_steps)(source)
    gathered = io.BytesIO()
    failure: Exception | None = None
    while True:
        try:
            step = next(steps, b"")
        except (zstandard.ZstdError, RuntimeError, Undecompressable):
            step, failure = b"", Undecompressable()
        if compression and step:
            allowance.spend(len(step))
            if allowance.left < 0:
                failure = TooMuch()
        gathered.write(step)
        if failure or not step or gathered.tell() >= _PIECE_BYTES:
            if gathered.tell():
                yield gathered.getvalue()
            gathered = io.BytesIO()
        if failure:
            raise failure
        if not step:
            return


def _plain_steps(source: Source) -> Iterator[bytes]:
    while step := source.read(_READ_BYTES):
        yield step


def _zstd_steps(source: Source) -> Iterator[bytes]:
    """Never an empty one."""
    for magic in _frames(source, _ZSTD_MAGIC):
        frame = zstandard.ZstdDecompressor().decompressobj()
        for block in _zstd_blocks(source, magic):
            if step := frame.decompress(block):
                yield step


def _lz4_steps(source: Source) -> Iterator[bytes]:
    """Never an empty one."""
    for magic in _frames(source, _LZ4_MAGIC):
        frame = lz4.frame.LZ4FrameDecompressor()
        for block in _lz4_blocks(source, magic):
            if step := bytes(frame.decompress(block)):
                yield step


def _frames(source: Source, magic: bytes) -> Iterator[bytes]:
    """The magic of every frame with content; ask for the next one after the last was read to its end."""
    while first := source.read(len(magic)):
        if len(first) == len(magic) and _U32.unpack(first)[0] in _SKIPPABLE:
            size = source.read(_U32.size)
            left = _U32.unpack(size)[0] if len(size) == _U32.size else 0
            while left and (skipped := source.read(min(left, _READ_BYTES))):
                left -= len(skipped)
        elif first == magic:
            yield first
        elif magic.startswith(first):  # cut off
            return
        else:
            raise Undecompressable


def _zstd_blocks(source: Source, magic: bytes) -> Iterator[bytes]:
    """The pieces of a frame: its head, and every block; RFC 8878, 3.1.1."""
    descriptor = source.read(1)
    flags = descriptor[0] if descriptor else 0
    is_single, has_checksum = bool(flags & 0x20), bool(flags & 0x04)
    content_size = (1 if is_single else 0, 2, 4, 8)[flags >> 6]
    yield magic + descriptor + source.read((not is_single) + (0, 1, 2, 4)[flags & 3] + content_size)
    is_last = False
    while not is_last and len(head := source.read(3)) == 3:
        number = int.from_bytes(head, "little")
        is_last, is_repeated = bool(number & 1), number >> 1 & 3 == 1
        yield head + source.read(1 if is_repeated else min(number >> 3, 1 << 17))
    if is_last and has_checksum:
        yield source.read(4)


def _lz4_blocks(source: Source, magic: bytes) -> Iterator[bytes]:
    """The pieces of a frame: its head, and every block; LZ4 Frame Format, 1.6."""
    flags = source.read(1)
    bits = flags[0] if flags else 0
    yield magic + flags + source.read(2 + (8 if bits & 8 else 0) + (4 if bits & 1 else 0))
    while len(head := source.read(_U32.size)) == _U32.size:
        size = _U32.unpack(head)[0] & 0x7FFFFFFF
        if not size:
            yield head + (source.read(4) if bits & 4 else b"")
            return
        yield head + source.read(min(size, 4 << 20) + (4 if bits & 16 else 0))
