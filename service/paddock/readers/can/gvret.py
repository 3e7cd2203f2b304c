"""The CSV of SavvyCAN and GVRET: ``Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np

from paddock.readers.can.frame_reader import FoundInLog
from paddock.readers.can.frames import MAX_ID, MAX_STANDARD_ID, Bools, Frames, frames_alike
from paddock.readers.can.layouts import Alike, Layout, frames_of_lines, read_alike
from paddock.readers.can.text import Lines, lose_others, size_of

_HEADER = b"time stamp,id,extended,"
_NS_PER_US = 1_000
_REMOTE_LENGTH_FLAG = 128
"""SavvyCAN adds it to the length of a remote frame."""

_COLUMNS = ["time stamp", "id", "extended", "dir", "bus", "len", *(f"d{number}" for number in range(1, 9))]
_LAYOUT = Layout(
    re.compile(
        rb"(?P<time>\d{1,16}),(?P<id>[0-9A-Fa-f]{1,8}),(?P<extended>true|True|TRUE|false|False|FALSE|[01]),[^,]*,"
        rb"(?P<bus>\d{1,3}),(?P<length>\d{1,3})(?:,(?P<data>[0-9A-Fa-f]{2}(?:,[0-9A-Fa-f]{2})*))?(?:,(?P<rest>.*))?"
    ),
    ("time", "id", "rest"),
    step=3,
)


def recognises(head: bytes) -> bool:
    """Whether a file begins with its header."""
    return head.removeprefix(b"\xef\xbb\xbf").lower().startswith(_HEADER)


def read_frames(log: BinaryIO, found: FoundInLog, progress: Callable[[float], None]) -> Iterator[Frames]:
    """All frames of a file; see ``FrameReader``. Its times are microseconds since the logger was switched on."""
    size_bytes = size_of(log)
    log.seek(0)
    names = log.readline().strip().removeprefix(b"\xef\xbb\xbf").lower().rstrip(b",").split(b",")
    columns = [name.decode("latin-1") for name in names]
    begin = log.tell()
    found.is_relative = True
    layouts = [_LAYOUT] if columns == _COLUMNS else []

    def read(lines: Lines) -> tuple[Frames, Bools]:
        return read_alike(lines, layouts, _alike, lambda some: _others(some, columns, found, size_bytes))

    yield from frames_of_lines(log, begin, found, progress, read)


def _alike(lines: Alike) -> Frames | None:
    """Data frames of one bus, with data of one length."""
    bus, length = int(lines.text("bus")), int(lines.text("length"))
    if bus > 255 or length > min(8, lines.data_bytes):
        return None
    ids = lines.hexadecimals("id")
    is_extended = lines.text("extended").lower() in (b"true", b"1")
    lines.fine &= ids <= (MAX_ID if is_extended else MAX_STANDARD_ID)
    times = lines.decimals("time") * _NS_PER_US
    return frames_alike(times, ids, lines.data(length), length, bus=bus, is_extended=is_extended)


def _others(lines: Lines, columns: list[str], found: FoundInLog, size_bytes: int) -> tuple[Frames, Bools]:
    """A frame for each line, and which ones are such; what is none is lost."""
    places = {name: place for place, name in enumerate(columns)}
    data_at = places.get("d1", len(columns))
    most = min(64, max(8, len(columns) - data_at))
    fields, count = lines.split(b",", data_at + most)
    times, fine = fields[0].decimals(16)
    ids, good = fields[1].hexadecimals()
    is_extended = fields[2].is_word(b"true", b"True", b"TRUE", b"1")
    fine &= good & (is_extended | fields[2].is_word(b"false", b"False", b"FALSE", b"0"))
    fine &= ids <= np.where(is_extended, MAX_ID, MAX_STANDARD_ID)
    bus, good = fields[places["bus"]].decimals(3) if "bus" in places else (np.zeros_like(ids), fine)
    fine &= good & (bus < 256)
    length, good = fields[data_at - 1].decimals(3)
    is_remote = (length & _REMOTE_LENGTH_FLAG) != 0
    length = np.where(is_remote, 0, length)
    fine &= good & (length <= most) & (count >= data_at + length)
    data = np.zeros((len(lines), 64 if most > 8 else 8), np.uint8)
    for place in range(int(length[fine].max(initial=0))):
        there = length > place
        values, good = fields[data_at + place].hexadecimals(2)
        fine &= ~there | good
        data[:, place] = np.where(there & good, values, 0)
    if not lines.is_ended and fine[-1] and length[-1]:
        # The last byte may be half of one.
        fine[-1] &= int(fields[data_at + int(length[-1]) - 1].size[-1]) == 2
    lose_others(lines, fine, found.losses, size_bytes)
    frames = Frames(
        time_ns=times * _NS_PER_US,
        bus=bus.astype(np.uint8),
        id=ids.astype(np.uint32),
        is_extended=is_extended,
        is_fd=length > 8,
        is_remote=is_remote,
        length=length.astype(np.uint8),
        data=data,
        position=np.zeros(len(lines), np.int64),
    )
    return frames, fine
