"""How many parts are sent side by side: as many as bring more, which on a line that loses packets is many."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FIRST = 4
MOST = 16
WINDOW_S = 3.0
"""How long a number of streams is measured, after it ran as long: the kernel takes the first bytes at once."""
WORTH_IT = 1.25
"""Twice as many streams are kept only if they bring so many times the bytes."""
AS_GOOD = 0.85
"""Half as many streams are kept only if they bring this share of the bytes."""
HOLD_S = 120.0
"""How long a number that was found stays before others are tried: the line may have changed."""
CUT_HOLD_S = 30.0
"""How long after a cut no more streams are tried."""
PART_TAKES_S = 60.0
"""Where a part takes longer, fewer are tried: a line that is cut loses what is not whole."""


class Streams:
    """Watches what goes over a line, and gives streams away: to all logs that go over it. For any thread.

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
        self._busy = 0
        self._part_bytes = 1
        self._passed = 0
        self._since = clock()
        self._is_settling = False
        self._before: tuple[int, float] | None = None
        """While another number is tried: the one before, and what it brought per second."""
        self._hold_until = 0.0

    @property
    def wanted(self) -> int:
        """So many streams should there be now."""
        with self._lock:
            return self._now

    def take(self, part_size_bytes: int) -> bool:
        """Begin a stream for a part of this size, if there is room for one more; it is given back in the end."""
        with self._lock:
            if self._busy >= self._now:
                return False
            if not self._busy:
                # What was before is no part of any window.
                self._passed, self._since, self._is_settling = 0, self._clock(), True
            self._busy += 1
            self._part_bytes = part_size_bytes
            return True

    def give_back(self) -> None:
        """A stream has ended."""
        with self._lock:
            self._busy -= 1

    def passed(self, size_bytes: int) -> None:
        """So many bytes were given to the line."""
        if self._fixed:
            return
        with self._lock:
            now = self._clock()
            if self._busy != self._now:
                # Only as many as wanted tell anything.
                self._passed, self._since = 0, now
                return
            self._passed += size_bytes
            if now - self._since < WINDOW_S:
                return
            rate = self._passed / (now - self._since)
            self._passed, self._since = 0, now
            if self._is_settling:
                self._is_settling = False
            else:
                self._decide(rate, now)

    def cut(self) -> None:
        """The line was cut: half of the streams lose half as much the next time."""
        if self._fixed:
            return
        with self._lock:
            self._now = max(1, self._now // 2)
            self._before, self._is_settling = None, False
            self._hold_until = self._clock() + CUT_HOLD_S

    def _decide(self, rate: float, now: float) -> None:
        goes_up = True
        if self._before is not None:
            streams, before = self._before
            self._before = None
            goes_up = self._now > streams
            if rate < before * (WORTH_IT if goes_up else AS_GOOD):
                rate, self._now = before, streams
                if not goes_up:
                    self._hold_until = now + HOLD_S
                goes_up = False
        if now < self._hold_until:
            return
        if goes_up and self._now < MOST:
            self._try(min(MOST, 2 * self._now), rate)
        elif self._now > 1 and self._now * self._part_bytes > rate * PART_TAKES_S:
            self._try(self._now // 2, rate)
        else:
            self._hold_until = now + HOLD_S

    def _try(self, streams: int, rate: float) -> None:
        self._before = self._now, rate
        self._now = streams
        self._is_settling = True
