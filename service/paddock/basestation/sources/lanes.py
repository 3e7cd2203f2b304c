"""One file read through several connections at once, its bytes in order.

What one connection carries over a lossy radio link is bounded by the losses (100 kB/s with 3 % and 100 ms), so
several carry several times that; over a good link more than one helps nothing. Which of the two a link is shows
while reading: a slow one gets all lanes, on others there are twice as many for as long as that brings more.
"""

from __future__ import annotations

import asyncio
import time
from bisect import insort
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from paddock.errors import PaddockError

MAX_LANES = 8
"""sshd takes ten connections that have not logged in yet."""
MAX_AHEAD = 4 * 1024 * 1024
"""Bytes that are asked for and not there yet, at most; twice as many may be there and wait for an earlier one."""
_FIRST_AHEAD = 512 * 1024
_LEAST_AHEAD = 256 * 1024
_AHEAD_S = 1.5
"""What comes in this time is asked for ahead: more than any round trip takes, and little is lost with the link."""
_IN_TURN_S = 3.0
"""Where lanes are asked in turn, for so much: what passes between two requests is little beside it."""
_MEASURE_S = 0.5
_JUDGE_S = 1.5
"""How long a number of lanes carries before it is judged."""
_SETTLED_S = 60
"""When more lanes have brought nothing, they are tried again after this time: cars move."""
_GAIN = 1.25
"""Twice as many lanes are kept where they carry this many times the bytes."""
_SLOW_BYTES_S = 2e6
"""Slower than this it has losses, or so little to give that many lanes take no more of it: all are used."""
_FAST_BYTES_S = 30e6
"""A single lane this fast is enough."""


@dataclass
class Span:
    """Bytes of a file that one lane fetches; what it has is taken off the front."""

    at: int
    end: int
    """Comes nearer when another lane takes the rest over."""


Put = Callable[[Span, bytes], Awaitable[None]]
"""Takes the next bytes of a span, and waits where too many are there already."""


class Lane(Protocol):
    """A connection that reads one file."""

    async def fetch(self, span: Span, put: Put) -> None:
        """Put every byte of a span, which has some left afterwards where the file ends before it.

        Raises:
            PaddockError: the lane is of no more use.
        """
        ...

    async def check(self) -> None:
        """Look whether the file is still as it was seen.

        Raises:
            Conflict: it is not.
        """
        ...

    async def close(self) -> None:
        """It is read no more."""
        ...


OpenLane = Callable[[int], Awaitable[Lane | None]]
"""Opens the lane of a number; None where no more can be had."""


@dataclass(frozen=True)
class Blocks:
    """How a source likes to be asked."""

    least: int
    most: int
    """Bytes in one request."""
    in_turn: bool
    """One request at a time on a lane, as HTTP has it; a lane that is alone gets all in one."""


