"""The setup book for spreadsheets."""

from __future__ import annotations

import csv
import io

from paddock.domain.fields import EVERY_TEAMS, Fields
from paddock.domain.instants import to_rfc3339
from paddock.usecases.setups.book import Book, BookEntry
from paddock.web.laps.csv import said_cells, said_headings, setup_cell

_BEFORE_SAID = ("recording", "started_at")
_CHANGED = "changed"
_TAKEN = frozenset((*_BEFORE_SAID, _CHANGED, *EVERY_TEAMS.by_name))


def book_csv(book: Book, fields: Fields) -> str:
    """One row a run, one column a field that any of the sheets has.

    Args:
        fields: the team's metadata fields.
    """
    sheets = [entry.recording.setup_values for entry in book.entries]
    names = [name for name in book.fields.named(*sheets) if any(name in sheet for sheet in sheets)]
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    on_sheets = [f"setup.{name}" if name in _TAKEN else name for name in names]
    said = said_headings(fields, (*_BEFORE_SAID, *on_sheets, _CHANGED))
    writer.writerow([*_BEFORE_SAID, *said, *on_sheets, _CHANGED])
    for entry in book.entries:
        writer.writerow(_row(entry, fields, names))
    return target.getvalue()


def _row(entry: BookEntry, fields: Fields, names: list[str]) -> list[object]:
    recording = entry.recording
    values = recording.setup_values
    return [
        recording.id,
        "" if recording.started_ns is None else to_rfc3339(recording.started_ns),
        *said_cells(fields, recording),
        *(setup_cell(values.get(name)) for name in names),
        " ".join(entry.changes),
    ]
