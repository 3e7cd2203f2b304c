"""The time that a message says: RFC 3339, ISO 8601 without a zone (then UTC), or since the epoch in any unit."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from paddock.domain.instants import INT64_MAX, NS_PER_S

_UNITS = {"_s": NS_PER_S, "_ms": 10**6, "_us": 10**3, "_ns": 1}
CERTAIN = ("timestamp", *(f"{stem}{unit}" for stem in ("timestamp", "time", "ts") for unit in _UNITS))
"""Keys that say nothing but the time."""
_UNIT_OF = {
    key: next((_UNITS[unit] for unit in ("_ms", "_us", "_ns", "_s") if key.endswith(unit)), None) for key in CERTAIN
}
PROBABLE = ("time", "ts")
"""Keys that say the time where their value can be one; a lap has a ``time`` as well."""
_EARLIEST_S, _LATEST_S = 946_684_800, 7_258_118_400
"""2000 and 2200: numbers outside of them are in another unit, or no time since the epoch."""
_FRACTION = re.compile(r"(.*:\d{2})[.,](\d+)(.*)", re.DOTALL)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 40


def said_time(message: Mapping[str, Any]) -> tuple[str, int | None]:
    """The key that says the time and the time in nanoseconds since the epoch.

    ``("", None)`` where none does. A key that can say nothing else and whose value is no time gives ``-1``, a time
    that cannot be.
    """
    for key in CERTAIN:
        if (value := message.get(key)) is not None:
            found = read_time(value, _UNIT_OF[key])
            return key, -1 if found is None else found
    for key in PROBABLE:
        if (value := message.get(key)) is not None:
            found = read_time(value)
            if found is not None and _EARLIEST_S <= found // NS_PER_S <= _LATEST_S:
                return key, found
    return "", None


def read_time(value: object, unit_ns: int | None = None) -> int | None:
    """An instant as a device writes it, in nanoseconds since the epoch; None where it is none.

    Args:
        value: a text or a number; MessagePack has a type of its own for instants.
        unit_ns: of a number; None to know it by its size.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return _since_epoch(value, unit_ns)
    if isinstance(value, datetime):
        return _of_instant(value)
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    text = value.strip()
    try:
        number = Decimal(text)
    except InvalidOperation:
        return _iso(text)
    return _since_epoch(number, unit_ns) if number.is_finite() else None


def _since_epoch(number: float | Decimal, unit_ns: int | None) -> int | None:
    # Compared before it is multiplied: a few digits say numbers that fill the memory.
    if not -INT64_MAX <= number <= INT64_MAX:
        return None
    if unit_ns is None:
        size: Any = abs(number)
        unit_ns = next((unit for unit in (1, 10**3, 10**6) if size * unit >= _EARLIEST_S * NS_PER_S), NS_PER_S)
    instant = int(number * unit_ns) if isinstance(number, Decimal) else _exact(number, unit_ns)
    return instant if abs(instant) <= INT64_MAX else None


def _exact(number: float, unit_ns: int) -> int:
    """An instant without what a product of doubles would lose: seconds of today have steps of 240 ns."""
    whole = math.floor(number)
    return whole * unit_ns + round((number - whole) * unit_ns)


def _iso(text: str) -> int | None:
    nanoseconds = 0
    if fraction := _FRACTION.fullmatch(text):
        # Python reads six digits.
        text = fraction[1] + fraction[3]
        nanoseconds = int(fraction[2][:9].ljust(9, "0"))
    try:
        found = datetime.fromisoformat(text.replace(" ", "T", 1).replace("z", "Z"))
    except ValueError:
        return None
    return _of_instant(found, nanoseconds)


def _of_instant(found: datetime, nanoseconds: int | None = None) -> int | None:
    """Nanoseconds since the epoch; the part below a second may be known better than Python's instants have it."""
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    if nanoseconds is None:
        nanoseconds = found.microsecond * 1_000
    instant = (found - _EPOCH) // timedelta(seconds=1) * NS_PER_S + nanoseconds
    return instant if abs(instant) <= INT64_MAX else None
