"""The log of ``candump -l`` and ``-L``: ``(1436509052.249713) can0 044#2A366C2BBA``, with CAN FD as ``##1…``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from paddock.columns.byte_rows import Bytes
from paddock.columns.columns import Int64s
from paddock.readers.can.frame_reader import FoundInLog
from paddock.readers.can.frames import MAX_ID, MAX_STANDARD_ID, Bools, Frames, frames_alike
from paddock.readers.can.kind import frames_kind
from paddock.readers.can.layouts import Alike, Layout, frames_of_lines, read_alike
from paddock.readers.can.text import Fields, Lines, lose_others, size_of

_LINE = re.compile(rb"\(\d+\.\d+\) +\S+ +[0-9A-Fa-f]{3,8}#")
_LAYOUT = Layout(
    re.compile(
        rb"\((?P<seconds>\d{1,10})\.(?P<fraction>\d{1,9})\) (?P<bus>[!-~]{1,8}) (?P<id>[0-9A-Fa-f]{1,8})"
        rb"#(?P<flags>#[0-9A-Fa-f])?(?P<data>(?:[0-9A-Fa-f]{2})*)(?: .*)?"
    ),
    ("seconds", "fraction", "id"),
)
_ERROR = 0x20000000
_STANDARD_DIGITS = 3
_LAST_BUS = 255


def recognises(head: bytes) -> bool:
    """Whether one of its first lines is such a frame."""
    return any(_LINE.match(line) for line in head[:4096].split(b"\n")[:5])


def read_frames(log: BinaryIO, found: FoundInLog, progress: Callable[[float], None]) -> Iterator[Frames]:
    """All frames of a file; see ``FrameReader``."""
    size_bytes = size_of(log)

    def read(lines: Lines) -> tuple[Frames, Bools]:
        known = len(found.buses)
        frames, fine = read_alike(
            lines, [_LAYOUT], lambda some: _alike(some, found), lambda some: _others(some, found, size_bytes)
        )
        return replace(frames, bus=_in_order(frames.bus, fine, found, known)), fine

    yield from frames_of_lines(log, 0, found, progress, read)


def _alike(lines: Alike, found: FoundInLog) -> Frames | None:
    """Data frames of one bus, with ids and data of one length."""
    is_fd, length = bool(lines.text("flags")), lines.data_bytes
    if length > (64 if is_fd else 8):
        return None
    ids = lines.hexadecimals("id")
    is_extended = len(lines.text("id")) > _STANDARD_DIGITS
    # Others are errors, or none.
    lines.fine &= ids <= (MAX_ID if is_extended else MAX_STANDARD_ID)
    return frames_alike(
        lines.nanoseconds("seconds", "fraction"),
        ids,
        lines.data(length),
        length,
        bus=_number(lines.text("bus"), found),
        is_extended=is_extended,
        is_fd=is_fd,
    )


def _others(lines: Lines, found: FoundInLog, size_bytes: int) -> tuple[Frames, Bools]:
    """A frame for each line, and which ones are such; what is none is lost."""
    (stamp, bus_name, frame), count = lines.split(b" ", 3)
    fine = count >= 3
    times, good = _times(stamp)
    fine &= good
    id_text, rest = frame.partition(b"#")
    ids, good = id_text.hexadecimals()
    fine &= good & (id_text.end < frame.end)
    is_extended = id_text.size > _STANDARD_DIGITS
    is_error = is_extended & ((ids & _ERROR) != 0)
    fine &= is_error | (ids <= np.where(is_extended, MAX_ID, MAX_STANDARD_ID))
    is_fd = rest.starts_with(b"#")
    is_remote = rest.starts_with(b"R")
    # ``##1``: a digit of flags stands in front of the data of CAN FD.
    begin = np.where(is_fd, np.minimum(rest.begin + 2, rest.end), np.where(is_remote, rest.end, rest.begin))
    data, length, even = Fields(rest.block, begin, rest.end).hex_bytes(64 if is_fd.any() else 8)
    fine &= even & (~is_fd | (rest.size >= 2))
    if not lines.is_ended:
        # Cut off within its data, which may look like that of a shorter frame.
        fine[-1] &= length[-1] == (64 if is_fd[-1] else 8)
    lose_others(lines, fine, found.losses, size_bytes)
    bus = np.zeros(len(lines), np.uint8)
    bus[fine] = _buses(bus_name.taken(fine), found)
    found.error_frames += int(np.count_nonzero(is_error & fine))
    frames = Frames(
        time_ns=times,
        bus=bus,
        id=ids.astype(np.uint32),
        is_extended=is_extended,
        is_fd=is_fd,
        is_remote=is_remote,
        length=length,
        data=data,
        position=np.zeros(len(lines), np.int64),
    )
    return frames, fine & ~is_error


def _in_order(bus: Bytes, fine: Bools, found: FoundInLog, known: int) -> Bytes:
    """Buses of frames, with those beyond the first ``known`` numbered anew, as they come in the log."""
    names = list(found.buses)
    if len(names) < known + 2 or len(names) > _LAST_BUS:
        return bus
    first = {name: int(np.argmax(fine & (bus == found.buses[name]))) for name in names[known:]}
    numbers = np.arange(_LAST_BUS + 1, dtype=np.uint8)
    for number, name in enumerate(sorted(first, key=lambda name: first[name]), known):
        numbers[found.buses.pop(name)] = number
        found.buses[name] = number
    return numbers[bus]


def _times(stamp: Fields) -> tuple[Int64s, Bools]:
    """The instants of ``(1436509052.249713)``: digits after the dot are six, or nine."""
    times, fine = stamp.without(1, 1).seconds()
    return times, fine & stamp.starts_with(b"(") & stamp.ends_with(b")")


def _buses(name: Fields, found: FoundInLog) -> Bytes:
    """The number of each bus; those after the first 255 names, which no car has, are one."""
    names, which = name.names()
    return np.array([_number(each.encode(), found) for each in names], np.uint8)[which]


def _number(name: bytes, found: FoundInLog) -> int:
    """That of a bus."""
    return found.buses.setdefault(name.decode("ascii", "replace"), min(len(found.buses), _LAST_BUS))


READER = frames_kind(recognises, read_frames)
