"""Who is let in, and what is taken of them: what the endpoint needs of the rest of Paddock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from paddock.device_log.entry import Kind
from paddock.domain.devices import Device


class Doorkeeper(Protocol):
    """The devices as they were a moment ago; ``usecases.devices.tokens.KnownDevices`` is one."""

    async def refresh(self) -> None:
        """Look again, unless that was just done.

        Raises:
            Unavailable: the database does not answer.
        """
        ...

    def get(self, device_id: str) -> Device | None:
        """The device with this id, as of the last look."""
        ...

    def admit(self, token: str, device_id: str | None = None) -> Device:
        """The device whose token this is, as of the last look.

        Raises:
            Rejected: it lets nobody in, or not this device.
        """
        ...


class Refusals(Protocol):
    """Counts what is refused; ``usecases.devices.refused.RefusedInput`` does."""

    def note(self, device_id: str, code: str, reason: str, count: int = 1) -> None:
        """One more of a device, with a stable word and a sentence."""
        ...

    async def write(self) -> None:
        """Write down what was counted.

        Raises:
            Unavailable: the database does not answer; it is kept for the next time.
        """
        ...


Check: TypeAlias = Callable[[Device, Kind, str, bytes], bytes]
"""What is stored of a payload of a content type: without tokens. Raises ``Rejected`` for one that is not taken."""
