"""The team's metadata fields. A new field is a new row; form, filter, column and validation follow."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from paddock.domain.recording import MetadataSource, MetadataValue
from paddock.errors import Rejected


class Field(msgspec.Struct, frozen=True):
    """One metadata field of a recording."""

    name: str
    label: str
    from_setup: tuple[str, ...] = ()
    """Keys of the log's ``setup`` metadata record that prefill it, best first, compared case-folded."""
    max_length: int = 200


FIELDS = (
    Field("car", "Car", ("car", "carName", "vehicle")),
    Field("driver", "Driver", ("driver", "driverName")),
    Field("event", "Event", ("event", "eventType", "eventName")),
    Field("venue", "Venue", ("venue", "trackName", "track", "location")),
    Field("session", "Session", ("session",)),
    Field("run", "Run", ("run", "runNumber")),
    Field("notes", "Notes", ("notes", "comment"), max_length=4_000),
)
BY_NAME = {field.name: field for field in FIELDS}


def same_value(value: str) -> str:
    """What values have in common that differ in letter case and spaces only: for lists they are one value."""
    return " ".join(value.split()).casefold()


def check_metadata(values: Mapping[str, str]) -> dict[str, str]:
    """Values that a person or program sent, stripped, without the empty ones.

    Raises:
        Rejected: an unknown field, or a value that is too long.
    """
    checked = {}
    for name, value in values.items():
        field = BY_NAME.get(name)
        if field is None:
            raise Rejected(
                f"{name[:40]!r} is no metadata field: use one of {', '.join(BY_NAME)}.", code="bad_metadata"
            )
        text = value.strip()
        if len(text) > field.max_length:
            raise Rejected(f"{field.label} is longer than {field.max_length} characters.", code="bad_metadata")
        if text:
            checked[name] = text
    return checked


def from_setup_record(entries: Mapping[str, str]) -> dict[str, MetadataValue]:
    """What the log's own ``setup`` record says about the run."""
    folded = {key.casefold(): value.strip() for key, value in entries.items()}
    found = {}
    for field in FIELDS:
        for key in field.from_setup:
            if text := folded.get(key.casefold()):
                found[field.name] = MetadataValue(text[: field.max_length], MetadataSource.FILE)
                break
    return found


def fill_empty(
    known: Mapping[str, MetadataValue], arriving: Mapping[str, MetadataValue]
) -> dict[str, MetadataValue]:
    """``known`` with the fields it lacks taken from ``arriving``; nothing known is replaced."""
    return {**arriving, **known}
