"""What the running agent knows and keeps in no ledger: who answers, how fast it goes, how far it is."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Set
from typing import Any

import msgspec

from paddock.basestation.status import CarStatus, ServerStatus

WINDOW_S = 10.0
_STEP_S = 0.1


class Speed:
    """How fast bytes came or went, over the last seconds in which any did. Any thread may call."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._counted: deque[tuple[float, int]] = deque()
        self._measured: float | None = None

    def add(self, size_bytes: int) -> None:
        """So many more bytes are through; 0 where something begins, so that the wait before it does not count."""
        now = self._now_s()
        with self._lock:
            if self._counted and now - self._counted[-1][0] > WINDOW_S:
                self._counted.clear()
            if len(self._counted) > 1 and now - self._counted[-1][0] < _STEP_S:
                # Thousands of pieces a second are not remembered one by one.
                last, counted = self._counted.pop()
                self._counted.append((last, counted + size_bytes))
            else:
                self._counted.append((now, size_bytes if self._counted else 0))
            while now - self._counted[0][0] > WINDOW_S:
                self._counted.popleft()
            over_s = now - self._counted[0][0]
            if over_s >= 0.5:
                # What the first one counts came before the time over which is measured.
                self._measured = sum(count for _, count in list(self._counted)[1:]) / over_s

    @property
    def bytes_per_s(self) -> float | None:
        """As measured last; None before anything was."""
        with self._lock:
            return self._measured


class Observed:
    """Filled by the loops of the agent, read for each ``Status``. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.cars: dict[str, CarStatus] = {}
        """By place, in the order in which the user named them."""
        self.servers: dict[str, ServerStatus] = {}
        """By the server as the user named it, in that order."""
        self.open_files: frozenset[int] = frozenset()
        """Files, by their ids in the ledger, that are not certain to be closed."""
        self.pulled: dict[int, int] = {}
        """By file: how many bytes are here of what is being pulled."""
        self.sent: dict[tuple[str, str], int] = {}
        """By log and server: how many bytes have arrived of what is being sent."""
        self.problems: dict[str, str] = {}
        """By whom it concerns: what is wrong with the agent as a whole, and what to do."""

    def now_open(self, before: Set[int], now: Set[int]) -> None:
        """Take over which files are open at one place, and which were before."""
        with self._lock:
            self.open_files = (self.open_files - before) | now

    def car(self, place: str, **changed: Any) -> None:
        """Note what has changed about a car."""
        with self._lock:
            self.cars[place] = msgspec.structs.replace(self.cars[place], **changed)

    def server(self, server: str, **changed: Any) -> None:
        """Note what has changed about a server."""
        with self._lock:
            self.servers[server] = msgspec.structs.replace(self.servers[server], **changed)

    def problem(self, whom: str, sentence: str) -> None:
        """Say what is wrong with a part of the agent; an empty sentence says that nothing is any more."""
        self.problems.pop(whom, None)
        if sentence:
            self.problems[whom] = sentence
