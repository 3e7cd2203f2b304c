"""What people try on the recordings there are, a rule or a checklist: a document that a job fills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from paddock.domain.checklist_preview import ChecklistPreview
from paddock.domain.instants import NS_PER_S
from paddock.domain.job import JobState
from paddock.domain.rule_preview import PreviewState, RulePreview
from paddock.errors import NotFound
from paddock.ports.documents import Between, Collection, OneOf
from paddock.usecases.context import Context
from paddock.usecases.jobs import jobs

KEPT_NS = 7 * 86_400 * NS_PER_S
AT_WORK = (PreviewState.WAITING, PreviewState.RUNNING)
Trial = TypeVar("Trial", RulePreview, ChecklistPreview)


async def begin_trial(context: Context, trials: Collection[Trial], kind: str, trial: Trial) -> None:
    """Keep a trial and ask for the job that does it; those that are long over go.

    Args:
        kind: of the job, whose subject the trial is.
    """
    await trials.delete([Between("asked_at", below=trial.asked_at - KEPT_NS)])
    await trials.put_many([trial])
    await jobs.enqueue(context, kind, trial.id, asked_by=trial.asked_by)


async def get_trial(context: Context, trials: Collection[Trial], kind: str, trial_id: str) -> Trial:
    """How far a trial is.

    Raises:
        NotFound: there is none, or it is long over (code ``no_such_preview``).
    """
    trial = await trials.get(trial_id)
    if trial is None:
        raise NotFound("This trial is not kept any more: try it again.", code="no_such_preview")
    job = await context.documents.jobs.get(f"{kind}-{trial_id}")
    if trial.state in AT_WORK and job is not None and job.state is JobState.DEAD:
        why = job.error.message if job.error else "It could not be done."
        return msgspec.structs.replace(trial, state=PreviewState.FAILED, error=why)
    return trial


async def stop_trial(trials: Collection[Trial], trial_id: str) -> None:
    """Say that nobody wants it any more; what it has found stays."""
    await keep_trial(trials, trial_id, {"state": PreviewState.STOPPED})


async def keep_trial(trials: Collection[Trial], trial_id: str, changes: Mapping[str, object]) -> Trial | None:
    """Note how far it is; None where it was stopped."""
    return await trials.change(trial_id, changes, [OneOf("state", AT_WORK)])
