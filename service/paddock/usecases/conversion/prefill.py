"""Prefill: what the log itself says about the run."""

from __future__ import annotations

from paddock.columns.columns import LogSummary
from paddock.domain.fields import Fields, fill_empty
from paddock.domain.recording import MetadataValue


def prefilled(summary: LogSummary, fields: Fields) -> dict[str, MetadataValue]:
    """The team's fields as far as the log's ``setup`` metadata records know them; the first record goes first."""
    found: dict[str, MetadataValue] = {}
    for name, entries in summary.metadata:
        if name.casefold() == "setup":
            found = fill_empty(found, fields.from_setup_record(entries))
    return found
