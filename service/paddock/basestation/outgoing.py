"""One log on its way out: kept within the limit, counted, and stopped when the station is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from paddock.basestation.ledger import Ledger
from paddock.basestation.ledger_rows import Log
from paddock.basestation.limit import Limit
from paddock.basestation.observed import Observed, Speed
from paddock.client.streams import Streams
from paddock.client.upload import Line

_GARAGE_SHARE = 4
_COUNT_EVERY_S = 0.25
"""The speed is asked for by people; to work it out for each piece would cost more than to send it."""


class Stopped(Exception):
    """Raised where a log is being sent while the station ends; what was sent stays sent."""


def in_order(logs: Sequence[Log], all_logs: Sequence[Log]) -> list[Log]:
    """Which goes first: the newest run that was driven, and after all of these what was logged in the garage.

    Before it is converted nobody knows whether anything moved. What has less than a quarter of the size that the
    larger logs of this station have, in their upper quartile, is taken for one of the garage.

    Args:
        logs: that wait, the newest first.
        all_logs: that the station knows.
    """
    sizes = sorted(log.size_bytes for log in all_logs)
    driven_bytes = sizes[len(sizes) * 3 // 4] / _GARAGE_SHARE if sizes else 0
    return sorted(logs, key=lambda log: log.size_bytes < driven_bytes)


class Outgoing:
    """Counts what of one log goes to one server. Its methods are called from the threads that send.

    Args:
        log: that goes.
        server: as the user named it.
        ledger: is told how much arrived, and how much was sent in vain.
        observed: is told how far it is.
        speed: of everything that goes to this server.
        limit: what may go; None for as fast as it goes.
        check: called again and again; what it raises stops the log.
    """

    def __init__(
        self,
        log: Log,
        server: str,
        ledger: Ledger,
        observed: Observed,
        speed: Speed,
        limit: Limit | None,
        check: Callable[[], None],
    ) -> None:
        self._log, self._server = log, server
        self._ledger, self._observed, self._speed = ledger, observed, speed
        self._limit, self._check = limit, check
        self._lock = threading.Lock()
        self._arrived = 0
        self._begun_at: int | None = None
        """What had arrived before the first byte of this time."""
        self._gone = 0
        self._uncounted, self._counted_at = 0, time.monotonic()

    def line(
        self,
        streams: Streams,
        goes_on: Callable[[], bool],
        left_out: Callable[[str], None] = lambda _: None,
        drained: Callable[[], None] = lambda: None,
    ) -> Line:
        """How its bytes are brought to the line."""
        return Line(streams, self._pace, self._sent, goes_on, left_out, drained)

    def _pace(self, size_bytes: int) -> None:
        self._check()
        if self._limit is not None:
            self._limit.take(size_bytes, self._check)
        with self._lock:
            if self._begun_at is None:
                self._begun_at = self._arrived
            self._gone += size_bytes
            self._uncounted += size_bytes
            if (now := time.monotonic()) < self._counted_at + _COUNT_EVERY_S:
                return
            counted, self._uncounted, self._counted_at = self._uncounted, 0, now
        self._speed.add(counted)

    def _sent(self, size_bytes: int) -> None:
        with self._lock:
            self._arrived += size_bytes
            self._observed.sent[self._log.sha256, self._server] = self._arrived

    def note(self) -> None:
        """Write down what came of it, however it ended."""
        with self._lock:
            before = self._begun_at if self._begun_at is not None else self._arrived
            arrived, wasted = self._arrived - before, self._gone - (self._arrived - before)
            self._begun_at, self._gone = None, 0
        if arrived > 0:
            self._ledger.sent(self._log.sha256, self._server, arrived)
        if wasted > 0:
            self._ledger.sent(self._log.sha256, self._server, wasted, kept=False)
        self._observed.sent.pop((self._log.sha256, self._server), None)


def parts_of(size_bytes: int, part_size_bytes: int) -> list[dict[str, int]]:
    """Where the parts of a log begin and how long they are, numbered from 1."""
    return [
        {"number": number, "offset": offset, "size_bytes": min(part_size_bytes, size_bytes - offset)}
        for number, offset in enumerate(range(0, size_bytes, part_size_bytes), 1)
    ]
