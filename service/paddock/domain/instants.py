"""Times: integer nanoseconds since the Unix epoch inside, RFC 3339 outside."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from paddock.errors import Rejected

NS_PER_S = 1_000_000_000
INT64_MAX = 2**63 - 1

_RFC3339 = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|z|[+-]\d{2}:\d{2})", re.ASCII)


def to_rfc3339(instant_ns: int) -> str:
    """The instant in UTC, with as many fraction digits (0, 3, 6 or 9) as it needs."""
    seconds, fraction_ns = divmod(instant_ns, NS_PER_S)
    text = datetime.fromtimestamp(seconds, UTC).isoformat()[:19]  # a third of what strftime takes; lists have many
    if fraction_ns:
        digits = f"{fraction_ns:09d}"
        while digits.endswith("000"):
            digits = digits[:-3]
        text += f".{digits}"
    return text + "Z"


def from_rfc3339(text: str) -> int:
    """Nanoseconds since the Unix epoch.

    Raises:
        Rejected: it is no RFC 3339 instant with a time zone, or none that 64 bits can say (code ``bad_time``).
    """
    match = _RFC3339.fullmatch(text.strip())
    if match is None:
        raise Rejected(f"{text[:40]!r} is no time: write it like 2026-04-18T14:32:00Z.", code="bad_time")
    date, clock, fraction, zone = match.groups()
    try:
        whole = datetime.fromisoformat(f"{date}T{clock}{'+00:00' if zone in 'Zz' else zone}")
    except ValueError as error:
        raise Rejected(f"{text[:40]!r} is no time: {error}.", code="bad_time") from None
    instant_ns = int(whole.timestamp()) * NS_PER_S + int((fraction or "").ljust(9, "0"))
    if not -INT64_MAX <= instant_ns <= INT64_MAX:
        raise Rejected(f"{text[:40]!r} is too far away: times lie in the years 1678 to 2261.", code="bad_time")
    return instant_ns
