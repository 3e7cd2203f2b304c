"""Input that was refused: counted per device, with the last reason, and written down now and then."""

from __future__ import annotations

from dataclasses import dataclass, field

from paddock.domain.devices import MAX_REASONS, DeviceState
from paddock.ports.documents import Equals
from paddock.usecases.context import Context


@dataclass
class _Refused:
    counts: dict[str, int] = field(default_factory=dict)
    last: str = ""
    last_at: int = 0


class RefusedInput:
    """What one process refused since it last wrote it down: a flood costs a write now and then.

    Args:
        context: whose devices.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting: dict[str, _Refused] = {}

    def note(self, device_id: str, code: str, reason: str, count: int = 1) -> None:
        """Count refused input of a device.

        Args:
            device_id: one that there is; what strangers send is nobody's.
            code: of the reason, a stable word.
            reason: the same as a sentence.
            count: how often.
        """
        refused = self._waiting.setdefault(device_id, _Refused())
        refused.counts[code] = refused.counts.get(code, 0) + count
        refused.last, refused.last_at = reason, self._context.now()

    async def write(self) -> None:
        """Add what was counted to what the devices' documents say; what cannot be written is kept for next time.

        Raises:
            Unavailable: the database does not answer.
        """
        for device_id in list(self._waiting):
            # What is refused while this is written counts as new.
            refused = self._waiting.pop(device_id)
            try:
                await _add(self._context, device_id, refused)
            except BaseException:
                for code, count in refused.counts.items():
                    self.note(device_id, code, refused.last, count)
                raise


async def _add(context: Context, device_id: str, refused: _Refused) -> None:
    states = context.documents.device_states
    while True:
        known = await states.get(device_id)
        if known is None:
            await states.insert(DeviceState(id=device_id))
            continue
        counts = dict(known.refused)
        for code, count in refused.counts.items():
            kept = code if code in counts or len(counts) < MAX_REASONS else "other"
            counts[kept] = counts.get(kept, 0) + count
        changes = {
            "refused": counts,
            "refused_count": known.refused_count + sum(refused.counts.values()),
            "last_refused": refused.last,
            "last_refused_at": refused.last_at,
        }
        if await states.change(device_id, changes, [Equals("refused_count", known.refused_count)]):
            return
