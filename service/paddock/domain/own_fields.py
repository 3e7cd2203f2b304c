"""Metadata fields that a team added itself: what they are, and what they may be called."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.domain.fields import FIELDS, Field, Fields, one_line, same_value
from paddock.domain.figures import FIGURES
from paddock.errors import Rejected

MAX_FIELDS = 30
MAX_COLUMNS = 4
MAX_CHOICES = 50
MAX_NAME = 40
MAX_LABEL = 40
MAX_CHOICE = 100
_NAME = re.compile(rf"[a-z][a-z0-9_]{{0,{MAX_NAME - 1}}}", re.ASCII)
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")

# A text that is a bit too long is refused in the words of ``check_own``.
_Text = Annotated[str, Meta(max_length=2_000)]


class OwnField(msgspec.Struct, frozen=True):
    """One field that the team added, as a document whose id is the field's name."""

    id: str
    label: str
    choices: tuple[str, ...] = ()
    """The values that it may have; empty for any text."""
    column: bool = False
    """Whether it is a column of the list."""
    added_at: int = 0
    """Nanoseconds since the Unix epoch; the fields stand in this order."""
    changed_by: str = ""

    def row(self, column: int) -> Field:
        """This field as a row of ``domain/fields.py``.

        A log that knows the field by name or label in its ``setup`` record prefills it.

        Args:
            column: its place among the list's columns, where it is one.
        """
        return Field(
            self.id,
            self.label,
            (self.id, self.label),
            choices=self.choices,
            column=column if self.column else 0,
        )


class OwnFieldValues(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What people say of a field."""

    label: Annotated[_Text, Meta(description="What pages call it.", examples=["Tyre set"])]
    choices: Annotated[
        tuple[_Text, ...],
        Meta(
            max_length=1_000,
            description=f"The only values that it may have, at most {MAX_CHOICES}; none for any text.",
            examples=[["soft", "hard"]],
        ),
    ] = ()
    column: Annotated[bool, Meta(description="Whether it is a column of the list.")] = False


_OF_LISTS = frozenset(
    (
        *("q", "text", "health", "topic", "topics", "signal", "figure", "setup", "checks"),
        *("from", "to", "since", "until"),
        *("sort", "fields", "limit", "after", "next", "items", "deleted", "day", "parked", "more_topics", "exact"),
        "course",
    )
)
"""Parameters of a search, in the client and MATLAB too, and what facets answer beside values."""
_OF_RECORDINGS = frozenset(
    (
        *("id", "name", "names", "status", "started", "started_at", "started_ns", "uploaded_at", "duration_s"),
        *(
            "clock_offset_ns",
            "messages",
            "recording",
            "file",
            "file_name",
            "metadata",
            "highlights",
            "version",
            "self",
        ),
    )
)
"""What ``meta.run``, ``paddock.find``, an order, an edit or the history calls otherwise."""
_OF_FORMS = frozenset(
    (
        *("action", "append", "attributes", "children", "closest", "contains", "dataset", "elements", "hidden"),
        *("item", "length", "matches", "method", "remove", "reset", "submit", "target"),
    )
)
"""What a form in a browser answers when its scripts ask it for something else."""
LANGUAGE_WORDS = frozenset(
    (
        *("case", "catch", "classdef", "do", "elseif", "end", "function", "otherwise", "parfor", "persistent"),
        *("spmd", "switch", "unwind_protect"),
        *keyword.kwlist,
    )
)
"""Words of MATLAB, Octave and Python: ``S.meta.run.end`` cannot be written."""
RESERVED = _OF_LISTS | _OF_RECORDINGS | _OF_FORMS | LANGUAGE_WORDS | {figure.name for figure in FIGURES}


def team_fields(own: Iterable[OwnField]) -> Fields:
    """All fields of a team, its own ones in the order in which they were added.

    One that a newer Paddock gives to every team is that one: values are under the same name.
    """
    last = max(field.column for field in FIELDS)
    known = {field.name for field in FIELDS}
    return Fields(field.row(last + place) for place, field in enumerate(own, 1) if field.id not in known)


def name_of(label: str) -> str:
    """The name that a label suggests: ``tyre_set`` of ``Tyre set``; empty where it suggests none."""
    plain = unicodedata.normalize("NFKD", label.casefold()).encode("ascii", "ignore").decode()
    name = _NOT_IN_NAMES.sub("_", plain).strip("_")[:MAX_NAME].rstrip("_")
    return name if _NAME.fullmatch(name) else ""


def check_own(name: str, said: OwnFieldValues, others: Iterable[OwnField]) -> OwnField:
    """A field as it is stored.

    Args:
        others: the team's other fields.

    Raises:
        Rejected: it cannot be called so, or there are too many (code ``bad_field``).
    """
    _check_name(name)
    others = tuple(others)
    label = _text(said.label, "The label", MAX_LABEL)
    labels = [*(field.label for field in FIELDS), *(field.label for field in others)]
    taken = {same_value(known): known for known in labels}
    if same_value(label) in taken:
        raise _bad(f"There is a field {taken[same_value(label)]} already: choose another label.")
    if len(others) >= MAX_FIELDS:
        raise _bad(f"A team has at most {MAX_FIELDS} fields of its own: remove one first.")
    if said.column and sum(field.column for field in others) >= MAX_COLUMNS:
        raise _bad(f"The list has room for {MAX_COLUMNS} columns of your own: take another one out first.")
    choices = tuple(_text(choice, "A choice", MAX_CHOICE) for choice in said.choices if choice.strip())
    if len(choices) > MAX_CHOICES:
        raise _bad(
            f"A field has at most {MAX_CHOICES} choices: leave it without any, so that any text can be typed."
        )
    if len(set(map(same_value, choices))) < len(choices):
        raise _bad("One of the choices is there twice; letter case and spaces make no difference.")
    return OwnField(name, label, choices, said.column)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise _bad(
            f"{name[:60]!r} cannot be a field's name in MATLAB and in addresses: begin with a letter, then small "
            f"letters, digits and _, at most {MAX_NAME} characters, like tyre_set."
        )
    if any(field.name == name for field in FIELDS):
        raise _bad(f"Every team has the field {name}: choose another name.")
    if name in RESERVED:
        raise _bad(
            f"{name} means something else in searches, files or scripts: choose another name, like {name}_1."
        )


def _text(given: str, what: str, limit: int) -> str:
    text = one_line(given, what, limit, code="bad_field")
    if not text:
        raise _bad(f"{what} is empty.")
    return text


def _bad(message: str) -> Rejected:
    return Rejected(message, code="bad_field")
