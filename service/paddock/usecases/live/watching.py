"""Everybody who watches, in one rhythm."""

from __future__ import annotations

import asyncio
import math

from paddock.usecases.live.live import Live
from paddock.usecases.live.viewer import Parts

BEAT_S = 0.05
"""How often viewers are told. All at the same moments, up to the same sequence: what is the same for two is made
once."""


class Watching:
    """What the last minutes of all devices are to those who watch them."""

    def __init__(self) -> None:
        self.live = Live()
        self.parts = Parts(self.live)
        self._beat = 0
        self._sequence = 0

    async def next_beat(self) -> int:
        """Waits for the next beat; the sequence up to which everybody is told then."""
        loop = asyncio.get_running_loop()
        beat = math.floor(loop.time() / BEAT_S) + 1
        await asyncio.sleep(beat * BEAT_S - loop.time())
        if beat != self._beat:
            self._beat, self._sequence = beat, self.live.sequence
        return self._sequence
