"""The records of one chunk, as far as they can be had."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from paddock.columns.losses import LossLedger
from paddock.readers.mcap.chunks import (
    AT_ONCE_BYTES,
    Allowance,
    TooMuch,
    Undecompressable,
    compression_of,
    decompress,
    decompress_at_once,
)
from paddock.readers.mcap.events import Event, Indexes, Messages, Record
from paddock.readers.mcap.message_heads import index_offsets, indexed_events
from paddock.readers.mcap.plausible import IN_CHUNKS, Probes
from paddock.readers.mcap.records import PREFIX_BYTES, ChunkHead
from paddock.readers.mcap.scan import scan
from paddock.readers.mcap.windows import BytesWindow, StreamWindow, Window

_WALKED_BYTES = 4096


@dataclass
class ChunkReader:
    """One chunk of a file.

    Args:
        head: what it says of itself.
        record: where it is in ``file``.
        file: where its records are read from.
        allowance: what the log may still unpack.
        indexes: the offsets of its messages, from the MessageIndex records after it; a hint.
    """

    head: ChunkHead
    record: Record
    file: Window
    allowance: Allowance
    indexes: list[Indexes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begin = self.record.position + PREFIX_BYTES + self.head.head_size
        available = self.file.size - self.begin
        outer_size = self.record.length - self.head.head_size
        said = min(size for size in (self.head.records_size, max(outer_size, 0)) if size >= 0)
        # Either length may be wrong. The inner one is what other readers go by.
        self.size = self.head.records_size if self.head.records_size <= available else min(said, available)
        self.cut = self.head.records_size > available and outer_size > available
        if self.cut:
            self.size = available
        self.at_once = max(self.size, self.head.uncompressed_size) <= AT_ONCE_BYTES
        self._compressed: bytes | memoryview = b""
        self._used = 0
        self._crc = 0
        self._size = 0
        self._failed = self._too_much = False

    def load(self) -> None:
        """Read the compressed records, before the file's window moves on."""
        begin = self.file.ensure(self.begin, self.size)
        self._compressed = memoryview(self.file.data)[begin : begin + self.size]

    def events(self) -> Iterator[tuple[Window, Event]]:
        """Its records, and the window that they are in."""
        begin = self.file.ensure(self.begin, min(self.size, 64)) if not self._compressed else 0
        first = bytes(self._compressed[:64] or self.file.data[begin : begin + 64])
        try:
            compression = compression_of(self.head.compression, first)
        except Undecompressable:
            self._failed = True
            return
        if compression and self.allowance.left <= 0:
            self._too_much = True
            return
        data, probes = None, self.allowance.probes() if compression else Probes()
        if self.at_once and (not compression or self.head.uncompressed_size <= self.allowance.left):
            data = decompress_at_once(compression, self._compressed, self.head.uncompressed_size)
        window: Window
        if data is None:
            window = StreamWindow(self._pieces(compression), self.head.uncompressed_size)
            events = scan(window, IN_CHUNKS, probes)
        else:
            self._size = len(data)
            self._crc = zlib.crc32(data)
            window = BytesWindow(data)
            events = iter(self._by_index(data) or scan(window, IN_CHUNKS, probes))
            if compression:
                self.allowance.spend(len(data))
        for event in events:
            if compression and isinstance(event, Messages):
                self.allowance.spend(0, len(event.starts))
            yield window, event
        if compression:
            self.allowance.spend(0, probes=probes.made)

    def _by_index(self, data: bytes) -> list[Event] | None:
        # A few messages are walked faster.
        if len(data) < _WALKED_BYTES:
            return None
        return indexed_events(data, [index_offsets(each) for each in self.indexes])

    def note_losses(self, losses: LossLedger, got: int) -> None:
        """Say what of the chunk is not there, once its events were taken; ``got`` is the number of messages."""
        position, crc = self.record.position, self.head.uncompressed_crc
        # A right checksum knows better than a wrong size.
        is_whole = crc == self._crc or (crc == 0 and self._size == self.head.uncompressed_size)
        is_short = self._size < self.head.uncompressed_size
        if self._failed or self._too_much or self.cut or (is_short and not is_whole):
            missed = max(0, sum(count for each in self.indexes for _, count in each.entries) - got)
            reason = "too_much" if self._too_much else "truncated_chunk" if self.cut else "damaged_chunk"
            unused = self.head.records_size if self.cut else self.size
            losses.lose(reason, position, max(0, min(unused, 1 << 40) - self._used), missed, self.head.end_time)
        elif not is_whole:
            losses.lose("bad_crc" if crc else "bad_size", position, 0)

    def read(self, size: int) -> bytes:
        """The next compressed bytes, for the decompressor."""
        size = min(size, self.size - self._used)
        if self._compressed:
            piece = bytes(self._compressed[self._used : self._used + size])
        else:
            begin = self.file.ensure(self.begin + self._used, size)
            piece = bytes(self.file.data[begin : begin + size])
        self._used += len(piece)
        return piece

    def _pieces(self, compression: str) -> Iterator[bytes]:
        try:
            for piece in decompress(compression, self, self.allowance):
                self._crc = zlib.crc32(piece, self._crc)
                self._size += len(piece)
                yield piece
        except Undecompressable:
            self._failed = True
        except TooMuch:
            self._too_much = True
