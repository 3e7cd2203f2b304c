"""What every kind of log of CAN frames is made of: how it is recognised, and how its frames are read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from paddock.readers.can.frame_reader import FrameReader
from paddock.readers.can.spool import spool_frames
from paddock.readers.registry import Reader


def frames_kind(recognises: Callable[[bytes], bool], read: FrameReader) -> Reader:
    """The reader of a kind."""
    return Reader(recognises=recognises, spool=partial(spool_frames, read))
