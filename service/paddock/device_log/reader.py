"""Reads the log, and goes on as it grows.

What is cut off or damaged costs itself: reading goes on at the next whole entry, and what was passed over is
counted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from paddock.device_log.entry import HEADER, Damaged, Entry, frame_size, unframed
from paddock.device_log.kept import Kept, keep, read_kept
from paddock.device_log.segments import Segment, place_of, position_of, segments

_PIECE_BYTES = 1024 * 1024
_LOOK_S = 0.01
_MOST = 4096


class Reader:
    """Reads what is in the log behind a position, oldest first, from all processes that append.

    One thread at a time; a context that closes its file when it is left. It sees entries a moment before they are
    on the disk: after a power cut it may have seen some that are gone. Nobody was told that those were received.

    Args:
        directory: of the log; need not be there yet.
        after: a position of this log, 0 for all that is there. One that is long gone means the oldest that is not.
    """

    def __init__(self, directory: Path, after: int = 0) -> None:
        self._directory = directory
        self._number, self._offset = place_of(after)
        self._open: tuple[Segment, int] | None = None
        self._data = b""
        self._data_at = 0
        self._waits_behind = 0
        """Where a cut off entry ended when it was last looked at."""
        self.lost_bytes = 0
        self.lost_places = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def position(self) -> int:
        """Where the last entry that was read is."""
        return position_of(self._number, self._offset)

    def read(self, most: int = _MOST) -> list[Entry]:
        """The next entries, at most so many; empty while there are none.

        Raises:
            OSError: the disk does not answer.
        """
        found: list[Entry] = []
        while len(found) < most:
            # Looked for first: once there is a newer one, nothing more is written to this one.
            newer = next((each for each in segments(self._directory) if each.number > self._number), None)
            if self._opened():
                self._read_segment(found, most, ended=newer is not None)
                if len(found) >= most:
                    break
            if newer is None:
                break
            self._close()
            self._number, self._offset, self._waits_behind = newer.number, 0, 0
        return found

    def wait(self, timeout_s: float) -> bool:
        """Wait until there is something to read; False when nothing came for so long."""
        until_s = time.monotonic() + timeout_s
        while not self._has_more():
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return False
            time.sleep(min(_LOOK_S, left_s))
        return True

    def entries(self) -> Iterator[Entry]:
        """All that is there now."""
        while found := self.read():
            yield from found

    def _has_more(self) -> bool:
        if self._open is not None and os.fstat(self._open[1]).st_size > max(self._offset, self._waits_behind):
            return True
        there = segments(self._directory)
        return bool(there) and (there[-1].number > self._number or (self._open is None and self._opened()))

    def _opened(self) -> bool:
        """Whether the segment that is read now is there."""
        if self._open is None:
            for segment in segments(self._directory):
                if segment.number == self._number:
                    self._open = segment, os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
                    self._data, self._data_at = b"", self._offset
        return self._open is not None

    def _close(self) -> None:
        if self._open is not None:
            os.close(self._open[1])
            self._open = None

    def _read_segment(self, found: list[Entry], most: int, *, ended: bool) -> None:
        """Entries up to the end of what is there, or so many.

        Args:
            found: takes them.
            most: how many it may hold.
            ended: whether nothing more is written to this segment.
        """
        assert self._open is not None
        marker = self._open[0].marker
        while len(found) < most:
            at = self._offset - self._data_at
            try:
                size = frame_size(self._data, at, marker)
                if size is None or at + size > len(self._data):
                    if self._fill(size or HEADER.size):
                        continue
                    # Cut off: half written as yet, or for good, or its length is wrong.
                    raise Damaged
                entry = unframed(self._data, at, size, marker, self.position + size)
            except Damaged:
                if not self._pass_damage(ended=ended):
                    return
                continue
            self._offset += size
            found.append(entry)

    def _fill(self, size: int) -> bool:
        """Read on, so that at least so many bytes from here are there; False where the file ends before."""
        assert self._open is not None
        self._data = os.pread(self._open[1], max(size, _PIECE_BYTES), self._offset)
        self._data_at = self._offset
        return len(self._data) >= size

    def _pass_damage(self, *, ended: bool) -> bool:
        """Go to the next whole entry, or to the end of a segment that ended; False where it cannot go on yet."""
        assert self._open is not None
        segment, descriptor = self._open
        size = os.fstat(descriptor).st_size
        if size <= self._offset:
            return False
        rest = os.pread(descriptor, size - self._offset, self._offset)
        at = rest.find(segment.marker, 1)
        while at >= 0 and not _whole(rest, at, segment.marker):
            at = rest.find(segment.marker, at + 1)
        if at < 0 and not ended:
            self._waits_behind = size
            return False
        lost = at if at >= 0 else len(rest)
        self.lost_bytes += lost
        self.lost_places += 1
        self._offset += lost
        self._data, self._data_at = b"", self._offset
        return at >= 0


def _whole(data: bytes, at: int, marker: bytes) -> bool:
    try:
        size = frame_size(data, at, marker)
        if size is None or at + size > len(data):
            return False
        unframed(data, at, size, marker, 0)
    except Damaged:
        return False
    return True


class KeptReader(Reader):
    """A reader that goes on where it was, also after a crash. From its first ``keep`` on nothing that it has not
    read is removed.

    Args:
        directory: of the log.
        name: of the reader, one per purpose, such as ``recorder``; two processes must not use one at once.
    """

    def __init__(self, directory: Path, name: str) -> None:
        kept = read_kept(directory, name)
        super().__init__(directory, kept.position)
        self._name = name
        self.lost_bytes = kept.lost_bytes
        self.lost_places = kept.lost_places

    def keep(self, position: int | None = None) -> None:
        """Say durably that all up to a position is done with; all that was read by default.

        Raises:
            OSError: the disk is full, say.
        """
        position = self.position if position is None else position
        keep(self._directory, self._name, Kept(position, self.lost_bytes, self.lost_places))


def end_of(directory: Path) -> int:
    """The position where the log ends now: what is appended later is behind it."""
    there = segments(directory)
    if not there:
        return 0
    return position_of(there[-1].number, there[-1].path.stat().st_size)


def written_since(directory: Path, since_s: float) -> int:
    """A position with at least all behind it that was received since then (seconds since the epoch)."""
    for segment in segments(directory):
        if segment.path.stat().st_mtime >= since_s:
            return position_of(segment.number, 0)
    return end_of(directory)
