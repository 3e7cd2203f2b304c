"""Reprocess: convert again what older code converted. The old build is served until the new one is whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from paddock.domain.instants import NS_PER_S
from paddock.domain.job import REPROCESS_LATER_NS, JobState, place_of
from paddock.domain.principal import Principal
from paddock.domain.recording import Artifact, Recording
from paddock.ports.documents import MAX_PAGE
from paddock.usecases.context import Context
from paddock.usecases.conversion.found_less import FOUND_LESS, accepting
from paddock.usecases.conversion.outdated import outdated
from paddock.usecases.find.recordings import artifacts_of, find_recordings, get_recording
from paddock.usecases.intake.originals import check_original, is_kept
from paddock.usecases.jobs import jobs

NEVER_CONVERTED = "It could not be converted before."
ACCEPTED = "It is less than before, which is accepted."
EVERYTHING = "It is asked for, although this version made all of it."


class Reprocessed(msgspec.Struct, frozen=True):
    """What was asked for."""

    asked: int
    """How many recordings will be converted again."""
    why: dict[str, int]
    """Sentences, each with how many of them it is true of."""
    without_original: int
    """How many would have been, had anybody their bytes."""


async def reprocess(
    context: Context,
    principal: Principal,
    *,
    text: str = "",
    rate_hz: float = 1.0,
    everything: bool = False,
    accept: bool = False,
) -> Reprocessed:
    """Ask for the conversion of every recording that matches ``text`` and of which older code made something.

    Args:
        rate_hz: at most so many become due per second, so that fresh logs are not kept waiting.
        everything: also those which this version converted already.
        accept: take what is found also where it is less than before, see ``found_less.py``.
    """
    asked = without_original = 0
    why: Counter[str] = Counter()
    after = None
    while True:
        page = await find_recordings(context, text=text, limit=MAX_PAGE, after=after)
        made = await artifacts_of(context, page.items)
        for recording in page.items:
            reasons = _reasons(recording, made[recording.id], everything=everything, accept=accept)
            if not reasons:
                continue
            if not is_kept(recording):
                without_original += 1
                continue
            why.update(reasons)
            await jobs.enqueue(
                context,
                "convert",
                recording.id,
                accepting(accept),
                delay_ns=int(asked / rate_hz * NS_PER_S),
                asked_by=principal.name,
                place=place_of("convert", context.now(), 0, REPROCESS_LATER_NS),
            )
            asked += 1
        if page.next is None:
            return Reprocessed(asked, dict(why), without_original)
        after = page.next


async def reprocess_one(context: Context, principal: Principal, prefix: str, *, accept: bool = False) -> Recording:
    """Ask for the conversion of one recording; nothing is asked of one that is on its way already.

    Args:
        accept: take what is found also where it is less than before.

    Raises:
        NotFound: there is none.
        Conflict: its bytes never arrived as they were announced, or are damaged or gone (code ``no_original``).
    """
    recording = await get_recording(context, prefix)
    if recording.status.settled:
        check_original(recording)
        await jobs.enqueue(context, "convert", recording.id, accepting(accept), asked_by=principal.name)
    return recording


async def is_asked(context: Context, recording: Recording) -> bool:
    """Whether a conversion of it is waiting or running."""
    job = await context.documents.jobs.get(f"convert-{recording.id}")
    return job is not None and job.state in (JobState.QUEUED, JobState.RUNNING)


def _reasons(recording: Recording, made: Sequence[Artifact], *, everything: bool, accept: bool) -> tuple[str, ...]:
    """Why it is to be converted again; empty for nothing to do."""
    if not recording.status.settled:
        return ()
    if not recording.build:
        return (NEVER_CONVERTED,)
    if old := outdated(recording, made):
        return old
    if accept and recording.error is not None and recording.error.code == FOUND_LESS:
        return (ACCEPTED,)
    return (EVERYTHING,) if everything else ()
