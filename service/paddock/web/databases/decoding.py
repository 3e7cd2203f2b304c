"""What a recording's page says of the CAN databases that decode it."""

from __future__ import annotations

from dataclasses import dataclass

from paddock.domain.bus_database import BusDatabase
from paddock.domain.recording import Recording
from paddock.usecases.buses.decoding import all_databases, decoders_of, holds_frames
from paddock.usecases.context import Context


@dataclass(frozen=True)
class Decoding:
    """Of a log of CAN frames."""

    by: tuple[BusDatabase, ...]
    """Which databases decoded it; empty where its frames are bytes."""
    would_change: bool
    """Whether other ones would decode it today."""


async def decoding_of(context: Context, recording: Recording) -> Decoding | None:
    """None for a log that has no frames, or that nobody has read yet."""
    if not holds_frames(recording) or not recording.build:
        return None
    databases = await all_databases(context)
    known = {each.id: each for each in databases}
    by = tuple(known[each.database] for each in recording.decoded_by if each.database in known)
    return Decoding(by, decoders_of(recording, databases) != recording.decoded_by)
