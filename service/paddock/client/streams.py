"""How many parts are sent side by side: as many as bring more, which on a line that loses packets is many."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FIRST = 4
MOST = 16
WINDOW_S = 4.0
"""So long is a number of streams tried before another."""
WORTH_IT = 1.25
"""Twice the streams have to bring so many times the bytes, or they are given up again."""
HOLD_S = 120.0
"""So long a number that was found stays; then it is looked whether the line has changed."""
PART_TAKES_S = 60.0
"""A part that takes longer is sent with fewer others beside it: a cut connection loses what is not whole."""


class Streams:
    """Watches what goes over a line, and says how many streams there should be. For any thread.

    One stream is slowed down by every packet that is lost, however fast the line is; several are so independently.
    On a line that is simply slow or shared they bring nothing, and more is lost when it is cut.

    Args:
        fixed: always so many; 0 to find out.
        clock: seconds, from any beginning.
    """

    def __init__(self, fixed: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._fixed = fixed
        self._clock = clock
        self._lock = threading.Lock()
        self._now = fixed or FIRST
        self._passed = 0
        self._since = clock()
        self._hold_until = 0.0
        self._before: tuple[int, float] | None = None
        """The number of streams that is doubled on trial, and what it brought per second."""
        self.rate_bytes_s = 0.0
        """What went over the line in the last whole window, per second."""

    def wanted(self, part_size_bytes: int) -> int:
        """So many streams should there be now, for parts of this size."""
        with self._lock:
            if self._fixed or not self.rate_bytes_s:
                return self._now
            return max(1, min(self._now, int(self.rate_bytes_s * PART_TAKES_S / part_size_bytes)))

    def begin(self) -> None:
        """Something is sent after a pause, which is no part of any window."""
        with self._lock:
            self._passed, self._since = 0, self._clock()

    def passed(self, size_bytes: int, *, busy: int) -> None:
        """So many bytes were given to the line.

        Args:
            size_bytes: how many.
            busy: how many streams there are at the moment; windows with fewer than wanted say nothing of these.
        """
        with self._lock:
            self._passed += size_bytes
            now = self._clock()
            if now - self._since < WINDOW_S:
                return
            self.rate_bytes_s = self._passed / (now - self._since)
            self._passed, self._since = 0, now
            if not self._fixed and busy >= self._now:
                self._decide(now)

    def _decide(self, now: float) -> None:
        if self._before is not None:
            streams, rate = self._before
            self._before = None
            if self.rate_bytes_s < rate * WORTH_IT:
                self._now, self._hold_until = streams, now + HOLD_S
                return
        if now >= self._hold_until and self._now < MOST:
            self._before = self._now, self.rate_bytes_s
            self._now = min(MOST, 2 * self._now)
