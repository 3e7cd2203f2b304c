"""PEAK's TRC, versions 1.0 to 2.1: a text line per frame, whose words the head explains."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from paddock.domain.instants import NS_PER_S
from paddock.readers.can.frame_reader import FoundInLog
from paddock.readers.can.frames import MAX_ID, MAX_STANDARD_ID, Frames
from paddock.readers.can.kind import frames_kind
from paddock.readers.can.text import Fields, Lines, blocks_of_lines, lose_others, size_of

_HEAD_BYTES = 1 << 16
_VERSION = re.compile(rb"^;\$FILEVERSION=(\d+\.\d+)", re.MULTILINE)
_STARTED = re.compile(rb"^;\$STARTTIME=(\d+\.\d+)", re.MULTILINE)
_COLUMNS = re.compile(rb"^;\$COLUMNS=([\w,]+)", re.MULTILINE)
_FIRST_DAY = -25_569
"""30 December 1899, from which PEAK counts days, seen from 1970."""
_SHAPES = {
    "1.0": "NOIlD",
    "1.1": "NOdIlD",
    "1.2": "NOBdIlD",
    "1.3": "NOBdIRlD",
    "2.0": "NOTIdlD",
    "2.1": "NOTBIdRlD",
}
"""Which word is what where no ``$COLUMNS`` says it: number, offset in milliseconds, type, bus, id, direction,
reserved, length as the bus codes it (``L``: in bytes), data."""
_CODED_LENGTHS = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64])
_FD_TYPES = (b"FD", b"FB", b"FE", b"BI")


def recognises(head: bytes) -> bool:
    """Whether it has such a head, or begins as the version without one."""
    return _VERSION.search(head[:_HEAD_BYTES]) is not None or b"PCAN-View" in head[:_HEAD_BYTES].partition(b"1)")[0]


@dataclass(frozen=True)
class _Head:
    shape: str
    began_ns: int | None


def _read_head(log: BinaryIO) -> _Head:
    log.seek(0)
    head = log.read(_HEAD_BYTES)
    version = _VERSION.search(head)
    columns = _COLUMNS.search(head)
    started = _STARTED.search(head)
    shape = _SHAPES.get(version[1].decode() if version else "1.0", _SHAPES["2.1"])
    if columns:
        shape = columns[1].decode().replace(",", "")
    if started is None:
        return _Head(shape, None)
    days = float(started[1]) + _FIRST_DAY
    return _Head(shape, round(days * 86_400_000) * (NS_PER_S // 1_000))


def read_frames(log: BinaryIO, found: FoundInLog, progress: Callable[[float], None]) -> Iterator[Frames]:
    """All frames of a file; see ``FrameReader``."""
    size_bytes = size_of(log)
    head = _read_head(log)
    found.is_relative = head.began_ns is None
    at = {column: place for place, column in enumerate(head.shape)}
    if not {"O", "I", "D"} <= at.keys():
        found.oddities.append("The head does not say where time, id and data of a frame are.")
        return
    is_second = "T" in at
    length_at = at.get("L", at.get("l", 0))
    position = 0
    for lines in blocks_of_lines(log, 0, found.losses.lose):
        lines = _without_comments(lines)
        if not len(lines):
            continue
        words = lines.words()
        offset_ns, fine = _milliseconds(words.at(at["O"]))
        id_text = words.at(at["I"])
        ids, good = id_text.hexadecimals()
        is_extended = id_text.size > 4
        fine &= good & (ids <= np.where(is_extended, MAX_ID, MAX_STANDARD_ID))
        kind = words.at(at["T"]) if is_second else words.at(length_at + 1)
        is_remote = kind.is_word(b"RR", b"RTR")
        is_fd = kind.is_word(*_FD_TYPES) if is_second else np.zeros(len(lines), bool)
        is_frame = kind.is_word(b"DT", b"RR", *_FD_TYPES) if is_second else fine
        is_error = kind.is_word(b"ER") if is_second else id_text.is_word(b"FFFFFFFF")
        found.error_frames += int(np.count_nonzero(is_error))
        said, good = words.at(length_at).decimals(2)
        if "L" not in at:
            said = _CODED_LENGTHS[np.minimum(said, 15)]
        said = np.where(is_remote, 0, said)
        data, length, whole = words.bytes_from(at["D"], said, 64 if is_fd.any() else 8)
        bus, good_bus = words.at(at["B"]).decimals(3) if "B" in at else (np.ones_like(ids), fine)
        fine &= good & whole & is_frame & good_bus & (bus > 0) & (bus < 256)
        if not lines.is_ended and fine[-1] and length[-1]:
            # The last byte may be half of one.
            fine[-1] &= int(words.at(at["D"] + int(length[-1]) - 1).size[-1]) == 2
        # Errors, states and events are no frames, and nothing that is lost.
        others = is_error | (kind.is_word(b"ST", b"EC", b"EV") if is_second else False)
        lose_others(lines, fine | others, found.losses, size_bytes)
        yield Frames(
            time_ns=(head.began_ns or 0) + offset_ns,
            bus=(bus - 1).astype(np.uint8),
            id=ids.astype(np.uint32),
            is_extended=is_extended,
            is_fd=is_fd,
            is_remote=is_remote,
            length=length,
            data=data,
            position=position + np.arange(len(lines)),
        ).taken(fine & ~others)
        position += len(lines)
        progress((lines.at + len(lines.block)) / max(size_bytes, 1))


def _without_comments(lines: Lines) -> Lines:
    return lines.taken(~Fields(lines.block, lines.begin, lines.end).starts_with(b";"))


def _milliseconds(field: Fields) -> tuple[np.ndarray, np.ndarray]:
    """Nanoseconds of a time in milliseconds."""
    times, fine = field.seconds()
    return times // 1_000, fine


READER = frames_kind(recognises, read_frames)
