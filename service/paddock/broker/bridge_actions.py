"""The actions of people, as the bridge hands them to devices on a team's own broker."""

from __future__ import annotations

from collections import deque
from time import monotonic

import gmqtt
from gmqtt.storage import PersistentStorage

from paddock.broker.downlink import Downlink, Outgoing
from paddock.domain.devices import Device

MOST_IN_FLIGHT = 10
"""Actions that the broker has not acknowledged; mosquitto takes 20 messages at a time."""


class HandedOver(PersistentStorage):  # type: ignore[misc]
    """What the broker has not acknowledged, as gmqtt keeps it; it also says which actions were acknowledged.

    An action whose acknowledgement was lost with the broker's session is handed over again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.acknowledged: deque[str] = deque()
        """Ids of actions that the broker has, and that was not said of yet."""
        self.lost: deque[str] = deque()
        """Ids of those that it may not have, because it forgot the session."""
        self._publishing = ""
        self._actions: dict[int, str] = {}

    @property
    def has_room(self) -> bool:
        """Whether the broker is given one more."""
        return len(self._actions) < MOST_IN_FLIGHT

    def publish(self, client: gmqtt.Client, topic: str, action: Outgoing) -> None:
        """Publish an action with quality of service 1; the broker forgets it when it expires."""
        self._publishing = action.id
        client.publish(
            topic,
            action.payload,
            qos=1,
            content_type=action.content_type,
            message_expiry_interval=action.expires_s,
        )

    def push_message(self, mid: int, raw_package: bytes) -> None:
        """gmqtt sent a packet."""
        super().push_message(mid, raw_package)
        self._actions[mid] = self._publishing

    def remove_message_by_mid(self, mid: int) -> None:
        """The broker acknowledged it."""
        super().remove_message_by_mid(mid)
        if (action_id := self._actions.pop(mid, None)) is not None:
            self.acknowledged.append(action_id)

    def clear(self) -> None:
        """The broker does not know the session any more."""
        super().clear()
        self.lost.extend(self._actions.values())
        self._actions.clear()


class ActionsThere:
    """Hands each action over once, and again when its device comes back from silence.

    Which devices are on that broker is known by what they send there: those alone are given actions.

    Args:
        downlink: what is asked of devices.
        handed_over: what the broker has of it.
    """

    def __init__(self, downlink: Downlink, handed_over: HandedOver) -> None:
        self._downlink = downlink
        self._handed_over = handed_over
        self._heard: dict[str, float] = {}
        """When something came of a device last (monotonic)."""
        self._topics: dict[str, str] = {}
        self._given: dict[str, str] = {}
        """The device of each action that was published."""

    def heard(self, device: Device, topic: str | None) -> None:
        """A device sent something.

        Args:
            device: which.
            topic: where it hears what is asked of it; None where the settings name no such topic.
        """
        if topic is None:
            return
        now = monotonic()
        silent_s = now - self._heard.get(device.id, now)
        self._heard[device.id], self._topics[device.id] = now, topic
        if silent_s > device.timeout_s:
            # It may have been away, and the broker may have kept nothing for it.
            self._given = {action: of for action, of in self._given.items() if of != device.id}

    async def hand_over(self, client: gmqtt.Client) -> None:
        """Publish what waits, and note what the broker took.

        Raises:
            Unavailable: the database does not answer.
        """
        there = self._handed_over
        while there.acknowledged:
            await self._downlink.sent(there.acknowledged[0])
            there.acknowledged.popleft()
        while there.lost:
            self._given.pop(there.lost.popleft(), None)
        if not self._heard or not client.is_connected:
            return
        waiting = await self._downlink.waiting(list(self._heard))
        ids = {each.id for each in waiting}
        self._given = {action: of for action, of in self._given.items() if action in ids}
        for action in waiting:
            if action.id not in self._given and there.has_room:
                self._given[action.id] = action.device_id
                there.publish(client, self._topics[action.device_id], action)
