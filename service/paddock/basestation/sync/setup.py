"""What the team made once: fields, signal catalogue, checklists, maths channels, venues, worksheets."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from paddock.basestation.sync.checklists import checklist_name, merge_checklists, texts_of
from paddock.basestation.sync.report import Report
from paddock.basestation.sync.setup_merge import Thing, agreed, digest, merge_things
from paddock.basestation.sync.side import Side
from paddock.basestation.sync.team_things import MATHS, VENUES, WORKSHEETS, Kind, Said, team_things
from paddock.basestation.sync.team_things import Thing as TeamThing
from paddock.client.field import MetadataField
from paddock.client.setup import SetupField
from paddock.domain.catalogue import Entry, clash
from paddock.domain.questions import Agreed, Agreement, Keep, Question, QuestionKind, question_id
from paddock.domain.setup_fields import DEFAULT_FIELDS
from paddock.domain.sync import SaidValue
from paddock.errors import Conflict

TRIES = 5
Asked = Mapping[str, Question]


def settle_setup(here: Side, there: Side, asked_here: Asked, asked_there: Asked, report: Report) -> list[Question]:
    """Have both say the same of all that is the team's; what is left to people, in pairs as for recordings.

    Args:
        asked_here: what the one asks already, with the answers of its people.
        asked_there: what the other asks.
    """
    answers = _Answers(here, there, asked_here, asked_there)
    newest, base = _last_agreement(here, there)
    about_fields, fields = _fields(_METADATA, here, there, base.fields, answers, report)
    begun = base.setup_fields or every_teams_setup_fields()
    about_sheets, setup_fields = _fields(_SETUP, here, there, begun, answers, report)
    about_lists, checklists = _checklists(here, there, base.checklists, answers, report)
    about_signals, signals = _signals(here, there, base.signals, answers, report)
    questions = [*about_fields, *about_sheets, *about_lists, *about_signals]
    now_agreed = msgspec.structs.replace(
        base,
        signals=signals,
        fields=fields,
        setup_fields=setup_fields,
        checklists=checklists,
    )
    # Venues before the recordings, so that nobody looks for them in logs that come along.
    ours, theirs = team_things(here), team_things(there)
    if ours is not None and theirs is not None:
        before = report.setup
        questions += _bring_team_things(MATHS, (here, ours), (there, theirs), base.maths, answers, report)
        questions += _bring_team_things(VENUES, (here, ours), (there, theirs), base.venues, answers, report)
        questions += _bring_team_things(WORKSHEETS, (here, ours), (there, theirs), base.worksheets, answers, report)
        if report.setup != before:
            ours, theirs = team_things(here) or ours, team_things(there) or theirs
        now_agreed = msgspec.structs.replace(
            now_agreed,
            maths=_agreed(MATHS, ours, theirs, base.maths),
            venues=_agreed(VENUES, ours, theirs, base.venues),
            worksheets=_agreed(WORKSHEETS, ours, theirs, base.worksheets),
        )
    if now_agreed != base:
        # A clock here may be wrong: the newest one is the one with the largest time all the same.
        now_agreed = msgspec.structs.replace(
            now_agreed,
            id=secrets.token_hex(8),
            between=f"{here.name}, {there.name}",
            at=max(time.time_ns(), newest + 1),
        )
        there.agree(now_agreed)
        here.agree(now_agreed)
    return questions


def _last_agreement(here: Side, there: Side) -> tuple[int, Agreement]:
    """When the newest was that either knows, and the newest that both know; an empty one where there is none."""
    ours, theirs = here.agreements(), there.agreements()
    known = {each.id for each in theirs}
    newest = max((each.at for each in (*ours, *theirs)), default=0)
    return newest, next((each for each in ours if each.id in known), Agreement(id="", between="", at=0))


class _Answers:
    """What people chose on either side, as long as it is about what both say now."""

    def __init__(self, here: Side, there: Side, asked_here: Asked, asked_there: Asked) -> None:
        self._sides = ((here, there, asked_here), (there, here, asked_there))

    def of(
        self, kind: QuestionKind, ours: Mapping[str, msgspec.Struct], theirs: Mapping[str, msgspec.Struct]
    ) -> dict[str, Keep]:
        """By name, as seen from here. Where both sides chose and not the same, nobody did."""
        found: dict[str, set[Keep]] = {}
        for seen_from_here, (_, _, asked) in zip((True, False), self._sides, strict=True):
            for each in asked.values():
                mine, other = (ours, theirs) if seen_from_here else (theirs, ours)
                current = (_said(mine.get(each.subject)), _said(other.get(each.subject)))
                if each.kind is kind and each.answer is not None and (each.ours, each.theirs) == current:
                    swapped = Keep.THEIRS if each.answer is Keep.OURS else Keep.OURS
                    found.setdefault(each.subject, set()).add(each.answer if seen_from_here else swapped)
        return {subject: next(iter(chosen)) for subject, chosen in found.items() if len(chosen) == 1}

    def questions(
        self,
        kind: QuestionKind,
        ours: Mapping[str, msgspec.Struct],
        theirs: Mapping[str, msgspec.Struct],
        differ: Sequence[str],
    ) -> Iterator[Question]:
        """For each name two, one for each side's people."""
        for name in differ:
            for (_, peer, _), (mine, other) in zip(self._sides, ((ours, theirs), (theirs, ours)), strict=True):
                yield Question(
                    id=question_id(kind, name, "", peer.name),
                    kind=kind,
                    subject=name,
                    peer=peer.name,
                    theirs=_said(other[name]),
                    ours=_said(mine[name]),
                )