@dataclass
class Pace:
    """What was learnt of the link to a car, by all reads at once and kept from one to the next."""

    lanes: int = 1
    bytes_s: float = 0.0
    """How fast bytes came in lately, of all reads."""
    reads: int = 0
    """That go on now."""
    received: int = 0
    measured_at: float = 0.0
    measured: int = 0
    """Bytes that had come in then."""
    most: int = MAX_LANES
    """Fewer where more were refused."""
    judged_at: float = 0.0
    settled_at: float | None = None
    half_bytes_s: float = 0.0
    """How fast they came with half the lanes."""

    def ahead_bytes(self) -> int:
        """How much one read may ask for that is not there yet."""
        if not self.bytes_s:
            return _FIRST_AHEAD
        return int(min(max(self.bytes_s * _AHEAD_S, _LEAST_AHEAD), MAX_AHEAD)) // max(1, self.reads)

    def begin(self) -> None:
        """A read begins."""
        if self.reads == 0:
            self.judged_at = self.measured_at = time.monotonic()
            self.measured = self.received
        self.reads += 1

    def measure(self, now: float) -> None:
        """Take in how fast bytes came since the last time."""
        if now - self.measured_at < _MEASURE_S:
            return
        bytes_s = (self.received - self.measured) / (now - self.measured_at)
        # Up at once: over a long way a window that grows slowly is what makes a link slow.
        self.bytes_s = max(bytes_s, (self.bytes_s + bytes_s) / 2)
        self.measured_at, self.measured = now, self.received

    def judge(self, now: float) -> None:
        """Take all lanes, or twice as many, or find that these are enough."""
        if self.settled_at is not None and now - self.settled_at >= _SETTLED_S:
            self.settled_at, self.half_bytes_s, self.most = None, 0.0, MAX_LANES
        if not self.bytes_s:
            return
        if self.bytes_s < _SLOW_BYTES_S:
            self.lanes = self.most
        elif self.settled_at is None and now - self.judged_at >= _JUDGE_S:
            self.judged_at = now
            if self.bytes_s < _GAIN * self.half_bytes_s:
                self.settled_at, self.lanes = now, max(1, self.lanes // 2)
            elif self.lanes >= self.most or self.bytes_s > _FAST_BYTES_S:
                self.settled_at = now
            else:
                self.half_bytes_s, self.lanes = self.bytes_s, min(self.most, self.lanes * 2)

    def refused(self, now: float, lanes: int) -> None:
        """There are no more lanes to be had."""
        self.lanes = self.most = max(1, lanes)
        self.settled_at = now


@dataclass
class Kept:
    """Blocks that came before an earlier one, by their offset; whoever reads on after a cut finds them here."""

    of: object = None
    """What they belong to."""
    blocks: dict[int, bytes] = field(default_factory=dict)


class LanesRead:
    """One read of a file.

    Args:
        open_lane: gives the lanes; that of number 0 must be there.
        kept: what an earlier read of the same file has left.
    """

    def __init__(self, open_lane: OpenLane, pace: Pace, kept: Kept, blocks: Blocks) -> None:
        self._open_lane = open_lane
        self._pace = pace
        self._kept = kept.blocks
        self._blocks = blocks
        self._lanes: list[Lane] = []
        self._failed: list[Lane] = []
        self._flying: dict[asyncio.Task[None], tuple[Lane, Span]] = {}
        self._todo: list[Span] = []
        """What nobody has been asked for, in order."""
        self._opening: set[asyncio.Task[Lane | None]] = set()
        self._was_refused = False
        self._check: asyncio.Task[None] | None = None
        self._more = asyncio.Event()
        """Bytes came, or a lane is done."""
        self._room = asyncio.Event()
        """Bytes went to the reader."""

    async def read(self, offset: int, end: int) -> AsyncGenerator[bytes, None]:
        """The bytes from ``offset`` to ``end``, or to where the file ends before that.

        The last lane then looks whether it is still the file that was seen.

        Raises:
            PaddockError: of the last lane that was left; what had come in order was given before.
        """
        self._offset, self._end = offset, end
        self._todo = _gaps(self._kept, offset, end)
        failure: PaddockError | None = None
        self._pace.begin()
        try:
            first = await self._open_lane(0)
            assert first is not None
            self._lanes.append(first)
            while True:
                while (block := self._kept.pop(self._offset, None)) is not None:
                    self._offset += len(block)
                    self._room.set()
                    yield block
                if self._offset >= self._end and self._lanes:
                    await (self._check or self._lanes[0].check())
                    return
                if failure is not None:
                    raise failure
                self._grow()
                self._ask()
                await self._more.wait()
                self._more.clear()
                failure = self._finished()
        finally:
            await self._close()

    async def _put(self, span: Span, data: bytes) -> None:
        while span.at > self._offset and sum(map(len, self._kept.values())) >= 2 * MAX_AHEAD:
            self._room.clear()
            await self._room.wait()
        data = data[: span.end - span.at]
        self._kept[span.at] = data
        span.at += len(data)
        self._pace.received += len(data)
        self._more.set()

    def _ask(self) -> None:
        """Ask for as much as the link carries, of the lane that waits for least."""
        waits = dict.fromkeys(self._lanes, 0)
        for lane, span in self._flying.values():
            if lane in waits:
                waits[lane] += span.end - span.at
        block, most = self._sizes(len(waits))
        while self._todo and self._todo[0].at - self._offset < 2 * MAX_AHEAD:
            lane = min(waits, key=waits.__getitem__)
            if waits[lane] > most:
                return
            span = self._todo[0]
            if span.end - span.at > block:
                self._todo[0] = Span(span.at + block, span.end)
                span.end = span.at + block
            else:
                del self._todo[0]
            task = asyncio.ensure_future(lane.fetch(span, self._put))
            task.add_done_callback(lambda _: self._more.set())
            self._flying[task] = (lane, span)
            waits[lane] += span.end - span.at
        if not self._todo and len(self._lanes) == 1 and not self._blocks.in_turn and self._check is None:
            # Answered after what was asked before: a small log takes one round trip less.
            self._check = asyncio.ensure_future(self._lanes[0].check())

    def _sizes(self, lanes: int) -> tuple[int, int]:
        """How much one request asks for, and with how much to come a lane gets no further one."""
        least, most = self._blocks.least, self._blocks.most
        if not self._blocks.in_turn:
            share = self._pace.ahead_bytes() // lanes
            return max(least, min(most, share // 4)), max(share, 2 * least) - 1
        if lanes == 1:
            return self._end - self._offset, 0
        # Towards the end smaller ones, so that no lane has much left when all others are done.
        left = (self._end - self._offset) // (2 * lanes)
        block = max(least, min(most, int(_IN_TURN_S * self._pace.bytes_s) // lanes, left))
        for _, span in list(self._flying.values()):
            if span.end - span.at > 2 * most:  # given to a lane that was alone
                insort(self._todo, Span(span.at + block, span.end), key=lambda each: each.at)
                span.end = span.at + block
        return block, 0

    def _finished(self) -> PaddockError | None:
        """Take in which requests are done; the failure of the last lane."""
        failure = None
        for task in [each for each in self._flying if each.done()]:
            lane, span = self._flying.pop(task)
            try:
                task.result()
            except PaddockError as error:
                self._forget_check()
                insort(self._todo, span, key=lambda each: each.at)
                if lane in self._lanes:
                    self._lanes.remove(lane)
                    self._failed.append(lane)
                    if not self._lanes:
                        failure = error
            else:
                if span.at < span.end:
                    self._end = min(self._end, span.at)
        return failure

    def _forget_check(self) -> None:
        if self._check is not None:
            self._check.cancel()
            self._check = None

    def _grow(self) -> None:
        """Measure, and open another lane where that helps."""
        now = time.monotonic()
        self._pace.measure(now)
        for opening in [each for each in self._opening if each.done()]:
            self._opening.discard(opening)
            lane = None if opening.exception() else opening.result()
            if lane is not None:
                self._lanes.append(lane)
            else:
                self._was_refused = True
            self._pace.judged_at = now
        if self._opening:
            return
        if self._was_refused:
            self._was_refused = False
            self._pace.refused(now, len(self._lanes))
        if len(self._lanes) < self._pace.lanes and self._end - self._offset > 2 * self._pace.bytes_s:
            for number in range(len(self._lanes), self._pace.lanes):
                opening = asyncio.ensure_future(self._open_lane(number))
                opening.add_done_callback(lambda _: self._more.set())
                self._opening.add(opening)
        else:
            self._pace.judge(now)

    async def _close(self) -> None:
        self._pace.reads -= 1
        tasks: list[asyncio.Task[Any]] = [*self._flying, *self._opening]
        if self._check is not None:
            tasks.append(self._check)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        opened = [task.result() for task in self._opening if not task.cancelled() and not task.exception()]
        self._lanes += [lane for lane in opened if lane is not None]
        await asyncio.gather(*(lane.close() for lane in [*self._lanes, *self._failed]), return_exceptions=True)


def _gaps(kept: dict[int, bytes], offset: int, end: int) -> list[Span]:
    """The spans of a file that are not among the blocks."""
    gaps = []
    for at in sorted(kept):
        if at < offset or at + len(kept[at]) > end:
            del kept[at]
            continue
        if at > offset:
            gaps.append(Span(offset, at))
        offset = at + len(kept[at])
    if offset < end:
        gaps.append(Span(offset, end))
    return gaps
