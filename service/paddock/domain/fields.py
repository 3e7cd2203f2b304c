"""Metadata fields: those that every team has, one row each, and those that a team added itself.

A new field is a new row here, or none: ``own_fields.py`` has what a team adds on the site. Forms, validation,
filters, counts, columns of lists, laps and figures, order, completion, names of files, prefill from the log and
``meta.run`` follow from the rows. What means one of them, such as the car that a database is for, says ``CAR``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from paddock.domain.recording import MetadataSource, MetadataValue
from paddock.errors import Rejected

SHORT = 200
"""Characters of a value that is filtered, sorted and completed; a longer text is only searched for words."""


class Field(msgspec.Struct, frozen=True):
    """One metadata field of a recording."""

    name: str
    """In the API, in MATLAB and in the document."""
    label: str
    """On pages."""
    from_setup: tuple[str, ...] = ()
    """Keys of the log's ``setup`` metadata record that prefill it, best first, compared case-folded."""
    max_length: int = SHORT
    choices: tuple[str, ...] = ()
    """The values that it may have; empty for any text."""
    column: int = 0
    """Its place among the list's columns, from 1; 0 where it has none."""
    facet: bool = True
    """Whether the list offers its values with their counts."""
    tells: bool = False
    """Whether it tells runs from each other, in the names of files and where one is chosen."""
    tag: bool = False
    """Whether the list offers to say it of driven runs of which nobody said any such field."""
    of_each_log: bool = False
    """Whether each log has its own value, which is never set for logs to come."""

    @property
    def path(self) -> str:
        """Where its value is in a recording's document."""
        return f"metadata.{self.name}.value"

    def of(self, metadata: Mapping[str, MetadataValue]) -> str:
        """What some metadata say in it, empty where they say nothing."""
        known = metadata.get(self.name)
        return known.value if known else ""

    @property
    def is_short(self) -> bool:
        """Whether recordings are filtered and sorted by it."""
        return self.max_length <= SHORT

    def check(self, value: str) -> str:
        """The value as it is stored: stripped, and one of the choices as those are spelled.

        Raises:
            Rejected: it is too long, or none of the choices (code ``bad_metadata``).
        """
        text = value.strip()
        if len(text) > self.max_length:
            raise Rejected(f"{self.label} is longer than {self.max_length} characters.", code="bad_metadata")
        if not text or not self.choices:
            return text
        for choice in self.choices:
            if same_value(choice) == same_value(text):
                return choice
        raise Rejected(
            f"{self.label} is one of {', '.join(self.choices)}: {text[:40]!r} is none of them.", code="bad_metadata"
        )


CAR = Field("car", "Car", ("car", "carName", "vehicle"), column=4, tells=True)
"""Databases, maths channels, checklists and setup sheets are of a car."""
DRIVER = Field("driver", "Driver", ("driver", "driverName"), column=1, tells=True, tag=True)
"""Laps that lie over each other are called by who drove them."""
EVENT = Field("event", "Event", ("event", "eventType", "eventName"), column=2, tells=True, tag=True)
"""Configurations of a venue may be those of an event."""
VENUE = Field("venue", "Venue", ("venue", "trackName", "track", "location"), column=3)
"""A venue that is found in a recording is called what the recording says."""

FIELDS: tuple[Field, ...] = (
    CAR,
    DRIVER,
    EVENT,
    VENUE,
    Field("session", "Session", ("session",), facet=False),
    Field("run", "Run", ("run", "runNumber"), facet=False, of_each_log=True),
    Field("notes", "Notes", ("notes", "comment"), max_length=4_000, facet=False),
)
"""Those that every team has."""


class Fields:
    """The metadata fields of one team: those that every team has, then its own."""

    def __init__(self, own: Iterable[Field] = ()) -> None:
        self.rows = (*FIELDS, *own)
        self.by_name = {field.name: field for field in self.rows}

    def __iter__(self) -> Iterator[Field]:
        return iter(self.rows)

    def label(self, name: str) -> str:
        """What pages call a field; a field that was removed has only its name."""
        return self.by_name[name].label if name in self.by_name else name

    def named(self, *said: Iterable[str]) -> tuple[str, ...]:
        """The names of all fields, then of removed ones that recordings still say something of."""
        return tuple(dict.fromkeys((*self.by_name, *(name for each in said for name in each))))

    @property
    def short(self) -> tuple[Field, ...]:
        """Those that recordings are filtered and sorted by."""
        return tuple(field for field in self.rows if field.is_short)

    @property
    def facets(self) -> tuple[Field, ...]:
        """Those whose values the list offers."""
        return tuple(field for field in self.rows if field.facet)

    @property
    def columns(self) -> tuple[Field, ...]:
        """Those that are columns of the list, in their order."""
        return tuple(sorted((field for field in self.rows if field.column), key=lambda field: field.column))

    def check(self, values: Mapping[str, str]) -> dict[str, str]:
        """Values that a person or program sent, as they are stored, without the empty ones.

        Raises:
            Rejected: an unknown field, or a value that its field cannot have.
        """
        checked = {}
        for name, value in values.items():
            field = self.by_name.get(name)
            if field is None:
                raise Rejected(
                    f"{name[:40]!r} is no metadata field: use one of {', '.join(self.by_name)}.",
                    code="bad_metadata",
                )
            if text := field.check(value):
                checked[name] = text
        return checked

    def fitting(self, values: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
        """Values that no person is there to correct: those that can be stored, and why the others cannot."""
        taken: dict[str, str] = {}
        left_out = []
        for name, value in values.items():
            try:
                taken |= self.check({name: value})
            except Rejected as why:
                left_out.append(why.message)
        return taken, tuple(left_out)

    def from_setup_record(self, entries: Mapping[str, str]) -> dict[str, MetadataValue]:
        """What the log's own ``setup`` record says about the run, as far as the fields can have it."""
        folded = {key.casefold(): value for key, value in entries.items()}
        found = {}
        for field in self.rows:
            for key in field.from_setup:
                if text := _fitting(field, folded.get(key.casefold(), "")):
                    found[field.name] = MetadataValue(text, MetadataSource.FILE)
                    break
        return found


EVERY_TEAMS = Fields()
"""The fields of a team that has none of its own."""


def _fitting(field: Field, said: str) -> str:
    try:
        return field.check(said.strip()[: field.max_length])
    except Rejected:  # there is nobody to tell; the log's own records are on the recording's page as they are
        return ""


def same_value(value: str) -> str:
    """What values have in common that differ in letter case and spaces only: for lists they are one value."""
    return " ".join(value.split()).casefold()


def one_line(given: str, what: str, limit: int, *, code: str) -> str:
    """A short text that somebody typed, without the spaces around it and with single ones in it.

    Args:
        what: what it is, at the beginning of a sentence.
        limit: characters at most.
        code: of what is raised.

    Raises:
        Rejected: it is too long, or cannot be printed.
    """
    text = " ".join(given.split())
    if len(text) > limit:
        raise Rejected(f"{what} is longer than {limit} characters: {text[:limit]}…", code=code)
    if not text.isprintable():
        raise Rejected(f"{what} has characters that cannot be printed.", code=code)
    return text


def fill_empty(
    known: Mapping[str, MetadataValue], arriving: Mapping[str, MetadataValue]
) -> dict[str, MetadataValue]:
    """``known`` with the fields it lacks taken from ``arriving``; nothing known is replaced."""
    return {**arriving, **known}
