"""Hours in which nobody is told anything, by the clock of a place."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from paddock.domain.instants import NS_PER_S
from paddock.errors import Rejected

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class QuietHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From one time of day until another, which may be that of the next morning."""

    start: Annotated[str, Meta(max_length=200, description="Time of day.", examples=["22:00"])]
    end: Annotated[str, Meta(max_length=200, description="Not in it any more.", examples=["07:00"])]
    zone: Annotated[str, Meta(max_length=200, description="A time zone.", examples=["Europe/Berlin"])] = "UTC"


def checked_hours(hours: QuietHours) -> QuietHours:
    """The hours as they are given, once they are found to be some.

    Raises:
        Rejected: a time of day that is none, an unknown zone, no time between (code ``bad_quiet_hours``).
    """
    for clock in (hours.start, hours.end):
        if not _CLOCK.fullmatch(clock):
            raise Rejected(f"{clock[:20]!r} is no time of day: write it like 22:00.", code="bad_quiet_hours")
    if hours.start == hours.end:
        raise Rejected("Quiet hours end at another time than they begin.", code="bad_quiet_hours")
    try:
        ZoneInfo(hours.zone)
    except (KeyError, ValueError, OSError):  # that it is not found is a KeyError
        raise Rejected(
            f"There is no time zone {hours.zone[:60]!r}: write it like Europe/Berlin.", code="bad_quiet_hours"
        ) from None
    return hours


def quiet_until(hours: QuietHours, instant_ns: int) -> int | None:
    """When the quiet hours end that an instant lies in; None where it lies in none."""
    zone = ZoneInfo(hours.zone)
    local = datetime.fromtimestamp(instant_ns // NS_PER_S, UTC).astimezone(zone)
    start, end, now = _time(hours.start), _time(hours.end), local.time()
    inside = start <= now < end if start < end else now >= start or now < end
    if not inside:
        return None
    day = local.date() + timedelta(days=1) if now >= end else local.date()
    ends = datetime.combine(day, end, zone).astimezone(UTC)
    # Where clocks are set forward over the end, it is the moment at which they are.
    return max(int(ends.timestamp()) * NS_PER_S, instant_ns + 1)


def _time(clock: str) -> time:
    hours, minutes = clock.split(":")
    return time(int(hours), int(minutes))
