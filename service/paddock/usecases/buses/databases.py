"""CAN databases of the team: added, and retired; what they decode is converted again by itself."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

from paddock.domain.bus_database import (
    MAX_FILE_BYTES,
    MAX_NOTICES,
    BusDatabase,
    DatabaseFile,
    DatabaseUse,
    check_use,
    database_id,
)
from paddock.domain.principal import Principal
from paddock.domain.recording import Recording
from paddock.domain.recording_names import check_file_name
from paddock.domain.words import size
from paddock.errors import NotFound, Rejected
from paddock.ports.documents import MAX_PAGE
from paddock.readers.databases import read_database
from paddock.usecases.buses.decoding import all_databases, decoders_of, holds_frames
from paddock.usecases.buses.versions import keep_renames
from paddock.usecases.context import Context
from paddock.usecases.conversion.reprocess import is_asked
from paddock.usecases.find.recordings import find_recordings
from paddock.usecases.intake.originals import is_kept
from paddock.usecases.jobs import jobs
from paddock.usecases.people.audit import note_act, note_change

KIND = "database"
"""In the history of what people changed."""


@dataclass(frozen=True)
class Added:
    """A database that was added."""

    database: BusDatabase
    converted: int
    """How many recordings are converted again, because their frames were only bytes so far."""
    renamed: tuple[str, ...] = ()
    """Signals that the version before has under other names, which are aliases in the catalogue now."""


async def add_database(
    context: Context, principal: Principal, content: bytes, name: str, use: DatabaseUse
) -> Added:
    """Take a DBC file in; recordings that waited for it are converted.

    The same file for the same use is there once; one that was retired is back.

    Raises:
        Rejected: it is no database (code ``not_a_database``), or too large (``too_large``), or its use cannot be
            (``bad_database_use``).
    """
    check_file_name(name)
    use = check_use(use)
    if len(content) > MAX_FILE_BYTES:
        raise Rejected(f"{name} is larger than {size(MAX_FILE_BYTES)}: no CAN database is.", code="too_large")
    parsed = await asyncio.to_thread(read_database, content, name)
    sha256 = hashlib.sha256(content).hexdigest()
    added = BusDatabase(
        id=database_id(sha256, use),
        sha256=sha256,
        name=name,
        use=use,
        size_bytes=len(content),
        message_count=len(parsed.messages),
        signal_count=sum(len(message.signals) for message in parsed.messages),
        notices=parsed.notices[:MAX_NOTICES],
        added_at=context.now(),
        added_by=principal.name,
    )
    # The bytes first: a database that is listed can be read.
    await context.documents.database_files.put_many([DatabaseFile(sha256, content)])
    await context.documents.bus_databases.put_many([added])
    await note_change(context, principal, KIND, None, added, fields=("use",))
    renamed = await keep_renames(context, principal, added)
    return Added(added, await _convert_those_without(context, principal), renamed)


async def retire_database(context: Context, principal: Principal, database_id: str) -> BusDatabase:
    """Have a database decode nothing new; what it decoded stays as it is.

    Raises:
        NotFound: there is none (code ``no_such_database``).
    """
    changes = {"retired_at": context.now(), "retired_by": principal.name}
    retired = await context.documents.bus_databases.change(database_id, changes)
    if retired is None:
        raise _no_such_database()
    await note_act(context, principal, KIND, retired.id, retired.name, "retired", before="in use")
    return retired


async def database_content(context: Context, database_id: str) -> tuple[BusDatabase, bytes]:
    """A database and its file.

    Raises:
        NotFound: there is none (code ``no_such_database``).
    """
    database = await context.documents.bus_databases.get(database_id)
    file = None if database is None else await context.documents.database_files.get(database.sha256)
    if database is None or file is None:
        raise _no_such_database()
    return database, file.content


async def decode_anew(context: Context, principal: Principal) -> int:
    """Convert all recordings again whose frames other databases would decode today; how many."""
    return await _convert(context, principal, only_without=False)


async def outdated_count(context: Context) -> int:
    """How many recordings other databases would decode today, less those that are on their way."""
    return len(await _outdated(context, only_without=False))


async def _convert_those_without(context: Context, principal: Principal) -> int:
    return await _convert(context, principal, only_without=True)


async def _convert(context: Context, principal: Principal, *, only_without: bool) -> int:
    found = await _outdated(context, only_without=only_without)
    for recording in found:
        await jobs.enqueue(context, "convert", recording.id, asked_by=principal.name)
    return len(found)


async def _outdated(context: Context, *, only_without: bool) -> list[Recording]:
    databases = await all_databases(context)
    found, after = [], None
    while True:
        page = await find_recordings(context, text="", limit=MAX_PAGE, after=after)
        for recording in page.items:
            if not holds_frames(recording) or not recording.status.settled or not is_kept(recording):
                continue
            if only_without and recording.decoded_by:
                continue
            if decoders_of(recording, databases) != recording.decoded_by and not await is_asked(context, recording):
                found.append(recording)
        if page.next is None:
            return found
        after = page.next


def _no_such_database() -> NotFound:
    return NotFound("There is no such database: it may have been removed.", code="no_such_database")
