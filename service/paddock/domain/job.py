"""A job: work that must not be lost, as a document; when it is tried again, and how long it may take."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import Failure
from paddock.errors import PaddockError, Unavailable

MAX_FAULTS = 3
MAX_TRIES = 34
"""With the pauses below, a day."""
FIRST_BACKOFF_NS = 2 * NS_PER_S
LONGEST_BACKOFF_NS = 3600 * NS_PER_S
DEATHS = ("worker_died", "decoding_killed")
"""Codes of the death of a process, which the job may have been the reason for."""
TURN_NS = 10 * NS_PER_S
"""Who has several jobs waiting is one turn behind for each of them."""
_LATER_NS = dict.fromkeys(("export", "rule_preview", "checklist_preview"), 86_400 * NS_PER_S)
"""A day behind, that is after everything else which waits: somebody's log should not wait for files of another."""
_LIMITS_S = {"export": 600, "rule_preview": 3600, "checklist_preview": 3600}
"""How long a job of a kind may take, whatever the size of its log; 120 s for the others."""
REPROCESS_LATER_NS = 2 * 86_400 * NS_PER_S


OUT_OF_MEMORY = Failure(
    "memory_limit", "This takes more memory than a conversion may have: PADDOCK_MEMORY_BYTES can give it more."
)


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
    """The use case that does it: ``ingest``, ``convert``, ``export`` and so on."""
    subject: str
    """What it works on: an upload's id, a recording's id."""
    created_at: int
    due_at: int
    """Not before this time."""
    state: JobState = JobState.QUEUED
    progress: float = 0.0
    """0 to 1."""
    tries: int = 0
    faults: int = 0
    """How many tries ended in what does not pass by itself: a crash, or the death of their process."""
    lease_owner: str = ""
    lease_until: int = 0
    """A running job whose lease ran out is taken by the next worker."""
    error: Failure | None = None
    updated_at: int = 0
    params: dict[str, str] = {}
    asked_by: str = ""
    """Whose turn it is; empty when nobody in particular asked."""
    place: int = 0
    """Among the jobs that are due the smallest place is taken first. It is a time, so that none waits for ever."""
    set_aside_at: int | None = None
    """When it gave way to others because it took long. It is begun again while no other long one runs."""

    @property
    def recording(self) -> str | None:
        """The id of the recording that it works on; None where only the upload is known."""
        return None if self.kind == "ingest" else self.params.get("recording", self.subject)


def backoff_ns(tries: int) -> int:
    """How long to wait after the ``tries``-th failure: 2 s, 4 s, 8 s … an hour."""
    return int(min(FIRST_BACKOFF_NS * 2 ** min(tries - 1, 20), LONGEST_BACKOFF_NS))


def passes(error: PaddockError) -> bool:
    """Whether waiting mends it: a full disk, a store that is away. A crash or a death may be its own doing."""
    return isinstance(error, Unavailable) and not error.permanent and error.code not in DEATHS


def is_last_try(job: Job, error: PaddockError) -> bool:
    """Whether this failure buries the job."""
    if error.permanent:
        return True
    return job.tries >= MAX_TRIES if passes(error) else job.faults + 1 >= MAX_FAULTS


def place_of(kind: str, now: int, waiting: int, later_ns: int = 0) -> int:
    """The place of a job that is asked for now by somebody who has ``waiting`` others in the queue."""
    return now + _LATER_NS.get(kind, 0) + later_ns + waiting * TURN_NS


def time_limit_s(kind: str, size_bytes: int) -> float:
    """How long a job may take on a log of this size, many times what a slow machine needs."""
    return _LIMITS_S.get(kind, 120) + size_bytes / 1_000_000


def first_turn_s(size_bytes: int) -> float:
    """After this time a job counts as a long one, and gives way to others when a long one runs already."""
    return 1 + size_bytes / 3_000_000
