"""What a checklist would have found in the recordings there are, while it is looked at and afterwards."""

from __future__ import annotations

import msgspec

from paddock.domain.checklists import ChecklistText
from paddock.domain.rule_preview import PreviewState


class FailedRun(msgspec.Struct, frozen=True):
    """One recording that would have failed."""

    recording: str
    name: str
    """Its file's."""
    failed: int
    """How many rules were not met."""
    rule: int
    """Number of the first of them, from 0."""
    said: str
    """What was wrong with that one."""
    signals: tuple[str, ...] = ()
    """To look at."""
    start_ns: int | None = None
    """When it was so first, by the log's own clock; None where it has no moment, as of what is not there."""
    seconds: float = 0.0
    """That instant in seconds since the log's first message."""


class ChecklistPreview(msgspec.Struct, frozen=True, kw_only=True):
    """One trial of a checklist, as a document."""

    id: str
    said: ChecklistText
    state: PreviewState = PreviewState.WAITING
    asked_at: int = 0
    asked_by: str = ""
    began_at: int = 0
    """When a worker began; 0 before."""
    total: int = 0
    """Recordings of its cars."""
    looked: int = 0
    """How many of these it has looked at, the newest first."""
    failed: int = 0
    """How many would have failed."""
    by_rule: tuple[int, ...] = ()
    """In how many each rule would not have been met."""
    skipped_by_rule: tuple[int, ...] = ()
    """In how many recordings a rule could look at nothing."""
    runs: tuple[FailedRun, ...] = ()
    """The first that failed, at most ``MAX_LISTED`` of ``rule_preview.py``."""
    unreadable: int = 0
    """Recordings whose columns cannot be read."""
    error: str = ""
