"""What differs between two recordings, row by row, as the compare page shows it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from paddock.domain.contents import Contents
from paddock.domain.fields import Fields
from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import Recording
from paddock.domain.setup_sheets import SetupFields, compare_sheets
from paddock.domain.setup_values import text_of
from paddock.domain.words import size
from paddock.web.kernel.words import duration, number

MOST_ROWS = 100
"""A log may have metadata records without end."""
_FIGURES = (
    ("distance_m", "Driven", 0.001, 1, "km"),
    ("max_speed_m_s", "Top speed", 3.6, 0, "km/h"),
    ("min_cell_voltage_v", "Lowest cell", 1.0, 2, "V"),
    ("max_cell_temperature_c", "Hottest cell", 1.0, 0, "°C"),
)


class Difference(msgspec.Struct, frozen=True):
    """One thing that is not the same; an empty text is not known."""

    label: str
    a: str
    b: str


def differences(
    a: tuple[Recording, Contents], b: tuple[Recording, Contents], fields: Fields, setup_fields: SetupFields
) -> list[Difference]:
    """Metadata, setup sheets, figures, and the logs' own metadata records, where they differ."""
    sheets = _sheets(a[0], b[0], setup_fields)
    rows = [*_metadata(a[0], b[0], fields), *sheets, *_facts(a[0], b[0]), *_setup(a[1], b[1])]
    return [row for row in rows if row.a != row.b][:MOST_ROWS]


def _seconds(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else duration_ns / NS_PER_S


def _metadata(a: Recording, b: Recording, fields: Fields) -> Iterator[Difference]:
    for name in fields.named(a.metadata, b.metadata):
        values = [item.metadata[name].value if name in item.metadata else "" for item in (a, b)]
        yield Difference(fields.label(name), *values)


def _sheets(a: Recording, b: Recording, fields: SetupFields) -> Iterator[Difference]:
    for row in compare_sheets(fields, [a.setup_values, b.setup_values]):
        said = ["" if value is None else f"{text_of(value)} {row.unit}".strip() for value in row.values]
        yield Difference(f"Setup · {row.label}", *said)


def _facts(a: Recording, b: Recording) -> Iterator[Difference]:
    for name, label, factor, digits, unit in _FIGURES:
        values = [getattr(item.highlights, name) for item in (a, b)]
        said = ["" if value is None else f"{number(value * factor, digits)} {unit}" for value in values]
        yield Difference(label, *said)
    yield Difference("Duration", *(duration(_seconds(item.duration_ns)) for item in (a, b)))
    yield Difference("Messages", number(a.message_count), number(b.message_count))
    yield Difference("Size", size(a.size_bytes), size(b.size_bytes))
    yield Difference("Health", a.health, b.health)


def _setup(a: Contents, b: Contents) -> Iterator[Difference]:
    records = [dict(item.file_metadata) for item in (a, b)]
    for name in dict.fromkeys((*records[0], *records[1])):
        entries = [each.get(name, {}) for each in records]
        for key in dict.fromkeys((*entries[0], *entries[1])):
            yield Difference(f"{name} · {key}", *(each.get(key, "") for each in entries))
