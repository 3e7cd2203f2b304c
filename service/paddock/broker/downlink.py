"""What is asked of devices: where the endpoint gets it, and whom it tells what became of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec

from paddock.domain.actions import DEFAULT_EXPIRES_S


class Outgoing(msgspec.Struct, frozen=True):
    """An action on its way to a device, published on ``devices/{device_id}/actions``.

    Args:
        id: of the action.
        device_id: who is to get it.
        payload: as it is sent, the action's id and expiry in it.
        content_type: what the payload is.
        expires_s: how long it may still wait for the device, in seconds.
    """

    id: str
    device_id: str
    payload: bytes
    content_type: str = "application/json"
    expires_s: int = DEFAULT_EXPIRES_S


class Downlink(Protocol):
    """The actions of all devices, as the endpoint sees them. All methods may raise ``Unavailable``; what they were
    told is told again then.
    """

    async def waiting(self, device_ids: Collection[str]) -> Sequence[Outgoing]:
        """Actions for these devices that are neither acknowledged nor over, the oldest first.

        Asked about three times a second for the devices that listen now; an action is given again each time until
        it is acknowledged, has expired or was withdrawn. The endpoint sends it once per connection.
        """
        ...

    async def sent(self, action_id: str) -> None:
        """It was written to the device's connection. Said again when it is sent again on another connection."""
        ...

    async def acknowledged(self, action_id: str) -> None:
        """The device has it, by its PUBACK. One that listens with quality of service 0 never says so."""
        ...

    async def failed(self, action_id: str, why: str) -> None:
        """The device answered that it will not have it, or it is too large for it."""
        ...


class NoActions:
    """Nothing is asked of any device."""

    async def waiting(self, device_ids: Collection[str]) -> Sequence[Outgoing]:
        """Nothing."""
        return ()

    async def sent(self, action_id: str) -> None:
        """Never said."""

    async def acknowledged(self, action_id: str) -> None:
        """Never said."""

    async def failed(self, action_id: str, why: str) -> None:
        """Never said."""
