"""A job, and how long to wait for one."""

from __future__ import annotations

import time

import msgspec

from paddock.client.answer import Answer
from paddock.errors import Rejected, Unavailable

POLL_S = 0.3
WAIT_S = 3600.0
"""Long enough for the largest log behind a test day's queue."""


class Failure(msgspec.Struct, frozen=True):
    """Why something failed."""

    code: str
    """A stable word."""
    message: str
    """For people."""

    def rejection(self) -> Rejected:
        """This failure as an error to raise."""
        return Rejected(self.message, code=self.code)


class Job(Answer, kw_only=True, dict=True):
    """A piece of work as it was when it was asked for; ``refresh`` asks again, ``wait`` until it is done."""

    id: str
    kind: str
    """``ingest``, ``convert`` or ``export``."""
    subject: str
    """The id of what it works on."""
    state: str
    """``queued``, ``running``, ``done`` or ``dead``."""
    progress: float
    """0 to 1."""
    tries: int
    created_at: str
    """RFC 3339, UTC."""
    updated_at: str
    """RFC 3339, UTC."""
    error: Failure | None = None
    """Why it failed last."""

    def refresh(self) -> Job:
        """The job as it is now."""
        return Job.of(self._asked(), self._asked().call("GET", f"/api/jobs/{self.id}"))

    def retry(self) -> Job:
        """Give a dead job its tries again.

        Raises:
            Conflict: it is not dead.
        """
        return Job.of(self._asked(), self._asked().call("POST", f"/api/jobs/{self.id}/retry"))

    def wait(self, *, timeout_s: float = WAIT_S) -> Job:
        """The job once it is done.

        Raises:
            Rejected: it was given up; the message says why.
            Unavailable: it is not done after ``timeout_s`` (code ``not_done``).
        """
        job = self.refresh()
        patience = Patience(timeout_s, f"The job {self.id}")
        while job.state != "done":
            if job.state == "dead" and job.error is not None:
                raise job.error.rejection()
            patience.pause()
            job = job.refresh()
        return job


class Patience:
    """Time to wait for something, of which every ``pause`` takes a little.

    Args:
        timeout_s: how much there is.
        what: the beginning of the sentence that says that it is over.
    """

    def __init__(self, timeout_s: float, what: str) -> None:
        self._end = time.monotonic() + timeout_s
        self._over = f"{what} is not done after {timeout_s:g} s: wait again."

    def pause(self) -> None:
        """Sleep until it is worth asking again.

        Raises:
            Unavailable: the time is over (code ``not_done``).
        """
        if time.monotonic() >= self._end:
            raise Unavailable(self._over, code="not_done")
        time.sleep(POLL_S)
