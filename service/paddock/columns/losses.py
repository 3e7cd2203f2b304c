"""Bookkeeping of what a damaged log lost."""

from __future__ import annotations

from collections import Counter

from paddock.domain.keys import topic_name
from paddock.domain.recording import Loss, LossReport

MAX_LISTED = 1000
"""How many losses are listed one by one, as of a file that is garbage throughout; the sums count all."""


class LossLedger:
    """Collects losses while a log is read.

    A loss in the middle also costs time: from the last message before it to the first one after it.
    """

    def __init__(self) -> None:
        self.missing: list[str] = []
        self.undecodable: Counter[str] = Counter()
        self.orphans = 0
        self._losses: list[Loss] = []
        self._bytes = 0
        self._records = 0
        self._ns = 0
        self._last_time: int | None = None
        self._open_gap = False

    def lose(self, reason: str, offset: int, size_bytes: int, records: int = 0, until: int | None = None) -> None:
        """Note a loss at ``offset`` of the file; ``until`` is the time up to which messages are known to miss."""
        self._bytes += size_bytes
        self._records += records
        if len(self._losses) < MAX_LISTED:
            self._losses.append(Loss(reason, offset, size_bytes, records))
        if until is not None and self._last_time is not None and self._last_time < until < 2**63:
            self._ns += until - self._last_time
            self._last_time = until
        else:
            self._open_gap = True

    def lose_aside(self, reason: str, offset: int, size_bytes: int = 0) -> None:
        """Note a loss of something else than messages: it leaves no gap in time."""
        self._bytes += size_bytes
        if len(self._losses) < MAX_LISTED:
            self._losses.append(Loss(reason, offset, size_bytes))

    def miss(self, part: str) -> None:
        """Note that a complete file would have this."""
        if part not in self.missing:
            self.missing.append(part)

    def undecoded(self, topic: str, count: int = 1) -> None:
        """Note messages whose payload could not be decoded."""
        self.undecodable[topic_name(topic)] += count

    def messages_seen(self, first_time: int, last_time: int) -> None:
        """Tell the times of the messages that follow."""
        if self._open_gap and self._last_time is not None and first_time > self._last_time:
            self._ns += first_time - self._last_time
        self._open_gap = False
        self._last_time = last_time

    def report(self) -> LossReport:
        """What was lost altogether."""
        return LossReport(
            missing=tuple(self.missing),
            losses=tuple(self._losses),
            undecodable=dict(self.undecodable),
            orphans=self.orphans,
            lost_bytes=self._bytes,
            lost_records=self._records + self.undecodable.total() + self.orphans,
            lost_ns=self._ns,
        )
