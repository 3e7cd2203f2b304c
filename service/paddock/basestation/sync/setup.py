"""The setup of a Paddock as far as it has one: the team's metadata fields and its signal catalogue."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import msgspec

from paddock.basestation.sync.report import Report
from paddock.basestation.sync.setup_merge import Thing, agreed, merge_things
from paddock.basestation.sync.side import Side
from paddock.client.field import MetadataField
from paddock.domain.catalogue import Entry, clash
from paddock.domain.questions import Agreement, Keep, Question, QuestionKind, question_id
from paddock.domain.sync import SaidValue
from paddock.errors import Conflict, PaddockError, Unavailable

TRIES = 5
Asked = Mapping[str, Question]


def settle_setup(here: Side, there: Side, asked_here: Asked, asked_there: Asked, report: Report) -> list[Question]:
    """Have both say the same of fields and signals; what is left to people, in pairs as for recordings.

    Args:
        asked_here: what the one asks already, with the answers of its people.
        asked_there: what the other asks.
    """
    answers = _Answers(here, there, asked_here, asked_there)
    newest, base = _last_agreement(here, there)
    questions = [*_fields(here, there, base, answers, report), *_signals(here, there, base, answers, report)]
    now_agreed = msgspec.structs.replace(
        base,
        signals=agreed(signal_key, here.catalogue().signals, there.catalogue().signals, base.signals),
        fields=agreed(_field_name, here.own_fields(), there.own_fields(), base.fields),
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


def _field_name(field: MetadataField) -> str:
    return field.name


def _signals(here: Side, there: Side, base: Agreement, answers: _Answers, report: Report) -> list[Question]:
    for _ in range(TRIES):
        ours, theirs = here.catalogue(), there.catalogue()
        mine, other = _named(signal_key, ours.signals), _named(signal_key, theirs.signals)
        chosen = answers.of(QuestionKind.SIGNAL, mine, other)
        merged = merge_things(signal_key, ours.signals, theirs.signals, base.signals, chosen)
        for entries in (merged.here, merged.there):
            if found := clash(entries):
                report.fail(f"The signal catalogues cannot become one: {found[1]}")
                return []
        try:
            if merged.there != theirs.signals:
                there.replace_catalogue(merged.there, version=theirs.version)
                report.setup += _changed(theirs.signals, merged.there)
            if merged.here != ours.signals:
                here.replace_catalogue(merged.here, version=ours.version)
                report.setup += _changed(ours.signals, merged.here)
        except Conflict:
            continue  # somebody changed it at this moment: merged anew
        return list(answers.questions(QuestionKind.SIGNAL, mine, other, merged.differ))
    report.fail("Somebody kept changing the signal catalogue meanwhile: sync again.")
    return []


def _changed(before: Sequence[Entry], after: Sequence[Entry]) -> int:
    """How many entries; at least one where only the order changed."""
    return max(1, len({*map(_text, before)} ^ {*map(_text, after)}))


def _text(entry: Entry) -> bytes:
    return msgspec.json.encode(entry)


def _fields(here: Side, there: Side, base: Agreement, answers: _Answers, report: Report) -> list[Question]:
    ours, theirs = here.own_fields(), there.own_fields()
    mine, other = _named(_field_name, ours), _named(_field_name, theirs)
    chosen = answers.of(QuestionKind.FIELD, mine, other)
    merged = merge_things(_field_name, ours, theirs, base.fields, chosen)
    _bring_fields(there, other, merged.there, report)
    _bring_fields(here, mine, merged.here, report)
    return list(answers.questions(QuestionKind.FIELD, mine, other, merged.differ))


def _bring_fields(
    side: Side, known: Mapping[str, MetadataField], wanted: Sequence[MetadataField], report: Report
) -> None:
    names = {field.name for field in wanted}
    # Those that go make room for those that come.
    for name in known:
        if name not in names:
            _try(side, name, partial(side.remove_field, name), report)
    for field in wanted:
        if known.get(field.name) != field:
            _try(side, field.label, partial(side.set_field, field, new=field.name not in known), report)


def _try(side: Side, label: str, step: Callable[[], None], report: Report) -> None:
    try:
        step()
        report.setup += 1
    except Unavailable:
        raise
    except PaddockError as error:
        report.fail(f"The field {label} on {side.name}: {error.message}")
