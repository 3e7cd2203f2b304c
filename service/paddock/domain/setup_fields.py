"""The fields of setup sheets: those that every team begins with, and what a team makes of them.

A team changes or removes each of them and adds its own; what it stored of a field goes before what is here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.domain.fields import one_line, same_value
from paddock.domain.own_fields import LANGUAGE_WORDS, MAX_CHOICES, MAX_NAME
from paddock.errors import Rejected

MAX_FIELDS = 100
MAX_COLUMNS = 4
MAX_LABEL = 40
MAX_UNIT = 20
_CODE = "bad_setup_field"
_NAME = re.compile(rf"[a-z][a-z0-9_]{{0,{MAX_NAME - 1}}}", re.ASCII)

# A text that is a bit too long is refused in the words of ``check_field``.
_Text = Annotated[str, Meta(max_length=2_000)]


class SetupKind(StrEnum):
    """What a value is."""

    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"


class SetupField(msgspec.Struct, frozen=True):
    """One field, as a document whose id is its name."""

    id: str
    label: str
    unit: str = ""
    kind: SetupKind = SetupKind.NUMBER
    choices: tuple[str, ...] = ()
    """The values that it may have, where it is a choice."""
    group: str = ""
    """The heading that it stands under."""
    column: bool = False
    """Whether lists of recordings and laps show it."""
    is_removed: bool = False
    added_at: int = 0
    """Nanoseconds since the Unix epoch; a team's own fields stand in this order."""
    changed_by: str = ""


class SetupFieldValues(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What people say of a field."""

    label: Annotated[_Text, Meta(description="What pages call it.", examples=["Front spring"])]
    unit: Annotated[_Text, Meta(description="Of a number; may be empty.", examples=["N/mm"])] = ""
    kind: Annotated[SetupKind, Meta(description="What its values are.")] = SetupKind.NUMBER
    choices: Annotated[
        tuple[_Text, ...], Meta(max_length=1_000, description="The values of a choice.", examples=[[]])
    ] = ()
    group: Annotated[_Text, Meta(description="The heading that it stands under.", examples=["Springs"])] = ""
    column: Annotated[bool, Meta(description="Whether lists of recordings and laps show it.")] = False


_SPRINGS, _ALIGNMENT, _TIRES = "Springs and bars", "Alignment", "Tires"
_AERO, _WEIGHT = "Aero and brakes", "Weight and energy"
_TEXT = SetupKind.TEXT

DEFAULT_FIELDS: tuple[SetupField, ...] = (
    SetupField("spring_front", "Front spring", "N/mm", group=_SPRINGS, column=True),
    SetupField("spring_rear", "Rear spring", "N/mm", group=_SPRINGS),
    SetupField("arb_front", "Front anti-roll bar", kind=_TEXT, group=_SPRINGS),
    SetupField("arb_rear", "Rear anti-roll bar", kind=_TEXT, group=_SPRINGS),
    SetupField("ride_height_front", "Front ride height", "mm", group=_ALIGNMENT),
    SetupField("ride_height_rear", "Rear ride height", "mm", group=_ALIGNMENT),
    SetupField("camber_front", "Front camber", "deg", group=_ALIGNMENT),
    SetupField("camber_rear", "Rear camber", "deg", group=_ALIGNMENT),
    SetupField("toe_front", "Front toe", "deg", group=_ALIGNMENT),
    SetupField("toe_rear", "Rear toe", "deg", group=_ALIGNMENT),
    SetupField("tire_set", "Tire set", kind=_TEXT, group=_TIRES, column=True),
    SetupField("pressure_fl", "Cold pressure front left", "kPa", group=_TIRES),
    SetupField("pressure_fr", "Cold pressure front right", "kPa", group=_TIRES),
    SetupField("pressure_rl", "Cold pressure rear left", "kPa", group=_TIRES),
    SetupField("pressure_rr", "Cold pressure rear right", "kPa", group=_TIRES),
    SetupField("wing_front", "Front wing", "deg", group=_AERO),
    SetupField("wing_rear", "Rear wing", "deg", group=_AERO),
    SetupField("brake_bias", "Brake bias to the front", "%", group=_AERO),
    SetupField("ballast", "Ballast", "kg", group=_WEIGHT),
    SetupField("driver_weight", "Driver weight", "kg", group=_WEIGHT),
    SetupField("energy", "Energy on board", "kWh", group=_WEIGHT),
)
"""Those that every team begins with."""
_DEFAULT_BY_NAME = {field.id: field for field in DEFAULT_FIELDS}


def default_field(name: str) -> SetupField | None:
    """The field of this name that every team begins with."""
    return _DEFAULT_BY_NAME.get(name)


def check_field(name: str, said: SetupFieldValues, others: Iterable[SetupField]) -> SetupField:
    """A field as it is stored.

    Args:
        others: the other fields of the team's sheets.

    Raises:
        Rejected: it cannot be so, or there are too many (code ``bad_setup_field``).
    """
    others = tuple(others)
    if not _NAME.fullmatch(name) or name in LANGUAGE_WORDS:
        raise _bad(
            f"{name[:60]!r} cannot be a name in MATLAB and in addresses: begin with a letter, then small letters, "
            f"digits and _, at most {MAX_NAME} characters, like damper_front."
        )
    label = _text(said.label, "The label", MAX_LABEL)
    if not label:
        raise _bad("The label is empty.")
    for other in others:
        if same_value(other.label) == same_value(label):
            raise _bad(f"There is a field {other.label} already: choose another label.")
    if len(others) >= MAX_FIELDS:
        raise _bad(f"A sheet has at most {MAX_FIELDS} fields: remove one first.")
    if said.column and sum(field.column for field in others) >= MAX_COLUMNS:
        raise _bad(f"Lists have room for {MAX_COLUMNS} columns of the sheet: take another one out first.")
    choices = tuple(_text(choice, "A choice", MAX_LABEL) for choice in said.choices if choice.strip())
    if (said.kind is SetupKind.CHOICE) != bool(choices):
        raise _bad("A choice needs its values, one at least; a number or a text has none.")
    if len(choices) > MAX_CHOICES:
        raise _bad(f"A choice has at most {MAX_CHOICES} values: take a text instead.")
    if len(set(map(same_value, choices))) < len(choices):
        raise _bad("One of the values is there twice; letter case and spaces make no difference.")
    return SetupField(
        name,
        label,
        _text(said.unit, "The unit", MAX_UNIT),
        said.kind,
        choices,
        _text(said.group, "The group", MAX_LABEL),
        said.column,
    )


def _text(given: str, what: str, limit: int) -> str:
    return one_line(given, what, limit, code=_CODE)


def _bad(message: str) -> Rejected:
    return Rejected(message, code=_CODE)
