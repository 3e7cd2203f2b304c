"""Washington University Racing's CSV: ``year,month,day,hour,min,sec,ms,id,data``, or the older ``time,id,data``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np

from paddock.columns.columns import Int64s
from paddock.domain.instants import NS_PER_S
from paddock.readers.can.frame_reader import FoundInLog
from paddock.readers.can.frames import MAX_ID, MAX_STANDARD_ID, Bools, Frames
from paddock.readers.can.text import Fields, blocks_of_lines, lose_others, size_of

HEADER = b"year,month,day,hour,min,sec,ms,id,data"
OLD_HEADER = b"time,id,data"
_NS_PER_MS = 1_000_000
_BOM = b"\xef\xbb\xbf"


def recognises(head: bytes) -> bool:
    """Whether a file begins with one of the two headers."""
    return _header(head) in (HEADER, OLD_HEADER)


def _header(head: bytes) -> bytes:
    return head.removeprefix(_BOM).partition(b"\n")[0].strip().replace(b" ", b"").lower()


def read_frames(log: BinaryIO, found: FoundInLog, progress: Callable[[float], None]) -> Iterator[Frames]:
    """All frames of a file; see ``FrameReader``."""
    size_bytes = size_of(log)
    log.seek(0)
    head = log.readline()
    is_old = _header(head) == OLD_HEADER
    found.has_extended_flag = False
    found.is_relative = is_old
    clock = _Clock()
    position = 0
    for lines in blocks_of_lines(log, len(head), found.losses.lose):
        fields, count = lines.split(b",", 3 if is_old else 9)
        times, fine = _old_times(fields) if is_old else clock.times(fields, count)
        ids, good = fields[-2].hexadecimals()
        data, length, even = fields[-1].hex_bytes(8)
        fine &= good & even & (ids <= MAX_ID) & (count == len(fields))
        if not lines.is_ended:
            # Cut off within its data, which may look like that of a shorter frame.
            fine[-1] &= length[-1] == 8
        lose_others(lines, fine, found.losses, size_bytes)
        kept = ids[fine].astype(np.uint32)
        none = np.zeros(len(kept), bool)
        yield Frames(
            time_ns=times[fine],
            bus=np.zeros(len(kept), np.uint8),
            id=kept,
            is_extended=kept > MAX_STANDARD_ID,
            is_fd=none,
            is_remote=none,
            length=length[fine],
            data=data[fine],
            position=position + np.flatnonzero(fine),
        )
        position += len(lines)
        progress((lines.at + len(lines.block)) / max(size_bytes, 1))
    found.is_relative |= clock.is_relative


def _old_times(fields: list[Fields]) -> tuple[Int64s, Bools]:
    milliseconds, fine = fields[0].decimals(15)
    return milliseconds * _NS_PER_MS, fine


class _Clock:
    """Puts together the seven fields of an instant."""

    def __init__(self) -> None:
        self.is_relative = False
        self._days: dict[tuple[int, int, int], int] = {}

    def times(self, fields: list[Fields], count: Int64s) -> tuple[Int64s, Bools]:
        """Nanoseconds since 1970, or since the logger was switched on where the year is 0."""
        fine = count == len(fields)
        numbers = []
        for field in fields[:7]:
            values, good = field.decimals(4)
            numbers.append(values)
            fine &= good
        year, month, day, hour, minute, second, millisecond = numbers
        fine &= (month <= 12) & (day <= 31) & (hour < 24 * 7) & (minute < 60) & (second < 61) & (millisecond < 1000)
        seconds = (hour * 60 + minute) * 60 + second
        # One date for nearly all lines of a block: looked up once each.
        dates = (year * 100 + month) * 100 + day
        days = np.zeros(len(dates), np.int64)
        for date in np.unique(dates[fine]).tolist():
            known, value = self._day(date // 10_000, date // 100 % 100, date % 100)
            same = dates == date
            days[same] = value
            if not known:
                fine &= ~same
        return (days * 86_400 + seconds) * NS_PER_S + millisecond * _NS_PER_MS, fine

    def _day(self, year: int, month: int, day: int) -> tuple[bool, int]:
        if year == 0:
            self.is_relative = True
            return True, day
        year += 2000 if year < 100 else 0
        try:
            instant = np.datetime64(f"{year:04}-{month:02}-{day:02}", "D")
        except ValueError:
            return False, 0
        return year >= 1970, int(instant.astype(np.int64))
