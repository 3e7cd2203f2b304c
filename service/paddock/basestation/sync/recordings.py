"""What is said of recordings: merged by field, brought to both, and asked where people have to choose."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from paddock.basestation.sync.report import Report
from paddock.basestation.sync.side import Side
from paddock.domain.questions import Question, QuestionKind, question_id
from paddock.domain.sync import RecordingState, SaidFile
from paddock.domain.sync_merge import Disagreement, Merged, merge
from paddock.errors import Conflict, PaddockError, Unavailable

TRIES = 20
"""How often a recording is compared anew because it changed meanwhile; a conversion changes it a few times."""


def settle(here: Side, there: Side, recording_ids: Sequence[str], report: Report) -> Iterator[Question]:
    """Have both say the same of at most ``STATES_AT_ONCE`` recordings that both have; what is left to people.

    The questions come in pairs: the one that is asked here, and the one that is asked there.
    """
    ours, theirs = here.states(recording_ids), there.states(recording_ids)
    for recording_id in recording_ids:
        if recording_id not in ours or recording_id not in theirs:
            continue
        pair = (ours[recording_id], theirs[recording_id])
        try:
            yield from _settle_one(here, there, pair, report)
        except Unavailable:
            raise
        except PaddockError as error:
            report.fail(f"{pair[0].names[0]}: {error.message}", recording_id)


def _settle_one(
    here: Side, there: Side, pair: tuple[RecordingState, RecordingState], report: Report
) -> Iterator[Question]:
    """Compared anew when one of the two changed meanwhile, so that nobody's edit is lost."""
    recording_id = pair[0].id
    refused: set[str] = set()
    for attempt in range(TRIES):
        merged = merge(*pair, now=time.time_ns())
        to_there = [file for file in merged.files_to_there if file.id not in refused]
        to_here = [file for file in merged.files_to_here if file.id not in refused]
        refused |= _carry_files(here, there, recording_id, to_there, report)
        refused |= _carry_files(there, here, recording_id, to_here, report)
        if not (to_there or to_here):
            try:
                there.bring_in(recording_id, merged.there)
                here.bring_in(recording_id, merged.here)
            except Conflict as error:
                if error.code != "changed_meanwhile" or attempt == TRIES - 1:
                    raise
            else:
                report.told(merged)
                yield from _questions(here, there, pair, merged)
                return
        pair = (here.states([recording_id])[recording_id], there.states([recording_id])[recording_id])


def _carry_files(
    source: Side, target: Side, recording_id: str, files: Sequence[SaidFile], report: Report
) -> set[str]:
    """The ids of those that the target does not get."""
    refused = set()
    for file in files:
        try:
            target.bring_in_file(recording_id, file, source.file_pieces(recording_id, file))
            report.files += 1
        except Unavailable:
            raise
        except PaddockError as error:
            refused.add(file.id)
            report.fail(f"{file.name}: {error.message}", recording_id)
    return refused


def _questions(
    here: Side, there: Side, pair: tuple[RecordingState, RecordingState], merged: Merged
) -> Iterator[Question]:
    for each in merged.disagreements:
        yield _question(each, there.name, pair[1])
        yield _question(each, here.name, pair[0])


def _question(disagreement: Disagreement, peer: str, said: RecordingState) -> Question:
    """Asked of the other one's people."""
    field = disagreement.field
    theirs = said.value(field)
    changes = tuple(change for change in said.changes if change.field == field)
    by, at = said.said_by(field)
    return Question(
        id=question_id(QuestionKind.RECORDING, said.id, field, peer),
        kind=QuestionKind.RECORDING,
        subject=said.id,
        field=field,
        peer=peer,
        theirs=theirs,
        theirs_by=by,
        theirs_at=at,
        changes=changes,
    )
