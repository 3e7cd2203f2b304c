"""What is stored of what a device publishes."""

from __future__ import annotations

from paddock.broker.doors import Doorkeeper
from paddock.domain.devices import Device
from paddock.errors import Rejected
from paddock.usecases.streams.tokens_inside import unsealed


def checked_payload(doors: Doorkeeper, device: Device, content_type: str, payload: bytes) -> bytes:
    """The payload without the tokens that are in it, each of which must be the device's own.

    Raises:
        Rejected: one is not, the message says to be another device's (code ``other_device``), or it cannot be read
            although it has what looks like a token.
    """
    sent = unsealed(content_type, payload, has_schema=bool(device.schema))
    for token in sent.tokens:
        doors.admit(token, device.id)
    if others := sent.devices - {device.id}:
        raise Rejected(
            f"The message says to be of the device {min(others)[:80]!r}: send it with its own token.",
            code="other_device",
        )
    return sent.payload
