"""Ask for maths channels to be computed: of one recording, or of all that lack today's."""

from __future__ import annotations

import re
from collections.abc import Callable

from paddock.domain.job import REPROCESS_LATER_NS, Job, place_of
from paddock.domain.maths_channels import MAX_CHANNELS, MathsChannel
from paddock.domain.recording import Recording
from paddock.ports.documents import MAX_PAGE, Equals
from paddock.usecases.context import Context
from paddock.usecases.find.recordings import find_recordings
from paddock.usecases.jobs import jobs

KIND = "derive"
KIND_ALL = "derive_all"
_LAPS = re.compile(r"\b(?:lap|distance)\s*\(")


async def ask_derived(context: Context, recording: Recording, place: int | None = None) -> None:
    """Have the maths channels of a recording computed, where the team has any or had."""
    if not recording.derived and not await context.documents.maths_channels.count():
        return
    await jobs.enqueue_anew(context, KIND, recording.id, {"recording": recording.id}, place=place)


async def ask_after_laps(context: Context, recording: Recording) -> None:
    """Have them computed again once a recording has other laps, where one of them asks for laps."""
    channels = await context.documents.maths_channels.find(limit=MAX_CHANNELS)
    if any(map(may_use_laps, channels.items)):
        await ask_derived(context, recording)


def may_use_laps(channel: MathsChannel) -> bool:
    """Whether the text of a channel has a call of ``lap`` or ``distance``; in a quoted name it is none."""
    return mentions_laps(channel.text)


def mentions_laps(text: str) -> bool:
    """Whether an expression has a call of ``lap`` or ``distance``."""
    return _LAPS.search(text) is not None


async def ask_all_derived(context: Context, asked_by: str, *, removed: bool = False, delay_ns: int = 0) -> None:
    """Have them computed of all recordings, after a channel or the catalogue was changed, by a job for them all.

    Args:
        removed: whether a channel was, so that something is to be done where none is left.
        delay_ns: not before; asked for again until then, it is done once.
    """
    if not removed and not await context.documents.maths_channels.count():
        return
    subject = "catalogue" if delay_ns else "channels"
    await jobs.enqueue_anew(context, KIND_ALL, subject, asked_by=asked_by, delay_ns=delay_ns)


async def derive_all(context: Context, job: Job, progress: Callable[[float], None]) -> None:
    """Ask for the derived columns of every recording, the newest first, behind whatever else waits.

    One whose columns are those of today is done at once, so nothing is compared here.
    """
    after, asked = None, 0
    total = max(1, await context.documents.recordings.count([Equals("deleted_at", None)]))
    while True:
        page = await find_recordings(context, text="", limit=MAX_PAGE, after=after)
        for recording in page.items:
            if recording.build:
                # A season is computed behind logs that come in meanwhile; the newest hundred people wait for.
                later = REPROCESS_LATER_NS if asked >= 100 else 0
                await ask_derived(context, recording, place_of(KIND, context.now(), asked, later))
                asked += 1
        progress(min(1.0, asked / total))
        if page.next is None:
            return
        after = page.next
