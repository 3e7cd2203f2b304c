"""What two Paddocks say differently: asked by a sync, answered by people."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paddock.domain.principal import Principal, require
from paddock.domain.questions import Keep, Question, QuestionKind
from paddock.domain.recording import Recording
from paddock.domain.roles import Permission
from paddock.domain.sync import RecordingState, SaidChange, SaidValue, state_of
from paddock.domain.sync_merge import disagree
from paddock.errors import NotFound
from paddock.ports.documents import MAX_PAGE, Equals, OneOf
from paddock.usecases.context import Context
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.sync.bring_in import as_change, store_brought, unknown_changes, with_value
from paddock.usecases.sync.states import histories_of


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question beside what is said here."""

    question: Question
    recording: Recording | None = None
    """None where it is about the signal catalogue or a field."""
    ours: SaidValue
    ours_by: str = ""
    ours_at: int = 0


async def questions(context: Context, *, subject: str | None = None) -> Sequence[Question]:
    """All that wait, or those about one recording."""
    where = [] if subject is None else [Equals("subject", subject)]
    found: list[Question] = []
    after = None
    while True:
        page = await context.documents.questions.find(where, limit=MAX_PAGE, after=after)
        found += page.items
        if (after := page.next) is None:
            return found


async def asked(context: Context, *, subject: str | None = None) -> list[Asked]:
    """Those that nobody has answered, with what is said here now; not of recordings that are deleted."""
    waiting = [each for each in await questions(context, subject=subject) if each.answer is None]
    ids = sorted({each.subject for each in waiting if each.kind is QuestionKind.RECORDING})
    known: dict[str, Recording] = {}
    for start in range(0, len(ids), MAX_PAGE):
        some = OneOf("id", tuple(ids[start : start + MAX_PAGE]))
        page = await context.documents.recordings.find([some, Equals("deleted_at", None)], limit=MAX_PAGE)
        known |= {each.id: each for each in page.items}
    histories = await histories_of(context, list(known.values()))
    found = []
    for question in waiting:
        if question.kind is not QuestionKind.RECORDING:
            found.append(Asked(question=question, ours=question.ours))
        elif recording := known.get(question.subject):
            state = state_of(recording, histories[recording.id])
            # Somebody may have chosen since, also by way of another Paddock or under another address.
            if disagree(state, _said_there(question), question.field):
                ours, (by, at) = state.value(question.field), state.said_by(question.field)
                found.append(Asked(question=question, recording=recording, ours=ours, ours_by=by, ours_at=at))
    return found


def _said_there(question: Question) -> RecordingState:
    return RecordingState(
        id=question.subject,
        version=0,
        names=(),
        values={question.field: question.theirs},
        changes=question.changes,
    )


async def ask(context: Context, question: Question) -> None:
    """Put a question, or put it anew with what the other Paddock says now; an answer to the same one stays."""
    known = await context.documents.questions.get(question.id)
    if known is None or known.asks != question.asks:
        await context.documents.questions.put_many([question.asks])


async def withdraw(context: Context, question_id: str) -> None:
    """Remove a question that both Paddocks answer alike by now."""
    await context.documents.questions.delete([Equals("id", question_id)])


async def answer(context: Context, principal: Principal, question_id: str, keep: Keep) -> None:
    """Choose whose word holds. Of a recording it holds here at once, and there after the next sync.

    Raises:
        NotFound: it was answered, or the next sync found that both say the same (code ``no_such_question``).
        Conflict: the recording was changed at the same moment.
        Rejected: the principal may not change what it is about.
    """
    question = await context.documents.questions.get(question_id)
    if question is None:
        raise NotFound(
            "There is no such question, or it was answered: see what is left to choose.", code="no_such_question"
        )
    if question.kind is not QuestionKind.RECORDING:
        require(principal, Permission.EDIT_CATALOGUE)
        await context.documents.questions.change(question.id, {"answer": keep})
        return
    await _answer_for_recording(context, principal, question, keep)
    await withdraw(context, question.id)


async def _answer_for_recording(context: Context, principal: Principal, question: Question, keep: Keep) -> None:
    """The change that is made knows both words, so that the next sync finds it ahead of the other Paddock's."""
    known = await get_recording(context, question.subject, deleted=None)
    field, theirs = question.field, question.theirs
    ours = state_of(known, ()).value(field)
    kept, left = (theirs, ours) if keep is Keep.THEIRS else (ours, theirs)
    edits = await unknown_changes(context, known, question.changes)
    choice = SaidChange(
        at=context.now(),
        principal=principal.name,
        field=field,
        before=left.value,
        before_source=left.source,
        after=kept.value,
    )
    version = known.version + 1 + len(edits)
    edits.append(as_change(choice, known.id, f"{known.id}:{version}:{field}", version))
    await store_brought(context, principal, known, with_value(context, known, field, kept), edits)
