"""What the recorder writes down of devices while they send: when last, their latest values, silence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog

from paddock.device_log.entry import Entry
from paddock.domain.alerts import AlertSource, Raising
from paddock.domain.device_messages import MAX_FIELDS, MAX_TEXT, Decoded, Sample
from paddock.domain.devices import Device, DeviceState, LatestValue, LatestValues
from paddock.domain.instants import NS_PER_S
from paddock.errors import Conflict
from paddock.usecases.alerts.alerts import clear_alert, raise_alert
from paddock.usecases.context import Context

log = structlog.get_logger()


@dataclass
class _Seen:
    last_seen_ns: int = 0
    messages: int = 0
    """That are not written yet."""
    clock_offset_ns: int | None = None
    values: dict[str, LatestValue] = field(default_factory=dict)
    has_new_values: bool = False
    is_new: bool = True
    """Whether something is to be written."""
    is_silent: bool | None = None


class SeenDevices:
    """Keeps in memory what came, and writes it down when ``write`` is called: a few times a second.

    Args:
        context: whose devices.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._seen: dict[str, _Seen] = {}

    async def begin(self) -> None:
        """Take up what is known of before.

        Raises:
            Unavailable: the database does not answer.
        """
        for state in (await self._context.documents.device_states.find(limit=500)).items:
            if state.last_seen_ns is not None:
                self._seen[state.id] = _Seen(
                    state.last_seen_ns, clock_offset_ns=state.clock_offset_ns, is_new=False
                )
        for latest in (await self._context.documents.device_latest.find(limit=500)).items:
            if latest.id in self._seen:
                self._seen[latest.id].values = dict(latest.values)

    def note(self, entry: Entry, decoded: Decoded | None, *, is_counted: bool) -> None:
        """Note an entry; on any one thread.

        Args:
            entry: of any kind.
            decoded: what it holds; None for what are no values.
            is_counted: whether it was counted already, before a restart.
        """
        seen = self._seen.setdefault(entry.device_id, _Seen())
        if decoded is not None and not decoded.samples:
            return  # nothing of it was taken
        seen.is_new = True
        seen.last_seen_ns = max(seen.last_seen_ns, entry.received_ns)
        if decoded is None:
            return
        seen.messages += 0 if is_counted else len(decoded.samples)
        if decoded.clock_offset_ns is not None:
            seen.clock_offset_ns = decoded.clock_offset_ns
        self._note_values(seen, decoded.samples)

    def _note_values(self, seen: _Seen, samples: Iterable[Sample]) -> None:
        for sample in samples:
            for path, value in sample.values.items():
                name = f"{sample.topic}.{path}"
                known = seen.values.get(name)
                if known is None and len(seen.values) >= MAX_FIELDS:
                    # The one that was silent for longest makes room.
                    del seen.values[min(seen.values, key=lambda each: seen.values[each].time_ns)]
                if known is None or known.time_ns <= sample.time_ns:
                    shown = value[:MAX_TEXT] if isinstance(value, str) else value
                    called = sample.enums.get(path, {}).get(value, "") if isinstance(value, int) else ""
                    seen.values[name] = LatestValue(value=shown, time_ns=sample.time_ns, name=called)
                    seen.has_new_values = True

    async def write(self) -> None:
        """Write down what is new.

        Raises:
            Unavailable: the database does not answer; it is written the next time.
        """
        documents = self._context.documents
        for device_id, seen in self._seen.items():
            if not seen.is_new:
                continue
            state = await documents.device_states.get(device_id)
            if state is None:
                await documents.device_states.insert(state := DeviceState(id=device_id))
            counted, seen.is_new = seen.messages, False
            changes = {
                "last_seen_ns": max(seen.last_seen_ns, state.last_seen_ns or 0),
                "messages": state.messages + counted,
                "clock_offset_ns": seen.clock_offset_ns,
            }
            try:
                await documents.device_states.change(device_id, changes)
            except BaseException:
                seen.is_new = True
                raise
            seen.messages -= counted
            if seen.has_new_values:
                seen.has_new_values = False
                latest = LatestValues(id=device_id, received_ns=seen.last_seen_ns, values=dict(seen.values))
                await documents.device_latest.put_many([latest])

    async def look_for_silence(self, devices: Iterable[Device], read_to_ns: int) -> None:
        """Raise and clear the alarm of devices that sent nothing for longer than their time-out.

        Args:
            devices: all of them.
            read_to_ns: all that came before was noted.

        Raises:
            Unavailable: the database does not answer.
        """
        for device in devices:
            seen = self._seen.get(device.id)
            if seen is None or not seen.last_seen_ns:
                continue  # it never sent anything
            silent = device.disabled_at is None and read_to_ns - seen.last_seen_ns > device.timeout_s * NS_PER_S
            if silent == seen.is_silent:
                continue
            seen.is_silent = await self._said(device, seen, silent=silent)

    async def _said(self, device: Device, seen: _Seen, *, silent: bool) -> bool | None:
        """Raise or clear the alarm; None where that has to be tried again."""
        key = f"silence/{device.id}"
        try:
            if silent:
                raising = Raising(
                    key=key,
                    text=f"{device.name} has sent nothing for {device.timeout_s:,} s.",
                    source=AlertSource.SILENCE,
                    device=device.id,
                    car=device.car,
                )
                # By when it began, so that it is one alarm however often the recorder begins anew.
                await raise_alert(self._context, raising, at=seen.last_seen_ns + device.timeout_s * NS_PER_S)
            else:
                await clear_alert(self._context, key, at=seen.last_seen_ns)
        except Conflict as error:
            log.warning("alert_busy", key=key, message=error.message)
            return None
        return silent
