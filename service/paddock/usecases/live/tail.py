"""Reads what devices send from the write-ahead log, as it grows, into the memory of the site."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TypeAlias

import structlog

from paddock.device_log.entry import Entry, Kind
from paddock.device_log.reader import Reader, end_of, written_since
from paddock.domain.instants import NS_PER_S
from paddock.errors import Unavailable
from paddock.usecases.context import Context
from paddock.usecases.live.live import Live, Sampled
from paddock.usecases.live.maths import LiveMaths
from paddock.usecases.streams.decoders import Decoders

BACK_S = 900
"""How much of what devices sent before its start a site takes up."""
BACK_BYTES = 16 * 1024 * 1024
"""How much of the log that may be, so that a site has caught up in seconds."""
SHARE = 0.2
"""So much of a core may decode what one device sends; a car with 20,000 values a second takes a third of it."""
SHARE_MOST_S = 1.0
"""So much may be saved up, for what was kept while there was no link."""
LATE_S = 2.0
"""What came so long ago is left out, and counted, until the thread is in time again: pages are for now, and
recordings have everything. It happens only where more comes than the processor can decode."""
IN_TIME_S = 0.2
CATCH_UP_S = 30.0
"""So long after its start nothing is late: it first takes up what came before."""
_WAIT_S = 0.5
_AT_ONCE = 128
"""Entries read in one go: few, so that another thread gets the lock after a few milliseconds."""
_AFTER_ERROR_S = 1.0
_REFRESH_S = 1.0
_LEARN_S = 2.0

Decode: TypeAlias = Callable[[Entry], Iterable[Sampled]]
Compute: TypeAlias = Callable[[str, Sequence[Sampled], int, int], Sequence[Sampled]]
"""Takes a device, what it sent, and when the first and the last of that came."""


def _nothing(device_id: str, messages: Sequence[Sampled], first_ns: int, last_ns: int) -> Sequence[Sampled]:
    return ()


log = structlog.get_logger()


@contextlib.asynccontextmanager
async def following(context: Context) -> AsyncIterator[None]:
    """While the block runs, those who watch see what devices send; nothing where there is no log."""
    if context.device_log is None:
        yield
        return
    decoders, maths = Decoders(context), LiveMaths(context)
    refreshing = asyncio.create_task(_refresh(decoders, maths))
    live, now_s = context.watching.live, lambda: context.now() / NS_PER_S
    loop, asked = asyncio.get_running_loop(), set[str]()

    def decode(entry: Entry) -> Iterable[Sampled]:
        if entry.device_id not in asked:
            # One that was added a moment ago is waited for: its first value is called as all others are.
            asked.add(entry.device_id)
            with contextlib.suppress(Unavailable, TimeoutError):
                asyncio.run_coroutine_threadsafe(decoders.learn(entry.device_id), loop).result(_LEARN_S)
        return decoders.decode(entry).samples

    try:
        with followed(live, context.device_log, decode, now_s, maths.computed):
            yield
    finally:
        refreshing.cancel()
        await asyncio.gather(refreshing, return_exceptions=True)


async def _refresh(decoders: Decoders, maths: LiveMaths) -> None:
    while True:
        try:
            await decoders.refresh()
            await maths.refresh()
        except Unavailable as error:
            # What was known of the devices goes on to hold.
            log.warning("store_unavailable", code=error.code, message=error.message)
        await asyncio.sleep(_REFRESH_S)


@contextlib.contextmanager
def followed(
    live: Live, directory: Path, decode: Decode, now_s: Callable[[], float], compute: Compute = _nothing
) -> Iterator[None]:
    """While the block runs, what devices send is in ``live``; a thread of this process takes it there.

    Args:
        live: what is filled.
        directory: of the log; need not be there yet.
        decode: makes messages of an entry; what it refuses with any error is left out.
        now_s: seconds since the Unix epoch.
        compute: makes further messages of those of a device.
    """
    ended = threading.Event()
    live.catches_up = True
    taking = Taking(live, decode, now_s, compute)
    thread = threading.Thread(
        target=_follow, args=(live, directory, taking, now_s, ended), name="live", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(5)


def _follow(
    live: Live, directory: Path, taking: Taking, now_s: Callable[[], float], ended: threading.Event
) -> None:
    after = max(written_since(directory, now_s() - BACK_S), end_of(directory) - BACK_BYTES)
    live.begin(after)
    while not ended.is_set():
        try:
            with Reader(directory, after) as reader:
                while not ended.is_set():
                    entries = reader.read(_AT_ONCE)
                    if entries:
                        taking.take(entries)
                        after = entries[-1].position
                    else:
                        taking.is_in_time()
                        reader.wait(_WAIT_S)
        except OSError as error:
            log.error("device_log_unreadable", error=str(error))
            ended.wait(_AFTER_ERROR_S)


class Taking:
    """Takes entries of the log, in the order in which they are there, as far as there is time for them."""

    def __init__(self, live: Live, decode: Decode, now_s: Callable[[], float], compute: Compute = _nothing) -> None:
        self._live, self._decode, self._now_s, self._compute = live, decode, now_s, compute
        self._shares = Shares()
        now = now_s()
        self._begun_ns = int(now * NS_PER_S)
        self._oldest_ns = int((now - BACK_S) * NS_PER_S)
        self._may_be_late_until_s = now + CATCH_UP_S
        self._is_late = False

    def is_in_time(self) -> None:
        """Note that all there was at the start has been taken: from now on what comes late is left out."""
        self._may_be_late_until_s = 0.0
        self._is_late = self._live.catches_up = False

    def take(self, entries: Sequence[Entry]) -> None:
        """Take some, all at once: what was decoded before is there for all who watch at the same moment."""
        now = self._now_s()
        late_s = now - entries[-1].received_ns / NS_PER_S
        self._is_late = late_s > (IN_TIME_S if self._is_late else LATE_S) and now > self._may_be_late_until_s
        decoded: list[tuple[Entry, Sequence[Sampled]]] = []
        left_out: Counter[str] = Counter()
        too_old = 0
        for device_id, run in groupby(entries, attrgetter("device_id")):
            with self._shares.of(device_id) as has_time:
                for entry in run:
                    if entry.received_ns < self._oldest_ns:
                        too_old = entry.position
                    elif entry.received_ns < self._begun_ns or (has_time and not self._is_late):
                        decoded.append((entry, _decoded(self._decode, entry)))
                    else:
                        left_out[device_id] += 1
        decoded += self._computed(decoded)
        with self._live.unchanged():
            if too_old and not self._live.devices():
                self._live.begin(too_old)
            for entry, messages in decoded:
                if messages:
                    self._live.take(entry.device_id, entry.position, entry.received_ns, messages)
            for device_id, count in left_out.items():
                self._live.leave_out(device_id, count)
            self._live.passed(entries[-1].position)

    def _computed(
        self, decoded: Iterable[tuple[Entry, Sequence[Sampled]]]
    ) -> list[tuple[Entry, Sequence[Sampled]]]:
        """What is computed of what came of each device, with the last of its entries."""
        came: dict[str, list[tuple[Entry, Sequence[Sampled]]]] = {}
        for entry, messages in decoded:
            if messages:
                came.setdefault(entry.device_id, []).append((entry, messages))
        found: list[tuple[Entry, Sequence[Sampled]]] = []
        for device, run in came.items():
            first, last = run[0][0], run[-1][0]
            messages = [message for _, of_entry in run for message in of_entry]
            try:
                found.append((last, self._compute(device, messages, first.received_ns, last.received_ns)))
            except Exception as error:
                # What was sent is shown without what would be computed of it.
                log.exception("live_maths_failed", device=device, exc_info=error)
        return found


class Shares:
    """How much of this thread's time each device takes: one that floods does not hold up what others send.

    Args:
        now_s: a clock.
        used_s: how much of the processor this thread has had.
    """

    def __init__(
        self, now_s: Callable[[], float] = time.monotonic, used_s: Callable[[], float] = time.thread_time
    ) -> None:
        self._now_s, self._used_s = now_s, used_s
        self._left: dict[str, tuple[float, float]] = {}

    @contextlib.contextmanager
    def of(self, device_id: str) -> Iterator[bool]:
        """Counts what the block takes; whether the device has time left."""
        now_s = self._now_s()
        left_s, at_s = self._left.get(device_id, (SHARE_MOST_S, now_s))
        left_s = min(SHARE_MOST_S, left_s + (now_s - at_s) * SHARE)
        begun_s = self._used_s()
        try:
            yield left_s > 0
        finally:
            self._left[device_id] = (left_s - (self._used_s() - begun_s), now_s)


def _decoded(decode: Decode, entry: Entry) -> Sequence[Sampled]:
    if entry.kind is not Kind.DATA:
        return ()
    try:
        return list(decode(entry))
    except Exception as error:
        # Whoever takes it in for good counts and tells it; here it is only not shown.
        log.debug("live_entry_undecodable", device=entry.device_id, error=str(error))
        return ()
