"""The metadata records of a log, as far as its document lists them."""

from __future__ import annotations

from collections.abc import Sequence

MAX_LISTED_BYTES = 1_000_000
"""For all names and values of one log: MongoDB takes documents of 16 MB, and a page shows them all."""
_OVERHEAD_BYTES = 16

MetadataRecord = tuple[str, dict[str, str]]


def listed(records: Sequence[MetadataRecord]) -> tuple[tuple[MetadataRecord, ...], tuple[str, ...]]:
    """Those that fit, in file order, and a sentence about the others."""
    kept: list[MetadataRecord] = []
    room = MAX_LISTED_BYTES
    for name, entries in records:
        texts = [name, *entries.keys(), *entries.values()]
        # What is empty takes room too.
        size = sum(len(text.encode()) + _OVERHEAD_BYTES for text in texts)
        if size <= room:
            kept.append((name, entries))
            room -= size
    more = len(records) - len(kept)
    return tuple(kept), (f"{more:,} more metadata records are in the log than are listed.",) if more else ()
