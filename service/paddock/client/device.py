"""Devices of the team, as the service says them."""

from __future__ import annotations

import msgspec


class HandedToken(msgspec.Struct, frozen=True):
    """A device's new token, which is shown this once."""

    token: str
    expires_at: str


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Input of a device that was not taken."""

    count: int = 0
    by_code: dict[str, int] = {}
    last: str = ""
    """The last reason, as a sentence."""
    last_at: str | None = None


class LastValue(msgspec.Struct, frozen=True, kw_only=True):
    """The last value of a signal."""

    value: float | int | str | bool | None
    time: str
    """RFC 3339, UTC: as the device says, else when it came."""
    name: str | None = None
    """What the number is called, by the device's schema or CAN database."""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """What sends while it happens: the car, a box of tire temperatures, a weather station."""

    id: str
    name: str
    type: str = ""
    car: str = ""
    owner: str = ""
    notes: str = ""
    topic: str = ""
    """For messages of it that say none."""
    photo: str | None = None
    """Where its photo is."""
    schema: str = ""
    """The protobuf message type that it sends."""
    timeout_s: int = 60
    is_active: bool = False
    """Whether it sent something within its time-out."""
    is_disabled: bool = False
    last_seen: str | None = None
    messages: int = 0
    left_out: int = 0
    """Values that are recorded and not shown live."""
    clock_offset_s: float | None = None
    """How far its clock is behind; None while that is not known."""
    refused: Refused = Refused()
    version: int = 1
