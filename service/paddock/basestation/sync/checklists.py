"""The team's checklists: the same on both Paddocks after a sync, known by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TypeAlias

from paddock.basestation.sync.report import Report
from paddock.basestation.sync.setup_merge import MergedThings, merge_things
from paddock.basestation.sync.side import Side
from paddock.domain.checklists import ChecklistText
from paddock.domain.questions import Agreed, Keep

Lists: TypeAlias = Sequence[tuple[str, ChecklistText]]
"""Checklists with their ids, which are others on each Paddock."""


def checklist_name(said: ChecklistText) -> str:
    """What a checklist is known by on both sides."""
    return said.name


def texts_of(lists: Lists) -> list[ChecklistText]:
    """What they say, without the ids."""
    return [said for _, said in lists]


def merge_checklists(
    here: tuple[Side, Lists],
    there: tuple[Side, Lists],
    base: Sequence[Agreed],
    answers: Mapping[str, Keep],
    report: Report,
) -> MergedThings[ChecklistText]:
    """Have both say the same, but for what people have to choose.

    Args:
        here: the one with its checklists.
        there: the other one.
        base: as both had them.
        answers: whose word people chose, by name, as seen from here.
    """
    merged = merge_things(checklist_name, texts_of(here[1]), texts_of(there[1]), base, answers)
    _bring(*there, merged.there, report)
    _bring(*here, merged.here, report)
    return merged


def _bring(side: Side, known: Lists, wanted: Sequence[ChecklistText], report: Report) -> None:
    ids = {said.name: checklist_id for checklist_id, said in known}
    before = {said.name: said for _, said in known}
    # Those that go make room for those that come.
    for name in ids.keys() - {said.name for said in wanted}:
        report.tries(f"The checklist {name} on {side.name}", partial(side.remove_checklist, ids[name]))
    for said in wanted:
        if before.get(said.name) != said:
            change = partial(side.set_checklist, said, ids.get(said.name, ""))
            report.tries(f"The checklist {said.name} on {side.name}", change)
