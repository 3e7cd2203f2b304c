"""The files of the log: ``<number>-<marker>.entries``, numbered from 1, each only ever appended to.

A position is ``number * 2**32 + offset``. Numbers never come again, so positions do not either: the newest segment
is never removed, and a new one is durable before anything is written to it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import NamedTuple

from paddock.device_log.entry import MARKER_BYTES
from paddock.durable_files import make_directories, sync_directory

_SUFFIX = ".entries"
_OFFSET_BITS = 32


class Segment(NamedTuple):
    """One file of the log."""

    number: int
    marker: bytes
    path: Path


def position_of(number: int, offset: int) -> int:
    """The position at an offset of a segment."""
    return number << _OFFSET_BITS | offset


def place_of(position: int) -> tuple[int, int]:
    """Segment number and offset of a position."""
    return position >> _OFFSET_BITS, position & ((1 << _OFFSET_BITS) - 1)


def segments(directory: Path) -> list[Segment]:
    """The segments that are there, oldest first; none where there is no log yet."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(directory):  # noqa: PTH208 - ten thousand times a second
            number, _, marker = name.removesuffix(_SUFFIX).partition("-")
            if name.endswith(_SUFFIX) and number.isdecimal() and len(marker) == 2 * MARKER_BYTES:
                with contextlib.suppress(ValueError):
                    found.append(Segment(int(number), bytes.fromhex(marker), directory / name))
    found.sort()
    return found


def new_segment(directory: Path, number: int) -> tuple[Segment, int]:
    """An empty segment that outlasts a power cut, and its descriptor for appending.

    Raises:
        OSError: the disk is full, say.
    """
    make_directories(directory)
    marker = secrets.token_bytes(MARKER_BYTES)
    path = directory / f"{number:010d}-{marker.hex()}{_SUFFIX}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.fsync(descriptor)
        sync_directory(directory)
    except OSError:
        os.close(descriptor)
        path.unlink()
        raise
    return Segment(number, marker, path), descriptor
