"""Metadata fields, as the service says them."""

from __future__ import annotations

import msgspec


class MetadataField(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said of a recording: ``recording[field.name]``."""

    name: str
    """In searches, edits, uploads and MATLAB's ``meta.run``."""
    label: str
    """On the site."""
    choices: tuple[str, ...] = ()
    """The only values that it may have; empty for any text."""
    column: bool = False
    """Whether it is a column of the list."""
    filter: bool = True
    """Whether recordings are searched and sorted by it."""
    max_length: int = 200
    own: bool = False
    """Whether the team added it."""
