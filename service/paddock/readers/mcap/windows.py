"""Bytes of unknown length, seen through a window that moves on; what ``scan.py`` reads records from."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Protocol

import numpy as np

from paddock.readers.mcap.records import Data

BLOCK_BYTES = 4 << 20
"""Read into one piece of memory: small enough for that to be used again, see ``allocator.py``."""
_READ_BYTES = 1 << 20
"""Read at once: what was just read is still in the processor's cache when it is decompressed."""
KEPT_BYTES = 2 << 20
"""A record with a wrong length is gone back into; one of a chunk that is read in pieces no further than this."""


class Window(Protocol):
    """Some bytes of a longer sequence."""

    data: Data
    start: int
    """Where in the sequence ``data`` begins."""
    size: int
    """The whole sequence's, as far as is known."""

    def ensure(self, position: int, size: int) -> int:
        """Have ``size`` bytes from ``position`` in ``data``, or as many as there are; where in it they begin.

        Memory: twice ``size``, or a block.
        """
        ...

    def peek(self, position: int, size: int, keep: int) -> tuple[Data, int]:
        """Look at ``size`` bytes from ``position``, or as many as there are, for a moment: they may be far ahead.

        Returns the data that they are in, and where in it they begin. What lies from ``keep`` on can still be read
        afterwards.
        """
        ...


class FileWindow:
    """A file, read once from front to back unless somebody goes back.

    No mmap: its pages would count as this process's memory.

    Args:
        file: anything with ``seek`` and ``readinto``.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, io.SEEK_END)
        self.start = 0
        self.data: Data = b""
        self._block = memoryview(b"")
        self._at = self.size

    def crc(self, begin: int, end: int) -> int:
        """CRC-32 of these bytes, read again from the file: most logs have no checksum that asks for it."""
        crc, piece = 0, memoryview(bytearray(min(_READ_BYTES, max(0, end - begin))))
        self._file.seek(begin)
        while begin < end and (count := self._file.readinto(piece[: end - begin])):  # type: ignore[attr-defined]
            crc = zlib.crc32(piece[:count], crc)
            begin += count
        self._at = begin
        return crc

    def is_padding(self, begin: int, end: int) -> bool:
        """Whether these bytes are all 0, where a file has more room than it took, or all 255, in erased flash."""
        self._file.seek(begin)
        self._at = begin
        kinds = {b"\0", b"\xff"}
        while begin < end and kinds and (piece := self._file.read(min(_READ_BYTES, end - begin))):
            kinds = {kind for kind in kinds if not piece.strip(kind)}
            self._at = begin = begin + len(piece)
        return bool(kinds)

    def ensure(self, position: int, size: int) -> int:
        """See ``Window``."""
        begin = position - self.start
        if begin < 0 or begin + size > len(self.data):
            wanted = min(size, self.size - position)
            if not 0 <= begin <= len(self.data) or begin + wanted > len(self._block):
                # Room for more than that: who needs much at every step would have all of it copied each time.
                self._begin_block(position, max(2 * wanted, BLOCK_BYTES))
                begin = 0
            if begin + wanted > len(self.data):
                self._read(max(begin + wanted, len(self.data) + _READ_BYTES))
        return begin

    def peek(self, position: int, size: int, keep: int) -> tuple[Data, int]:
        """See ``Window``."""
        begin = position - self.start
        if begin >= 0 and begin + size <= min(len(self._block), len(self.data) + _READ_BYTES):
            self.ensure(self.start, begin + size)
            return self.data, begin
        self._file.seek(position)
        data = self._file.read(size)
        self._at = position + len(data)
        return data, 0

    def _begin_block(self, position: int, size: int) -> None:
        """Have room for what comes, behind what is there already. Who has the old block may keep it."""
        begin = position - self.start
        kept = self.data[begin:] if 0 <= begin <= len(self.data) else b""
        self._block = np.empty(size, np.uint8).data  # without filling it first
        self._block[: len(kept)] = kept
        self.data, self.start = self._block[: len(kept)], position

    def _read(self, stop: int) -> None:
        """Fill the block up to ``stop``, or as far as it and the file go."""
        stop, filled = min(stop, len(self._block)), len(self.data)
        if self._at != self.start + filled:
            self._file.seek(self.start + filled)
        while filled < stop:
            count = self._file.readinto(self._block[filled:stop])  # type: ignore[attr-defined]
            if not count:  # The file became shorter while it was read.
                self.size = self.start + filled
                break
            filled += count
        self._at = self.start + filled
        self.data = self._block[:filled]


class BytesWindow:
    """Bytes that are all in memory."""

    def __init__(self, data: bytes) -> None:
        self.data: Data = data
        self.start = 0
        self.size = len(data)

    def ensure(self, position: int, size: int) -> int:
        """See ``Window``."""
        return position

    def peek(self, position: int, size: int, keep: int) -> tuple[Data, int]:
        """See ``Window``."""
        return self.data, position


class StreamWindow:
    """Bytes that come in pieces and cannot be read twice: a chunk too large to be decompressed at once.

    Args:
        pieces: the bytes.
        expected_size: how many there will be, by what the chunk says; the truth replaces it at the end.
    """

    def __init__(self, pieces: Iterator[bytes], expected_size: int) -> None:
        self._pieces = pieces
        self.data: Data = b""
        self.start = 0
        self.size = max(expected_size, 1)
        self._ended = False

    def ensure(self, position: int, size: int) -> int:
        """See ``Window``; what lies more than ``KEPT_BYTES`` before ``position`` is gone."""
        begin = position - self.start
        if begin + size > len(self.data) and not self._ended:
            gathered = len(self.data) - begin
            # Further on than what was read there is a hole before ``position``: nothing to go back to.
            before = min(begin, KEPT_BYTES) if gathered >= 0 else 0
            pieces = [self.data[begin - before :]]
            self.data = b""
            while gathered < size:
                piece = next(self._pieces, None)
                if piece is None:
                    self._ended = True
                    self.size = position + gathered
                    break
                if gathered + len(piece) > 0:
                    pieces.append(piece[max(0, -gathered) :])
                gathered += len(piece)
            else:
                self.size = max(self.size, position + gathered + 1)
            self.data = b"".join(pieces)
            self.start = position - before
            begin = before
        return begin

    def peek(self, position: int, size: int, keep: int) -> tuple[Data, int]:
        """See ``Window``: what is kept is held in memory."""
        begin = self.ensure(keep, position - keep + size)
        return self.data, begin + position - keep
