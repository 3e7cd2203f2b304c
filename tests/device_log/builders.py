"""Entries and logs of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from paddock.device_log.appender import Appender
from paddock.device_log.entry import Entry, Kind
from paddock.device_log.reader import Reader
from paddock.device_log.segments import segments


def entry(number: int, payload: bytes = b"{}", device_id: str = "car") -> Entry:
    return Entry(device_id, Kind.DATA, number, "application/json", payload)


def append(directory: Path, *entries: Entry) -> int:
    """By a process that starts, appends these in one go, and ends."""
    with Appender(directory) as appender:
        return appender.append(entries).result(60)


def numbers(entries: Sequence[Entry] | Iterator[Entry]) -> list[int]:
    """Those that ``entry`` was given."""
    return [each.received_ns for each in entries]


def read_numbers(directory: Path, after: int = 0) -> list[int]:
    with Reader(directory, after) as reader:
        return numbers(reader.entries())


def last_segment(directory: Path) -> Path:
    return segments(directory)[-1].path
