"""All collections of a store at once: read as of one moment by a backup, filled by a restore."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

import msgspec

Progress = Callable[[int, int], None]
"""How many documents are done, and how many there are."""


def say_nothing(done: int, total: int) -> None:
    """No progress is shown."""


class Snapshot(Protocol):
    """All collections at one moment, while others go on writing."""

    one_state: bool
    """Whether all that is read is of one moment; a MongoDB server that stands alone cannot do that."""

    async def count(self, collection: str) -> int:
        """How many documents the collection has."""
        ...

    def read(self, collection: str) -> AsyncIterator[Sequence[msgspec.Struct]]:
        """All documents of a collection by id, some at a time."""
        ...


class Filling(Protocol):
    """A store that is being filled by a restore."""

    async def put(self, collection: str, documents: Sequence[msgspec.Struct]) -> None:
        """Add documents of one collection, which have ids of their own."""
        ...
