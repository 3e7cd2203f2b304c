"""A job: work that must not be lost, as a document."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from paddock.domain.recording import Failure

MAX_TRIES = 5
FIRST_BACKOFF_NS = 2_000_000_000


class JobState(StrEnum):
    """``queued → running → done``; back to queued after a passing failure, ``dead`` after the last."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class Job(msgspec.Struct, frozen=True):
    """One piece of work. The same work has the same id, so that asking twice is harmless."""

    id: str
    kind: str
    """The use case that does it: ``ingest``, ``convert``, ``export``."""
    subject: str
    """What it works on: an upload's id, a recording's id."""
    created_at: int
    due_at: int
    """Not before this time."""
    state: JobState = JobState.QUEUED
    progress: float = 0.0
    """0 to 1."""
    tries: int = 0
    lease_owner: str = ""
    lease_until: int = 0
    """A running job whose lease ran out is taken by the next worker."""
    error: Failure | None = None
    updated_at: int = 0
    params: dict[str, str] = {}


def backoff_ns(tries: int) -> int:
    """How long to wait after the ``tries``-th failure: 2 s, 4 s, 8 s …"""
    return int(FIRST_BACKOFF_NS * 2 ** (tries - 1))
