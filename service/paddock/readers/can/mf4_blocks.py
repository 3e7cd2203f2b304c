"""The blocks of an MDF 4 file: a head, links to other blocks, and a body. What a damaged file has not is None."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from paddock.columns.losses import LossLedger
from paddock.readers.can.deflate import inflated

FINISHED, UNFINISHED = b"MDF     4", b"UnFinMF 4"
HEADER_AT = 64
_HEAD = struct.Struct("<4s4xQQ")
_ZIP = struct.Struct("<2sBxLQQ")
"""What the unpacked block would be, how it is packed, columns of a transposed one, bytes unpacked and packed."""
_DEFLATE, _TRANSPOSED = 0, 1
_MAX_BODY_BYTES = 1 << 20
_MAX_LINKS = 1 << 17
_MAX_CHAIN = 1 << 16
MAX_PIECE_BYTES = 64 << 20
"""For packed data, unpacked; writers pack four megabytes at a time."""
_PART_BYTES = 1 << 20


@dataclass(frozen=True)
class Block:
    """One block."""

    at: int
    kind: bytes
    size_bytes: int
    links: tuple[int, ...]
    body: bytes
    """As much of it as descriptions have; that of data is read piece by piece."""

    def link(self, number: int) -> int:
        """Where another block is; 0 for none."""
        return self.links[number] if number < len(self.links) else 0


@dataclass(frozen=True)
class Piece:
    """Some data, in a block of its own, perhaps packed."""

    at: int
    """Where in the file its bytes begin."""
    stored_bytes: int
    size_bytes: int
    """Unpacked."""
    columns: int | None
    """Those of a packed one that was transposed first, else 0; None where it is not packed."""
    is_cut: bool = False
    """Whether the file ends within it."""


class Mdf:
    """An open file.

    Args:
        log: the file.
        size_bytes: of the file.
        losses: told what is damaged.
    """

    def __init__(self, log: BinaryIO, size_bytes: int, losses: LossLedger) -> None:
        self._log = log
        self.losses = losses
        self.size_bytes = size_bytes
        head = self.bytes_at(0, HEADER_AT)
        self.is_finished = head.startswith(FINISHED)
        self.program = head[16:24].rstrip(b" \0").decode("latin-1")
        self._taken: set[int] = set()
        """Data that was read: damaged links may lead to it again and again."""

    def bytes_at(self, at: int, count: int) -> bytes:
        """So many bytes, or as many as there are."""
        self._log.seek(at)
        return self._log.read(max(0, count))

    def block(self, at: int, *kinds: bytes) -> Block | None:
        """The block at a place, if it is of one of these kinds."""
        if not HEADER_AT <= at <= self.size_bytes - _HEAD.size:
            return None
        kind, size_bytes, count = _HEAD.unpack(self.bytes_at(at, _HEAD.size))
        heads = _HEAD.size + 8 * count
        if kind[2:] not in kinds or kind[:2] != b"##" or count > _MAX_LINKS or size_bytes < heads:
            return None
        content = self.bytes_at(at + _HEAD.size, 8 * count + min(size_bytes - heads, _MAX_BODY_BYTES))
        if len(content) < 8 * count:
            return None
        links = struct.unpack_from(f"<{count}Q", content)
        return Block(at, kind[2:], size_bytes, links, content[8 * count :])

    def chain(self, at: int, *kinds: bytes) -> Iterator[Block]:
        """Blocks of which each has a link to the next."""
        seen: set[int] = set()
        while at and at not in seen and len(seen) < _MAX_CHAIN:
            seen.add(at)
            block = self.block(at, *kinds)
            if block is None:
                self.losses.lose("cut_off" if at >= self.size_bytes else "bad_record", min(at, self.size_bytes), 0)
                return
            yield block
            at = block.link(0)

    def text(self, at: int) -> str:
        """What a block of text, or of XML, says."""
        block = self.block(at, b"TX", b"MD") if at else None
        return block.body.partition(b"\0")[0].decode(errors="replace") if block else ""

    def pieces(self, at: int) -> Iterator[Piece]:
        """The data that a link leads to, in its order: in one block, or in a list of blocks."""
        if not at:
            return
        block = self.block(at, b"DT", b"SD", b"RD", b"DV", b"DZ", b"DL", b"LD", b"HL")
        if block is None:
            self.losses.lose("cut_off" if at >= self.size_bytes else "bad_chunk", min(at, self.size_bytes), 0)
        elif block.kind == b"HL":
            yield from self._listed(block.link(0))
        elif block.kind in (b"DL", b"LD"):
            yield from self._listed(at)
        else:
            yield from self._piece(block)

    def has_values_alone(self, at: int) -> bool:
        """Whether the records that a link leads to lie there without the bits of values that are invalid."""
        return at != 0 and self.block(at, b"DV", b"LD") is not None

    def _listed(self, at: int) -> Iterator[Piece]:
        for block in self.chain(at, b"DL", b"LD"):
            links = block.links[1:]
            if block.kind == b"LD" and len(block.body) >= 8:
                # Behind them are those of what says which values are invalid.
                links = links[: int.from_bytes(block.body[4:8], "little")]
            for link in links:
                data = self.block(link, b"DT", b"SD", b"RD", b"DV", b"DZ") if link else None
                if data is not None:
                    yield from self._piece(data)
                elif link:
                    reason = "cut_off" if link >= self.size_bytes else "bad_chunk"
                    self.losses.lose(reason, min(link, self.size_bytes), 0)

    def _piece(self, block: Block) -> Iterator[Piece]:
        if block.at in self._taken:
            return
        self._taken.add(block.at)
        at = block.at + _HEAD.size + 8 * len(block.links)
        room = self.size_bytes - at
        size_bytes = block.size_bytes - _HEAD.size - 8 * len(block.links)
        if block.kind != b"DZ":
            if not self.is_finished and not size_bytes:
                # A logger writes the size when it ends the file, which it did not.
                size_bytes = room
            yield Piece(at, min(size_bytes, room), min(size_bytes, room), None, size_bytes > room)
            return
        if len(block.body) < _ZIP.size:
            self.losses.lose("cut_off", self.size_bytes, 0)
            return
        _, method, columns, unpacked_bytes, packed_bytes = _ZIP.unpack_from(block.body)
        if method not in (_DEFLATE, _TRANSPOSED) or unpacked_bytes > MAX_PIECE_BYTES:
            self.losses.lose("bad_chunk", block.at, min(block.size_bytes, room))
            return
        at, room = at + _ZIP.size, room - _ZIP.size
        columns = columns if method == _TRANSPOSED else 0
        yield Piece(at, min(packed_bytes, room), unpacked_bytes, columns, packed_bytes > room)

    def parts(self, piece: Piece) -> Iterator[bytes]:
        """What a piece holds, some at a time; what of it is damaged is said and left out, with all behind it."""
        if piece.columns is not None:
            yield self._unpacked(piece)
        else:
            for begin in range(0, piece.stored_bytes, _PART_BYTES):
                yield self.bytes_at(piece.at + begin, min(_PART_BYTES, piece.stored_bytes - begin))
        if piece.is_cut:
            self.losses.lose("cut_off", self.size_bytes, 0)

    def _unpacked(self, piece: Piece) -> bytes:
        packed = self.bytes_at(piece.at, piece.stored_bytes)
        content, lost = inflated(packed, piece.size_bytes)
        if lost and not piece.is_cut:
            self.losses.lose("bad_chunk", piece.at, lost)
        if not piece.columns:
            return content
        if len(content) < piece.size_bytes:
            # One column after another: without the last one there is no record.
            return b""
        rows = piece.size_bytes // piece.columns
        if not rows:
            return content
        square = np.frombuffer(content, np.uint8, rows * piece.columns).reshape(piece.columns, rows)
        return square.T.tobytes() + content[rows * piece.columns :]


class Stream:
    """Data that is read here and there; mostly onwards.

    Args:
        mdf: the file.
        at: where the link leads.
    """

    def __init__(self, mdf: Mdf, at: int) -> None:
        self._mdf = mdf
        self._pieces = list(mdf.pieces(at))
        self._begins = [0]
        for piece in self._pieces:
            self._begins.append(self._begins[-1] + piece.size_bytes)
        self.size_bytes = self._begins[-1]
        self._unpacked: dict[int, bytes] = {}

    def read(self, begin: int, end: int) -> bytes:
        """These bytes; zeros where they cannot be had."""
        parts = []
        end = min(end, self.size_bytes)
        at = begin
        while at < end:
            number = bisect_right(self._begins, at) - 1
            piece, first = self._pieces[number], at - self._begins[number]
            count = min(end, self._begins[number + 1]) - at
            if piece.columns is None:
                part = self._mdf.bytes_at(piece.at + first, count)
            else:
                if number not in self._unpacked:
                    # Two of them: values may go from one into the next.
                    while len(self._unpacked) > 1:
                        del self._unpacked[next(iter(self._unpacked))]
                    self._unpacked[number] = b"".join(self._mdf.parts(piece))
                part = self._unpacked[number][first : first + count]
            parts.append(part.ljust(count, b"\0"))
            at += count
        return b"".join(parts)
