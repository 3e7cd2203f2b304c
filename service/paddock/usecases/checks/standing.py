"""How a recording stands by the team's checklists."""

from __future__ import annotations

from dataclasses import dataclass

from paddock.domain.check_results import CheckedList
from paddock.domain.checklists import Checklist, applies_to
from paddock.domain.job import JobState
from paddock.domain.recording import Recording
from paddock.ports.documents import OneOf
from paddock.usecases.catalogue.catalogue import car_of
from paddock.usecases.checks.asking import KIND
from paddock.usecases.checks.lists import all_checklists
from paddock.usecases.checks.run import results_of
from paddock.usecases.context import Context
from paddock.usecases.jobs.jobs import AGAIN


@dataclass(frozen=True)
class CheckStanding:
    """What is known of one recording."""

    checklists: tuple[Checklist, ...]
    """Those for its car."""
    results: tuple[CheckedList, ...]
    waiting: bool
    """Whether it is being checked, or will be."""

    @property
    def unchecked(self) -> tuple[Checklist, ...]:
        """Those by which nobody has looked."""
        known = {result.checklist for result in self.results}
        return tuple(each for each in self.checklists if each.id not in known)


async def standing_of(context: Context, recording: Recording) -> CheckStanding:
    """What is known of a recording, and whether more will be."""
    checklists = tuple(each for each in await all_checklists(context) if applies_to(each.said, car_of(recording)))
    jobs = await context.documents.jobs.count(
        [
            OneOf("id", tuple(f"{KIND}-{recording.id}{again}" for again in ("", AGAIN))),
            OneOf("state", (JobState.QUEUED, JobState.RUNNING)),
        ]
    )
    return CheckStanding(checklists, await results_of(context, recording.id), jobs > 0)
