"""Files that a recording has."""

from __future__ import annotations

import msgspec


class Download(msgspec.Struct, frozen=True):
    """A file that can be downloaded."""

    url: str
    name: str
    size_bytes: int


class Artifact(Download, frozen=True):
    """A derived file."""

    format: str
    left_out: tuple[str, ...] = ()
    """Sentences about topics that are not in it, although asked for."""
    decoded_by: tuple[str, ...] = ()
    """The CAN databases that decoded its values."""


class Attachment(msgspec.Struct, frozen=True):
    """A file that the recorder put into the log."""

    url: str | None
    """None while the log that it is in is not there whole."""
    name: str
    size_bytes: int
    media_type: str
    """As the log says."""


class MiscFile(Download, frozen=True, kw_only=True):
    """A file that somebody put beside a recording."""

    id: str
    added_at: str
    """RFC 3339, UTC."""
    added_by: str
