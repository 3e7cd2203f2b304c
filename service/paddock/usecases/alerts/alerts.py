"""Alerts are raised, cleared, acknowledged and listed; by several processes at once, and harmlessly twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from paddock.domain.alerts import (
    MAX_KEY,
    OPEN,
    Alert,
    AlertState,
    Raising,
    Severity,
    acknowledged,
    cleared,
    first,
    repeated,
)
from paddock.domain.principal import Principal
from paddock.errors import NotFound, Unavailable
from paddock.ports.documents import Condition, Equals, OneOf, Page, Sort
from paddock.usecases.context import Context
from paddock.usecases.people.audit import note_act

_ATTEMPTS = 20
_FIRING_FIRST = Sort("place", descending=True)


async def raise_alert(context: Context, raising: Raising, *, at: int | None = None) -> Alert:
    """The alert of what somebody noticed: a new one, or the open one of the same key with one more repeat.

    What was noticed at ``at`` is counted once: raised again, as after a process was killed, nothing changes.

    Args:
        at: nanoseconds, by Paddock's clock; now, if not given. For one key it only ever grows.

    Raises:
        Unavailable: others change the same alert all the time (code ``alert_busy``).
    """
    at = context.now() if at is None else at
    for _ in range(_ATTEMPTS):
        last = await _last_of(context, raising.key)
        if last is not None and at <= last.last_at:
            return last
        if last is None or not last.is_open:
            alert = first(raising, at, 1 if last is None else last.occurrence + 1)
            if await context.documents.alerts.insert(alert):
                return alert
        elif (changed := await _replace(context, last, repeated(last, raising, at))) is not None:
            return changed
    raise _busy()


async def clear_alert(context: Context, key: str, *, at: int | None = None) -> Alert | None:
    """End the open alert of a key, by itself; None where there is none, or where it was raised after ``at``."""
    at = context.now() if at is None else at
    for _ in range(_ATTEMPTS):
        last = await _last_of(context, key)
        if last is None or not last.is_open or at < last.last_at:
            return None
        if (changed := await _replace(context, last, cleared(last, at, noticed=True))) is not None:
            return changed
    raise _busy()


async def end_alert(context: Context, key: str) -> None:
    """End the open alert of a key because nobody looks for it any more, such as a rule that was changed.

    What is noticed from then on is a new alert, also where it happened before and is looked at only now.
    """
    for _ in range(_ATTEMPTS):
        last = await find_open(context, key)
        if last is None or await _replace(context, last, cleared(last, context.now())) is not None:
            return
    raise _busy()


async def acknowledge(context: Context, principal: Principal, alert_id: str) -> Alert:
    """Note that somebody has seen an alert; who did it first stays.

    Raises:
        NotFound: there is no such alert (code ``no_such_alert``).
    """
    now = context.now()
    return await _change(
        context, principal, alert_id, "acknowledged", lambda alert: acknowledged(alert, now, principal.name)
    )


async def clear_by_hand(context: Context, principal: Principal, alert_id: str) -> Alert:
    """End an alert that does not end by itself, such as one that a device sent; ended already, nothing changes.

    Raises:
        NotFound: there is no such alert (code ``no_such_alert``).
    """
    now = context.now()
    return await _change(
        context,
        principal,
        alert_id,
        "cleared",
        lambda alert: cleared(alert, now, principal.name) if alert.is_open else alert,
    )


async def get_alert(context: Context, alert_id: str) -> Alert:
    """One alert.

    Raises:
        NotFound: there is no such alert (code ``no_such_alert``).
    """
    alert = await context.documents.alerts.get(alert_id)
    if alert is None:
        raise NotFound(f"There is no alert {alert_id[:40]!r}: look for it in the list.", code="no_such_alert")
    return alert


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts; what is empty is not asked for."""

    states: Sequence[AlertState] = ()
    severities: Sequence[Severity] = ()
    device: str = ""
    car: str = ""
    recording: str = ""
    rule: str = ""

    def where(self) -> list[Condition]:
        """As conditions of a search."""
        found: list[Condition] = []
        if self.states:
            found.append(OneOf("state", tuple(self.states)))
        if self.severities:
            found.append(OneOf("severity", tuple(self.severities)))
        names = ("device", "car", "recording", "rule")
        return found + [Equals(name, getattr(self, name)) for name in names if getattr(self, name)]


EVERY_ALERT = Wanted()


async def find_alerts(
    context: Context, wanted: Wanted = EVERY_ALERT, *, limit: int = 50, after: str | None = None
) -> Page[Alert]:
    """The firing ones first, then what is acknowledged, then what is over; in each the newest first."""
    return await context.documents.alerts.find(wanted.where(), sort=_FIRING_FIRST, limit=limit, after=after)


async def count_alerts(context: Context, wanted: Wanted = EVERY_ALERT) -> dict[AlertState, int]:
    """How many alerts are in each state."""
    counted = {
        state: number for (state,), number in await context.documents.alerts.counts(["state"], wanted.where())
    }
    return {state: counted.get(state, 0) for state in AlertState}


async def find_open(context: Context, key: str) -> Alert | None:
    """The alert of what is wrong, while it is not over."""
    last = await _last_of(context, key)
    return last if last is not None and last.is_open else None


async def is_known(context: Context, key: str) -> bool:
    """Whether there ever was an alert of a key."""
    return await _last_of(context, key) is not None


async def open_count(context: Context, device: str) -> int:
    """How many alerts of a device are not over yet."""
    return await context.documents.alerts.count([Equals("device", device), OneOf("state", OPEN)])


async def _last_of(context: Context, key: str) -> Alert | None:
    newest = Sort("occurrence", descending=True)
    page = await context.documents.alerts.find([Equals("key", key[:MAX_KEY])], sort=newest, limit=1)
    return page.items[0] if page.items else None


async def _change(
    context: Context, principal: Principal, alert_id: str, act: str, changed: Callable[[Alert], Alert]
) -> Alert:
    for _ in range(_ATTEMPTS):
        alert = await get_alert(context, alert_id)
        if (wanted := changed(alert)) == alert:
            return alert
        if (done := await _replace(context, alert, wanted)) is not None:
            await note_act(context, principal, "alert", alert.id, alert.text, act)
            return done
    raise _busy()


async def _replace(context: Context, alert: Alert, changed: Alert) -> Alert | None:
    """None where somebody else changed it first."""
    names = [name for name in alert.__struct_fields__ if getattr(alert, name) != getattr(changed, name)]
    changes = {name: getattr(changed, name) for name in names}
    return await context.documents.alerts.change(alert.id, changes, [Equals("version", alert.version)])


def _busy() -> Unavailable:
    return Unavailable("Others change this alert all the time: try again.", code="alert_busy")
