"""Lines of text as arrays: where their fields are, and the numbers in them, for all lines of a block at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from paddock.columns.columns import Int64s
from paddock.columns.losses import LossLedger
from paddock.readers.can.frames import Bools

Bytes = npt.NDArray[np.uint8]

BLOCK_BYTES = 1 << 20
"""Small enough for the arrays of its lines to stay in the processor's cache."""
MAX_LINE_BYTES = 1 << 16
"""A longer line is none of a log of frames."""
_NEWLINE, _RETURN = 10, 13
_NO_DIGIT = 255
_DIGITS = np.full(256, _NO_DIGIT, np.uint8)
_DIGITS[np.frombuffer(b"0123456789", np.uint8)] = range(10)
_DIGITS[np.frombuffer(b"abcdef", np.uint8)] = range(10, 16)
_DIGITS[np.frombuffer(b"ABCDEF", np.uint8)] = range(10, 16)


@dataclass(frozen=True)
class Fields:
    """One field of every line of some lines: ``begin`` and ``end`` in the block, shape (N,)."""

    block: Bytes
    begin: Int64s
    end: Int64s

    def __len__(self) -> int:
        return len(self.begin)

    @property
    def size(self) -> Int64s:
        """Characters of each."""
        return self.end - self.begin

    def taken(self, which: Bools) -> Fields:
        """The fields of some lines."""
        return Fields(self.block, self.begin[which], self.end[which])

    def partition(self, separator: bytes) -> tuple[Fields, Fields]:
        """What stands in front of the first ``separator`` and after it; all and nothing where there is none."""
        places = np.append(np.flatnonzero(self.block == ord(separator)), len(self.block))
        place = places[np.searchsorted(places, self.begin)]
        place = np.minimum(place, self.end)
        return Fields(self.block, self.begin, place), Fields(self.block, np.minimum(place + 1, self.end), self.end)

    def without(self, before: int = 0, after: int = 0) -> Fields:
        """Less so many characters on each side."""
        begin = np.minimum(self.begin + before, self.end)
        return Fields(self.block, begin, np.maximum(self.end - after, begin))

    def starts_with(self, character: bytes) -> Bools:
        """Which begin so."""
        first: Bools = self.block[np.minimum(self.begin, len(self.block) - 1)] == ord(character)
        return first & (self.size > 0)

    def names(self) -> tuple[list[str], npt.NDArray[np.intp]]:
        """The different texts there are, up to eight characters of each, and which one each field is."""
        words = np.zeros((len(self), 8), np.uint8)
        size = np.minimum(self.size, 8)
        for place in range(int(size.max(initial=0))):
            at = np.minimum(self.begin + place, len(self.block) - 1)
            words[:, place] = np.where(size > place, self.block[at], 0)
        different, which = np.unique(words.view(np.uint64).ravel(), return_inverse=True)
        texts = [each.tobytes().rstrip(b"\0").decode("ascii", "replace") for each in different]
        return texts, which

    def decimals(self, most: int = 18) -> tuple[Int64s, Bools]:
        """Whole numbers without a sign, and which of them are: 1 to ``most`` digits and nothing else."""
        return self._numbers(10, most, np.dtype(np.int64))

    def hexadecimals(self, most: int = 8) -> tuple[Int64s, Bools]:
        """Likewise with digits up to ``f``, in capitals or not."""
        return self._numbers(16, most, np.dtype(np.int64))

    def _numbers(self, base: int, most: int, kind: np.dtype[np.int64]) -> tuple[Int64s, Bools]:
        size = self.size
        fine = (size > 0) & (size <= most)
        values = np.zeros(len(self), kind)
        longest = min(most, int(size.max(initial=0)))
        for place in range(longest, 0, -1):
            # Counted from the end, so that all units are under each other.
            at = self.end - place
            there = at >= self.begin
            digits = _DIGITS[self.block[np.maximum(at, 0)]]
            fine &= ~there | (digits < base)
            values = values * base + np.where(there, digits, 0)
        return values, fine

    def hex_bytes(self, most: int) -> tuple[Bytes, npt.NDArray[np.uint8], Bools]:
        """Bytes of two digits each, in a table of ``most`` columns; how many there are; which fields are such."""
        size = self.size
        fine = (size % 2 == 0) & (size <= 2 * most)
        length = np.where(fine, size // 2, 0)
        table = np.zeros((len(self), most), np.uint8)
        last = len(self.block) - 1
        for place in range(int(length.max(initial=0))):
            there = length > place
            at = self.begin + 2 * place
            high = _DIGITS[self.block[np.minimum(at, last)]]
            low = _DIGITS[self.block[np.minimum(at + 1, last)]]
            fine &= ~there | ((high < 16) & (low < 16))
            table[:, place] = np.where(there, (high << 4) | (low & 15), 0)
        return table, length.astype(np.uint8), fine


@dataclass(frozen=True)
class Lines:
    """Whole lines of a block."""

    block: Bytes
    begin: Int64s
    end: Int64s
    """Without the end of the line, which may be that of Windows."""
    at: int
    """Where the block stands in the file."""
    is_ended: bool = True
    """Whether the last line has its end; false for the last of a file that was cut off."""

    def __len__(self) -> int:
        return len(self.begin)

    def taken(self, which: Bools) -> Lines:
        """Some of them."""
        return Lines(self.block, self.begin[which], self.end[which], self.at, self.is_ended)

    def split(self, separator: bytes, most: int) -> tuple[list[Fields], Int64s]:
        """The first ``most`` fields of each line, and how many it has. A field that is not there is empty."""
        places = np.flatnonzero(self.block == ord(separator))
        first = np.searchsorted(places, self.begin)
        count = np.searchsorted(places, self.end) - first
        places = np.append(places, np.zeros(most, places.dtype))
        fields = []
        begin = self.begin
        for number in range(most):
            end = np.where(number < count, places[np.minimum(first + number, len(places) - 1)], self.end)
            begin = np.minimum(begin, end)
            fields.append(Fields(self.block, begin, end))
            begin = np.where(number < count, end + 1, self.end)
        return fields, count + 1

    def lengths(self) -> Int64s:
        """Characters of each."""
        return self.end - self.begin


def blocks_of_lines(
    log: BinaryIO, begin: int, lose: Callable[[str, int, int, int], None], block_bytes: int = BLOCK_BYTES
) -> Iterator[Lines]:
    """The lines of a file that are not empty, from ``begin`` on, some megabytes at a time.

    Args:
        log: the file.
        begin: where to begin.
        lose: told of what is no line: why, where, how many bytes, and how many lines.
        block_bytes: of the file to read at once.
    """
    log.seek(begin)
    rest, at = b"", begin
    while True:
        read = log.read(block_bytes)
        content = rest + read
        if not content:
            return
        whole = content if not read else content[: content.rfind(b"\n") + 1]
        if not whole and len(content) > MAX_LINE_BYTES:
            lose("bad_record", at, len(content), 1)
            whole, rest = b"", b""
            at += len(content)
            continue
        if whole:
            yield _lines(np.frombuffer(whole, np.uint8), at)
        rest = content[len(whole) :]
        at += len(whole)


def _lines(block: Bytes, at: int) -> Lines:
    ends = np.flatnonzero(block == _NEWLINE)
    if block[-1] != _NEWLINE:
        ends = np.append(ends, len(block))
    begins = np.concatenate(([0], ends[:-1] + 1))
    ends = ends - ((ends > begins) & (block[np.maximum(ends - 1, 0)] == _RETURN))
    some = ends > begins
    return Lines(block, begins[some], ends[some], at, bool(block[-1] == _NEWLINE))


def lose_others(lines: Lines, fine: Bools, losses: LossLedger, size_bytes: int) -> None:
    """Note each line that is no frame: the last one of a file may be cut off, because the power went."""
    for number in np.flatnonzero(~fine).tolist():
        begin, end = int(lines.begin[number]), int(lines.end[number])
        is_cut = lines.at + end >= size_bytes and not lines.is_ended
        losses.lose("cut_off" if is_cut else "bad_record", lines.at + begin, end - begin, 1)


def size_of(log: BinaryIO) -> int:
    """Bytes of an open file."""
    return log.seek(0, os.SEEK_END)
