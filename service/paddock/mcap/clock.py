"""What is odd about the times of a log although nothing is lost: jumps, and messages at time 0."""

from __future__ import annotations

import numpy as np

from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.mcap.events import Int64s

BACKWARD_JUMP_NS = NS_PER_S
"""Recorders write some messages a little late; a second back is a clock that was set."""
FORWARD_JUMP_NS = 10 * 60 * NS_PER_S
MAX_TOLD = 20


class Clock:
    """Watches ``log_time`` in file order."""

    def __init__(self) -> None:
        self.zero_times = 0
        self.first: int | None = None
        self.last: int | None = None
        self.jumps = 0
        self._latest: int | None = None
        self._told: list[str] = []

    def observe(self, log_time: Int64s) -> None:
        """Take in the times of the messages that follow, shape (N,), N > 0."""
        low, high = int(log_time.min()), int(log_time.max())
        self.first = low if self.first is None else min(self.first, low)
        self.last = high if self.last is None else max(self.last, high)
        if low == 0:
            # A message without a time says nothing about the clock.
            self.zero_times += int(np.count_nonzero(log_time == 0))
            log_time = log_time[log_time != 0]
            if not len(log_time):
                return
        if self._latest is not None:
            self._step(self._latest, int(log_time[0]))
        if high - low >= BACKWARD_JUMP_NS:
            steps = np.diff(log_time)
            for at in np.flatnonzero((steps <= -BACKWARD_JUMP_NS) | (steps >= FORWARD_JUMP_NS)).tolist():
                self._step(int(log_time[at]), int(log_time[at + 1]))
        self._latest = int(log_time[-1])

    def notices(self) -> list[str]:
        """Sentences."""
        told = list(self._told)
        if self.jumps > len(told):
            told.append(f"The clock jumps {self.jumps - len(told)} more times.")
        if self.zero_times:
            told.append(f"{self.zero_times} messages have log_time 0: the recorder had no clock.")
        return told

    def _step(self, before: int, after: int) -> None:
        step = after - before
        if -BACKWARD_JUMP_NS < step < FORWARD_JUMP_NS:
            return
        self.jumps += 1
        if len(self._told) < MAX_TOLD:
            way = "back" if step < 0 else "forward"
            self._told.append(
                f"The clock jumps {way} by {abs(step) / NS_PER_S:.3f} s, "
                f"from {_instant(before)} to {_instant(after)}."
            )


def _instant(time_ns: int) -> str:
    try:
        return to_rfc3339(time_ns)
    except (ValueError, OverflowError):
        return f"{time_ns} ns"
