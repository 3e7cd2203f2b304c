"""Reads what devices send from the write-ahead log, as it grows, into the memory of the site."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import structlog

from paddock.device_log.entry import Entry, Kind
from paddock.device_log.reader import Reader, end_of, written_since
from paddock.domain.instants import NS_PER_S
from paddock.errors import Unavailable
from paddock.usecases.context import Context
from paddock.usecases.live.live import Live, Sampled
from paddock.usecases.streams.decoders import Decoders

BACK_S = 900
"""At its start a site takes up so much of what came before,"""
BACK_BYTES = 16 * 1024 * 1024
"""and no more of the log than this, so that it has caught up in seconds."""
SHARE = 0.3
"""Of a core, for what one device sends; a car with 20,000 values a second takes half of it."""
SHARE_MOST_S = 1.0
"""So much may be saved up, for what was kept while there was no link."""
_WAIT_S = 0.5
_AT_ONCE = 512
_AFTER_ERROR_S = 1.0
_REFRESH_S = 1.0

Decode: TypeAlias = Callable[[Entry], Iterable[Sampled]]

log = structlog.get_logger()


@contextlib.asynccontextmanager
async def following(context: Context) -> AsyncIterator[None]:
    """While the block runs, those who watch see what devices send; nothing where there is no log."""
    if context.device_log is None:
        yield
        return
    decoders = Decoders(context)
    refreshing = asyncio.create_task(_refresh(decoders))
    live, now_s = context.watching.live, lambda: context.now() / NS_PER_S
    try:
        with followed(live, context.device_log, lambda entry: decoders.decode(entry).samples, now_s):
            yield
    finally:
        refreshing.cancel()
        await asyncio.gather(refreshing, return_exceptions=True)


async def _refresh(decoders: Decoders) -> None:
    while True:
        try:
            await decoders.refresh()
        except Unavailable as error:
            # What was known of the devices goes on to hold.
            log.warning("store_unavailable", code=error.code, message=error.message)
        await asyncio.sleep(_REFRESH_S)


@contextlib.contextmanager
def followed(live: Live, directory: Path, decode: Decode, now_s: Callable[[], float]) -> Iterator[None]:
    """While the block runs, what devices send is in ``live``; a thread of this process takes it there.

    Args:
        live: what is filled.
        directory: of the log; need not be there yet.
        decode: makes messages of an entry; what it refuses with any error is left out.
        now_s: seconds since the Unix epoch.
    """
    ended = threading.Event()
    thread = threading.Thread(
        target=_follow, args=(live, directory, decode, now_s, ended), name="live", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(5)


def _follow(
    live: Live, directory: Path, decode: Decode, now_s: Callable[[], float], ended: threading.Event
) -> None:
    after = max(written_since(directory, now_s() - BACK_S), end_of(directory) - BACK_BYTES)
    oldest_ns = int((now_s() - BACK_S) * 1e9)
    live.begin(after)
    begun_ns, shares = int(now_s() * NS_PER_S), Shares()
    while not ended.is_set():
        try:
            with Reader(directory, after) as reader:
                while not ended.is_set():
                    entries = reader.read(_AT_ONCE)
                    for entry in entries:
                        after = entry.position
                        if entry.received_ns >= oldest_ns:
                            with shares.of(entry.device_id) as has_time:
                                if has_time or entry.received_ns < begun_ns:
                                    _take(live, decode, entry)
                                else:
                                    live.leave_out(entry.device_id, 1)
                        elif not live.devices():
                            live.begin(after)
                    if not entries:
                        reader.wait(_WAIT_S)
                    else:
                        live.passed(after)
        except OSError as error:
            log.error("device_log_unreadable", error=str(error))
            ended.wait(_AFTER_ERROR_S)


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


def _take(live: Live, decode: Decode, entry: Entry) -> None:
    if entry.kind is not Kind.DATA:
        return
    try:
        messages = list(decode(entry))
    except Exception as error:
        # Whoever takes it in for good counts and tells it; here it is only not shown.
        log.debug("live_entry_undecodable", device=entry.device_id, error=str(error))
        return
    live.take(entry.device_id, entry.position, entry.received_ns, messages)
