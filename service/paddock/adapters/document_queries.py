"""What both sides of ``ports/documents.py`` share: fields, values that may be compared, cursors, refusals."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import NamedTuple

import msgspec

from paddock.domain.instants import INT64_MAX
from paddock.errors import Conflict, Rejected
from paddock.ports.documents import Scalar, Sort

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_LAST_CHARACTER = chr(0x10FFFF)
_CHECK_BYTES = 6


def check_field(field: str) -> str:
    """The field, when it is a dotted path of plain names. This keeps SQL and operators out of it.

    Raises:
        ValueError: it is none.
    """
    if not _FIELD.fullmatch(field):
        raise ValueError(f"{field[:80]!r} is no field: names of letters, digits and _ joined by dots")
    return field


def checked(value: str | int | float) -> str | int | float:
    """A value that every side can compare.

    Raises:
        ValueError: an integer beyond int64.
    """
    if isinstance(value, int) and not -INT64_MAX - 1 <= value <= INT64_MAX:
        raise ValueError(f"{value} is beyond int64")
    return value


def after_prefix(prefix: str) -> str | None:
    """The first text after all that begin with ``prefix``, in the order of code points; None when there is none."""
    head = prefix.rstrip(_LAST_CHARACTER)
    if not head:
        return None
    following = ord(head[-1]) + 1
    # Surrogates are no characters: UTF-8 has none of them.
    return head[:-1] + chr(0xE000 if following == 0xD800 else following)


def not_empty() -> Conflict:
    """The refusal to fill a store that has documents."""
    return Conflict(
        "There are documents already, and a backup is restored into an empty database only: choose another data "
        "directory with --data, or another database.",
        code="not_empty",
    )


class Position(NamedTuple):
    """The last document of a page: the next page begins after it."""

    value: Scalar
    id: str


def write_cursor(collection: str, sort: Sort, position: Position) -> str:
    """A text for the next request: position and sort, with a checksum against edits.

    The checksum is no secret: whoever forges one only gets another page of what they may read anyway.
    """
    payload = msgspec.json.encode([_mark(collection, sort), position.value, position.id])
    return base64.urlsafe_b64encode(_checksum(payload) + payload).decode().rstrip("=")


def read_cursor(collection: str, sort: Sort, cursor: str) -> Position:
    """The position in a cursor.

    Raises:
        Rejected: it was edited, or belongs to another sort or collection (code ``bad_cursor``).
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if _checksum(raw[_CHECK_BYTES:]) != raw[:_CHECK_BYTES]:
            raise ValueError("edited")
        mark, value, document_id = msgspec.json.decode(raw[_CHECK_BYTES:], type=tuple[str, Scalar, str])
        if mark != _mark(collection, sort):
            raise ValueError("of another list")
    except (ValueError, msgspec.DecodeError) as error:
        raise Rejected(
            "The cursor was edited or belongs to another list: begin again without it.", code="bad_cursor"
        ) from error
    return Position(value, document_id)


def _mark(collection: str, sort: Sort) -> str:
    return f"{collection} {'-' if sort.descending else '+'}{sort.field}"


def _checksum(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_CHECK_BYTES, person=b"paddock-cursor").digest()
