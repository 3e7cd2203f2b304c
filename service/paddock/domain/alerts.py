"""An alert: something is wrong with a device, a car or a recording, from when it fires until it is cleared.

What is wrong has a key, ``silence/<device>`` for one. While its alert is open, the same key raised again is a
repeat of it and no second alert; after it was cleared the next one is a new alert.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec

FIRED, CLEARED = "fired", "cleared"
"""What becomes of an alert that people are told elsewhere."""
MAX_TEXT = 500
MAX_KEY = 300
_RANK = 10**17
"""Larger than any time in microseconds, so that the rank of a state decides before the time."""


class AlertState(StrEnum):
    """``firing → acknowledged → cleared``; what ends by itself may be cleared before anybody saw it."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"


OPEN = (AlertState.FIRING, AlertState.ACKNOWLEDGED)


class Severity(StrEnum):
    """How soon somebody should look."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the mildest."""
        return tuple(Severity).index(self)


class AlertSource(StrEnum):
    """Who noticed."""

    DEVICE = "device"
    """The device said so itself."""
    SILENCE = "silence"
    """A device that should send does not."""
    RULE = "rule"
    """A rule of the team, on a signal."""
    PADDOCK = "paddock"
    """Paddock, of itself: such as a backup that is old."""


class Raising(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody noticed."""

    key: str
    """What is wrong and with whom; the same for repeats."""
    text: str
    """A sentence for people."""
    severity: Severity = Severity.WARNING
    source: AlertSource = AlertSource.PADDOCK
    device: str = ""
    """The device's id."""
    car: str = ""
    recording: str = ""
    """The recording's id, where it was noticed in a log: it is over then, and nothing but a person clears it."""
    rule: str = ""
    """The rule's id."""
    signal: str = ""
    value: float | None = None
    """What the signal was."""
    moment_ns: int | None = None
    """When that was, by the clock of who sent it or of the recording."""
    seconds: float | None = None
    """When that was, in seconds since the recording's first message."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One time that something went wrong."""

    id: str
    key: str
    text: str
    severity: Severity
    source: AlertSource
    fired_at: int
    """Times are nanoseconds since the Unix epoch, by Paddock's clock."""
    last_at: int
    """When it was last repeated, or ended. What was noticed earlier is known already."""
    place: int
    """Where it stands in the list: firing, then acknowledged ones, the newest first in each. See ``place_of``."""
    state: AlertState = AlertState.FIRING
    count: int = 1
    """How often it was raised."""
    occurrence: int = 1
    """Which one it is of its key."""
    device: str = ""
    car: str = ""
    recording: str = ""
    rule: str = ""
    signal: str = ""
    value: float | None = None
    moment_ns: int | None = None
    seconds: float | None = None
    acknowledged_at: int | None = None
    acknowledged_by: str = ""
    cleared_at: int | None = None
    cleared_by: str = ""
    """Empty where it ended by itself."""
    to_tell: str | None = None
    """What became of it that nobody was told yet: ``fired``, ``cleared``, or both with a space between."""
    version: int = 1

    @property
    def is_open(self) -> bool:
        """Whether it is not over yet."""
        return self.state in OPEN


def place_of(state: AlertState, fired_at: int) -> int:
    """A number that is larger the sooner somebody should look."""
    rank = {AlertState.FIRING: 2, AlertState.ACKNOWLEDGED: 1, AlertState.CLEARED: 0}[state]
    return rank * _RANK + fired_at // 1_000


def first(raising: Raising, at: int, occurrence: int) -> Alert:
    """The alert that begins now; two who raise it at once make the same one.

    Args:
        at: when it was noticed.
        occurrence: which one it is of its key, counted from 1.
    """
    digest = hashlib.sha256(f"{raising.key}\n{occurrence}".encode()).hexdigest()
    noticed = {name: getattr(raising, name) for name in raising.__struct_fields__}
    noticed["key"] = raising.key[:MAX_KEY]
    noticed["text"] = raising.text[:MAX_TEXT]
    return Alert(
        id=digest[:20],
        fired_at=at,
        last_at=at,
        place=place_of(AlertState.FIRING, at),
        occurrence=occurrence,
        to_tell=FIRED,
        **noticed,
    )


def repeated(alert: Alert, raising: Raising, at: int) -> Alert:
    """The open alert after one more time; one that got worse fires again although somebody acknowledged it."""
    worse = raising.severity.rank > alert.severity.rank
    state = AlertState.FIRING if worse else alert.state
    return msgspec.structs.replace(
        alert,
        text=raising.text[:MAX_TEXT],
        severity=raising.severity,
        value=raising.value,
        count=alert.count + 1,
        last_at=at,
        state=state,
        place=place_of(state, alert.fired_at),
        to_tell=FIRED if worse else alert.to_tell,
        version=alert.version + 1,
    )


def cleared(alert: Alert, at: int, by: str = "", *, noticed: bool = False) -> Alert:
    """The alert after its end.

    Args:
        noticed: whether who noticed it says so; what was noticed before ``at`` is then known.
    """
    return msgspec.structs.replace(
        alert,
        state=AlertState.CLEARED,
        cleared_at=at,
        cleared_by=by,
        last_at=max(at, alert.last_at) if noticed else alert.last_at,
        place=place_of(AlertState.CLEARED, alert.fired_at),
        # That a log is over is no news.
        to_tell=alert.to_tell if alert.recording else f"{alert.to_tell or ''} {CLEARED}".strip(),
        version=alert.version + 1,
    )


def acknowledged(alert: Alert, at: int, by: str) -> Alert:
    """The alert after somebody saw it, who stays the one who did. What a log shows is over with that."""
    if alert.acknowledged_at is not None and alert.state is not AlertState.FIRING:
        return alert
    state = AlertState.ACKNOWLEDGED if alert.state is AlertState.FIRING else alert.state
    seen = msgspec.structs.replace(
        alert,
        state=state,
        acknowledged_at=at,
        acknowledged_by=by,
        place=place_of(state, alert.fired_at),
        version=alert.version + 1,
    )
    if alert.recording and not alert.device and alert.is_open:
        return msgspec.structs.replace(cleared(seen, at, by), version=seen.version)
    return seen
