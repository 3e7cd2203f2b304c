"""Try a checklist on the recordings there are: a job that says how far it is, and ends in time."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

import msgspec

from paddock.domain.check_results import Outcome, RuleResult
from paddock.domain.checklist_preview import ChecklistPreview, FailedRun
from paddock.domain.checklists import ChecklistText, applies_to, checked_checklist
from paddock.domain.instants import NS_PER_S
from paddock.domain.job import Job
from paddock.domain.principal import Principal
from paddock.domain.recording import Recording
from paddock.domain.rule_preview import MAX_LISTED, PreviewState
from paddock.errors import Conflict, Rejected
from paddock.ports.documents import Equals, Sort
from paddock.usecases.catalogue.catalogue import car_of
from paddock.usecases.checks.run import check_rules
from paddock.usecases.context import Context
from paddock.usecases.every import every
from paddock.usecases.jobs.trials import AT_WORK, begin_trial, get_trial, keep_trial, stop_trial
from paddock.usecases.look.plots import log_span

KIND = "checklist_preview"
MAX_RECORDINGS = 5_000
LONGEST_NS = 600 * NS_PER_S
"""After so long it ends, and says of how many recordings it is."""


async def ask_preview(context: Context, principal: Principal, said: ChecklistText) -> ChecklistPreview:
    """Ask what a checklist would have found.

    Raises:
        Rejected: it cannot be (code ``bad_checklist``).
    """
    now, said = context.now(), checked_checklist(said)
    none = (0,) * len(said.rules)
    preview = ChecklistPreview(
        id=secrets.token_hex(8),
        said=said,
        asked_at=now,
        asked_by=principal.name,
        by_rule=none,
        skipped_by_rule=none,
    )
    await begin_trial(context, context.documents.checklist_previews, KIND, preview)
    return preview


async def get_preview(context: Context, preview_id: str) -> ChecklistPreview:
    """How far a trial is.

    Raises:
        NotFound: there is none, or it is long over (code ``no_such_preview``).
    """
    return await get_trial(context, context.documents.checklist_previews, KIND, preview_id)


async def stop_preview(context: Context, preview_id: str) -> None:
    """Say that nobody wants it any more; what it has found stays."""
    await stop_trial(context.documents.checklist_previews, preview_id)


async def run_preview(context: Context, job: Job, progress: Callable[[float], None]) -> None:
    """Look at the recordings, the newest first; killed, the next one goes on where it was."""
    preview = await context.documents.checklist_previews.get(job.subject)
    if preview is None or preview.state not in AT_WORK:
        return
    recordings = await _of_its_cars(context, preview.said)
    running = {
        "state": PreviewState.RUNNING,
        "total": len(recordings),
        "began_at": preview.began_at or context.now(),
    }
    current = await keep_trial(context.documents.checklist_previews, preview.id, running)
    for recording in recordings[preview.looked :]:
        if current is None:
            return
        if context.now() - current.began_at > LONGEST_NS:
            break
        changes: dict[str, object] = {"looked": current.looked + 1}
        try:
            changes |= await _counted(context, current, recording)
        except (Conflict, Rejected):
            changes["unreadable"] = current.unreadable + 1
        current = await keep_trial(context.documents.checklist_previews, preview.id, changes)
        if current is not None:
            progress(current.looked / len(recordings))
    await keep_trial(context.documents.checklist_previews, preview.id, {"state": PreviewState.DONE})


async def _counted(context: Context, current: ChecklistPreview, recording: Recording) -> dict[str, object]:
    results = await check_rules(context, recording, current.said.rules)
    changes: dict[str, object] = {
        "by_rule": _added(current.by_rule, results, Outcome.FAILED),
        "skipped_by_rule": _added(current.skipped_by_rule, results, Outcome.SKIPPED),
    }
    failed = [number for number, each in enumerate(results) if each.outcome is Outcome.FAILED]
    if failed:
        changes["failed"] = current.failed + 1
        if len(current.runs) < MAX_LISTED:
            changes["runs"] = (*current.runs, await _run(context, recording, results, failed))
    return changes


def _added(counts: Sequence[int], results: Sequence[RuleResult], outcome: Outcome) -> tuple[int, ...]:
    return tuple(count + (each.outcome is outcome) for count, each in zip(counts, results, strict=True))


async def _run(
    context: Context, recording: Recording, results: Sequence[RuleResult], failed: Sequence[int]
) -> FailedRun:
    number = failed[0]
    made = FailedRun(recording.id, recording.name, len(failed), number, results[number].said)
    if not results[number].moments:
        return made
    first = results[number].moments[0]
    began_ns, _ = await log_span(context, recording)
    return msgspec.structs.replace(
        made,
        signals=first.signals,
        start_ns=first.start_ns,
        seconds=(first.start_ns - began_ns) / NS_PER_S,
    )


async def _of_its_cars(context: Context, said: ChecklistText) -> list[Recording]:
    """Those that are converted, of its cars, the newest first."""
    found: list[Recording] = []
    where = [Equals("deleted_at", None)]
    async for recording in every(context.documents.recordings, where, Sort("started_ns", descending=True)):
        if recording.build and applies_to(said, car_of(recording)):
            found.append(recording)
            if len(found) == MAX_RECORDINGS:
                break
    return found