def _said(thing: msgspec.Struct | None) -> SaidValue:
    return SaidValue() if thing is None else SaidValue(msgspec.json.encode(thing).decode(), "person")


def _named(name: Callable[[Thing], str], things: Sequence[Thing]) -> dict[str, Thing]:
    return {name(each): each for each in things}


def signal_key(entry: Entry) -> str:
    """What an entry of the catalogue is known by on both sides."""
    return f"{entry.name} ({', '.join(entry.cars)})" if entry.cars else entry.name


Field = TypeVar("Field", MetadataField, SetupField)


class _Kind(NamedTuple, Generic[Field]):
    """One of the two kinds of fields, and how a side is asked for it and told of it."""

    about: QuestionKind
    listed: Callable[[Side], tuple[Field, ...] | None]
    """None from a side that does not have such fields."""
    set: Callable[..., None]
    remove: Callable[[Side, str], None]


_METADATA: _Kind[MetadataField] = _Kind(QuestionKind.FIELD, Side.own_fields, Side.set_field, Side.remove_field)
_SETUP: _Kind[SetupField] = _Kind(
    QuestionKind.SETUP_FIELD, Side.setup_fields, Side.set_setup_field, Side.remove_setup_field
)


def every_teams_setup_fields() -> tuple[Agreed, ...]:
    """What both had alike before any sync: the fields that every team begins with."""
    begun = (
        SetupField(
            name=field.id,
            label=field.label,
            unit=field.unit,
            kind=field.kind.value,
            choices=field.choices,
            group=field.group,
            column=field.column,
        )
        for field in DEFAULT_FIELDS
    )
    return tuple(Agreed(field.name, digest(field)) for field in begun)


def _field_name(field: MetadataField | SetupField) -> str:
    return field.name


def _signals(
    here: Side, there: Side, base: tuple[Agreed, ...], answers: _Answers, report: Report
) -> tuple[list[Question], tuple[Agreed, ...]]:
    """What is left to people, and what both have alike afterwards."""
    for _ in range(TRIES):
        ours, theirs = here.catalogue(), there.catalogue()
        mine, other = _named(signal_key, ours.signals), _named(signal_key, theirs.signals)
        chosen = answers.of(QuestionKind.SIGNAL, mine, other)
        merged = merge_things(signal_key, ours.signals, theirs.signals, base, chosen)
        for entries in (merged.here, merged.there):
            if found := clash(entries):
                report.fail(f"The signal catalogues cannot become one: {found[1]}")
                return [], agreed(signal_key, ours.signals, theirs.signals, base)
        try:
            if merged.there != theirs.signals:
                there.replace_catalogue(merged.there, version=theirs.version)
                report.setup += _changed(theirs.signals, merged.there)
            if merged.here != ours.signals:
                here.replace_catalogue(merged.here, version=ours.version)
                report.setup += _changed(ours.signals, merged.here)
        except Conflict:
            continue  # somebody changed it at this moment: merged anew
        # Asked anew only where something was brought, because the catalogue may say it in its own way.
        ours = ours if merged.here == ours.signals else here.catalogue()
        theirs = theirs if merged.there == theirs.signals else there.catalogue()
        questions = list(answers.questions(QuestionKind.SIGNAL, mine, other, merged.differ))
        return questions, agreed(signal_key, ours.signals, theirs.signals, base)
    report.fail("Somebody kept changing the signal catalogue meanwhile: sync again.")
    return [], base


