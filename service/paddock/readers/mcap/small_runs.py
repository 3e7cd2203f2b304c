"""Few messages at a time, put together: a run of one message costs as much as a run of hundreds."""

from __future__ import annotations

import struct

import numpy as np

from paddock.readers.mcap.definitions import Part
from paddock.readers.mcap.events import Messages
from paddock.readers.mcap.records import PREFIX_BYTES

_MAX_MESSAGES = 64
_MAX_BYTES = 16 << 10
_FULL_BYTES = 256 << 10
_FULL_MESSAGES = 4096
_TIME = struct.Struct("<Q")
_TIME_AT = PREFIX_BYTES + 6
_CHANNEL = struct.Struct("<H")


class SmallRuns:
    """Runs that wait, in file order, with a copy of their bytes."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._pieces: list[bytes] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._channel_ids: list[int] = []
        self._definitions: list[int] = []
        self._size = 0
        self._offset = 0

    def add(self, run: Messages) -> tuple[int, int] | None:
        """Take a run, if it is small: the times of its first and last message."""
        count = len(run.starts)
        begin, end = int(run.starts[0]), int(run.ends[-1])
        if count > _MAX_MESSAGES or end - begin > _MAX_BYTES:
            return None
        piece = bytes(run.data[begin:end])
        if not self._pieces:
            self._offset = run.offset + begin
        self._pieces.append(piece)
        shift = self._size - begin
        starts = run.starts.tolist()
        self._channel_ids += [_CHANNEL.unpack_from(run.data, start + PREFIX_BYTES)[0] for start in starts]
        self._starts += [start + shift for start in starts]
        self._ends += [at + shift for at in run.ends.tolist()]
        self._size += len(piece)
        last = int(run.starts[-1]) - begin
        return _TIME.unpack_from(piece, _TIME_AT)[0], _TIME.unpack_from(piece, last + _TIME_AT)[0]

    @property
    def full(self) -> bool:
        """Whether they are enough."""
        return self._size >= _FULL_BYTES or len(self._starts) >= _FULL_MESSAGES

    def define(self, part: Part) -> bool:
        """Note what is in force for those that wait, before it changes; whether that is known for all of them."""
        for channel_id in self._channel_ids[len(self._definitions) :]:
            if not part.defined[channel_id]:
                return False
            self._definitions.append(part.in_force(channel_id))
        return True

    def take(self) -> tuple[Messages, list[int]] | None:
        """All of them as one, and for the first of them the place of their definition in the part's history."""
        if not self._starts:
            return None
        starts, ends = np.array(self._starts, np.int64), np.array(self._ends, np.int64)
        run = Messages(b"".join(self._pieces), starts, ends, self._offset)
        definitions = self._definitions
        self._begin()
        return run, definitions
