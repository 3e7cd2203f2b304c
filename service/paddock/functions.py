"""What the Lambda functions share: one event loop and one context per warm container.

The functions talk to the object store and to MongoDB alone. They cannot send job ids, so work that follows from
work (the conversion after an ingest) is done in the same invocation.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import deque

from paddock.bootstrap import configure_logging, open_context
from paddock.domain.job import JobState
from paddock.domain.queue_messages import Announced, Arrived, parse_message
from paddock.errors import Unavailable
from paddock.processes import do_without_pandas
from paddock.settings import Settings
from paddock.usecases.intake.adopt import adopt
from paddock.usecases.jobs import jobs, leases
from paddock.usecases.jobs.attempt import do


class FollowUps:
    """The functions' side of ``ports/work.py``: what is announced is done by whoever announced it."""

    def __init__(self) -> None:
        self.job_ids: deque[str] = deque()

    async def announce(self, job_id: str) -> None:
        """Remember the job for this invocation."""
        self.job_ids.append(job_id)

    async def wait(self, timeout_s: float) -> None:
        """A function never waits for work: it is woken."""
        raise NotImplementedError

    async def redrive(self) -> int:
        """What a function gives up is on its dead letter queue, out of its reach."""
        return 0

    async def close(self) -> None:
        """There is nothing to give back."""


class Container:
    """A warm container. Made once, at the cold start; it ends with its process."""

    def __init__(self, settings: Settings) -> None:
        do_without_pandas()
        configure_logging(settings)
        self._loop = asyncio.new_event_loop()
        self._settings = settings
        self._follow_ups = FollowUps()
        # Entered and never left: Lambda gives no notice, and nothing in there needs one. Kept, because the stores
        # would be closed when it is collected.
        self._opened = open_context(settings, work=self._follow_ups)
        self._context = self._loop.run_until_complete(self._opened.__aenter__())
        self._owner = f"function-{socket.gethostname()}-{os.getpid()}"

    def handle(self, body: str) -> None:
        """Do what one message of the queue says.

        Raises:
            Rejected: nobody understands the message.
            Unavailable: it is to be sent again later; the job's document says why.
        """
        self._loop.run_until_complete(self._handle(body))

    async def _handle(self, body: str) -> None:
        self._follow_ups.job_ids.clear()
        for message in parse_message(body):
            match message:
                case Announced(job_id):
                    self._follow_ups.job_ids.append(job_id)
                case Arrived(key=key):
                    await adopt(self._context, key)
        while self._follow_ups.job_ids:
            await self._do(self._follow_ups.job_ids.popleft())

    async def _do(self, job_id: str) -> None:
        job = await self._context.documents.jobs.get(job_id)
        if job is None or await jobs.size_of(self._context, job) > self._settings.function_max_bytes:
            # What is too large for a function is left to the host's worker, which takes what no function took.
            return
        taken = await leases.take_one(self._context, self._owner, job_id)
        state = await do(self._context, taken) if taken else job.state
        if state is JobState.QUEUED:
            raise Unavailable(f"{job_id} is to be tried again.", code="try_again")
