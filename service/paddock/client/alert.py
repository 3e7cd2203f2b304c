"""Alerts, as the service says them."""

from __future__ import annotations

from paddock.client.answer import Answer


class Alert(Answer, kw_only=True, dict=True):
    """One time that something went wrong, as it was when it was asked for."""

    id: str
    key: str
    """What is wrong; the next alert of the same has it too."""
    text: str
    severity: str
    """``info``, ``warning`` or ``critical``."""
    state: str
    """``firing``, ``acknowledged`` or ``cleared``."""
    source: str
    """Who noticed: ``device``, ``silence``, ``rule`` or ``paddock``."""
    device: str = ""
    car: str = ""
    recording: str = ""
    rule: str = ""
    signal: str = ""
    value: float | None = None
    moment: str | None = None
    """When it was, by the clock of the log or the device: RFC 3339, UTC, like all times here."""
    fired_at: str
    last_at: str
    count: int = 1
    """How often it was raised."""
    acknowledged_at: str | None = None
    acknowledged_by: str = ""
    cleared_at: str | None = None
    cleared_by: str = ""
    """Empty where it ended by itself."""

    def acknowledge(self) -> Alert:
        """Say that somebody has seen it; who was first stays."""
        return Alert.of(self._asked(), self._asked().call("POST", f"/api/alerts/{self.id}/acknowledge"))

    def clear(self) -> Alert:
        """Say that it is over, where nothing else would."""
        return Alert.of(self._asked(), self._asked().call("POST", f"/api/alerts/{self.id}/clear"))
