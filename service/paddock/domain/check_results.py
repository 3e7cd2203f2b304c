"""What came of checklists in one recording: which rules were met, and the moments at which they were not."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from paddock.domain.checklists import CheckKind

MAX_MOMENTS = 20
"""Times that are kept of one rule in one recording; all of them are counted."""


class Outcome(StrEnum):
    """What came of one rule, or of a whole checklist."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It could not be looked at: the log has no such signal. A rule ``present`` says that it should."""


class Moment(msgspec.Struct, frozen=True):
    """One time that a rule was not met, by the log's own clock."""

    start_ns: int
    end_ns: int
    signals: tuple[str, ...] = ()
    """Those to look at."""
    worst: float | None = None
    """The value that is furthest off, the rate, or the length of a gap in seconds."""


class RuleResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one rule."""

    name: str
    words: str
    """What it asked for."""
    kind: CheckKind
    outcome: Outcome
    said: str = ""
    """What was wrong, or why it could not be looked at, in words."""
    count: int = 0
    """How often it was not met."""
    total_ns: int = 0
    """For how long together; of several signals the longest."""
    moments: tuple[Moment, ...] = ()
    """The first of them."""


class CheckedList(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one checklist in one recording, as a document."""

    id: str
    """See ``result_id``."""
    recording: str
    checklist: str
    name: str
    version: int
    """The checklist's."""
    made_from: str = ""
    """What it depends on besides: another one is another result."""
    checked_at: int = 0
    rules: tuple[RuleResult, ...] = ()

    @property
    def failed(self) -> int:
        """How many rules were not met."""
        return sum(rule.outcome is Outcome.FAILED for rule in self.rules)

    @property
    def outcome(self) -> Outcome:
        """That of all rules together."""
        return outcome_of(rule.outcome for rule in self.rules)


def result_id(recording: str, checklist: str) -> str:
    """The id of what came of a checklist in a recording."""
    return f"{recording}:{checklist}"


def outcome_of(outcomes: Iterable[Outcome]) -> Outcome:
    """Failed where any is, passed where any is of the others."""
    found = set(outcomes)
    return next((each for each in (Outcome.FAILED, Outcome.PASSED) if each in found), Outcome.SKIPPED)
