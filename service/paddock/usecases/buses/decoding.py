"""Which databases decode a recording, and the databases themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import lru_cache

from paddock.domain.bus_database import BusDatabase, DecodedBy, chosen
from paddock.domain.can_database import CanDatabase, Databases
from paddock.domain.instants import to_rfc3339
from paddock.domain.log_kinds import LOG_KINDS
from paddock.domain.recording import Recording
from paddock.errors import NotFound
from paddock.ports.documents import MAX_PAGE, Sort
from paddock.readers.databases import read_database
from paddock.usecases.catalogue.catalogue import car_of
from paddock.usecases.context import Context

_DAY = len("2026-04-18")


async def all_databases(context: Context) -> tuple[BusDatabase, ...]:
    """Those that the team added, the last first, retired ones too."""
    page = await context.documents.bus_databases.find(sort=Sort("added_at", descending=True), limit=MAX_PAGE)
    return page.items


def holds_frames(recording: Recording) -> bool:
    """Whether its log has CAN frames."""
    return LOG_KINDS[recording.kind].holds_frames or recording.has_frames


def decoders_of(recording: Recording, databases: Iterable[BusDatabase]) -> tuple[DecodedBy, ...]:
    """Which databases would decode it today."""
    if not holds_frames(recording):
        return ()
    # A log whose logger had no clock begins in 1970: then the day is that on which it came.
    started_ns = recording.started_ns
    instant = recording.uploaded_at if started_ns is None or started_ns < YEAR_2000_NS else started_ns
    found = chosen(databases, car_of(recording), to_rfc3339(instant)[:_DAY])
    return tuple(DecodedBy(bus, each.id, each.sha256) for bus, each in sorted(found.items()))


YEAR_2000_NS = 946_684_800 * 10**9


async def database_names(context: Context, recording: Recording) -> tuple[str, ...]:
    """The databases that decoded a recording, as people tell versions apart: by name and the file's hash."""
    found = [(each, await context.documents.bus_databases.get(each.database)) for each in recording.decoded_by]
    return tuple(f"{known.name if known else 'a database'} ({by.sha256[:8]})" for by, known in found)


async def load_databases(context: Context, used: Iterable[DecodedBy]) -> Databases:
    """The databases of a recording, by bus.

    Raises:
        NotFound: a file of them is gone (code ``no_such_database``).
    """
    return {each.bus: await parsed(context, each.sha256) for each in used}


async def parsed(context: Context, sha256: str) -> CanDatabase:
    """What a database's file says.

    Raises:
        NotFound: it is gone (code ``no_such_database``).
    """
    file = await context.documents.database_files.get(sha256)
    if file is None:
        raise NotFound("The database that decodes this log is gone: add it again.", code="no_such_database")
    return await asyncio.to_thread(_read, file.content)


@lru_cache(8)
def _read(content: bytes) -> CanDatabase:
    return read_database(content, "The database")
