"""What two Paddocks say differently, for people to choose; and what they agreed on at their last sync."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.domain.sync import Instant, SaidChange, SaidValue

_Text = Annotated[str, Meta(max_length=2_000)]


class QuestionKind(StrEnum):
    """What a question is about."""

    RECORDING = "recording"
    SIGNAL = "signal"
    """An entry of the signal catalogue."""
    FIELD = "field"
    """A metadata field that the team added."""
    SETUP_FIELD = "setup_field"
    """A field of setup sheets."""
    CHECKLIST = "checklist"
    MATHS = "maths"
    """A maths channel."""
    VENUE = "venue"
    WORKSHEET = "worksheet"


class Keep(StrEnum):
    """Whose word is to hold."""

    OURS = "ours"
    THEIRS = "theirs"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One thing of which another Paddock says something else, neither knowing of the other's."""

    id: Annotated[str, Meta(description="To answer it by.", max_length=100, examples=["3f9c21083d"])]
    kind: QuestionKind
    subject: Annotated[
        _Text,
        Meta(description="A recording's id, a signal's or maths channel's name with its cars, or another name."),
    ]
    field: Annotated[_Text, Meta(description="Of a recording: the field.", examples=["driver"])] = ""
    peer: Annotated[_Text, Meta(description="The other Paddock.", examples=["pit-laptop"])]
    theirs: Annotated[SaidValue, Meta(description="What that one says.")]
    ours: Annotated[SaidValue, Meta(description="What this one says; of a recording ask for that itself.")] = (
        SaidValue()
    )
    theirs_by: Annotated[_Text, Meta(description="Who says it.", examples=["Mei"])] = ""
    theirs_at: Instant = 0
    changes: Annotated[
        tuple[SaidChange, ...], Meta(max_length=10_000, description="How it came to that, the first change first.")
    ] = ()
    answer: Annotated[
        Keep | None, Meta(description="Chosen, and to be carried out by the next sync; null until then.")
    ] = None

    @property
    def asks(self) -> Question:
        """The question without its answer."""
        return msgspec.structs.replace(self, answer=None)


def question_id(kind: QuestionKind, subject: str, field: str, peer: str) -> str:
    """One for each thing and Paddock, so that asking twice asks once."""
    return hashlib.sha256(msgspec.json.encode((kind, subject, field, peer))).hexdigest()[:10]


class Agreed(msgspec.Struct, frozen=True):
    """One entry of the signal catalogue, field, checklist and the like as both had it."""

    key: Annotated[_Text, Meta(description="Of the entry, or the name of the other things.")]
    digest: Annotated[str, Meta(max_length=100, description="Of what was said of it.")]


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """Signal catalogue, fields, checklists and the like as two Paddocks had them alike after a sync.

    Both keep it under one id. The last one that both have is what a merge begins from: a Paddock that was set up
    anew, or restored from a backup, has none or an older one, and nothing is taken for removed.
    """

    id: Annotated[str, Meta(max_length=100, description="The same on both sides.")]
    between: Annotated[_Text, Meta(description="The two Paddocks.", examples=["pit-laptop, paddock.example.org"])]
    at: Instant
    signals: Annotated[tuple[Agreed, ...], Meta(max_length=5_000, description="The entries in their order.")] = ()
    fields: Annotated[tuple[Agreed, ...], Meta(max_length=100, description="The fields.")] = ()
    setup_fields: Annotated[
        tuple[Agreed, ...], Meta(max_length=500, description="The fields of setup sheets.")
    ] = ()
    checklists: Annotated[tuple[Agreed, ...], Meta(max_length=100, description="The checklists.")] = ()
    maths: Annotated[tuple[Agreed, ...], Meta(max_length=1_000, description="The maths channels.")] = ()
    venues: Annotated[tuple[Agreed, ...], Meta(max_length=1_000, description="The venues.")] = ()
    worksheets: Annotated[tuple[Agreed, ...], Meta(max_length=1_000, description="The worksheets.")] = ()
