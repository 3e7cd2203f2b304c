"""Tells somebody something, however they are told."""

from __future__ import annotations

from paddock.adapters.smtp import Smtp
from paddock.adapters.webhooks import Webhooks
from paddock.domain.notices import DestinationKind, Event


class EveryWay:
    """``Notifier`` by webhooks and by e-mail."""

    def __init__(self, webhooks: Webhooks, smtp: Smtp) -> None:
        self._webhooks = webhooks
        self._smtp = smtp

    async def send(self, kind: DestinationKind, address: str, event: Event) -> None:
        """As ``Notifier`` says."""
        if kind is DestinationKind.EMAIL:
            await self._smtp.send(address, event)
        else:
            await self._webhooks.send(kind, address, event)
