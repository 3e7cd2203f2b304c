"""What is odd about the times of a log although nothing is lost: jumps, and messages at time 0."""

from __future__ import annotations

import numpy as np

from paddock.columns.columns import Int64s
from paddock.columns.time_span import Stretches, TimeSpan
from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.domain.words import counted

BACKWARD_JUMP_NS = NS_PER_S
"""Recorders write some messages a little late; a second back is a clock that was set."""
FORWARD_JUMP_NS = 10 * 60 * NS_PER_S
MAX_TOLD = 20


class Clock:
    """Watches ``log_time`` in file order."""

    def __init__(self) -> None:
        self.zero_times = 0
        self._stretches = Stretches()
        self.jumps = 0
        self._latest: int | None = None
        self._told: list[str] = []

    def observe(self, log_time: Int64s) -> None:
        """Take in the times of the messages that follow, shape (N,), N > 0."""
        low, high = int(log_time.min()), int(log_time.max())
        self._stretches.add(log_time, low, high)
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

    def observe_late(self, log_time: Int64s) -> None:
        """Take in times of messages that came before, shape (N,), N > 0: they tell of no jump."""
        self._stretches.add(log_time, int(log_time.min()), int(log_time.max()))

    def span(self) -> TimeSpan | None:
        """When the log was recorded; None without messages."""
        return self._stretches.span()

    def notices(self) -> list[str]:
        """Sentences."""
        told = list(self._told)
        if self.jumps > len(told):
            told.append(f"The clock jumps {counted(self.jumps - len(told), 'more time')}.")
        if self.zero_times:
            have = "has" if self.zero_times == 1 else "have"
            told.append(f"{counted(self.zero_times, 'message')} {have} log_time 0: the recorder had no clock.")
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
