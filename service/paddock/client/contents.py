"""What is in a recording, and what people did to it, as the service says it."""

from __future__ import annotations

import msgspec


class Value(msgspec.Struct, frozen=True):
    """A metadata value and who said so: ``file``, ``base_station`` or ``person``."""

    value: str
    source: str


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One topic with one schema."""

    topic: str
    schema_name: str
    schema_encoding: str
    message_encoding: str
    message_count: int
    rate_hz: float | None = None
    """Mean rate."""
    largest_gap_s: float | None = None
    """The longest time between two messages."""


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """What a damaged log lost."""

    sentences: tuple[str, ...]
    """All of it, for people."""
    lost_bytes: int
    lost_records: int
    lost_s: float


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One field before and after somebody changed it."""

    id: str
    at: str
    """RFC 3339, UTC."""
    principal: str
    """Who changed it."""
    field: str
    """A metadata field, ``started_at``, ``file`` or ``deleted``."""
    before: str | None
    """None when there was no value."""
    after: str | None
    """None when there is no value any more."""
    can_undo: bool
    """Whether nothing changed the field since."""
    origin: str = ""
    """The Paddock where it was changed, for what a sync brought; empty for the one that answers."""


class SignalSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A signal of a recording with its statistics; NaN counts as missing, never as a value."""

    name: str
    topic: str
    dtype: str
    """Arrow's word for the type in the log."""
    unit: str
    """By the team's catalogue or its name; may be empty."""
    label: str
    """Its name for people."""
    role: str
    """What overviews use it as; ``none`` for most."""
    count: int
    """Values that are there."""
    missing: int
    """NaN among them."""
    min: float | None = None
    """None for texts, as ``max`` and ``mean``."""
    max: float | None = None
    mean: float | None = None
    first: float | str | None = None
    last: float | str | None = None
    longest: int = 0
    """How many elements the longest list has; ``min``, ``max`` and ``mean`` are over all its values."""
    element_of: str = ""
    """The name of the list that an element like ``ACUAllData.cell_voltages[3]`` belongs to."""


class SignalName(msgspec.Struct, frozen=True, kw_only=True):
    """A name that a signal has in some recording."""

    name: str
    topic: str
    dtype: str
    """Arrow's word for the type in the log."""
