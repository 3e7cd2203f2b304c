"""The names that signals have in any recording, for completion."""

from __future__ import annotations

import msgspec


class SignalName(msgspec.Struct, frozen=True):
    """One name. It stays when the last recording with it is gone, which costs nothing."""

    id: str
    """The name itself: topic and field path."""
    topic: str
    dtype: str
    search: str
    """Case-folded, for the contains filter."""
