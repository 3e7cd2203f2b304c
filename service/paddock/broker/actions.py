"""The actions of people, as the endpoint hands them to devices."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import structlog

from paddock.broker.downlink import Outgoing
from paddock.domain.actions import ActionState, Answer, message_of
from paddock.domain.instants import NS_PER_S
from paddock.errors import PaddockError, Unavailable
from paddock.usecases.actions.actions import note_sent, take_answer, waiting_actions
from paddock.usecases.context import Context

log = structlog.get_logger()


class AskedActions:
    """A ``Downlink`` from the documents.

    Args:
        context: whose devices.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    async def waiting(self, device_ids: Collection[str]) -> Sequence[Outgoing]:
        """What these devices have not said to have."""
        found = await waiting_actions(self._context, device_ids)
        now = self._context.now()
        return [
            Outgoing(
                action.id,
                action.device,
                message_of(action),
                expires_s=max(1, (action.expires_at - now) // NS_PER_S),
            )
            for action in found
        ]

    async def sent(self, action_id: str) -> None:
        """Note it."""
        try:
            await note_sent(self._context, action_id)
        except Unavailable:
            raise
        except PaddockError as error:
            _not_noted(action_id, error)

    async def acknowledged(self, action_id: str) -> None:
        """Note that the device has it."""
        await self._answer(Answer(action_id, ActionState.ACKNOWLEDGED, ""))

    async def failed(self, action_id: str, why: str) -> None:
        """Note that the device will not have it."""
        await self._answer(Answer(action_id, ActionState.FAILED, why))

    async def _answer(self, answer: Answer) -> None:
        try:
            await take_answer(self._context, answer, at=self._context.now())
        except Unavailable:
            raise
        except PaddockError as error:
            _not_noted(answer.action, error)


def _not_noted(action_id: str, error: PaddockError) -> None:
    """It was removed meanwhile, say: telling it again would not help."""
    log.warning("action_not_noted", action=action_id, code=error.code)
