"""What a device says on ``devices/<id>/alerts``: that something is wrong with it, or is over.

Devices say it in many ways, so it is read generously. As JSON or MessagePack::

    {"message": "Tire FL is at 112 °C", "severity": "critical", "type": "hot", "value": 112.0,
     "timestamp": "2026-04-18T14:32:07Z", "state": "cleared"}

All but the text may be left out; a payload that is no JSON is the text itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import msgspec

from paddock.domain.alerts import MAX_TEXT, AlertSource, Raising, Severity
from paddock.domain.instants import INT64_MAX, NS_PER_S, from_rfc3339
from paddock.errors import Rejected

MAX_ALERTS = 100
"""In one message."""
_TEXTS = ("message", "text", "alert", "description", "msg", "title")
_KINDS = ("key", "type", "alert_type", "code", "name")
_LEVELS = ("severity", "level", "priority")
_STATES = ("state", "status")
_TIMES = ("timestamp", "time", "ts", "time_ns")
_SEVERITIES = {
    Severity.INFO: ("info", "notice", "low", "debug", "0"),
    Severity.WARNING: ("warning", "warn", "medium", "moderate", "minor", "1"),
    Severity.CRITICAL: ("critical", "error", "high", "major", "fatal", "emergency", "alarm", "severe", "2", "3"),
}
_LEVEL = {word: severity for severity, words in _SEVERITIES.items() for word in words}
_OVER = frozenset(("cleared", "clear", "resolved", "ok", "okay", "normal", "inactive", "off", "ended", "over"))
_MAX_KIND = 100
_NUMBER = re.compile(r"[-+]?\d[\d.,]*")


class DeviceAlert(msgspec.Struct, frozen=True):
    """One thing that a device said."""

    raising: Raising
    """Without the car, which the device does not know."""
    over: bool
    """Whether it says that this has ended."""


def device_alerts(device_id: str, said: object) -> list[DeviceAlert]:
    """What a message says, one alert or several.

    Args:
        device_id: who sent it.
        said: the payload, decoded: a mapping, text, or a list of these.

    Raises:
        Rejected: it is none of them, says nothing, or too much at once (code ``bad_alert``).
    """
    several = said if isinstance(said, list) else [said]
    if not several or len(several) > MAX_ALERTS:
        raise Rejected(f"A message has 1 to {MAX_ALERTS} alerts, not {len(several)}.", code="bad_alert")
    return [_alert(device_id, each) for each in several]


def key_of(device_id: str, kind: str) -> str:
    """The key of what a device calls ``kind``."""
    return f"device/{device_id}/{kind[:_MAX_KIND]}"


def _alert(device_id: str, said: object) -> DeviceAlert:
    fields: Mapping[object, object] = said if isinstance(said, Mapping) else {"message": said}
    text, kind = _text(fields, _TEXTS), _text(fields, _KINDS)
    # Measured values in a text do not make another alert of it.
    key = key_of(device_id, (kind or _NUMBER.sub("#", text)).casefold())
    if not text and not kind:
        raise Rejected('An alert says what is wrong: send {"message": "…"}.', code="bad_alert")
    value = fields.get("value")
    raising = Raising(
        key=key,
        text=(text or kind)[:MAX_TEXT],
        severity=_LEVEL.get(_text(fields, _LEVELS).casefold(), Severity.WARNING),
        source=AlertSource.DEVICE,
        device=device_id,
        signal=_text(fields, ("signal", "sensor", "parameter"))[:MAX_TEXT],
        value=float(value) if isinstance(value, int | float) and _is_number(value) else None,
        moment_ns=_moment(fields),
    )
    return DeviceAlert(raising, over=_is_over(fields))


def _text(fields: Mapping[object, object], names: tuple[str, ...]) -> str:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value.strip():
            return "".join(each if each.isprintable() else " " for each in value).strip()
        if _is_number(value):
            return f"{value:g}"
    return ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_over(fields: Mapping[object, object]) -> bool:
    if fields.get("active") is False or fields.get("cleared") is True or fields.get("resolved") is True:
        return True
    return _text(fields, _STATES).casefold() in _OVER


def _moment(fields: Mapping[object, object]) -> int | None:
    """When the device says that it was; None where that is no time."""
    for name in _TIMES:
        value = fields.get(name)
        try:
            if isinstance(value, str):
                return from_rfc3339(value)
            if isinstance(value, int | float) and _is_number(value):
                return _epoch_ns(value)
        except Rejected:
            continue
    return None


def _epoch_ns(value: float) -> int | None:
    """Seconds, milliseconds, microseconds or nanoseconds since the Unix epoch, by their size."""
    for unit_ns in (NS_PER_S, 1_000_000, 1_000, 1):
        instant_ns = int(value * unit_ns)
        if abs(instant_ns) < 4_102_444_800 * NS_PER_S:  # the year 2100
            return instant_ns
    return instant_ns if abs(instant_ns) <= INT64_MAX else None
