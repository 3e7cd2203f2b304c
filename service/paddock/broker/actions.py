"""The actions of devices as the endpoint sees them: see ``downlink.py``."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from paddock.broker.downlink import Outgoing
from paddock.domain.actions import ActionState, Answer, message_of
from paddock.usecases.actions.actions import note_sent, take_answer, waiting_actions
from paddock.usecases.context import Context


class DeviceActions:
    """The downlink of a Paddock."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def waiting(self, device_ids: Collection[str]) -> Sequence[Outgoing]:
        """What these devices have not said to have."""
        if not device_ids:
            return ()
        waiting = await waiting_actions(self._context, device_ids)
        return [Outgoing(action.id, action.device, message_of(action)) for action in waiting]

    async def sent(self, action_id: str) -> None:
        """It was handed to the device's connection."""
        await note_sent(self._context, action_id)

    async def acknowledged(self, action_id: str) -> None:
        """The device has it."""
        await self._note(Answer(action_id, ActionState.ACKNOWLEDGED, ""))

    async def failed(self, action_id: str, why: str) -> None:
        """The device will not have it."""
        await self._note(Answer(action_id, ActionState.FAILED, why))

    async def _note(self, answer: Answer) -> None:
        await take_answer(self._context, answer, at=self._context.now())
