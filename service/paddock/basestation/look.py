"""One place as it was at the last look: who is away, which logs are closed, and which one is to be pulled next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from paddock.basestation.ledger import Ledger
from paddock.basestation.ledger_rows import CarFile
from paddock.basestation.observed import Observed
from paddock.basestation.sources.credible import credible
from paddock.basestation.sources.source import SeenFile, Source
from paddock.errors import PaddockError

_LOOK_TIMEOUT_S = 180.0
"""A look at thousands of logs over a bad link takes long; one that takes longer than this hangs."""
_LOOK_EVERY_S = 2.0
_LOOKING_SHARE = 20
"""At most this part of the time goes into looking: a long list is not asked for all the time."""
_SETTLES_WITHIN = 2
"""A log whose recorder stopped at the first look has settled within so many times the time that it takes."""
_FIRST_RETRY_S = 1.0
_LAST_RETRY_S = 10.0
"""The longest pause before a place that was away is tried again: somebody waits for the car that comes back."""


class Place:
    """A source, and what is known of it.

    Args:
        source: it looks.
        ledger: is told what it saw.
        observed: is told who is away, and what is open.
        settle_s: a log of which nobody says whether it is closed is when it has not changed for so long.
    """

    def __init__(self, source: Source, ledger: Ledger, observed: Observed, settle_s: float) -> None:
        self.source = source
        self.name = source.place
        self._ledger = ledger
        self._observed = observed
        self._settle_s = settle_s
        self.reachable: bool | None = None
        """Whether the last look worked; None before the first."""
        self.problem = ""
        """Why it is away."""
        self.looks_failed = 0
        """In a row."""
        self.free_bytes: int | None = None
        """Room that it has, where it says so."""
        self.waits_for: list[CarFile] = []
        """Closed logs that are not here, the newest first."""
        self.open: list[CarFile] = []
        """Logs that are being written, as far as is known."""
        self.settles_in_s: float | None = None
        """How long until the first of them may be closed, where nobody says when."""
        self.grows_on = False
        """Whether so long has been looked that what still does not settle is being recorded."""
        self.delay_s = _FIRST_RETRY_S
        """How long until the next look."""
        self._unchanged_since: dict[tuple[str, int, int], float] = {}
        self._first_look: float | None = None

    async def look(self) -> None:
        """Look at what is there, and who is.

        Raises:
            Unavailable: this disk does not take what was seen.
        """
        began, began_ns = time.monotonic(), time.time_ns()
        try:
            async with asyncio.timeout(_LOOK_TIMEOUT_S):
                seen = [credible(each) for each in await self.source.look()]
                free_bytes = await self.source.free_bytes()
        except (PaddockError, TimeoutError) as error:
            self._is_away(error.message if isinstance(error, PaddockError) else "it does not answer.")
            self.delay_s = min(_FIRST_RETRY_S * 2 ** (self.looks_failed - 1), _LAST_RETRY_S)
            return
        took_s = time.monotonic() - began
        self.reachable, self.problem, self.looks_failed = True, "", 0
        await asyncio.to_thread(self._ledger.looked, self.name, seen, time.time_ns())
        await asyncio.to_thread(self._sort, seen)
        recording = next((each.name for each in seen if each.closed is False), "")
        # An answer that a bad link held up for a while says nothing of what the car has recorded meanwhile.
        self._observed.car(
            self.name, reachable=True, looked_ns=began_ns, away_since_ns=None, problem="", recording=recording
        )
        self.free_bytes = free_bytes
        self.delay_s = max(_LOOK_EVERY_S, took_s * _LOOKING_SHARE)
        if self.settles_in_s is not None:
            self.delay_s = min(self.delay_s, max(self.settles_in_s, took_s))

    def _is_away(self, why: str) -> None:
        self.looks_failed += 1
        if self.reachable is not False:
            self._observed.car(self.name, reachable=False, away_since_ns=time.time_ns())
        self._observed.car(self.name, problem=why)
        self.reachable, self.problem = False, why

    def _sort(self, seen: Sequence[SeenFile]) -> None:
        """Part what is not here into what is closed and what is not."""
        now = time.monotonic()
        self._first_look = now if self._first_look is None else self._first_look
        self.grows_on = now - self._first_look > _SETTLES_WITHIN * self._settle_s
        alike = {(each.name, each.size_bytes, each.modified_ns) for each in seen}
        self._unchanged_since = {key: self._unchanged_since.get(key, now) for key in alike}
        was_open = {file.id for file in self.open}
        self.waits_for, self.open, self.settles_in_s = [], [], None
        for file in self._ledger.files(self.name, on_car=True):
            # An empty file is no log yet, and has nothing to lose.
            if file.sha256 is not None or file.seen.trouble is not None or not file.seen.size_bytes:
                continue
            left_s = self._until_closed(file.seen, now)
            if left_s == 0:
                self.waits_for.append(file)
                continue
            self.open.append(file)
            if left_s is not None:
                self.settles_in_s = min(left_s, self.settles_in_s or left_s)
        self._observed.now_open(was_open, {file.id for file in self.open})

    def _until_closed(self, seen: SeenFile, now: float) -> float | None:
        """Seconds until it counts as closed; None while the recorder has it."""
        if seen.closed is not None:
            return 0 if seen.closed else None
        since = self._unchanged_since[seen.name, seen.size_bytes, seen.modified_ns]
        return max(0.0, since + self._settle_s - now)
