"""CAN frames as CSV: one kind of log, since the files end alike, with a reader for each header."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import BinaryIO

from paddock.readers.can import gvret, wuracing
from paddock.readers.can.frame_reader import FoundInLog
from paddock.readers.can.frames import Frames
from paddock.readers.can.kind import frames_kind
from paddock.readers.can.text import size_of

_DIALECTS: tuple[ModuleType, ...] = (wuracing, gvret)
_HEAD_BYTES = 4096


def recognises(head: bytes) -> bool:
    """Whether it has a header that is known."""
    return any(dialect.recognises(head) for dialect in _DIALECTS)


def read_frames(log: BinaryIO, found: FoundInLog, progress: Callable[[float], None]) -> Iterator[Frames]:
    """All frames of a file; see ``FrameReader``."""
    log.seek(0)
    head = log.read(_HEAD_BYTES)
    dialect = next((dialect for dialect in _DIALECTS if dialect.recognises(head)), None)
    if dialect is None:
        found.losses.lose("garbage", 0, size_of(log))
        return iter(())
    frames: Iterator[Frames] = dialect.read_frames(log, found, progress)
    return frames


READER = frames_kind(recognises, read_frames)
