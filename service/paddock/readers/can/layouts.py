"""Lines that are laid out alike, as most of a log are: read as a table, and not one field after the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from paddock.columns.byte_rows import Bytes, Texts, rows_of
from paddock.columns.columns import Int64s
from paddock.domain.instants import NS_PER_S
from paddock.readers.can.digits import decimals_of, hex_bytes_of, hexadecimals_of
from paddock.readers.can.frame_reader import MAX_SECONDS, FoundInLog
from paddock.readers.can.frames import Bools, Frames, placed
from paddock.readers.can.text import Lines, blocks_of_lines, size_of

_FEW = 48
"""Fewer lines than this are read sooner the other way."""
_MOST_LAYOUTS = 24
"""For lines of one length, in one block."""
_WORD = 8

_MAX_LINE_BYTES = 1_000

RowNumbers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Layout:
    """How most lines of a kind of log are written."""

    pattern: re.Pattern[bytes]
    """Matches a whole line that may have others like it."""
    fields: tuple[str, ...]
    """The groups of the pattern that may differ among such lines, beside ``data``. All else is the same."""
    step: int = 2
    """Characters from one byte of ``data``, which has two digits, to the next. What is between is the same, too."""


class Alike:
    """Lines that differ from the first of them in nothing but its fields, which are as long as its own.

    Args:
        layout: theirs.
        first: that line.
        table: the bytes of all lines, shape (N, S).
    """

    def __init__(self, layout: Layout, first: re.Match[bytes], table: Bytes) -> None:
        self.layout = layout
        self._first = first
        self._table = table
        self.fine: Bools = np.ones(len(table), bool)
        """Those whose fields are what was asked for so far."""

    def __len__(self) -> int:
        return len(self._table)

    def text(self, group: str) -> bytes:
        """A part of the first line; what all of them have there if it is none of the fields."""
        return self._first[group] or b""

    def decimals(self, *fields: str) -> Int64s:
        """Whole numbers of up to 18 digits; those of several fields one behind the other."""
        values, fine = decimals_of(*(self._texts(*self._first.span(field)) for field in fields))
        self.fine &= fine
        return values

    def nanoseconds(self, seconds: str, fraction: str) -> Int64s:
        """Those of a time in seconds, with up to nine digits after the dot."""
        parts = self.decimals(fraction) * 10 ** (9 - len(self.text(fraction)))
        whole = self.decimals(seconds)
        self.fine &= whole < MAX_SECONDS
        times: Int64s = whole * NS_PER_S + parts
        return times

    def hexadecimals(self, field: str) -> Int64s:
        """Whole numbers of up to eight digits."""
        values, fine = hexadecimals_of(self._texts(*self._first.span(field)))
        self.fine &= fine
        return values

    @property
    def data_bytes(self) -> int:
        """How many bytes of ``data`` there are."""
        return -(-len(self.text("data")) // self.layout.step)

    def data(self, count: int) -> Bytes:
        """The first ``count`` bytes of ``data``, zero up to a width of 8, or of 64."""
        table = np.zeros((len(self), 8 if count <= 8 else 64), np.uint8)
        if count:
            begin = self._first.start("data")
            if self.layout.step == 2:
                texts: Texts = self._texts(begin, begin + 2 * count)
            else:
                shape, strides = (len(self), count), (self._table.strides[0], self.layout.step)
                texts = np.ndarray(shape, "V2", self._table, begin, strides)
            table[:, :count], fine = hex_bytes_of(texts.tobytes(), len(self), 2 * count)
            self.fine &= fine
        return table

    def _texts(self, begin: int, end: int) -> Texts:
        return np.ndarray((len(self),), f"V{end - begin}", self._table, begin, self._table.strides[:1])


def frames_of_lines(
    log: BinaryIO,
    begin: int,
    found: FoundInLog,
    progress: Callable[[float], None],
    read: Callable[[Lines], tuple[Frames, Bools]],
) -> Iterator[Frames]:
    """All frames of a file of lines.

    Args:
        log: the file.
        begin: where its first line begins.
        found: told of what is no line.
        progress: see ``FrameReader``.
        read: a frame for each of some lines, and which ones are such; see ``read_alike``.
    """
    size_bytes, position = size_of(log), 0
    for lines in blocks_of_lines(log, begin, found.losses.lose):
        frames, fine = read(lines)
        frames = frames.from_position(position)
        position += len(frames)
        yield frames if fine.all() else frames.taken(fine)
        progress((lines.at + len(lines.block)) / max(size_bytes, 1))


def read_alike(
    lines: Lines,
    layouts: Sequence[Layout],
    alike: Callable[[Alike], Frames | None],
    others: Callable[[Lines], tuple[Frames, Bools]],
) -> tuple[Frames, Bools]:
    """A frame for each line, and which lines are one.

    Args:
        lines: of a block.
        layouts: of most of them.
        alike: reads lines of one layout, and asks for all fields that must be something; None where it cannot.
        others: reads any lines.
    """
    parts: list[tuple[RowNumbers, Frames]] = []
    is_left = np.ones(len(lines), bool)
    for rows, some in _by_layout(lines, layouts):
        if (frames := alike(some)) is None:
            continue
        if not some.fine.all():
            rows, frames = rows[some.fine], frames.taken(some.fine)
        is_left[rows] = False
        parts.append((rows, frames))
    fine = ~is_left
    if is_left.any():
        rest, fine[is_left] = others(lines.taken(is_left))
        parts.append((np.flatnonzero(is_left), rest))
    return placed(parts, len(lines)), fine


def _by_layout(lines: Lines, layouts: Sequence[Layout]) -> Iterator[tuple[RowNumbers, Alike]]:
    """Lines that are alike, and which ones they are. A last line without its end is in none."""
    sizes = lines.end - lines.begin
    if not lines.is_ended:
        sizes[-1:] = 0
    counts = np.bincount(np.minimum(sizes, _MAX_LINE_BYTES))
    for size in (np.flatnonzero(counts[_WORD:_MAX_LINE_BYTES] >= _FEW) + _WORD).tolist():
        rows = np.flatnonzero(sizes == size)
        table = rows_of(lines.block, lines.begin[rows], size)
        for _ in range(_MOST_LAYOUTS):
            if len(rows) < _FEW:
                break
            line = table[0].tobytes()
            tried = ((each, each.pattern.fullmatch(line)) for each in layouts)
            found = next(((each, match) for each, match in tried if match), None)
            if found is None:
                rows, table = rows[1:], table[1:]
                continue
            layout, first = found
            same = _like_first(table, layout, first)
            if same.all():
                yield rows, Alike(layout, first, table)
                break
            yield rows[same], Alike(layout, first, table[same])
            rows, table = rows[~same], table[~same]


def _like_first(table: Bytes, layout: Layout, first: re.Match[bytes]) -> Bools:
    """Which rows have the text of the first one wherever that has no field."""
    count, size = table.shape
    is_fixed = np.full(size, 0xFF, np.uint8)
    for begin, end in map(first.span, layout.fields):
        is_fixed[begin:end] = 0
    begin, end = first.span("data")
    if first["data"]:
        is_fixed[begin : end : layout.step] = is_fixed[begin + 1 : end : layout.step] = 0
    differs = np.zeros(count, np.uint64)
    for at in [*range(0, size - _WORD, _WORD), size - _WORD]:
        mask = is_fixed[at : at + _WORD].copy().view(np.uint64)[0]
        if mask:
            words = np.ndarray((count,), np.uint64, table, at, table.strides[:1])
            differs |= (words ^ words[0]) & mask
    same: Bools = differs == 0
    return same
