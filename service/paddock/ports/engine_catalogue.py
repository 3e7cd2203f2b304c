"""Where engines that read the store themselves look up its tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from paddock.domain.engine_tables import EngineTable


class EngineCatalogue(Protocol):
    """One database of such a catalogue, in which others may have tables of their own."""

    async def keep(self, tables: Sequence[EngineTable]) -> None:
        """Make or renew these tables, and remove those that an earlier call made and that are no more.

        Raises:
            Unavailable: it does not answer, or this Paddock may not write there.
        """
        ...
