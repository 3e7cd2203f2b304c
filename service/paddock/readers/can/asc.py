"""Vector's ASC: a text line per frame, after a head that says when it began and in which base its numbers are.

Classic frames are ``0.010000 1 123 Rx d 8 01 02 …`` (an id of 29 bits ends in ``x``), those of CAN FD
``0.010000 CANFD 1 Rx 123 [name] 1 0 8 8 01 02 …``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np

from paddock.columns.columns import Int64s
from paddock.readers.can.asc_head import AscHead, read_head
from paddock.readers.can.frame_reader import FoundInLog
from paddock.readers.can.frames import MAX_ID, MAX_STANDARD_ID, Bools, Frames, frames_alike
from paddock.readers.can.kind import frames_kind
from paddock.readers.can.layouts import Alike, Layout, frames_of_lines, read_alike
from paddock.readers.can.text import Fields, Lines, Words, lose_others, size_of

_HEAD = re.compile(rb"(?:\s*//[^\n]*\n)*\s*(?:date \w+|base (?:hex|dec)\b)", re.IGNORECASE)
_NO_FRAMES = re.compile(
    rb"\s*(?://|date\b|base\b|internal|no internal|Begin|End|\d+\.\d+\s+(?:\d+\s+)?"
    rb"(?:Start of|Log |//|Trigger|J1939TP|CAN Status|\S+\s+Status|Event|WARNING|\w+:))",
    re.IGNORECASE,
)
"""Lines that are none, as far as they are known; others are said to be lost."""

_HEX = rb"[0-9A-Fa-f]"
_TIME = rb"[ \t]*(?P<seconds>\d{1,10})\.(?P<fraction>\d{1,9})[ \t]+"
_ID = rb"(?P<id>" + _HEX + rb"{1,8})(?P<extended>[xX]?)[ \t]+"
_BUS, _WORD = rb"(?P<bus>\d{1,3})[ \t]+", rb"[!-~]+[ \t]+"
_DATA = rb"(?:[ \t](?P<data>" + _HEX + rb"{2}(?:[ \t]" + _HEX + rb"{2})*))?(?:[ \t](?P<rest>.*))?"
_FIELDS = ("seconds", "fraction", "id", "rest")
_CLASSIC = Layout(
    re.compile(_TIME + _BUS + _ID + _WORD + rb"[dD][ \t]+(?P<length>" + _HEX + rb")" + _DATA), _FIELDS, step=3
)
_FD = Layout(
    re.compile(
        _TIME + rb"CANFD[ \t]+" + _BUS + _WORD + _ID + rb"(?:(?![01][ \t])" + _WORD + rb")?[01][ \t]+"
        rb"" + _WORD + _WORD + rb"(?P<length>\d{1,2})" + _DATA
    ),
    _FIELDS,
    step=3,
)
"""Data frames whose numbers are hexadecimal."""


def recognises(head: bytes) -> bool:
    """Whether it has such a head."""
    return _HEAD.match(head[:4096]) is not None


def read_frames(log: BinaryIO, found: FoundInLog, progress: Callable[[float], None]) -> Iterator[Frames]:
    """All frames of a file; see ``FrameReader``."""
    size_bytes = size_of(log)
    head = read_head(log)
    found.is_relative = head.began_ns is None
    elapsed_ns = 0

    def read(lines: Lines) -> tuple[Frames, Bools]:
        nonlocal elapsed_ns
        frames, fine = read_alike(
            lines,
            (_CLASSIC, _FD) if head.is_hexadecimal else (),
            _alike,
            lambda some: _others(some, head, found, size_bytes),
        )
        times = frames.time_ns
        if head.is_relative:
            times = elapsed_ns + np.cumsum(times)
            elapsed_ns = int(times[-1])
        return replace(frames, time_ns=(head.began_ns or 0) + times), fine

    yield from frames_of_lines(log, 0, found, progress, read)


def _alike(lines: Alike) -> Frames | None:
    """Data frames of one bus, with data of one length; their times as the file has them."""
    is_fd, bus = lines.layout is _FD, int(lines.text("bus"))
    length = int(lines.text("length")) if is_fd else min(int(lines.text("length"), 16), 8)
    if not 0 < bus < 256 or length > min(64, lines.data_bytes):
        return None
    ids = lines.hexadecimals("id")
    is_extended = bool(lines.text("extended"))
    lines.fine &= ids <= (MAX_ID if is_extended else MAX_STANDARD_ID)
    times = lines.nanoseconds("seconds", "fraction")
    data = lines.data(length)
    return frames_alike(times, ids, data, length, bus=bus - 1, is_extended=is_extended, is_fd=is_fd)


def _others(lines: Lines, head: AscHead, found: FoundInLog, size_bytes: int) -> tuple[Frames, Bools]:
    """A frame for each line, and which ones are such; their times as the file has them, 0 where a line has none."""
    words = lines.words()
    times, is_timed = words.at(0).seconds()
    is_fd = words.at(1).is_word(b"CANFD")
    lay = _layout(words, is_fd, 16 if head.is_hexadecimal else 10)
    data, length, good = words.bytes_from(lay.data_at, lay.length, 64 if is_fd.any() else 8, base=lay.base)
    fine = is_timed & lay.fine & good
    is_error = is_timed & (words.at(2).is_word(b"ErrorFrame") | words.at(3).is_word(b"ErrorFrame"))
    found.error_frames += int(np.count_nonzero(is_error))
    if not lines.is_ended and fine[-1] and length[-1]:
        # The last byte may be half of one: a cut file ends within a word.
        fine[-1] = int(words.at(lay.data_at + lay.length - 1).size[-1]) == 2
    _lose(lines, fine | is_error, found, size_bytes)
    frames = Frames(
        time_ns=np.where(is_timed, times, 0),
        bus=lay.bus.astype(np.uint8),
        id=lay.id.astype(np.uint32),
        is_extended=lay.is_extended,
        is_fd=is_fd,
        is_remote=lay.is_remote,
        length=length,
        data=data,
        position=np.zeros(len(lines), np.int64),
    )
    return frames, fine


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
