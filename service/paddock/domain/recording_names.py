"""What a recording may be asked for by: the beginning of its id, and the file name of its log."""

from __future__ import annotations

import re

from paddock.domain.log_kinds import MCAP
from paddock.errors import Rejected

MIN_PREFIX_LENGTH = 6
"""Digits of an id that are enough to ask for a recording."""
MAX_NAME_LENGTH = 200
"""Characters of a file name."""
_PREFIX = re.compile(r"[0-9a-f]{6,64}")


def check_id_prefix(prefix: str) -> str:
    """A recording id or an unambiguous beginning of one, lower-cased.

    Raises:
        Rejected: not 6 to 64 hexadecimal digits.
    """
    folded = prefix.lower()
    if not _PREFIX.fullmatch(folded):
        raise Rejected(
            f"{prefix[:70]!r} is no recording id: give {MIN_PREFIX_LENGTH} to 64 of its hexadecimal digits.",
            code="bad_id",
        )
    return folded


def printable_name(name: str) -> str:
    """Another program's file name as one that ``check_file_name`` takes."""
    cleaned = "".join(character if character.isprintable() else "_" for character in name).replace("\\", "_")
    return cleaned.strip()[-MAX_NAME_LENGTH:] or f"unnamed{MCAP.suffix}"


def check_file_name(name: str) -> str:
    """The file name of an upload, as the recording will keep it.

    Raises:
        Rejected: empty, too long, a path, or with control characters.
    """
    if not name.strip() or name in (".", ".."):
        raise Rejected(f"The file has no name: give it one, like run_12{MCAP.suffix}.", code="bad_name")
    if "/" in name or "\\" in name:
        raise Rejected(f"{name[:80]!r} is a path, not a file name: send the last part of it only.", code="bad_name")
    if len(name) > MAX_NAME_LENGTH:
        raise Rejected(f"The file name is longer than {MAX_NAME_LENGTH} characters.", code="bad_name")
    if not name.isprintable():
        raise Rejected("The file name has control characters: rename the file.", code="bad_name")
    return name
