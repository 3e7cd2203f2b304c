"""Lines of text as arrays: where their fields are, and the numbers in them, for all lines of a block at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from paddock.columns.byte_rows import Bytes, Texts, texts_at
from paddock.columns.columns import Int64s
from paddock.columns.losses import LossLedger
from paddock.domain.instants import NS_PER_S
from paddock.readers.can.digits import decimals_of, hex_bytes_of, hexadecimals_of
from paddock.readers.can.frame_reader import MAX_SECONDS
from paddock.readers.can.frames import Bools

BLOCK_BYTES = 1 << 20
"""Small enough for the arrays of its lines to stay in the processor's cache."""
MAX_LINE_BYTES = 1 << 16
"""A longer line is none of a log of frames."""
_NEWLINE, _RETURN, _SPACE, _TAB = 10, 13, 32, 9


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
        places = np.flatnonzero(self.block == ord(separator))
        if (each := _one_each(places, self.begin, self.end, 1)) is not None:
            place = each[:, 0]
        else:
            places = np.append(places, len(self.block))
            place = np.minimum(places[np.searchsorted(places, self.begin)], self.end)
        return Fields(self.block, self.begin, place), Fields(self.block, np.minimum(place + 1, self.end), self.end)

    def without(self, before: int = 0, after: int = 0) -> Fields:
        """Less so many characters on each side."""
        begin = np.minimum(self.begin + before, self.end)
        return Fields(self.block, begin, np.maximum(self.end - after, begin))

    def starts_with(self, character: bytes) -> Bools:
        """Which begin so."""
        first: Bools = self.block[np.minimum(self.begin, len(self.block) - 1)] == ord(character)
        return first & (self.size > 0)

    def is_word(self, *words: bytes) -> Bools:
        """Which are one of these texts."""
        found = np.zeros(len(self), bool)
        size = self.size
        for word in words:
            same = size == len(word)
            for place, character in enumerate(word):
                same &= self.block[np.minimum(self.begin + place, len(self.block) - 1)] == character
            found |= same
        return found

    def ends_with(self, characters: bytes) -> Bools:
        """Whose last character is one of these."""
        last: Bools = np.isin(self.block[np.maximum(self.end - 1, 0)], np.frombuffer(characters, np.uint8))
        return last & (self.size > 0)

    def seconds(self) -> tuple[Int64s, Bools]:
        """Nanoseconds of a time in seconds with up to nine digits after the dot, and which fields are such."""
        whole, fraction = self.partition(b".")
        seconds, fine = whole.decimals(10)
        parts, good = fraction.decimals(9)
        scale = 10 ** np.maximum(9 - fraction.size, 0)
        fine &= (good | (whole.end == self.end)) & (seconds < MAX_SECONDS)
        return seconds * NS_PER_S + parts * scale, fine

    def names(self) -> tuple[list[str], npt.NDArray[np.intp]]:
        """The different texts there are, up to eight characters of each, and which one each field is."""
        words = np.zeros((len(self), 8), np.uint8)
        size = np.minimum(self.size, 8)
        for place in range(int(size.max(initial=0))):
            at = np.minimum(self.begin + place, len(self.block) - 1)
            words[:, place] = np.where(size > place, self.block[at], 0)
        whole = words.view(np.uint64).ravel()
        if len(whole) and (whole == whole[0]).all():
            different, which = whole[:1], np.zeros(len(whole), np.intp)
        else:
            different, which = np.unique(whole, return_inverse=True)
        texts = [each.tobytes().rstrip(b"\0").decode("ascii", "replace") for each in different]
        return texts, which

    def decimals(self, most: int = 18) -> tuple[Int64s, Bools]:
        """Whole numbers without a sign, and which of them are: 1 to ``most`` digits and nothing else."""
        return self._numbers(decimals_of, most)

    def hexadecimals(self, most: int = 8) -> tuple[Int64s, Bools]:
        """Hexadecimal numbers, in capitals or not, and which fields are such: 1 to ``most`` digits."""
        return self._numbers(hexadecimals_of, most)

    def _numbers(self, read: Callable[[Texts], tuple[Int64s, Bools]], most: int) -> tuple[Int64s, Bools]:
        values = np.zeros(len(self), np.int64)
        fine = np.zeros(len(self), bool)
        for size, rows in self._by_size(most):
            if size:
                values[rows], fine[rows] = read(self._texts(rows, size))
        return values, fine

    def hex_bytes(self, most: int) -> tuple[Bytes, npt.NDArray[np.uint8], Bools]:
        """Bytes of two digits each, in a table of ``most`` columns; how many there are; which fields are such."""
        table = np.zeros((len(self), most), np.uint8)
        length = np.zeros(len(self), np.uint8)
        fine = np.zeros(len(self), bool)
        for size, rows in self._by_size(2 * most):
            if size % 2:
                continue
            fine[rows] = True
            if size:
                texts = self._texts(rows, size)
                table[rows, : size // 2], fine[rows] = hex_bytes_of(texts.tobytes(), len(texts), size)
                length[rows] = size // 2
        return table, length, fine

    def _by_size(self, most: int) -> Iterator[tuple[int, npt.NDArray[np.intp] | slice]]:
        """The sizes there are, up to ``most``, and which fields have each."""
        size = self.size
        counts = np.bincount(np.minimum(size, most + 1), minlength=1)
        for each in np.flatnonzero(counts[: most + 1]).tolist():
            yield each, slice(None) if counts[each] == len(size) else np.flatnonzero(size == each)

    def _texts(self, rows: npt.NDArray[np.intp] | slice, size: int) -> Texts:
        """Fields of one size."""
        return texts_at(self.block, self.begin[rows], size)


def _one_each(places: npt.NDArray[np.intp], begin: Int64s, end: Int64s, each: int) -> npt.NDArray[np.intp] | None:
    """Separators as a table with ``each`` columns, where every field has just so many; else None, as it may be."""
    if not each or len(places) != each * len(begin):
        return None
    table = places.reshape(-1, each)
    return table if (table[:, 0] >= begin).all() and (table[:, -1] < end).all() else None


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
        if (each := _one_each(places, self.begin, self.end, most - 1)) is not None:
            begins = [self.begin, *(each[:, number] + 1 for number in range(most - 1))]
            ends = [*(each[:, number] for number in range(most - 1)), self.end]
            fields = [Fields(self.block, begin, end) for begin, end in zip(begins, ends, strict=True)]
            return fields, np.full(len(self), most, np.int64)
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

    def words(self) -> Words:
        """What stands between spaces and tabs."""
        return Words(self)


class Words:
    """The words of every line of some lines."""

    def __init__(self, lines: Lines) -> None:
        block = lines.block
        is_space = (block == _SPACE) | (block == _TAB) | (block == _NEWLINE) | (block == _RETURN)
        borders = np.flatnonzero(np.diff(np.concatenate(([True], is_space, [True])).astype(np.int8)))
        self._block = block
        self._begins, self._ends = borders[::2], borders[1::2]
        self._first = np.searchsorted(self._begins, lines.begin)
        self.count: Int64s = np.searchsorted(self._begins, lines.end) - self._first
        """How many each line has."""

    def at(self, number: int | Int64s) -> Fields:
        """One word of each line, by its place in the line; empty where there is none."""
        return self._of(slice(None), number)

    def _of(self, rows: slice | npt.NDArray[np.intp], number: int | Int64s) -> Fields:
        """One word of each of some lines, by its place in the line."""
        first, count = self._first[rows], self.count[rows]
        if not len(self._begins):
            return Fields(self._block, np.zeros_like(first), np.zeros_like(first))
        there = (number < count) & (np.asarray(number) >= 0)
        place = np.where(there, first + number, 0)
        begin = self._begins[place]
        return Fields(self._block, begin, np.where(there, self._ends[place], begin))

    def bytes_from(
        self, number: int | Int64s, count: Int64s, most: int, *, base: int = 16
    ) -> tuple[Bytes, npt.NDArray[np.uint8], Bools]:
        """Words that are a byte each, as a table of ``most`` columns; how many; which lines have all of them.

        Args:
            number: the place of the first one in its line.
            count: how many there are to be, shape (N,).
            most: at most so many.
            base: of the numbers.
        """
        table = np.zeros((len(self.count), most), np.uint8)
        fine = (count >= 0) & (count <= most)
        length = np.where(fine, count, 0)
        number = np.broadcast_to(number, length.shape)
        rows = np.flatnonzero(length)
        place = 0
        while len(rows):
            field = self._of(rows, number[rows] + place)
            values, good = field.hexadecimals(2) if base == 16 else field.decimals(3)
            good &= values < 256
            fine[rows] &= good
            table[rows, place] = np.where(good, values, 0)
            place += 1
            rows = rows[length[rows] > place]
        return table, length.astype(np.uint8), fine


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
        if whole and len(lines := _lines(np.frombuffer(whole, np.uint8), at)):
            yield lines
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
