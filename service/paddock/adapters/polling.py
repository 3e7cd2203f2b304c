"""Work without a queue: a worker in the same process is woken at once, one in another process polls."""

from __future__ import annotations

import asyncio


class PollingWork:
    """``ports/work.py`` for the embedded side. Jobs are documents, so whoever looks for due jobs finds them."""

    def __init__(self) -> None:
        self._announced = asyncio.Event()

    async def announce(self, job_id: str) -> None:
        """Wake who waits in this process, or the next who will."""
        self._announced.set()

    async def wait(self, timeout_s: float) -> None:
        """Return after an announcement in this process, at the latest after ``timeout_s`` seconds."""
        try:
            await asyncio.wait_for(self._announced.wait(), timeout_s)
        except TimeoutError:
            return
        self._announced.clear()

    async def redrive(self) -> int:
        """There is no queue where anything could be given up."""
        return 0

    async def close(self) -> None:
        """There is nothing to give back."""
