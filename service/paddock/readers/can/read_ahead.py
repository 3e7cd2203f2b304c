"""Frames are read ahead by a process of its own, so that reading and decoding take two cores.

Threads would not do: between any two steps with arrays each needs Python's lock. What the reader finds beside
frames comes with them, so that all is told in the order in which one process alone tells it.
"""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, BinaryIO

from paddock.columns.losses import MAX_LISTED, LossLedger
from paddock.errors import Unavailable
from paddock.processes import end_after, end_with_parent, fork_is_safe
from paddock.readers.can.frame_reader import FoundInLog, FrameReader
from paddock.readers.can.frames import Frames

_FROM_BYTES = 8 << 20
"""A log that takes longer to read than a process takes to begin."""

Batches = Callable[[Iterator[Frames]], Iterator[Frames]]


class _Noted(LossLedger):
    """Losses that wait for being told."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[tuple[str, int, int, int]] = []

    def lose(self, reason: str, offset: int, size_bytes: int, records: int = 0, until: int | None = None) -> None:
        """See ``LossLedger``. Beyond those that are listed only the sums count."""
        if len(self.waiting) > MAX_LISTED:
            reason, offset, before, more = self.waiting.pop()
            size_bytes, records = size_bytes + before, records + more
        self.waiting.append((reason, offset, size_bytes, records))

    def taken(self) -> list[tuple[str, int, int, int]]:
        """What waits; nothing does afterwards."""
        waiting, self.waiting = self.waiting, []
        return waiting


@dataclass(frozen=True)
class _Told:
    """Some frames, and what the reader found up to them."""

    frames: Frames | None
    """None behind the last ones."""
    losses: list[tuple[str, int, int, int]]
    found: dict[str, Any]
    done: float


def read_in_batches(
    read: FrameReader, log: BinaryIO, found: FoundInLog, progress: Callable[[float], None], batches: Batches
) -> Generator[Frames, None, None]:
    """All frames of a log, by a process of its own where that is safe and worth it.

    Args:
        read: for its way of writing.
        log: seekable.
        found: what the reader finds beside frames.
        progress: see ``FrameReader``.
        batches: puts frames together that are decoded at once.

    Raises:
        Unavailable: the process was ended from outside.
    """
    own = _opened_again(log)
    if own is None:
        yield from batches(read(log, found, progress))
        return
    with own:
        ours, theirs = Pipe(duplex=False)
        pid = os.fork()
        if not pid:
            ours.close()
            end_after(_serve, theirs, read, own, batches)
        theirs.close()
        try:
            yield from _received(ours, found, progress)
        finally:
            ours.close()
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _opened_again(log: BinaryIO) -> BinaryIO | None:
    """The same file with a place of its own in it; None where this process reads it itself."""
    try:
        number = log.fileno()
        if os.fstat(number).st_size < _FROM_BYTES or not fork_is_safe():
            return None
        return open(f"/proc/self/fd/{number}", "rb")  # noqa: PTH123
    except (OSError, io.UnsupportedOperation):
        return None


def _received(connection: Connection, found: FoundInLog, progress: Callable[[float], None]) -> Iterator[Frames]:
    while True:
        try:
            told = connection.recv()
        except (EOFError, ConnectionResetError):
            raise Unavailable(
                "The process that reads the log was ended from outside, perhaps for lack of memory. Try again.",
                code="reading_killed",
            ) from None
        if isinstance(told, BaseException):
            raise told
        for loss in told.losses:
            found.losses.lose(*loss)
        for name, value in told.found.items():
            setattr(found, name, value)
        progress(told.done)
        if told.frames is None:
            return
        yield told.frames


def _serve(connection: Connection, read: FrameReader, log: BinaryIO, batches: Batches) -> None:
    # Ctrl-C is for the process that the user sees; when it ends, this one does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    losses = _Noted()
    found = FoundInLog(losses=losses)
    done = [0.0]
    try:
        for frames in batches(read(log, found, lambda share: done.__setitem__(0, share))):
            connection.send(_Told(frames, losses.taken(), _beside(found), done[0]))
        connection.send(_Told(None, losses.taken(), _beside(found), done[0]))
    except (BrokenPipeError, ConnectionResetError):
        return
    except BaseException as error:
        connection.send(error)


def _beside(found: FoundInLog) -> dict[str, Any]:
    """What was found, but for the losses."""
    return {name: value for name, value in vars(replace(found)).items() if name != "losses"}
