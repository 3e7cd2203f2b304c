"""How a channel's messages are to be read, as its log says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Schema:
    """How the messages of some channels are to be read."""

    id: int
    name: str
    encoding: str
    data: bytes
