"""Telling somebody something elsewhere: a webhook, Discord, Slack, e-mail."""

from __future__ import annotations

from typing import Protocol

from paddock.domain.notices import DestinationKind, Event
from paddock.errors import PaddockError, Unavailable


class TryLater(Unavailable):
    """It certainly did not arrive, and may later.

    Args:
        message: why, without the address, which is a secret.
        after_s: not before, in seconds, where whoever refuses says so.
    """

    def __init__(self, message: str, after_s: float | None = None) -> None:
        super().__init__(message, code="not_sent")
        self.after_s = after_s


class MayHaveArrived(PaddockError):
    """It was handed over, and nobody said that it arrived. Sent again, it may arrive twice."""

    code = "may_have_arrived"


class Notifier(Protocol):
    """Sends one message."""

    async def send(self, kind: DestinationKind, address: str, event: Event) -> None:
        """Tell somebody; when this returns, it has arrived.

        Raises:
            TryLater: it certainly did not arrive.
            Rejected: it is not taken, however often it is sent (code ``not_taken``), or the address is one that is
                not written to (``bad_destination``).
            MayHaveArrived: nobody knows.
        """
        ...
