"""Checklists of the team and what came of them, as the service says it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule of a checklist; what its kind does not use is None."""

    kind: str
    """``rate``, ``limits``, ``gap``, ``present`` or ``condition``."""
    subject: str
    """A topic, a signal, or an expression of the maths language."""
    name: str = ""
    low: float | None = None
    high: float | None = None
    rate_hz: float | None = None
    tolerance_percent: float = 10.0
    longest_s: float | None = None
    all_but_s: float = 0.0
    words: str = ""
    """What it asks for."""


class Checklist(msgspec.Struct, frozen=True, kw_only=True):
    """Rules that every run has to meet."""

    id: str
    name: str
    rules: tuple[Rule, ...]
    cars: tuple[str, ...] = ()
    """Only for these; empty for all."""
    version: int = 1
    """Raised by every change."""
    changed_at: str = ""
    changed_by: str = ""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a rule was not met."""

    start_s: float
    """Seconds since the log's first message."""
    end_s: float
    time: str
    """When it began by the log's clock, RFC 3339."""
    signals: tuple[str, ...] = ()
    worst: float | None = None
    """The value furthest off; of a rate messages a second, of a gap seconds."""
    link: str = ""
    """The plot of that moment, a path on the service."""


class RuleCame(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one rule."""

    name: str
    words: str
    outcome: str
    """``passed``, ``failed``, or ``skipped`` where the log has nothing to look at."""
    said: str = ""
    """What was wrong, in words."""
    count: int = 0
    total_s: float = 0.0
    moments: tuple[Moment, ...] = ()


class ListCame(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one checklist."""

    checklist: str
    name: str
    version: int
    """The checklist's, by which this is."""
    outdated: bool
    """Whether the checklist says something else by now."""
    outcome: str
    failed: int
    """How many rules were not met."""
    checked_at: str
    rules: tuple[RuleCame, ...]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the checklists in a recording; iterating gives each."""

    recording: str
    waiting: bool
    """Whether it is being checked, or will be."""
    items: tuple[ListCame, ...]
    unchecked: tuple[str, ...] = ()
    """Names of checklists by which nobody has looked."""

    def __iter__(self) -> Iterator[ListCame]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)
