"""How many bytes per second may leave the station, by the time of day."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from paddock.errors import Rejected

_RULE = re.compile(r"(?:(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})=)?(.+)")
_RATE = re.compile(r"(\d+(?:\.\d+)?) ?([kMG]?)(B|bit)/s", re.IGNORECASE)
_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_BURST_S = 0.25
"""After a pause so many seconds' worth of bytes may go at once: too little for others on the line to notice."""
_LOOK_S = 0.5
"""How soon a limit that changes with the time of day, and a stop, are noticed."""
_DAY_MIN = 24 * 60


class Span(msgspec.Struct, frozen=True):
    """A limit for a part of every day, by this machine's local time."""

    from_min: int
    """Minutes after midnight."""
    to_min: int
    """Before ``from_min`` where it goes on past midnight."""
    bytes_per_s: float

    def holds_at(self, minute: int) -> bool:
        """Whether a minute of the day is in it."""
        if self.from_min <= self.to_min:
            return self.from_min <= minute < self.to_min
        return minute >= self.from_min or minute < self.to_min


class Limit:
    """What all senders over one line may send together. For any thread.

    Args:
        spans: the first that holds counts.
        always: holds where no span does; None for as fast as it goes.
        clock: seconds, from any beginning.
        minute: of the day, by local time.
    """

    def __init__(
        self,
        spans: Sequence[Span] = (),
        always: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        minute: Callable[[], int] = lambda: _minute(datetime.now()),
    ) -> None:
        self._spans = tuple(spans)
        self._always = always
        self._clock, self._sleep, self._minute = clock, sleep, minute
        self._lock = threading.Lock()
        self._free_at = 0.0

    @property
    def bytes_per_s(self) -> float | None:
        """What holds now; None where nothing does, 0 where nothing may go."""
        if not self._spans:
            return self._always
        minute = self._minute()
        return next((span.bytes_per_s for span in self._spans if span.holds_at(minute)), self._always)

    def take(self, size_bytes: int, check: Callable[[], None] = lambda: None) -> None:
        """Wait until so many bytes may go.

        Args:
            size_bytes: how many.
            check: called while it waits; what it raises ends the wait.
        """
        while True:
            check()
            rate = self.bytes_per_s
            if rate is None:
                return
            wait_s = _LOOK_S
            if rate > 0:
                with self._lock:
                    now = self._clock()
                    if self._free_at <= now:
                        self._free_at = max(self._free_at, now - _BURST_S) + size_bytes / rate
                        return
                    wait_s = min(_LOOK_S, self._free_at - now)
            self._sleep(wait_s)


def parse_limit(rules: Sequence[str]) -> Limit | None:
    """A limit from the words of a command line: ``1MB/s``, ``5Mbit/s``, ``08:00-18:00=200kB/s``, ``0``.

    Returns:
        None without any rule.

    Raises:
        Rejected: a rule that cannot be read, or two that hold always (code ``bad_limit``).
    """
    spans: list[Span] = []
    always: float | None = None
    for rule in rules:
        found = _RULE.fullmatch(rule.strip())
        rate = _rate_of(found[5]) if found else None
        if found is None or rate is None:
            raise _bad(rule)
        if found[1] is None:
            if always is not None:
                raise Rejected("Two limits hold all day: give one of them a time.", code="bad_limit")
            always = rate
            continue
        begin, end = (int(found[i]) * 60 + int(found[i + 1]) for i in (1, 3))
        if begin == end or begin >= _DAY_MIN or end > _DAY_MIN or int(found[2]) > 59 or int(found[4]) > 59:
            raise _bad(rule)
        spans.append(Span(begin, end, rate))
    return Limit(spans, always) if rules else None


def _rate_of(text: str) -> float | None:
    text = text.strip()
    if text == "0":
        return 0.0
    found = _RATE.fullmatch(text)
    if found is None:
        return None
    return float(found[1]) * _FACTORS[found[2].lower()] / (8 if found[3].lower() == "bit" else 1)


def _bad(rule: str) -> Rejected:
    return Rejected(
        f"{rule[:60]!r} is no limit: write 1MB/s or 5Mbit/s, with a time of day 08:00-18:00=200kB/s; 0 is nothing.",
        code="bad_limit",
    )


def _minute(now: datetime) -> int:
    return now.hour * 60 + now.minute
