"""What devices say on their actions topic: what became of what they were asked."""

from __future__ import annotations

from paddock.domain.actions import Action, answer_of
from paddock.usecases.actions.actions import take_answer
from paddock.usecases.alerts.from_devices import decoded
from paddock.usecases.context import Context


async def take_device_answers(
    context: Context, device_id: str, payload: bytes, *, content_type: str, received_ns: int
) -> tuple[Action, ...]:
    """Note what a message of a device says; again, nothing changes.

    Args:
        payload: JSON, lines of JSON or MessagePack: ``{"id": "…", "state": "done", "result": "…"}``, or several.
        content_type: of the payload; empty where the device did not say it.
        received_ns: when it came.

    Raises:
        Rejected: it says nothing that can be understood (code ``bad_answer``).
        NotFound: nobody asked that of this device (code ``no_such_action``).
    """
    said = decoded(payload, content_type, "answer")
    answers = [answer_of(each) for each in (said if isinstance(said, list) else [said])]
    return tuple([await take_answer(context, each, at=received_ns, device_id=device_id) for each in answers])
