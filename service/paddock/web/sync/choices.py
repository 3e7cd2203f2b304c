"""What people have to choose, as pages show it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from paddock.domain import lap_marks
from paddock.domain.checklists import ChecklistText, words_of
from paddock.domain.fields import Fields
from paddock.domain.instants import to_rfc3339
from paddock.domain.questions import QuestionKind
from paddock.domain.setup_sheets import SetupFields
from paddock.domain.setup_values import PREFIX
from paddock.domain.sync import STARTED
from paddock.usecases.context import Context
from paddock.usecases.setups.fields import load_setup_fields
from paddock.usecases.sync.questions import Asked, asked, questions

_ABOUT = {
    QuestionKind.SIGNAL: "Signal",
    QuestionKind.FIELD: "Metadata field",
    QuestionKind.SETUP_FIELD: "Field of setup sheets",
    QuestionKind.CHECKLIST: "Checklist",
    QuestionKind.MATHS: "Maths channel",
    QuestionKind.VENUE: "Venue",
    QuestionKind.WORKSHEET: "Worksheet",
}


class Word(NamedTuple):
    """What one side says."""

    where: str
    """Empty for this Paddock."""
    text: str
    is_instant: bool
    by: str
    at: str
    """RFC 3339; empty where nobody knows."""


class Choice(NamedTuple):
    """Two words of which one is to hold."""

    id: str
    name: str
    """The name of the recording, the signal or the field."""
    recording: str
    """The recording's id; empty for others."""
    label: str
    """Which field of it."""
    ours: Word
    theirs: Word


async def choices(context: Context, fields: Fields, *, subject: str | None = None) -> list[Choice]:
    """All of them, or those of one recording."""
    setup_fields = await load_setup_fields(context)
    return [_choice(each, fields, setup_fields) for each in await asked(context, subject=subject)]


async def waiting_for_sync(context: Context) -> int:
    """How many were chosen that the next sync carries out."""
    return sum(each.answer is not None for each in await questions(context))


def _choice(found: Asked, fields: Fields, setup_fields: SetupFields) -> Choice:
    question = found.question
    ours, theirs = found.ours.value, question.theirs.value
    if found.recording is None:
        in_words = _rules if question.kind is QuestionKind.CHECKLIST else _differing
        ours, theirs = in_words(ours, theirs), in_words(theirs, ours)
        label = _ABOUT.get(question.kind, "")
        return Choice(question.id, question.subject, "", label, _word(ours), _word(theirs, question.peer))
    started = question.field == STARTED
    label = "Start" if started else fields.label(question.field)
    if question.field.startswith(PREFIX):
        label = setup_fields.label(question.field.removeprefix(PREFIX))
    elif question.field == lap_marks.FIELD:
        label = "Laps by hand, in seconds"
    return Choice(
        question.id,
        found.recording.name,
        found.recording.id,
        label,
        _word(ours, "", found.ours_by, found.ours_at, started=started),
        _word(theirs, question.peer, question.theirs_by, question.theirs_at, started=started),
    )


def _word(value: str | None, where: str = "", by: str = "", at: int = 0, *, started: bool = False) -> Word:
    is_instant = started and value is not None
    text = to_rfc3339(int(value)) if is_instant and value is not None else value or ""
    return Word(where, text, is_instant, by, to_rfc3339(at) if at else "")


def _differing(said: str | None, other: str | None) -> str:
    """What one says of a signal or field that the other does not, such as ``unit: m/s``."""
    mine, theirs = (msgspec.json.decode(each) if each else {} for each in (said, other))
    parts = [f"{name}: {_plain(value)}" for name, value in mine.items() if theirs.get(name) != value]
    return "; ".join(parts) or "nothing more"


def _rules(said: str | None, other: str | None) -> str:
    """The rules of one checklist that the other does not have."""
    mine, theirs = (
        () if each is None else msgspec.json.decode(each, type=ChecklistText).rules for each in (said, other)
    )
    return "; ".join(words_of(rule) for rule in mine if rule not in theirs) or "nothing more"


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
