"""Everybody who watches, in one rhythm."""

from __future__ import annotations

import asyncio
import math

from paddock.usecases.live.live import Live
from paddock.usecases.live.parts import Described, Parts

BEAT_S = 0.05
"""How often viewers are told. All at the same moments, up to the same sequence: what is the same for two is made
once."""


class Watching:
    """What the last minutes of all devices are to those who watch them."""

    def __init__(self) -> None:
        self.live = Live()
        self.parts = Parts(self.live)
        self.describe: Described | None = None
        """What says of a signal what it is; viewers who have the same share what it said."""
        self._waiting: list[asyncio.Future[int]] = []

    async def next_beat(self) -> int:
        """Waits for the next beat; the sequence up to which everybody is told then.

        All who wait wake together, and have gone on waiting before the next beat comes: with many of them, or much
        to tell, beats are further apart, and nobody falls out of step.
        """
        loop = asyncio.get_running_loop()
        waits: asyncio.Future[int] = loop.create_future()
        if not self._waiting or self._waiting[0].get_loop() is not loop:
            self._waiting = []
            beat = math.floor(loop.time() / BEAT_S) + 1
            loop.call_at(beat * BEAT_S, self._strike)
        self._waiting.append(waits)
        return await waits

    def _strike(self) -> None:
        waiting, self._waiting = self._waiting, []
        sequence = self.live.sequence
        for each in waiting:
            if not each.done():  # whoever left takes the beat from nobody
                each.set_result(sequence)
