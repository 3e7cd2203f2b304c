"""PEAK's TRC, versions 1.0 to 2.1: a text line per frame, whose words the head explains."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np

from paddock.domain.instants import NS_PER_S
from paddock.readers.can.frame_reader import MAX_SECONDS, FoundInLog, start_ns
from paddock.readers.can.frames import MAX_ID, MAX_STANDARD_ID, Bools, Frames, frames_alike
from paddock.readers.can.kind import frames_kind
from paddock.readers.can.layouts import Alike, Layout, frames_of_lines, read_alike
from paddock.readers.can.text import Fields, Lines, lose_others, size_of

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
_WORDS = {
    "N": rb"(?P<number>\d{1,18})\)?",
    "O": rb"(?P<seconds>\d{1,10})\.(?P<fraction>\d{1,9})",
    "T": rb"(?P<kind>[A-Z]{2})",
    "B": rb"(?P<bus>\d{1,3})",
    "I": rb"(?P<id>[0-9A-Fa-f]{1,8})",
    "l": rb"(?P<length>\d{1,2})",
    "L": rb"(?P<length>\d{1,2})",
}
"""How they are written; milliseconds as seconds are elsewhere."""
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
    milliseconds = round(days * 86_400_000) if abs(days) < MAX_SECONDS else -1
    return _Head(shape, start_ns(milliseconds // 1_000, milliseconds % 1_000 * (NS_PER_S // 1_000)))


def read_frames(log: BinaryIO, found: FoundInLog, progress: Callable[[float], None]) -> Iterator[Frames]:
    """All frames of a file; see ``FrameReader``."""
    size_bytes = size_of(log)
    head = _read_head(log)
    found.is_relative = head.began_ns is None
    if not {"O", "I", "D"} <= set(head.shape):
        found.oddities.append("The head does not say where time, id and data of a frame are.")
        return
    layouts = _layouts(head.shape)

    def read(lines: Lines) -> tuple[Frames, Bools]:
        frames, fine = read_alike(
            _without_comments(lines),
            layouts,
            lambda some: _alike(some, head.shape),
            lambda some: _others(some, head.shape, found, size_bytes),
        )
        return replace(frames, time_ns=(head.began_ns or 0) + frames.time_ns), fine

    yield from frames_of_lines(log, 0, found, progress, read)


def _layouts(shape: str) -> list[Layout]:
    """Data frames of such a shape."""
    if not shape.endswith("D"):
        return []
    words = [_WORDS.get(column, rb"[!-~]+") for column in shape[:-1]]
    data = rb"(?:[ \t]+(?P<data>[0-9A-Fa-f]{2}(?:[ \t][0-9A-Fa-f]{2})*))?(?:[ \t](?P<rest>.*))?"
    fields = ["seconds", "fraction", "id", "rest", *(["number"] if "N" in shape else [])]
    return [Layout(re.compile(rb"[ \t]*" + rb"[ \t]+".join(words) + data), tuple(fields), step=3)]


def _alike(lines: Alike, shape: str) -> Frames | None:
    """Data frames of one bus, with data of one length; their times as the file has them."""
    kind = lines.text("kind") if "T" in shape else b"DT"
    is_fd = kind in _FD_TYPES
    bus = int(lines.text("bus")) if "B" in shape else 1
    length = int(lines.text("length"))
    if "L" not in shape:
        length = int(_CODED_LENGTHS[min(length, 15)])
    if not (is_fd or kind == b"DT") or not 0 < bus < 256 or length > min(64 if is_fd else 8, lines.data_bytes):
        return None
    if "N" in shape:
        lines.decimals("number")
    ids = lines.hexadecimals("id")
    is_extended = len(lines.text("id")) > 4
    lines.fine &= ids <= (MAX_ID if is_extended else MAX_STANDARD_ID)
    times = lines.nanoseconds("seconds", "fraction") // 1_000
    data = lines.data(length)
    return frames_alike(times, ids, data, length, bus=bus - 1, is_extended=is_extended, is_fd=is_fd)


def _others(lines: Lines, shape: str, found: FoundInLog, size_bytes: int) -> tuple[Frames, Bools]:
    """A frame for each line, and which ones are such; their times as the file has them."""
    at = {column: place for place, column in enumerate(shape)}
    is_second = "T" in at
    length_at = at.get("L", at.get("l", 0))
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
    frames = Frames(
        time_ns=offset_ns,
        bus=(bus - 1).astype(np.uint8),
        id=ids.astype(np.uint32),
        is_extended=is_extended,
        is_fd=is_fd,
        is_remote=is_remote,
        length=length,
        data=data,
        position=np.zeros(len(lines), np.int64),
    )
    return frames, fine & ~others


def _without_comments(lines: Lines) -> Lines:
    return lines.taken(~Fields(lines.block, lines.begin, lines.end).starts_with(b";"))


def _milliseconds(field: Fields) -> tuple[np.ndarray, np.ndarray]:
    """Nanoseconds of a time in milliseconds."""
    times, fine = field.seconds()
    return times // 1_000, fine


READER = frames_kind(recognises, read_frames)
