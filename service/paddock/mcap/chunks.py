"""Decompressing chunks: at once where that is safe, else in bounded pieces and as far as it goes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO, Protocol, cast

import lz4.frame
import zstandard

from paddock.mcap.plausible import IN_CHUNKS, looks_plausible

AT_ONCE_BYTES = 64 << 20
"""A chunk is decompressed in one call when it has no more than this before and after."""
_PIECE_BYTES = 8 << 20
_STEP_BYTES = 4096
"""When the next step fails, at most so many good bytes before the damage are lost with it."""
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_LZ4_MAGIC = b"\x04\x22\x4d\x18"


class Source(Protocol):
    """Compressed bytes."""

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes, or those that are left."""
        ...


class Undecompressable(Exception):
    """The decompressor met bytes that it does not know. Never leaves ``paddock.mcap``."""


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
    """The whole chunk, or None: it is damaged, larger than it says, or too large for one call."""
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
        return zstandard.ZstdDecompressor().decompress(records, max_output_size=expected_size)
    except (zstandard.ZstdError, RuntimeError, EOFError):
        return None


def decompress(compression: str, source: Source) -> Iterator[bytes]:
    """The chunk in pieces of a bounded size, as far as it goes.

    Args:
        compression: as ``compression_of`` says.
        source: the compressed records; only ``read`` is used.

    Raises:
        Undecompressable: in the middle, after all pieces before the damage.
    """
    steps = {"zstd": _zstd_steps, "lz4": _lz4_steps}.get(compression, _plain_steps)(source)
    gathered = io.BytesIO()
    failed = False
    while True:
        try:
            step = next(steps, b"")
        except (zstandard.ZstdError, RuntimeError):
            step, failed = b"", True
        gathered.write(step)
        if not step or gathered.tell() >= _PIECE_BYTES:
            if gathered.tell():
                yield gathered.getvalue()
            gathered = io.BytesIO()
        if failed:
            raise Undecompressable
        if not step:
            return


def _plain_steps(source: Source) -> Iterator[bytes]:
    while step := source.read(1 << 20):
        yield step


def _zstd_steps(source: Source) -> Iterator[bytes]:
    reader = zstandard.ZstdDecompressor().stream_reader(
        cast(BinaryIO, source), read_across_frames=True, closefd=False
    )
    while step := reader.read(_STEP_BYTES):
        yield step


def _lz4_steps(source: Source) -> Iterator[bytes]:
    frame = lz4.frame.LZ4FrameDecompressor()
    while not frame.eof:
        data = source.read(1 << 16) if frame.needs_input else b""
        if frame.needs_input and not data:
            return
        if step := bytes(frame.decompress(data, max_length=_STEP_BYTES)):
            yield step
