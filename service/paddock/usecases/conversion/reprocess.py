"""Reprocess: convert again what an older version converted. The old build is served until the new one is whole."""

from __future__ import annotations

from paddock import CONVERTER
from paddock.domain.instants import NS_PER_S
from paddock.domain.job import REPROCESS_LATER_NS, JobState
from paddock.domain.recording import Recording, Status
from paddock.errors import Conflict
from paddock.ports.documents import MAX_PAGE
from paddock.usecases.context import Services
from paddock.usecases.conversion.found_less import FOUND_LESS, accepting
from paddock.usecases.find.recordings import find_recordings, get_recording
from paddock.usecases.jobs import jobs


async def reprocess(
    services: Services, *, text: str = "", rate_hz: float = 1.0, everything: bool = False, accept: bool = False
) -> int:
    """Ask for the conversion of every recording that matches ``text``; how many that are.

    Args:
        rate_hz: at most so many become due per second, so that fresh logs are not kept waiting.
        everything: also those which this version converted already.
        accept: take what is found also where it is less than before, see ``found_less.py``.
    """
    asked = 0
    after = None
    while True:
        page = await find_recordings(services, text=text, limit=MAX_PAGE, after=after)
        for recording in page.items:
            if _is_due(recording, everything=everything, accept=accept):
                delay_ns = int(asked / rate_hz * NS_PER_S)
                await jobs.enqueue(
                    services,
                    "convert",
                    recording.id,
                    accepting(accept),
                    delay_ns=delay_ns,
                    later_ns=REPROCESS_LATER_NS,
                )
                asked += 1
        if page.next is None:
            return asked
        after = page.next


async def reprocess_one(services: Services, prefix: str, *, accept: bool = False) -> Recording:
    """Ask for the conversion of one recording; nothing is asked of one that is on its way already.

    Args:
        accept: take what is found also where it is less than before.

    Raises:
        NotFound: there is none.
        Conflict: its bytes never arrived as they were announced, or are damaged since (code ``no_original``).
    """
    recording = await get_recording(services, prefix)
    if recording.original_fault is not None:
        raise Conflict(recording.original_fault.message, code="no_original")
    if _has_no_original(recording):
        raise Conflict("There is no original to convert: send the log again.", code="no_original")
    if recording.status.settled:
        await jobs.enqueue(services, "convert", recording.id, accepting(accept))
    return recording


async def is_asked(services: Services, recording: Recording) -> bool:
    """Whether a conversion of it is waiting or running."""
    job = await services.documents.jobs.get(f"convert-{recording.id}")
    return job is not None and job.state in (JobState.QUEUED, JobState.RUNNING)


def _is_due(recording: Recording, *, everything: bool, accept: bool) -> bool:
    if not recording.status.settled or _has_no_original(recording) or recording.original_fault is not None:
        return False
    asks = accept and recording.error is not None and recording.error.code == FOUND_LESS
    return everything or asks or recording.converter != str(CONVERTER)


def _has_no_original(recording: Recording) -> bool:
    known = recording.error.code if recording.error else None
    return recording.status is Status.FAILED and known == "wrong_hash"
