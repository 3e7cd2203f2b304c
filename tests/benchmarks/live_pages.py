"""The pages of ``live_watching.py``: how late what devices send is when a page has it.

They read of most messages only how long these are: fifty pages in Python that look at all of theirs would be most
of what is measured. One more is slow.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from websockets.asyncio.client import connect

PLOTTED = 8
WINDOW = 12
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


def watch_paddock(url: str, device: str, viewers: int, seconds: float, out: Any) -> None:
    """Pages of Paddock, as the live page asks: all signals with sparklines, and eight in plots."""
    late, begun = Lateness(), time.time()
    plotted = [f"T0.s{field}" for field in range(PLOTTED)]
    ask = json.dumps(
        {
            "watch": [
                {"device": device, "span_s": 60, "columns": 80},
                {"device": device, "signals": plotted, "span_s": 60, "columns": 1200},
            ]
        }
    )

    async def page(number: int) -> None:
        await asyncio.sleep(number * OPENED_S)
        async with connect(f"{url}/api/live?window={WINDOW}", max_size=None, compression=None) as socket:
            await socket.send(ask)
            until = begun + seconds
            await socket.recv(decode=False)
            joined = time.time()
            while time.time() < until:
                text = await socket.recv(decode=False)
                said = _told(text)
                if late.is_read(text, number):
                    late.note([values for _, _, values in _samples(said.samples)], joined)
                await socket.send(f'{{"ack": {said.number}}}')

    async def slow() -> Slow:
        got, left_out, behind = 0, 0, 0.0
        async with connect(f"{url}/api/live?window=1", max_size=None, max_queue=1) as socket:
            await socket.send(ask)
            until = time.time() + seconds
            while time.time() < until:
                said = msgspec.json.decode(await socket.recv())
                got += 1
                left_out = said.get("left_out_total", left_out)
                behind = time.time() - max((values[-1] for _, _, values in said["samples"] if values), default=0)
                await asyncio.sleep(1.5)
                await socket.send(json.dumps({"ack": said["number"]}))
        return Slow(got, left_out, behind)

    out.put((late, asyncio.run(_all(slow(), [page(number) for number in range(viewers)]))))


def watch_relay(url: str, device: str, viewers: int, seconds: float, out: Any) -> None:
    """Pages of ``mosquitto_relay.py``, which are sent whole messages."""
    late, begun = Lateness(), time.time()

    async def page(number: int) -> None:
        await asyncio.sleep(number * OPENED_S)
        async with connect(f"{url}/{device}", max_size=None, compression=None) as socket:
            until = begun + seconds
            joined = time.time()
            while time.time() < until:
                text = await socket.recv(decode=False)
                if late.is_read(text, number):
                    late.note([list(said.values()) for said in _measured(text)], joined)

    async def slow() -> Slow:
        got, behind = 0, 0.0
        async with connect(f"{url}/{device}", max_size=None, max_queue=1) as socket:
            until = time.time() + seconds
            while time.time() < until:
                behind = time.time() - _measured(await socket.recv(decode=False))[-1]["s0"]
                got += 1
                await asyncio.sleep(1.5)
        return Slow(got, 0, behind)

    out.put((late, asyncio.run(_all(slow(), [page(number) for number in range(viewers)]))))


async def _all(slow: Coroutine[Any, Any, Slow], pages: Sequence[Coroutine[Any, Any, None]]) -> Slow:
    reading = asyncio.gather(*pages)
    found = await slow
    await reading
    return found


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

    def said(self) -> str:
        """One line."""
        p50, p90, p99 = np.percentile(self.values, [50, 90, 99]) * 1e3
        newest = np.percentile(self.newest, 99) * 1e3
        return (
            f"p50 {p50:.0f} ms, p90 {p90:.0f} ms, p99 {p99:.0f} ms, of {len(self.values):,} values"
            f" (the newest of each signal p99 {newest:.0f} ms)"
        )


_told = msgspec.json.Decoder(Told).decode
_samples = msgspec.json.Decoder(list[tuple[int, msgspec.Raw, list[float]]]).decode
