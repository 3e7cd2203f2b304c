"""Appends to the log, and says so once it is on the disk.

One thread writes what all callers gave it meanwhile and syncs once for all of them (group commit). Several
processes append to one segment in turns: who has the lock writes, and syncs after giving it back. The lock's file
says where the segment ends. One that ends elsewhere was left in the middle of an entry, and is continued by a new
segment; so is the last one of every earlier run.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self

from paddock.device_log.entry import MOST_PAYLOAD_BYTES, Entry, framed
from paddock.device_log.kept import kept_positions, remove_passed
from paddock.device_log.segments import Segment, new_segment, place_of, position_of, segments
from paddock.durable_files import disk_full, free_bytes, make_directories
from paddock.errors import PaddockError, Rejected, Unavailable

SEGMENT_BYTES = 64 * 1024 * 1024
SEGMENT_S = 3600
QUEUE_BYTES = 32 * 1024 * 1024
GROUP_BYTES = 8 * 1024 * 1024
_ENTRY_OVERHEAD_BYTES = 200
_STATE = struct.Struct("<QQQ")  # number of the segment in use, its end, when it was begun (s)


class Appender:
    """Appends entries; a context that, when it is left, has written all it was given.

    Args:
        directory: of the log; made when it is first needed.
        segment_bytes: a segment that is longer is continued by a new one.
        queue_bytes: how much may wait to be written.
    """

    def __init__(
        self, directory: Path, *, segment_bytes: int = SEGMENT_BYTES, queue_bytes: int = QUEUE_BYTES
    ) -> None:
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._queue_bytes = queue_bytes
        self._waiting: list[tuple[Sequence[Entry], int, Future[int]]] = []
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self._lock: int | None = None
        self._open: tuple[Segment, int] | None = None
        self._sealed = True
        """Whether the segment in use may hold something that nobody knows to be whole."""
        self._thread = threading.Thread(target=self._run, name="device-log", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        if self._open is not None:
            os.close(self._open[1])
        if self._lock is not None:
            os.close(self._lock)

    def append(self, entries: Sequence[Entry]) -> Future[int]:
        """Give entries to be written, all or none; may be called on any thread and returns at once.

        Returns:
            the position of the last of them, once all are on the disk. Its exception is ``Unavailable`` when they
            are not: the disk is full (code ``disk_full``) or does not answer.

        Raises:
            Unavailable: too much waits already (code ``device_log_busy``), or this was closed.
            Rejected: a payload is longer than any may be (code ``too_large``).
        """
        size = 0
        for entry in entries:
            if len(entry.payload) > MOST_PAYLOAD_BYTES:
                raise Rejected(f"A message has at most {MOST_PAYLOAD_BYTES // 1024 // 1024} MiB.", code="too_large")
            size += len(entry.payload) + _ENTRY_OVERHEAD_BYTES
        future: Future[int] = Future()
        with self._changed:
            if self._closing:
                raise Unavailable("Paddock is stopping: send it again in a moment.", code="device_log_busy")
            if self._waiting and self._waiting_bytes + size > self._queue_bytes:
                raise Unavailable(
                    "More is being sent than the disk can take: send it again in a moment.", code="device_log_busy"
                )
            self._waiting.append((entries, size, future))
            self._waiting_bytes += size
            self._changed.notify()
        return future

    def _run(self) -> None:
        while group := self._next_group():
            try:
                ends = self._write([entries for entries, _, _ in group])
            except BaseException as error:
                # Whoever waits is told, whatever it was; the next group is tried anew.
                for _, _, future in group:
                    future.set_exception(self._sentence(error))
                continue
            for (_, _, future), end in zip(group, ends, strict=True):
                future.set_result(end)

    def _next_group(self) -> list[tuple[Sequence[Entry], int, Future[int]]]:
        """What to write together; empty once this is closed and all is written."""
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            size = count = 0
            for _, each, _ in self._waiting:
                if count and size + each > GROUP_BYTES:
                    break
                size += each
                count += 1
            group, self._waiting = self._waiting[:count], self._waiting[count:]
            self._waiting_bytes -= size
            return group

    def _write(self, groups: list[Sequence[Entry]]) -> list[int]:
        """Where each group ends, once all are on the disk."""
        with self._locked() as lock:
            (segment, descriptor), end, begun_s = self._segment(lock)
            frames = [b"".join(framed(entry, segment.marker) for entry in entries) for entries in groups]
            self._sealed = True
            try:
                _write_all(descriptor, b"".join(frames))
            except OSError:
                os.ftruncate(descriptor, end)
                self._sealed = False
                raise
            ends = []
            for frame in frames:
                end += len(frame)
                ends.append(position_of(segment.number, end))
            os.pwrite(lock, _STATE.pack(segment.number, end, begun_s), 0)
        # What cannot be synced may be lost although later syncs succeed: then nothing more goes to this segment.
        os.fdatasync(descriptor)
        self._sealed = False
        return ends

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        if self._lock is None:
            make_directories(self._directory)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._lock = os.open(self._directory / "lock", flags, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            yield self._lock
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _segment(self, lock: int) -> tuple[tuple[Segment, int], int, int]:
        """The segment to append to with its descriptor, its end, and when it was begun."""
        state = os.pread(lock, _STATE.size, 0)
        number, end, begun_s = _STATE.unpack(state) if len(state) == _STATE.size else (0, 0, 0)
        now_s = int(time.time())
        if not self._sealed and end < self._segment_bytes and 0 <= now_s - begun_s < SEGMENT_S:
            if self._open is None or self._open[0].number != number:
                self._open_segment(number)
            if self._open is not None and os.fstat(self._open[1]).st_size == end:
                return self._open, end, begun_s
        self._close_segment()
        self._open = new_segment(self._directory, self._next_number())
        os.pwrite(lock, _STATE.pack(self._open[0].number, 0, now_s), 0)
        return self._open, 0, now_s

    def _next_number(self) -> int:
        """One that no segment had, and no position that a reader kept; also removes what all have passed."""
        known = [segment.number for segment in segments(self._directory)]
        # What a reader kept may be unreadable; that is for the reader to say.
        with contextlib.suppress(Unavailable):
            known += [place_of(position)[0] for position in kept_positions(self._directory).values()]
            remove_passed(self._directory)
        return max(known, default=0) + 1

    def _open_segment(self, number: int) -> None:
        """Another process began it."""
        self._close_segment()
        for segment in segments(self._directory):
            if segment.number == number:
                self._open = segment, os.open(segment.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def _close_segment(self) -> None:
        if self._open is not None:
            os.close(self._open[1])
            self._open = None

    def _sentence(self, error: BaseException) -> BaseException:
        if isinstance(error, PaddockError) or not isinstance(error, OSError):
            return error
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return disk_full(free_bytes(self._directory), None)
        return Unavailable(
            f"The disk of {self._directory} does not take what devices send: {error.strerror or error}.",
            code="device_log",
        )


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
