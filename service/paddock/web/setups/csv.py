"""The setup book for spreadsheets."""

from __future__ import annotations

import csv
import io

from paddock.domain.instants import to_rfc3339
from paddock.usecases.setups.book import Book, BookEntry
from paddock.web.laps.csv import harmless_text, setup_cell

_SAID = ("car", "driver", "event", "venue", "session", "run")


def book_csv(book: Book) -> str:
    """One row a run, one column a field that any of the sheets has."""
    sheets = [entry.recording.setup_values for entry in book.entries]
    names = [name for name in book.fields.named(*sheets) if any(name in sheet for sheet in sheets)]
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(["recording", "started_at", *_SAID, *names, "changed"])
    for entry in book.entries:
        writer.writerow(_row(entry, names))
    return target.getvalue()


def _row(entry: BookEntry, names: list[str]) -> list[object]:
    recording = entry.recording
    said = {name: value.value for name, value in recording.metadata.items()}
    values = recording.setup_values
    return [
        recording.id,
        "" if recording.started_ns is None else to_rfc3339(recording.started_ns),
        *(harmless_text(said.get(name, "")) for name in _SAID),
        *(setup_cell(values.get(name)) for name in names),
        " ".join(entry.changes),
    ]
