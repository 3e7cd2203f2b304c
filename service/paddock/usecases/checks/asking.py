"""Ask for recordings to be checked: one, those that were checked before, or all."""

from __future__ import annotations

from collections.abc import Callable

from paddock.domain.check_results import Outcome
from paddock.domain.checklists import MAX_CHECKLISTS, Checklist
from paddock.domain.job import REPROCESS_LATER_NS, Job, place_of
from paddock.domain.recording import Recording
from paddock.ports.documents import Condition, Equals, OneOf, Sort
from paddock.usecases.context import Context
from paddock.usecases.every import every
from paddock.usecases.jobs import jobs
from paddock.usecases.maths.asking import mentions_laps

KIND = "checks"
KIND_ALL = "checks_all"
_WHATEVER = "every"
_AT_ONCE = 100
"""The newest ones, which people wait for; the rest of a season comes behind logs that come in meanwhile."""


async def ask_checks(
    context: Context, recording: Recording, *, asked_by: str = "", place: int | None = None
) -> bool:
    """Have a recording checked, where there is any checklist or was; whether it will be."""
    if not recording.checks and not await context.documents.checklists.count():
        return False
    of = {"recording": recording.id}
    await jobs.enqueue_anew(context, KIND, recording.id, of, asked_by=asked_by, place=place)
    return True


async def ask_checks_after_laps(context: Context, recording: Recording) -> None:
    """Have a recording checked again once it has other laps, where a rule asks for laps."""
    checklists = await context.documents.checklists.find(limit=MAX_CHECKLISTS)
    if any(map(may_use_laps, checklists.items)):
        await ask_checks(context, recording)


def may_use_laps(checklist: Checklist) -> bool:
    """Whether a rule of it has a call of ``lap`` or ``distance``."""
    return any(mentions_laps(rule.subject) for rule in checklist.said.rules)


async def ask_all_checks(
    context: Context, asked_by: str, *, every_recording: bool = False, delay_ns: int = 0
) -> None:
    """Have those checked again that were checked before, after a checklist or the catalogue was changed.

    Args:
        every_recording: also those that nobody has checked yet.
        delay_ns: not before.
    """
    if not every_recording and not await context.documents.check_results.count():
        return
    scope = _WHATEVER if every_recording else "checked"
    await jobs.enqueue_anew(context, KIND_ALL, scope, asked_by=asked_by, delay_ns=delay_ns)


async def check_all(context: Context, job: Job, progress: Callable[[float], None]) -> None:
    """Ask for the check of each recording, the newest first; one whose results are of today is done at once."""
    where: list[Condition] = [Equals("deleted_at", None)]
    if not job.subject.startswith(_WHATEVER):
        where.append(OneOf("checks", tuple(Outcome)))
    asked = 0
    total = max(1, await context.documents.recordings.count(where))
    async for recording in every(context.documents.recordings, where, Sort("started_ns", descending=True)):
        asked += 1
        if recording.build:
            later = REPROCESS_LATER_NS if asked > _AT_ONCE else 0
            await ask_checks(context, recording, place=place_of(KIND, context.now(), asked, later))
        progress(min(1.0, asked / total))
