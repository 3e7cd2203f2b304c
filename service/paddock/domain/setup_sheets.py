"""Setup sheets: which values a sheet may have, and what differs between the sheets of several runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from paddock.domain.fields import same_value
from paddock.domain.setup_fields import DEFAULT_FIELDS, SetupField, SetupKind
from paddock.domain.setup_values import MAX_NUMBER, Changes, Value, Values, text_of, value_of
from paddock.errors import Rejected

MAX_TEXT = 200


class Row(msgspec.Struct, frozen=True):
    """One field on several sheets."""

    name: str
    label: str
    unit: str
    group: str
    values: tuple[Value | None, ...]
    """In the order of the sheets; None where a sheet does not say it."""

    @property
    def differs(self) -> bool:
        """Whether the sheets say different things."""
        return len(set(self.values)) > 1


class SetupFields:
    """The fields of a team's sheets: those that every team begins with, as it changed them, then its own."""

    def __init__(self, stored: Iterable[SetupField] = ()) -> None:
        own = {field.id: field for field in stored}
        every = [*(own.pop(field.id, field) for field in DEFAULT_FIELDS), *own.values()]
        self.rows = tuple(field for field in every if not field.is_removed)
        self.by_name = {field.id: field for field in self.rows}

    def __iter__(self) -> Iterator[SetupField]:
        return iter(self.rows)

    @property
    def columns(self) -> tuple[SetupField, ...]:
        """Those that lists of recordings and laps show."""
        return tuple(field for field in self.rows if field.column)

    @property
    def groups(self) -> dict[str, list[SetupField]]:
        """The fields by the group that they stand in, both in their order."""
        found: dict[str, list[SetupField]] = {}
        for field in self.rows:
            found.setdefault(field.group, []).append(field)
        return found

    def label(self, name: str) -> str:
        """What pages call a field; a field that was removed has only its name."""
        return self.by_name[name].label if name in self.by_name else name

    def unit(self, name: str) -> str:
        """The unit of a field; empty where it has none."""
        return self.by_name[name].unit if name in self.by_name else ""

    def named(self, *sheets: Values) -> tuple[str, ...]:
        """The names of all fields in the order of forms, then of removed ones that some sheet still has."""
        grouped = [field.id for fields in self.groups.values() for field in fields]
        return tuple(dict.fromkeys((*grouped, *(name for each in sheets for name in each))))

    def grouped(self, *sheets: Values) -> dict[str, list[str]]:
        """The fields that some of the sheets have by their group, in the order of forms."""
        found: dict[str, list[str]] = {}
        for name in self.named(*sheets):
            if any(name in sheet for sheet in sheets):
                group = self.by_name[name].group if name in self.by_name else ""
                found.setdefault(group, []).append(name)
        return found

    def check_name(self, name: str) -> None:
        """Refuse what is no field.

        Raises:
            Rejected: there is none of this name (code ``bad_setup``).
        """
        if name not in self.by_name:
            known = ", ".join(self.by_name)
            raise bad_setup(f"{name[:40]!r} is no field of the setup sheet: use one of {known}.")

    def check(self, changes: Changes) -> dict[str, Value | None]:
        """What somebody typed as it is stored: None where a value is taken away.

        Raises:
            Rejected: an unknown field, or a value that its field cannot have (code ``bad_setup``).
        """
        checked: dict[str, Value | None] = {}
        for name, value in changes.items():
            self.check_name(name)
            checked[name] = check_value(self.by_name[name], value)
        return checked

    def copied(self, values: Values) -> dict[str, Value]:
        """What the next run's sheet takes over: not what stands in fields that the team removed."""
        return {name: value for name, value in values.items() if name in self.by_name}

    def shown(self, name: str, value: Value | None) -> Value | None:
        """A value as programs get it: a text where the field is one, also where it reads like a number."""
        return text_of(value) if value is not None and self.is_text(name) else value

    def shown_all(self, values: Values) -> dict[str, Value]:
        """A sheet as programs get it."""
        return {name: text_of(value) if self.is_text(name) else value for name, value in values.items()}

    def is_text(self, name: str) -> bool:
        """Whether the values of a field are texts or choices."""
        return name in self.by_name and self.by_name[name].kind is not SetupKind.NUMBER


def check_value(field: SetupField, value: Value | None) -> Value | None:
    """One value as it is stored, None for nothing.

    Raises:
        Rejected: the field cannot have it (code ``bad_setup``).
    """
    if value is None:
        return None
    text = text_of(value) if isinstance(value, (int, float)) else " ".join(value.split())
    if not text:
        return None
    if field.kind is SetupKind.NUMBER:
        return _number(field, text)
    if len(text) > MAX_TEXT:
        raise bad_setup(f"{field.label} is longer than {MAX_TEXT} characters.")
    if not text.isprintable():
        raise bad_setup(f"{field.label} has characters that cannot be printed.")
    if field.kind is SetupKind.CHOICE:
        for choice in field.choices:
            if same_value(choice) == same_value(text):
                return value_of(choice)
        raise bad_setup(f"{field.label} is one of {', '.join(field.choices)}: {text[:40]!r} is none of them.")
    return value_of(text)


def _number(field: SetupField, text: str) -> float:
    # Keyboards of half of Europe have a comma in that place.
    point = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
    try:
        # Python reads 1_000 as well, and digits of other scripts.
        if not point.isascii() or "_" in point:
            raise ValueError(point)
        number = float(point)
    except ValueError:
        unit = f" in {field.unit}" if field.unit else ""
        raise bad_setup(f"{field.label} is a number{unit}: {text[:40]!r} is none.") from None
    if not math.isfinite(number) or abs(number) > MAX_NUMBER:
        raise bad_setup(f"{field.label} cannot be {text[:40]}.")
    return number + 0.0  # -0.0 becomes 0.0


def compare_sheets(fields: SetupFields, sheets: Sequence[Values]) -> tuple[Row, ...]:
    """All fields that any of the sheets has, in the order of forms."""
    found = []
    for name in fields.named(*sheets):
        values = tuple(sheet.get(name) for sheet in sheets)
        if any(value is not None for value in values):
            field = fields.by_name.get(name)
            group = field.group if field else ""
            found.append(Row(name, fields.label(name), fields.unit(name), group, values))
    return tuple(found)


def bad_setup(message: str) -> Rejected:
    """What is wrong with a value of a sheet."""
    return Rejected(message, code="bad_setup")
