"""What a request says of ranges and of what it has already (RFC 9110 §13, §14): rules alone, for any server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple

_SINGLE_RANGE = re.compile(r"bytes=\s*(\d*)\s*-\s*(\d*)\s*", re.IGNORECASE | re.ASCII)
_LONGEST_NUMBER = 18
"""Digits; no object is that large."""
# What compresses on the way, such as Apache, adds its name to the tag.
_ENCODED = re.compile(r'[-;](?:gzip|br|zstd)"$')


class Span(NamedTuple):
    """Bytes from ``start`` up to but not including ``end``."""

    start: int
    end: int


def requested_span(header: str | None, size_bytes: int) -> Span | None:
    """What a Range header asks for: None for the whole object, an empty span when nothing can satisfy it.

    Several ranges, other units and nonsense are answered with the whole object, as RFC 9110 allows.
    """
    match = _SINGLE_RANGE.fullmatch((header or "").strip())
    if match is None or not any(match.groups()):
        return None
    first, last = (_number(digits) if digits else None for digits in match.groups())
    if first is None:
        first, last = size_bytes - min(last or 0, size_bytes), None
    if last is not None and last < first:
        return None
    end = size_bytes if last is None else min(last + 1, size_bytes)
    return Span(first, end) if first < end else Span(0, 0)


def _number(digits: str) -> int:
    """A number of any length; one beyond every object need not be parsed."""
    significant = digits.lstrip("0")
    return int(significant or 0) if len(significant) <= _LONGEST_NUMBER else 10**_LONGEST_NUMBER


def matches(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match header covers this quoted ETag (weak comparison, RFC 9110 §13.1.2)."""
    candidates = [_ENCODED.sub('"', each.strip().removeprefix("W/")) for each in if_none_match.split(",")]
    return "*" in candidates or etag in candidates


def has_it(headers: Mapping[str, str], etag: str, modified: str) -> bool:
    """Whether who asks has this version already: it is answered with 304.

    Args:
        headers: of the request, by their names in lower case.
        etag: of what is there now, quoted.
        modified: when it changed last, as HTTP writes it.
    """
    if_none_match = headers.get("if-none-match")
    if if_none_match is not None:
        return matches(if_none_match, etag)
    since = _timestamp(headers.get("if-modified-since", ""))
    return since is not None and (_timestamp(modified) or 0) <= since


def range_applies(if_range: str | None, etag: str, modified: str) -> bool:
    """Whether the range is answered: of what changed meanwhile it would be a wrong piece, so the whole is sent."""
    return if_range is None or if_range.strip() in (etag, modified)


def _timestamp(http_date: str) -> float | None:
    try:
        return parsedate_to_datetime(http_date).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
