"""Work: telling a worker that a job waits. The job itself is a document; only its id goes through a queue."""

from __future__ import annotations

from typing import Protocol


class Work(Protocol):
    """A queue of job ids. Losing or doubling an id is harmless: the sweeper and the lease see to that."""

    async def announce(self, job_id: str) -> None:
        """Tell workers that this job is due."""
        ...

    async def wait(self, timeout_s: float) -> None:
        """Return when a job may be due, at the latest after ``timeout_s``."""
        ...

    async def redrive(self) -> int:
        """Announce again what its workers gave up; how many ids that were."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...