def _changed(before: Sequence[Entry], after: Sequence[Entry]) -> int:
    """How many entries; at least one where only the order changed."""
    return max(1, len({*map(_text, before)} ^ {*map(_text, after)}))


def _text(entry: Entry) -> bytes:
    return msgspec.json.encode(entry)


def _fields(
    kind: _Kind[Field], here: Side, there: Side, base: tuple[Agreed, ...], answers: _Answers, report: Report
) -> tuple[list[Question], tuple[Agreed, ...]]:
    """What is left to people, and what both have alike afterwards."""
    ours, theirs = kind.listed(here), kind.listed(there)
    if ours is None or theirs is None:
        return [], base
    mine, other = _named(_field_name, ours), _named(_field_name, theirs)
    merged = merge_things(_field_name, ours, theirs, base, answers.of(kind.about, mine, other))
    _bring_fields(kind, there, other, merged.there, report)
    _bring_fields(kind, here, mine, merged.here, report)
    # Asked anew only where something was brought: what a side refused it does not have.
    ours = ours if merged.here == ours else kind.listed(here) or ()
    theirs = theirs if merged.there == theirs else kind.listed(there) or ()
    questions = list(answers.questions(kind.about, mine, other, merged.differ))
    return questions, agreed(_field_name, ours, theirs, base)


def _bring_fields(
    kind: _Kind[Field], side: Side, known: Mapping[str, Field], wanted: Sequence[Field], report: Report
) -> None:
    names = {field.name for field in wanted}
    # Those that go make room for those that come.
    for name in known:
        if name not in names:
            report.tries(f"The field {name} on {side.name}", partial(kind.remove, side, name))
    for field in wanted:
        if known.get(field.name) != field:
            change = partial(kind.set, side, field, new=field.name not in known)
            report.tries(f"The field {field.label} on {side.name}", change)


def _checklists(
    here: Side, there: Side, base: tuple[Agreed, ...], answers: _Answers, report: Report
) -> tuple[list[Question], tuple[Agreed, ...]]:
    """What is left to people, and what both have alike afterwards."""
    ours, theirs = here.checklists(), there.checklists()
    if ours is None or theirs is None:
        return [], base
    mine, other = _named(checklist_name, texts_of(ours)), _named(checklist_name, texts_of(theirs))
    chosen = answers.of(QuestionKind.CHECKLIST, mine, other)
    merged = merge_checklists((here, ours), (there, theirs), base, chosen, report)
    # Asked anew only where something was brought: what a side refused it does not have.
    ours = ours if list(merged.here) == texts_of(ours) else here.checklists() or ()
    theirs = theirs if list(merged.there) == texts_of(theirs) else there.checklists() or ()
    questions = list(answers.questions(QuestionKind.CHECKLIST, mine, other, merged.differ))
    return questions, agreed(checklist_name, texts_of(ours), texts_of(theirs), base)


def _bring_team_things(
    kind: Kind[TeamThing],
    here: tuple[Side, Said],
    there: tuple[Side, Said],
    base: Sequence[Agreed],
    answers: _Answers,
    report: Report,
) -> list[Question]:
    """What people have to choose of it."""
    ours, theirs = kind.known(here[1]), kind.known(there[1])
    mine = {name: kind.read(said) for name, said in ours.items()}
    other = {name: kind.read(said) for name, said in theirs.items()}
    chosen = answers.of(kind.question, mine, other)
    merged = merge_things(kind.name, list(mine.values()), list(other.values()), base, chosen)
    _bring_things(kind, there[0], theirs, merged.there, report)
    _bring_things(kind, here[0], ours, merged.here, report)
    return list(answers.questions(kind.question, mine, other, merged.differ))


def _agreed(kind: Kind[TeamThing], ours: Said, theirs: Said, base: Sequence[Agreed]) -> tuple[Agreed, ...]:
    mine, other = ([kind.read(each) for each in kind.known(said).values()] for said in (ours, theirs))
    return agreed(kind.name, mine, other, base)


def _bring_things(
    kind: Kind[TeamThing],
    side: Side,
    known: Mapping[str, dict[str, Any]],
    wanted: Sequence[TeamThing],
    report: Report,
) -> None:
    names = {kind.name(thing) for thing in wanted}
    for name, said in known.items():
        if name not in names:
            report.tries(f"The {kind.label} {name} on {side.name}", partial(kind.remove, side, said))
    for thing in wanted:
        name = kind.name(thing)
        if name not in known or kind.read(known[name]) != thing:
            report.tries(f"The {kind.label} {name} on {side.name}", partial(kind.put, side, thing, known.get(name)))
