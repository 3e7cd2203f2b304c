"""What people changed, on a recording or on anything else: one change per field, kept for good."""

from __future__ import annotations

import msgspec

RECORDING = "recording"


class Change(msgspec.Struct, frozen=True):
    """One field before and after. A value that was not there is None."""

    id: str
    """Recording, version and field: writing it twice is harmless."""
    recording: str
    """Empty where something else was changed."""
    version: int
    """The recording's, once changed; 0 of other things that have none."""
    at: int
    """Nanoseconds since the Unix epoch."""
    principal: str
    field: str
    """A metadata field, ``setup.`` and a field of the setup sheet, ``laps.marked``, ``started_ns`` (values in
    nanoseconds, as digits), ``file`` or ``deleted``.

    Of other things a field as the API names it, or what was done: ``created``, ``token``, ``disabled``.
    """
    before: str | None = None
    before_source: str = ""
    """Who had said the value before, so that undo says the same."""
    after: str | None = None
    subject: str = ""
    """The id of the file that was added or removed; empty for other fields, and in what was written before 0.4.

    Where no recording was changed, the id of what was.
    """
    origin: str = ""
    """The Paddock where it was made, for one that a sync brought; empty for one made here."""
    kind: str = RECORDING
    """What was changed: ``recording``, ``device``, ``person`` and so on."""
    name: str = ""
    """What people called it at that time; empty for a recording, whose name is made of its metadata."""


class MiscFile(msgspec.Struct, frozen=True):
    """A file that somebody put beside a recording: a setup sheet, a photo."""

    id: str
    name: str
    size_bytes: int
    added_at: int
    added_by: str
