"""What devices say on their alerts topic becomes alerts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paddock.domain.alerts import Alert
from paddock.domain.device_alerts import DeviceAlert, device_alerts
from paddock.errors import Rejected
from paddock.usecases.alerts.alerts import clear_alert, find_open, open_count, raise_alert
from paddock.usecases.context import Context

MAX_OPEN = 200
"""Alerts of one device that are not over: who sends more of different kinds is broken itself."""


async def take_device_alerts(
    context: Context, device_id: str, payload: bytes, *, content_type: str, received_ns: int, car: str = ""
) -> tuple[Alert, ...]:
    """Raise or clear what a message of a device says; again, nothing changes.

    Args:
        payload: JSON, lines of JSON, MessagePack or text.
        content_type: of the payload; empty where the device did not say it.
        received_ns: when it came.
        car: which the device belongs to.

    Returns:
        The alerts that it is about. What ends an alert that is not there is about none.

    Raises:
        Rejected: it says nothing that can be understood, or too many alerts of the device are open
            (codes ``bad_alert``, ``too_many_alerts``).
    """
    found = []
    for each in device_alerts(device_id, decoded(payload, content_type)):
        if (alert := await _take(context, each, received_ns, car)) is not None:
            found.append(alert)
    return tuple(found)


async def _take(context: Context, said: DeviceAlert, received_ns: int, car: str) -> Alert | None:
    raising = msgspec.structs.replace(said.raising, car=car)
    if said.over:
        return await clear_alert(context, raising.key, at=received_ns)
    is_repeat = await find_open(context, raising.key) is not None
    if not is_repeat and await open_count(context, raising.device) >= MAX_OPEN:
        raise Rejected(
            f"{raising.device} has {MAX_OPEN} alerts that are not over: clear some, or send fewer kinds.",
            code="too_many_alerts",
        )
    return await raise_alert(context, raising, at=received_ns)


def decoded(payload: bytes, content_type: str, what: str = "alert") -> object:
    """A payload as text, mappings and lists.

    Args:
        what: it is, one word for people.

    Raises:
        Rejected: it cannot be read (code ``bad_alert``, or of what it is).
    """
    code = f"bad_{what}"
    if "msgpack" in content_type:
        try:
            return msgspec.msgpack.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
            raise Rejected(f"The {what} is no MessagePack: {error}.", code=code) from None
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        raise Rejected(f"The {what} is neither JSON nor text.", code=code) from None
    try:
        return _json(text)
    except (msgspec.DecodeError, RecursionError) as error:
        if "json" in content_type or text.lstrip()[:1] in ("{", "["):
            raise Rejected(f"The {what} is no JSON: {error}.", code=code) from None
        return text


def _json(text: str) -> object:
    lines: Sequence[str] = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.lstrip().startswith("{") and line.rstrip().endswith("}") for line in lines):
        return [msgspec.json.decode(line) for line in lines]
    return msgspec.json.decode(text)
