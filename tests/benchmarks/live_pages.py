"""The pages of ``live_watching.py``: how late what devices send is when a page has it.

They read of most messages only how long these are: fifty pages in Python that look at all of theirs would be most
of what is measured. One more is slow.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NamedTuple

import msgspec
import numpy as np
from websockets.asyncio.client import connect

PLOTTED = 8
WINDOW, ACKNOWLEDGED = 12, 3
"""As the live page has them."""
OPENED_S = 0.04
"""After so long the next page is opened."""
LOOKED_AT = 7
"""One of so many messages to the pages is read for how late it is; a prime, so that no rhythm is in it."""


class Slow(NamedTuple):
    """What a page got that reads every 1.5 s."""

    messages: int
    left_out: int
    behind_s: float
    """How old the newest value was that it was told last."""


class Watch(NamedTuple):
    """What pages are to do.

    Args:
        url: of the WebSockets.
        device: that they watch.
        viewers: how many pages.
        seconds: for so long after all are open.
        says: is put ``ready`` when they are about to open, ``open`` when the last one is, and at the end what they
            saw until then, what they saw from then on, and what the slow page got.
    """

    url: str
    device: str
    viewers: int
    seconds: float
    says: Any


def watch_paddock(asked: Watch) -> None:
    """Pages of Paddock, as the live page asks: all signals with sparklines, and eight in plots."""
    pages = _Pages(asked)
    plotted = [f"T0.s{field}" for field in range(PLOTTED)]
    ask = json.dumps(
        {
            "watch": [
                {"device": asked.device, "span_s": 60, "columns": 80},
                {"device": asked.device, "signals": plotted, "span_s": 60, "columns": 1200},
            ]
        }
    )

    async def page(number: int) -> None:
        async with connect(f"{asked.url}/api/live?window={WINDOW}", max_size=None, compression=None) as socket:
            await socket.send(ask)
            await socket.recv(decode=False)
            joined = pages.opened()
            while not pages.are_done():
                text = await socket.recv(decode=False)
                said = _told(text)
                if pages.seen.is_read(text, number):
                    pages.seen.note([values for _, _, values in _samples(said.samples)], joined)
                if said.number % ACKNOWLEDGED == 0:
                    await socket.send(f'{{"ack": {said.number}}}')

    async def slow() -> Slow:
        got, left_out, behind = 0, 0, 0.0
        async with connect(f"{asked.url}/api/live?window=1", max_size=None, max_queue=1) as socket:
            await socket.send(ask)
            while not pages.are_done():
                said = msgspec.json.decode(await socket.recv())
                got += 1
                left_out = said.get("left_out_total", left_out)
                behind = time.time() - max((values[-1] for _, _, values in said["samples"] if values), default=0)
                await asyncio.sleep(1.5)
                await socket.send(json.dumps({"ack": said["number"]}))
        return Slow(got, left_out, behind)

    pages.run(page, slow())


def watch_relay(asked: Watch) -> None:
    """Pages of ``mosquitto_relay.py``, which are sent whole messages."""
    pages = _Pages(asked)

    async def page(number: int) -> None:
        async with connect(f"{asked.url}/{asked.device}", max_size=None, compression=None) as socket:
            joined = pages.opened()
            while not pages.are_done():
                text = await socket.recv(decode=False)
                if pages.seen.is_read(text, number):
                    pages.seen.note([list(said.values()) for said in _measured(text)], joined)

    async def slow() -> Slow:
        got, behind = 0, 0.0
        async with connect(f"{asked.url}/{asked.device}", max_size=None, max_queue=1) as socket:
            while not pages.are_done():
                behind = time.time() - _measured(await socket.recv(decode=False))[-1]["s0"]
                got += 1
                await asyncio.sleep(1.5)
        return Slow(got, 0, behind)

    pages.run(page, slow())


class _Pages:
    """Opens pages one after the other, and notes what they see meanwhile and afterwards."""

    def __init__(self, asked: Watch) -> None:
        self._asked = asked
        self._open = 0
        self._until = float("inf")
        self._while_opening, self._afterwards = Lateness(), Lateness()
        self.seen = self._while_opening
        """What takes what is seen now."""

    def opened(self) -> float:
        """One more has what was there when it came; now, in seconds since the epoch."""
        self._open += 1
        now = time.time()
        if self._open == self._asked.viewers:
            self._until, self.seen = now + self._asked.seconds, self._afterwards
            self._asked.says.put("open")
        return now

    def are_done(self) -> bool:
        """Whether it was long enough."""
        return time.time() >= self._until

    def run(self, page: Callable[[int], Awaitable[None]], slow: Coroutine[Any, Any, Slow]) -> None:
        """All of them, and a slow one; what they saw is said at the end."""

        async def later(number: int) -> None:
            await asyncio.sleep(number * OPENED_S)
            await page(number)

        async def every() -> Slow:
            reading = asyncio.gather(*map(later, range(self._asked.viewers)))
            found = await slow
            await reading
            return found

        self._asked.says.put("ready")
        found = asyncio.run(every())
        self._asked.says.put((self._while_opening, self._afterwards, found))


def _measured(text: bytes) -> list[dict[str, float]]:
    """The values of each message."""
    return [
        {key: value for key, value in said.items() if key not in ("topic", "timestamp")}
        for said in msgspec.json.decode(text)
    ]


class Told(msgspec.Struct):
    """What is read of every message to a page."""

    number: int
    samples: msgspec.Raw


class Lateness:
    """How old values are when a page has them. Each value is when it was published."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.newest: list[float] = []
        self.messages = self.bytes = 0

    def is_read(self, text: bytes, page: int) -> bool:
        """Count a message; whether it is one of those that are looked into."""
        self.messages += 1
        self.bytes += len(text)
        return (self.messages + page) % LOOKED_AT == 0

    def note(self, signals: list[list[float]], joined: float) -> None:
        """What a page was told just now, by signal or message; values from before ``joined`` are its history."""
        now = time.time()
        for values in signals:
            self.values.extend([now - value for value in values if value >= joined])
            if values[-1] >= joined:
                self.newest.append(now - values[-1])

    def and_(self, other: Lateness) -> Lateness:
        """Both together."""
        both = Lateness()
        both.values, both.newest = self.values + other.values, self.newest + other.newest
        return both

    def said(self) -> str:
        """One line."""
        if not self.newest:
            return "nothing"
        p50, p90, p99 = np.percentile(self.values, [50, 90, 99]) * 1e3
        newest = np.percentile(self.newest, 99) * 1e3
        return (
            f"p50 {p50:.0f} ms, p90 {p90:.0f} ms, p99 {p99:.0f} ms, of {len(self.values):,} values"
            f" (the newest of each signal p99 {newest:.0f} ms)"
        )


_told = msgspec.json.Decoder(Told).decode
_samples = msgspec.json.Decoder(list[tuple[int, msgspec.Raw, list[float]]]).decode
