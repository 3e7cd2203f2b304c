"""What people changed on a recording: one change per field, kept for good."""

from __future__ import annotations

import msgspec


class Change(msgspec.Struct, frozen=True):
    """One field before and after. A value that was not there is None."""

    id: str
    """Recording, version and field: writing it twice is harmless."""
    recording: str
    version: int
    """The recording's, once changed."""
    at: int
    """Nanoseconds since the Unix epoch."""
    principal: str
    field: str
    """A metadata field, ``started_ns`` (values in nanoseconds, as digits), ``file`` or ``deleted``."""
    before: str | None = None
    before_source: str = ""
    """Who had said the value before, so that undo says the same."""
    after: str | None = None
    subject: str = ""
    """The id of the file that was added or removed; empty for other fields, and in what was written before 0.4."""
    origin: str = ""
    """The Paddock where it was made, for one that a sync brought; empty for one made here."""


class MiscFile(msgspec.Struct, frozen=True):
    """A file that somebody put beside a recording: a setup sheet, a photo."""

    id: str
    name: str
    size_bytes: int
    added_at: int
    added_by: str
