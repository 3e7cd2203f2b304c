"""The stored original of a recording: whether there is one, and whether it is still the log that was sent.

It is one fact on the recording: its bytes are awaited until they are proved, and this module says when somebody
finds that they are gone or others. Who offers the original, or needs it, asks here and not the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from paddock.domain.keys import raw_key
from paddock.domain.log_kinds import LOG_KINDS
from paddock.domain.original import DAMAGED_CODE, MISSING_CODE, Original
from paddock.domain.recording import Failure, Recording, Status
from paddock.domain.words import size
from paddock.errors import Conflict, NotFound, PaddockError
from paddock.ports.objects import ObjectInfo
from paddock.usecases.context import Context
from paddock.usecases.intake.hashing import sha256_of

_SEND_AGAIN = "Send the log again, and its bytes take that place."
MISSING = Failure(MISSING_CODE, f"The stored original is gone. {_SEND_AGAIN}")


def _wrong_size(stored_bytes: int, size_bytes: int) -> Failure:
    return Failure(
        DAMAGED_CODE,
        f"The stored original is damaged: it has {stored_bytes:,} bytes ({size(stored_bytes)}), and {size_bytes:,} "
        f"were sent. {_SEND_AGAIN}",
    )


OTHER_BYTES = Failure(
    DAMAGED_CODE, f"The stored original is damaged: its bytes are not those that were sent. {_SEND_AGAIN}"
)


def is_kept(recording: Recording) -> bool:
    """Whether the bytes that were sent are here: to convert them, and for a car to free its disk."""
    return recording.original_state is Original.KEPT


def is_offered(recording: Recording) -> bool:
    """Whether there is something to download: also a damaged one, which may be all that anybody has."""
    return recording.original_state in (Original.KEPT, Original.DAMAGED)


def why_not_kept(recording: Recording) -> Failure | None:
    """Why the bytes that were sent are not here, and what to do; None where they are."""
    if is_kept(recording):
        return None
    if recording.original_fault is not None:
        return recording.original_fault
    if recording.status is Status.VERIFYING:
        return Failure("not_stored", "The original is not stored yet: wait until its upload is verified.")
    return Failure("not_stored", "The bytes never arrived as they were announced: send the log again.")


def check_original(recording: Recording) -> None:
    """Refuse what needs the bytes that were sent.

    Raises:
        Conflict: they are not here (code ``no_original``); the message says what to do.
    """
    if why := why_not_kept(recording):
        raise Conflict(why.message, code="no_original")


async def stored_original(context: Context, recording: Recording, *, whole: bool = False) -> ObjectInfo:
    """The object to download the original from. What the store says otherwise is noted on the recording.

    Args:
        whole: damaged bytes will not do.

    Raises:
        NotFound: it is not stored, or not as it was sent; the message says what to do.
    """
    if recording.original_state is Original.AWAITED:
        fault = why_not_kept(recording)
    else:
        fault = await fault_by_size(context, recording)
    if fault is not None and (whole or fault.code != DAMAGED_CODE):
        raise NotFound(fault.message, code=fault.code)
    stored = await context.objects.stat(recording.original_key)
    if stored is None:
        raise NotFound(MISSING.message, code=MISSING.code)
    return stored


async def need_original(context: Context, recording: Recording) -> None:
    """Ask the store whether a job can read the bytes that were sent.

    Raises:
        PaddockError: it cannot, as the recording says from now on.
    """
    if fault := await fault_by_size(context, recording):
        raise PaddockError(fault.message, code=fault.code)


async def fault_by_size(context: Context, recording: Recording) -> Failure | None:
    """What is wrong with the original as far as its size tells, or was known to be; noted on the recording.

    That its size is right clears nothing but a missing one: only hashing proves the bytes.
    """
    while True:
        fault = _seen(recording, await context.objects.stat(recording.original_key))
        noted = await note(context, recording, fault)
        if noted is None:
            return fault
        # Other bytes may have come to that place between the look and the note: looked at once more.
        recording = noted


def _seen(recording: Recording, stored: ObjectInfo | None) -> Failure | None:
    if stored is None:
        return MISSING
    if stored.size_bytes != recording.size_bytes:
        return _wrong_size(stored.size_bytes, recording.size_bytes)
    return OTHER_BYTES if recording.original_fault == OTHER_BYTES else None


async def fault_by_hash(
    context: Context, recording: Recording, progress: Callable[[float], None] = lambda _: None
) -> Failure | None:
    """What is wrong with the original, proved by reading all of its bytes; noted on the recording."""
    stored = await context.objects.stat(recording.original_key)
    fault = _seen(recording, stored)
    if stored is not None:
        log = await context.objects.open(stored.key)
        try:
            digest = await asyncio.to_thread(sha256_of, log, stored.size_bytes, progress)
        finally:
            await asyncio.to_thread(log.close)
        if digest == recording.id:
            fault = None
            # It may have been announced with another size before.
            await context.documents.recordings.change(recording.id, {"size_bytes": stored.size_bytes})
        elif await context.objects.stat(stored.key) != stored:
            # Other bytes came to that place meanwhile.
            return await fault_by_hash(context, recording, progress)
        elif fault is None:
            fault = OTHER_BYTES
        await context.documents.recordings.change(recording.id, {"original_hashed_at": context.now()})
    await note(context, recording, fault)
    return fault


def said(fault: Failure | None) -> Mapping[str, object]:
    """What a recording says once somebody looked at its original: the bytes are proved, or what is wrong."""
    damaged = Original.GONE if fault and fault.code == MISSING_CODE else Original.DAMAGED
    return {"original": damaged if fault else Original.KEPT, "original_fault": fault}


async def note(context: Context, recording: Recording, fault: Failure | None) -> Recording | None:
    """Say it on the recording: while it has a fault, the same log is taken again.

    Returns:
        The recording as it is now; None where it said so before.
    """
    changes = said(fault)
    if all(getattr(recording, name) == value for name, value in changes.items()):
        return None
    return await context.documents.recordings.change(recording.id, changes)


async def is_here(context: Context, recording_id: str) -> bool:
    """Whether the bytes of a recording are stored, as far as anybody knows, so that they need not be sent."""
    recording = await context.documents.recordings.get(recording_id)
    if recording is None:
        return await kind_of_stored(context, recording_id) is not None
    if await context.objects.stat(recording.original_key) is None:
        return False
    return await fault_by_size(context, recording) is None


async def kind_of_stored(context: Context, recording_id: str) -> str | None:
    """The kind under which the store has an original, whether or not a recording knows of it."""
    for kind in LOG_KINDS:
        if await context.objects.stat(raw_key(recording_id, kind)) is not None:
            return kind
    return None
