"""Sessions: what is known of a client between two connections, its subscription and what it has not acknowledged.

They are in memory. After a restart of the endpoint a client is told that there is none, and subscribes anew; what
is asked of it waits in the documents meanwhile.
"""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paddock.broker.downlink import Outgoing
from paddock.broker.limits import MOST_OF_A_DEVICE
from paddock.broker.mqtt.packets import V5, Connect, MqttError, Reason, Subscribe, Unsubscribe
from paddock.broker.topics import actions_topic

if TYPE_CHECKING:
    from paddock.broker.connection import Connection

MAX_PACKET_ID = 65_535
_MOST_CLIENT_ID = 256


@dataclass(eq=False)
class Session:
    """One client of a device."""

    device_id: str
    client_id: str
    granted: int | None = None
    """Quality of service of its subscription; None without one."""
    subscription_id: int | None = None
    expiry_s: int = 0
    """How long it outlasts its connection."""
    over_at: float = 0.0
    """When it is over (monotonic), while it has no connection."""
    connection: Connection | None = None
    unacknowledged: dict[int, Outgoing] = field(default_factory=dict)
    """What was sent with quality of service 1, by its packet identifier."""
    sent: set[str] = field(default_factory=set)
    """Actions that were sent on this connection."""
    received: set[int] = field(default_factory=set)
    """Packet identifiers of messages of quality of service 2 that are in the log and not released yet."""
    _ids: Iterator[int] = field(default_factory=lambda: itertools.cycle(range(1, MAX_PACKET_ID + 1)))

    def subscribe(self, packet: Subscribe) -> tuple[list[int], list[str]]:
        """Take a subscription to the device's own actions.

        Returns:
            The reason code of each filter, and the filters that are not the device's to subscribe to.
        """
        codes: list[int] = []
        refused = []
        for topic_filter, qos in packet.filters:
            if topic_filter == actions_topic(self.device_id):
                self.granted = min(qos, 1)
                self.subscription_id = packet.properties.subscription_id
                codes.append(self.granted)
            elif topic_filter.startswith("$share/"):
                codes.append(Reason.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED)
            else:
                refused.append(topic_filter)
                codes.append(Reason.NOT_AUTHORIZED)
        return codes, refused

    def unsubscribe(self, packet: Unsubscribe) -> list[int]:
        """End the subscription; the reason code of each filter."""
        codes: list[int] = []
        for topic_filter in packet.filters:
            known = topic_filter == actions_topic(self.device_id) and self.granted is not None
            if known:
                self.granted = None
            codes.append(Reason.SUCCESS if known else Reason.NO_SUBSCRIPTION)
        return codes

    def release(self, packet_id: int) -> Reason:
        """A message of quality of service 2 is the client's no more (PUBREL); what it is answered."""
        known = packet_id in self.received
        self.received.discard(packet_id)
        return Reason.SUCCESS if known else Reason.PACKET_ID_NOT_FOUND

    def new_packet_id(self) -> int:
        """One that is not in use."""
        return next(each for each in self._ids if each not in self.unacknowledged)


class Sessions:
    """All of them; a device has few, and no client another device's."""

    def __init__(self) -> None:
        self._sessions: dict[str, dict[str, Session]] = {}

    def of(self, device_id: str) -> list[Session]:
        """Those of a device, the one used last comes last."""
        return list(self._sessions.get(device_id, {}).values())

    def find(self, device_id: str, client_id: str) -> Session | None:
        """The one of a client, unless it is over."""
        session = self._sessions.get(device_id, {}).get(client_id)
        if session is not None and session.connection is None and session.over_at <= time.monotonic():
            self.end(session)
            return None
        return session

    def begin(self, device_id: str, client_id: str) -> Session | None:
        """A new one; None where the device has as many connections as it may."""
        ours = self._sessions.setdefault(device_id, {})
        if len(ours) >= MOST_OF_A_DEVICE:
            idle = next((each for each in ours.values() if each.connection is None), None)
            if idle is None:
                return None
            self.end(idle)
            ours = self._sessions.setdefault(device_id, {})
        session = ours[client_id] = Session(device_id, client_id)
        return session

    def end(self, session: Session) -> None:
        """Forget one."""
        ours = self._sessions.get(session.device_id, {})
        if ours.get(session.client_id) is session:
            del ours[session.client_id]
            if not ours:
                del self._sessions[session.device_id]

    def disconnected(self, session: Session) -> None:
        """Its connection is gone: it is over now, or after a while."""
        session.connection = None
        session.sent.clear()
        session.over_at = time.monotonic() + session.expiry_s
        if not session.expiry_s:
            self.end(session)

    def end_those_that_are_over(self) -> None:
        """Forget them."""
        now = time.monotonic()
        for ours in list(self._sessions.values()):
            for session in list(ours.values()):
                if session.connection is None and session.over_at <= now:
                    self.end(session)

    def listening(self) -> dict[str, list[Session]]:
        """Those that are connected and subscribed, by device."""
        found: dict[str, list[Session]] = {}
        for device_id, ours in self._sessions.items():
            here = [each for each in ours.values() if each.connection is not None and each.granted is not None]
            if here:
                found[device_id] = here
        return found


def named(connect: Connect) -> tuple[str, str]:
    """The client identifier, and the same again where the server gave it.

    Raises:
        MqttError: it is none that can be taken.
    """
    if connect.client_id:
        if len(connect.client_id) > _MOST_CLIENT_ID:
            raise MqttError(
                Reason.CLIENT_ID_NOT_VALID, f"a client identifier has at most {_MOST_CLIENT_ID} characters"
            )
        return connect.client_id, ""
    if connect.version != V5 and not connect.clean:
        raise MqttError(Reason.CLIENT_ID_NOT_VALID, "a session that is to last needs a client identifier")
    assigned = _new_client_id()
    return assigned, assigned


def _new_client_id() -> str:
    """For a client that says none."""
    return f"paddock-{secrets.token_hex(8)}"
