"""Reprocess: convert again what an older version converted. The old build is served until the new one is whole."""

from __future__ import annotations

from paddock import __version__
from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import Recording, Status
from paddock.ports.documents import MAX_PAGE
from paddock.usecases import jobs
from paddock.usecases.recordings import find_recordings
from paddock.usecases.services import Services


async def reprocess(services: Services, *, text: str = "", rate_hz: float = 1.0, everything: bool = False) -> int:
    """Ask for the conversion of every recording that matches ``text``; how many that are.

    Args:
        rate_hz: at most so many become due per second, so that fresh logs are not kept waiting.
        everything: also those which this version converted already.
    """
    asked = 0
    after = None
    while True:
        page = await find_recordings(services, text=text, limit=MAX_PAGE, after=after)
        for recording in page.items:
            if _is_due(recording, everything=everything):
                delay_ns = int(asked / rate_hz * NS_PER_S)
                await jobs.enqueue(services, "convert", recording.id, delay_ns=delay_ns)
                asked += 1
        if page.next is None:
            return asked
        after = page.next


def _is_due(recording: Recording, *, everything: bool) -> bool:
    if not recording.status.settled:
        return False
    if recording.status is Status.FAILED and recording.error and recording.error.code == "wrong_hash":
        return False
    return everything or recording.converter != __version__
