"""How much room the car's disk has, and for how many minutes of recording that is enough."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

import msgspec

from paddock.domain.instants import NS_PER_S

FEW_MINUTES = 20
"""With room for fewer minutes of recording the page warns: an endurance takes longer."""
LITTLE_BYTES = 1_000_000_000
"""With less room the page warns where it is not known how fast logs grow."""
_OVER_NS = 30 * NS_PER_S
_LEAST_NS = 5 * NS_PER_S


class Disk(msgspec.Struct, frozen=True):
    """The file system of the logs."""

    free_bytes: int
    total_bytes: int
    bytes_per_s: float | None = None
    """How fast the recorder fills it now, or did last; None where nothing was recorded yet."""
    minutes_left: float | None = None
    warning: str = ""
    """A sentence for people, where there is something to do."""


class DiskGauge:
    """Measures by how much the log that is being recorded grows.

    Args:
        root: the directory of the logs.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._name = ""
        self._samples: deque[tuple[int, int]] = deque()
        self._bytes_per_s: float | None = None

    def sample(self, now_ns: int, name: str | None, size_bytes: int) -> None:
        """The log that is being recorded has this size now; None for none."""
        if name is None or name != self._name or (self._samples and size_bytes < self._samples[-1][1]):
            self._samples.clear()
            self._name = name or ""
        if name is None:
            return
        self._samples.append((now_ns, size_bytes))
        while now_ns - self._samples[0][0] > _OVER_NS:
            self._samples.popleft()
        first_ns, first_bytes = self._samples[0]
        if now_ns - first_ns >= _LEAST_NS and size_bytes > first_bytes:
            self._bytes_per_s = (size_bytes - first_bytes) * NS_PER_S / (now_ns - first_ns)

    def read(self) -> Disk:
        """As it is now.

        Raises:
            OSError: the directory is gone.
        """
        status = os.statvfs(self._root)
        free, total = status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize
        rate = self._bytes_per_s
        minutes = free / rate / 60 if rate else None
        return Disk(free, total, rate, minutes, _warning(free, minutes))


def _warning(free: int, minutes: float | None) -> str:
    if free == 0:
        return "The disk is full: nothing more can be recorded. Take logs off the car, or remove some."
    if minutes is not None and minutes < FEW_MINUTES:
        return f"The disk is full in about {minutes:.0f} min of recording: take logs off the car, or remove some."
    if minutes is None and free < LITTLE_BYTES:
        return f"The disk has {free / 1e6:.0f} MB left: take logs off the car, or remove some."
    return ""
