"""What time it really is, while the car's own clock may say anything.

The clock that counts from the start of the machine never steps. So a moment at which the true time was told gives
the true time of every other moment since the machine was started, also of those before.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import msgspec

from paddock.basestation.car.store import Beginning, Store
from paddock.domain.instants import NS_PER_S
from paddock.domain.sidecar import MAX_CLOCK_OFFSET_NS
from paddock.errors import Rejected, Unavailable

FIRST_TIME_NS = 1_704_067_200 * NS_PER_S
"""The year 2024: a source that says an earlier time is not believed."""
LAST_TIME_NS = 4_102_444_800 * NS_PER_S
RIGHT_NS = NS_PER_S
"""A clock that is wrong by less is right: nobody dates a log to the second."""
OLD_NS = 600 * NS_PER_S
"""After so long a less exact source replaces a more exact one: the two clocks of a machine drift apart."""
_CLOCK_IS_NOT_SYNCHRONISED = 5
_RANKS = {"gps": 3, "network": 2, "base_station": 1, "phone": 1}


class Told(msgspec.Struct, frozen=True):
    """What the time was at one moment."""

    boot: str
    at_ns: int
    """The moment, by the clock that counts from the start of the machine."""
    true_ns: int
    source: str
    """``gps``, ``network``, ``base_station`` or ``phone``."""
    unsure_ns: int = 0
    """How far it may be off."""


class ClockState(msgspec.Struct, frozen=True):
    """What is known of the car's clock now."""

    now_ns: int
    """What the clock says."""
    offset_ns: int | None
    """To be added to it; 0 where it is right, None where nobody has told."""
    source: str | None = None
    unsure_ns: int | None = None
    stepped_ns: int | None = None
    """How far it was last set while this program ran; None where it was not."""


class Clock:
    """The two clocks of the machine, and what others said.

    Args:
        store: keeps what was told beyond the end of this program.
        wall: the clock that says the time, which may be wrong and may be set.
        running: the clock that counts from the start of the machine.
        boot: a word for the time since the machine was started.
        synchronised: whether the machine follows the network's time.
    """

    def __init__(
        self,
        store: Store,
        *,
        wall: Callable[[], int] = time.time_ns,
        running: Callable[[], int] | None = None,
        boot: str | None = None,
        synchronised: Callable[[], bool] | None = None,
    ) -> None:
        self._store = store
        self._wall = wall
        self._running = running or since_start_ns
        self.boot = boot or _boot()
        self._synchronised = synchronised or follows_network_time
        self._lock = threading.Lock()
        kept = store.fact("time", Told)
        self._told = kept if kept is not None and kept.boot == self.boot else None
        self._stepped_ns: int | None = None
        self._apart_ns = self._wall() - self._running()

    def begins(self) -> Beginning:
        """This moment, by both clocks."""
        return Beginning(self.boot, self._running(), self._wall())

    def tell(self, true_ns: int, source: str, *, round_trip_ns: int = 0) -> None:
        """Somebody says what the time is.

        Args:
            true_ns: when it was sent.
            source: one of ``gps``, ``network``, ``base_station``, ``phone``.
            round_trip_ns: how long a question and its answer take between there and here.

        Raises:
            Rejected: it cannot be true (code ``bad_time``).
        """
        if not FIRST_TIME_NS <= true_ns <= LAST_TIME_NS:
            raise Rejected(
                "That clock is wrong itself: it says a time before 2024 or after 2100. Set it first.",
                code="bad_time",
            )
        half = round_trip_ns // 2
        told = Told(self.boot, self._running(), true_ns + half, source, half)
        with self._lock:
            if not self._is_better(told):
                return
            self._told = told
        # In memory it counts all the same.
        with contextlib.suppress(Unavailable):
            self._store.keep_fact("time", told)

    def _is_better(self, told: Told) -> bool:
        known = self._told
        if known is None:
            return True
        rank, known_rank = _RANKS[told.source], _RANKS[known.source]
        if rank != known_rank:
            return rank > known_rank
        return told.unsure_ns < known.unsure_ns or told.at_ns - known.at_ns > OLD_NS

    def look(self) -> None:
        """Notice whether the clock was set, and whether the machine follows the network's time."""
        apart_ns = self._wall() - self._running()
        if abs(apart_ns - self._apart_ns) > RIGHT_NS:
            self._stepped_ns = apart_ns - self._apart_ns
        self._apart_ns = apart_ns
        if self._synchronised() and FIRST_TIME_NS <= (now_ns := self._wall()) <= LAST_TIME_NS:
            self.tell(now_ns, "network")

    def offset_of(self, beginning: Beginning | None) -> int | None:
        """What is to be added to the times of a log, by its beginning; None where nobody knows."""
        told = self._told
        if told is None or beginning is None or beginning.boot != told.boot:
            return None
        true_ns = told.true_ns - told.at_ns + beginning.begun_ns
        offset_ns = true_ns - beginning.wall_ns
        if abs(offset_ns) > MAX_CLOCK_OFFSET_NS:
            return None
        return 0 if abs(offset_ns) < max(RIGHT_NS, 2 * told.unsure_ns) else offset_ns

    def state(self) -> ClockState:
        """For pages and programs."""
        told, now = self._told, self.begins()
        return ClockState(
            now.wall_ns,
            self.offset_of(now),
            told.source if told else None,
            told.unsure_ns if told else None,
            self._stepped_ns,
        )


def since_start_ns() -> int:
    """Counts while the machine sleeps, where the system has such a clock."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return uuid.uuid4().hex


def follows_network_time() -> bool:
    """Whether the kernel's clock is kept right by NTP or the like (adjtimex(2)); False where nobody can say."""
    if sys.platform != "linux":
        return False
    # Nothing is set: the first field of the structure says what, and all of it is zero.
    state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(1024))
    return 0 <= state < _CLOCK_IS_NOT_SYNCHRONISED
