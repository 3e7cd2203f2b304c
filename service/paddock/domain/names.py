"""Names that people see on downloaded files."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import quote

from paddock.domain.fields import CAR, DRIVER, FIELDS
from paddock.domain.instants import NS_PER_S
from paddock.domain.log_kinds import LOG_KINDS
from paddock.domain.recording import Recording

_UNSAFE = re.compile(r"[^\w.+-]+")


def download_name(recording: Recording, suffix: str, mark: str = "") -> str:
    """``HT09_2026-04-18_1432Z_Adam_endurance_a3f9c210.mat``: what is known, and 8 characters of the id.

    A file goes from hand to hand across time zones, so its time is in UTC and says so.

    Args:
        mark: what tells this file from others of the recording, at the end.
    """
    parts = [CAR.of(recording.metadata)]
    if recording.started_ns is not None:
        day, _, clock = datetime.fromtimestamp(recording.started_ns // NS_PER_S, UTC).isoformat().partition("T")
        parts.append(f"{day}_{clock[:2]}{clock[3:5]}Z")
    parts += [field.of(recording.metadata) for field in FIELDS if field.tells and field != CAR]
    if not any(parts):
        parts = [recording.name.rsplit(".", 1)[0]]
    cleaned = (_UNSAFE.sub("-", part).strip("-.")[:40] for part in parts)
    return "_".join(filter(None, [*cleaned, recording.id[:8], mark])) + suffix


def run_words(recording: Recording) -> str:
    """``HT09 · Adam · endurance``: what tells the run from others, the file's name where nobody said it."""
    said = (field.of(recording.metadata) for field in FIELDS if field.tells)
    return " · ".join(filter(None, said)) or recording.name


def who_drove(recording: Recording) -> str:
    """The driver, or the file's name where nobody said."""
    return DRIVER.of(recording.metadata) or recording.name


def original_name(recording: Recording) -> str:
    """What its original is called on download."""
    return download_name(recording, LOG_KINDS[recording.kind].suffix)


def content_disposition(file_name: str) -> str:
    """``attachment`` with the name for old clients in ASCII and for all others as it is (RFC 6266)."""
    printable = "".join(character for character in file_name if character.isprintable()) or "download"
    ascii_name = re.sub(r"[^A-Za-z0-9 ._+()=@,-]", "_", printable)
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(printable, safe='')}"
