"""What became of the bytes of a log, which is one fact that everybody asks."""

from __future__ import annotations

from enum import StrEnum


class Original(StrEnum):
    """Whether the store has the bytes that were sent, as far as anybody looked."""

    UNSAID = ""
    """A document of an older version: ``Recording.original_state`` knows from the rest of it."""
    AWAITED = "awaited"
    """They are on their way, or never arrived as they were announced."""
    KEPT = "kept"
    """They were proved, and are where originals are kept."""
    DAMAGED = "damaged"
    """Others are in their place, which may be all that there is of them."""
    GONE = "gone"


MISSING_CODE = "original_missing"
DAMAGED_CODE = "original_damaged"
"""The codes of what is said of an original that is gone, and of one in whose place other bytes are."""
NEVER_ARRIVED = ("wrong_hash", "bytes_missing")
"""Codes of an ingest that failed because the bytes were not those announced."""
