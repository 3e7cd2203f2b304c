"""When a log began, as the name of its file says: ``2026-04-18_14-32-05.csv``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from paddock.domain.instants import NS_PER_S

_INSTANT = re.compile(
    r"(?<!\d)((?:19[7-9]|20\d)\d)([-_.]?)(\d\d)\2(\d\d)"
    r"(?:(?:[T _.-]{1,3})(\d\d)[-_.:h]?(\d\d)(?:[-_.:m]?(\d\d))?)?(?!\d)"
)


def start_in_name(names: Iterable[str]) -> int | None:
    """Nanoseconds since 1970, by the first name that has a date, perhaps with a time; None without one.

    A name says no time zone: taken as UTC, as that of a log is that says none.
    """
    for name in names:
        for match in _INSTANT.finditer(name):
            year, _, *rest = match.groups(default="0")
            month, day, hour, minute, second = map(int, rest)
            try:
                instant = datetime(int(year), month, day, hour, minute, second, tzinfo=UTC)
            except ValueError:
                continue
            return int(instant.timestamp()) * NS_PER_S
    return None
