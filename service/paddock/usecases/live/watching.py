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
        self._coming: asyncio.Future[int] | None = None

    async def next_beat(self) -> int:
        """Waits for the next beat; the sequence up to which everybody is told then.

        All who wait wake together, and have gone on waiting before the next beat comes: with many of them, or much
        to tell, beats are further apart, and nobody falls out of step.
        """
        loop = asyncio.get_running_loop()
        if self._coming is None or self._coming.get_loop() is not loop:
            self._coming = loop.create_future()
            beat = math.floor(loop.time() / BEAT_S) + 1
            loop.call_at(beat * BEAT_S, self._strike, self._coming)
        # Whoever leaves does not take the beat away from the others.
        return await asyncio.shield(self._coming)

    def _strike(self, coming: asyncio.Future[int]) -> None:
        if self._coming is coming:
            self._coming = None
        coming.set_result(self.live.sequence)
