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
