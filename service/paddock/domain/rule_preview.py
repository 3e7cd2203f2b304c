"""What a rule would have found in the recordings there are, while it is looked at and afterwards."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from paddock.domain.rules import RuleText

MAX_LISTED = 200
"""Recordings that are listed; the others are counted."""


class PreviewState(StrEnum):
    """How far it is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    """Somebody wanted it no more."""
    FAILED = "failed"


class PreviewHit(msgspec.Struct, frozen=True):
    """One recording in which the rule would have fired."""

    recording: str
    count: int
    signal: str
    """Where it fired first."""
    since_ns: int
    """When the value became so, by the log's own clock."""
    seconds: float
    """That instant in seconds since the log's first message."""
    value: float
    name: str = ""
    """The recording's: that of its file."""


class RulePreview(msgspec.Struct, frozen=True, kw_only=True):
    """One trial of a rule, as a document."""

    id: str
    said: RuleText
    state: PreviewState = PreviewState.WAITING
    asked_at: int = 0
    asked_by: str = ""
    total: int = 0
    """Recordings that have the signal, of the rule's cars."""
    looked: int = 0
    """How many of these it has looked at, the newest first."""
    fired: int = 0
    """In how many it would have fired."""
    hits: tuple[PreviewHit, ...] = ()
    skipped: int = 0
    """Recordings whose columns cannot be read."""
    error: str = ""
