"""Vector's ASC: a text line per frame, after a head that says when it began and in which base its numbers are.

Classic frames are ``0.010000 1 123 Rx d 8 01 02 …`` (an id of 29 bits ends in ``x``), those of CAN FD
``0.010000 CANFD 1 Rx 123 [name] 1 0 8 8 01 02 …``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from paddock.columns.columns import Int64s
from paddock.readers.can.asc_head import read_head
from paddock.readers.can.frame_reader import FoundInLog
from paddock.readers.can.frames import MAX_ID, MAX_STANDARD_ID, Bools, Frames
from paddock.readers.can.kind import frames_kind
from paddock.readers.can.text import Fields, Lines, Words, blocks_of_lines, lose_others, size_of

_HEAD = re.compile(rb"(?:\s*//[^\n]*\n)*\s*(?:date \w+|base (?:hex|dec)\b)", re.IGNORECASE)
_NO_FRAMES = re.compile(
    rb"\s*(?://|date\b|base\b|internal|no internal|Begin|End|\d+\.\d+\s+(?:\d+\s+)?"
    rb"(?:Start of|Log |//|Trigger|J1939TP|CAN Status|\S+\s+Status|Event|WARNING|\w+:))",
    re.IGNORECASE,
)
"""Lines that are none, as far as they are known; others are said to be lost."""


def recognises(head: bytes) -> bool:
    """Whether it has such a head."""
    return _HEAD.match(head[:4096]) is not None


def read_frames(log: BinaryIO, found: FoundInLog, progress: Callable[[float], None]) -> Iterator[Frames]:
    """All frames of a file; see ``FrameReader``."""
    size_bytes = size_of(log)
    head = read_head(log)
    found.is_relative = head.began_ns is None
    began_ns = head.began_ns or 0
    position, elapsed_ns = 0, 0
    for lines in blocks_of_lines(log, 0, found.losses.lose):
        words = lines.words()
        times, is_timed = words.at(0).seconds()
        if head.is_relative:
            times = elapsed_ns + np.cumsum(np.where(is_timed, times, 0))
            elapsed_ns = int(times[-1]) if len(times) else elapsed_ns
        is_fd = words.at(1).is_word(b"CANFD")
        lay = _layout(words, is_fd, 16 if head.is_hexadecimal else 10)
        data, length, good = words.bytes_from(lay.data_at, lay.length, 64 if is_fd.any() else 8, base=lay.base)
        fine = is_timed & lay.fine & good
        is_error = is_timed & (words.at(2).is_word(b"ErrorFrame") | words.at(3).is_word(b"ErrorFrame"))
        found.error_frames += int(np.count_nonzero(is_error))
        if not lines.is_ended and fine.any() and fine[-1]:
            # The last byte may be half of one: a cut file ends within a word.
            fine[-1] = int(words.at(lay.data_at + lay.length - 1).size[-1]) == 2
        _lose(lines, fine | is_error, found, size_bytes)
        yield Frames(
            time_ns=began_ns + times,
            bus=lay.bus.astype(np.uint8),
            id=lay.id.astype(np.uint32),
            is_extended=lay.is_extended,
            is_fd=is_fd,
            is_remote=lay.is_remote,
            length=length,
            data=data,
            position=position + np.arange(len(lines)),
        ).taken(fine)
        position += len(lines)
        progress((lines.at + len(lines.block)) / max(size_bytes, 1))


@dataclass(frozen=True)
class _Layout:
    """What stands where in each line."""

    bus: Int64s
    id: Int64s
    is_extended: Bools
    is_remote: Bools
    length: Int64s
    """Bytes of data."""
    data_at: Int64s
    """The word that is the first of them."""
    base: int
    fine: Bools


def _layout(words: Words, is_fd: Bools, base: int) -> _Layout:
    bus, fine = words.at(np.where(is_fd, 2, 1)).decimals(3)
    id_text = words.at(np.where(is_fd, 4, 2))
    is_extended = id_text.ends_with(b"xX")
    digits = Fields(id_text.block, id_text.begin, id_text.end - is_extended)
    ids, good = digits.hexadecimals() if base == 16 else digits.decimals(10)
    fine &= good & (ids <= np.where(is_extended, MAX_ID, MAX_STANDARD_ID))
    kind = words.at(4)
    is_remote = ~is_fd & kind.is_word(b"r", b"R")
    # A name may stand between the id and the two flags of CAN FD.
    shift = np.where(is_fd & ~words.at(5).is_word(b"0", b"1"), 1, 0)
    length_at = np.where(is_fd, 8 + shift, 5)
    length, good = words.at(length_at).decimals(2)
    short, good_hexadecimal = words.at(length_at).hexadecimals(1)
    if base == 16:
        length, good = np.where(is_fd, length, short), np.where(is_fd, good, good_hexadecimal)
    fine &= is_remote | (good & (is_fd | kind.is_word(b"d", b"D")))
    length = np.where(is_remote, 0, np.where(is_fd, length, np.minimum(length, 8)))
    fine &= (bus > 0) & (bus < 256)
    return _Layout(bus - 1, ids, is_extended, is_remote, length, length_at + 1, base, fine)


def _lose(lines: Lines, known: Bools, found: FoundInLog, size_bytes: int) -> None:
    """Note lines that are neither frames nor anything else that such a file has."""
    unknown = known.copy()
    for number in np.flatnonzero(~known).tolist():
        line = lines.block[lines.begin[number] : lines.end[number]].tobytes()
        unknown[number] = _NO_FRAMES.match(line) is not None
    lose_others(lines, unknown, found.losses, size_bytes)


READER = frames_kind(recognises, read_frames)
