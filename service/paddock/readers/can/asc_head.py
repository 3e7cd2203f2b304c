"""The head of Vector's ASC: when the measurement began, and how its numbers and times are written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from paddock.readers.can.frame_reader import start_ns

_HEAD_BYTES = 1 << 16
_DATE = re.compile(
    rb"^\s*date\s+\w+\.?\s+(\w+)\.?\s+(\d+)\s+(\d+):(\d+):(\d+)(?:[.,](\d+))?\s*([ap]m)?\s+(\d{4})\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_BASE = re.compile(rb"^\s*base\s+(hex|dec)\b(?:\s+timestamps\s+(absolute|relative))?", re.IGNORECASE | re.MULTILINE)
_ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_ENGLISH, 1)} | {
    "mrz": 3,
    "m\xe4r": 3,
    "mai": 5,
    "okt": 10,
    "dez": 12,
}


@dataclass(frozen=True)
class AscHead:
    """What the head says."""

    began_ns: int | None = None
    """None where it says no date that can be read. It has no time zone: taken as UTC."""
    is_hexadecimal: bool = True
    is_relative: bool = False
    """Each time counts from the line before."""


def read_head(log: BinaryIO) -> AscHead:
    """The head of an open file, which may be anywhere afterwards."""
    log.seek(0)
    head = log.read(_HEAD_BYTES)
    base = _BASE.search(head)
    return AscHead(
        began_ns=_instant(_DATE.search(head)),
        is_hexadecimal=base is None or base[1].lower() == b"hex",
        is_relative=base is not None and (base[2] or b"").lower() == b"relative",
    )


def _instant(date: re.Match[bytes] | None) -> int | None:
    if date is None:
        return None
    month = _MONTHS.get(date[1].decode("latin-1").lower()[:3])
    hour = int(date[3])
    if date[7]:
        hour = hour % 12 + (12 if date[7].lower() == b"pm" else 0)
    try:
        day = datetime(int(date[8]), month or 0, int(date[2]), hour, int(date[4]), int(date[5]), tzinfo=UTC)
    except ValueError:
        return None
    fraction = int((date[6] or b"0").ljust(9, b"0")[:9])
    return start_ns(day.timestamp(), fraction)
