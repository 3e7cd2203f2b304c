"""What a recording's page says of the CAN databases that decode it."""

from __future__ import annotations

from dataclasses import dataclass

from paddock.domain.bus_database import BusDatabase
from paddock.domain.recording import Recording
from paddock.usecases.buses.decoding import all_databases, decoders_of, holds_frames
from paddock.usecases.buses.versions import known_elsewhere
from paddock.usecases.context import Context
from paddock.usecases.find.contents import contents_of

_LOOKED_INTO = 10
"""So many other databases, the last added first."""


@dataclass(frozen=True)
class Decoding:
    """How a log of CAN frames was decoded."""

    by: tuple[BusDatabase, ...]
    """Which databases decoded it; empty where its frames are bytes."""
    would_change: bool
    """Whether other ones would decode it today."""
    elsewhere: list[tuple[BusDatabase, list[str]]]
    """Databases that know ids which these do not, with the names of their messages."""


async def decoding_of(context: Context, recording: Recording) -> Decoding | None:
    """None for a log that has no frames, or that nobody has read yet."""
    if not holds_frames(recording) or not recording.build:
        return None
    databases = await all_databases(context)
    known = {each.id: each for each in databases}
    by = tuple(known[each.database] for each in recording.decoded_by if each.database in known)
    topics = [channel.topic for channel in (await contents_of(context.documents, recording)).channels]
    others = [each for each in databases if each not in by][:_LOOKED_INTO]
    elsewhere = await known_elsewhere(context, topics, others)
    return Decoding(by, decoders_of(recording, databases) != recording.decoded_by, elsewhere)
