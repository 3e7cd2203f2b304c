"""The stored original of a recording: whether it is still the log that was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from paddock.domain.keys import raw_key
from paddock.domain.recording import Failure, Recording
from paddock.domain.words import size
from paddock.ports.objects import ObjectInfo
from paddock.usecases.context import Services
from paddock.usecases.intake.hashing import sha256_of

_SEND_AGAIN = "Send the log again, and its bytes take that place."
MISSING = Failure("original_missing", f"The stored original is gone. {_SEND_AGAIN}")


def _wrong_size(stored_bytes: int, size_bytes: int) -> Failure:
    return Failure(
        "original_damaged",
        f"The stored original is damaged: it has {stored_bytes:,} bytes ({size(stored_bytes)}), and {size_bytes:,} "
        f"were sent. {_SEND_AGAIN}",
    )


OTHER_BYTES = Failure(
    "original_damaged", f"The stored original is damaged: its bytes are not those that were sent. {_SEND_AGAIN}"
)


async def fault_by_size(services: Services, recording: Recording) -> Failure | None:
    """What is wrong with the original as far as its size tells, or was known to be; noted on the recording.

    That its size is right clears nothing but a missing one: only hashing proves the bytes.
    """
    stored = await services.objects.stat(raw_key(recording.id))
    fault = _seen(recording, stored)
    await note(services, recording, fault)
    return fault


def _seen(recording: Recording, stored: ObjectInfo | None) -> Failure | None:
    if stored is None:
        return MISSING
    if stored.size_bytes != recording.size_bytes:
        return _wrong_size(stored.size_bytes, recording.size_bytes)
    return OTHER_BYTES if recording.original_fault == OTHER_BYTES else None


async def fault_by_hash(
    services: Services, recording: Recording, progress: Callable[[float], None] = lambda _: None
) -> Failure | None:
    """The same, proved by reading all bytes."""
    stored = await services.objects.stat(raw_key(recording.id))
    fault = _seen(recording, stored)
    if stored is not None:
        log = await services.objects.open(stored.key)
        try:
            digest = await asyncio.to_thread(sha256_of, log, stored.size_bytes, progress)
        finally:
            await asyncio.to_thread(log.close)
        if digest == recording.id:
            fault = None
            # A liar may have announced it with another size before.
            await services.documents.recordings.change(recording.id, {"size_bytes": stored.size_bytes})
        elif fault is None:
            fault = OTHER_BYTES
        await services.documents.recordings.change(recording.id, {"original_hashed_at": services.now()})
    await note(services, recording, fault)
    return fault


async def note(services: Services, recording: Recording, fault: Failure | None) -> None:
    """Say it on the recording: while it has a fault, the same log is taken again."""
    if recording.original_fault != fault:
        await services.documents.recordings.change(recording.id, {"original_fault": fault})


async def is_here(services: Services, recording_id: str) -> bool:
    """Whether the bytes of a recording are stored, as far as anybody knows, so that they need not be sent."""
    stored = await services.objects.stat(raw_key(recording_id))
    if stored is None:
        return False
    recording = await services.documents.recordings.get(recording_id)
    return recording is None or await fault_by_size(services, recording) is None
