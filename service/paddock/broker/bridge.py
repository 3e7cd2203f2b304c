"""Takes in what devices send to a team's own MQTT broker, and asks them there what people ask of them.

The broker keeps for us what we have not acknowledged (a session that lasts), and we acknowledge what is in the
device log. Who may publish there is the broker's to say; whose message it is, the topic says.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import socket
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import gmqtt
import structlog
from gmqtt.mqtt.handler import MQTTConnectError

from paddock.broker.actions import AskedActions
from paddock.broker.bridge_actions import ActionsThere, HandedOver
from paddock.broker.doors import Doorkeeper, Refusals
from paddock.broker.limits import MOST_EXPIRY_S
from paddock.broker.mqtt.packets import Reason
from paddock.broker.payloads import checked_payload
from paddock.device_log.entry import Entry, Kind
from paddock.domain.actions import is_asked
from paddock.errors import PaddockError, Rejected, Unavailable
from paddock.settings import Settings
from paddock.usecases.context import Context

AGAIN_S = 5.0
KEEP_ALIVE_S = 30
LOOK_S = 0.25
MOST_AT_ONCE = 500
"""Messages on their way to the disk."""
_PORTS = {"mqtt": 1883, "mqtts": 8883}

log = structlog.get_logger()


class Topics:
    """Where devices publish on that broker.

    Args:
        patterns: comma-separated topics with ``{id}`` in the place of the device's id, and ``{kind}`` where the
            topic says which of data, alerts and actions it is; without, all is data.

    Raises:
        Rejected: one has no ``{id}`` (code ``bad_setting``).
    """

    def __init__(self, patterns: str) -> None:
        self.filters = []
        self._patterns = []
        self._actions: list[tuple[re.Pattern[str], str]] = []
        for pattern in filter(None, (each.strip() for each in patterns.split(","))):
            levels = pattern.split("/")
            if "{id}" not in levels or any("{" in each and each not in ("{id}", "{kind}") for each in levels):
                raise Rejected(
                    "PADDOCK_MQTT_BRIDGE_TOPICS must be topics with {id} for the device, such as "
                    f"devices/{{id}}/{{kind}}, not {pattern[:80]!r}.",
                    code="bad_setting",
                )
            self.filters.append("/".join("+" if "{" in each else each for each in levels))
            kinds = "|".join(Kind)
            parts = {"{id}": "(?P<id>[^/]+)", "{kind}": f"(?P<kind>{kinds})", "+": "[^/]+"}
            self._patterns.append(re.compile("/".join(parts.get(each, re.escape(each)) for each in levels)))
            if "{kind}" in levels and "+" not in levels:
                self._actions.append((self._patterns[-1], pattern.replace("{kind}", Kind.ACTIONS)))

    def read(self, topic: str) -> tuple[str, Kind] | None:
        """Device and kind of a topic; None where it has neither."""
        for pattern in self._patterns:
            if found := pattern.fullmatch(topic):
                said = found.groupdict()
                return said["id"], Kind(said.get("kind") or Kind.DATA)
        return None

    def actions_topic(self, topic: str) -> str | None:
        """Where the device that published on a topic hears what is asked of it; None without a ``{kind}``."""
        for pattern, actions in self._actions:
            if found := pattern.fullmatch(topic):
                return actions.replace("{id}", found["id"])
        return None


class Bridge:
    """What becomes of each message.

    Args:
        context: whose log.
        doors: knows the devices.
        refusals: counts what is refused.
        topics: where devices publish.
        actions: what is asked of them.
    """

    def __init__(
        self, context: Context, doors: Doorkeeper, refusals: Refusals, topics: Topics, actions: ActionsThere
    ) -> None:
        self._context = context
        self._doors = doors
        self._refusals = refusals
        self._topics = topics
        self._actions = actions
        self.filters = topics.filters
        """What is subscribed to."""

    async def take(self, topic: str, payload: bytes, content_type: str = "") -> bool:
        """Put a message into the log.

        Returns:
            whether it was taken; one that was not never will be.

        Raises:
            Unavailable: the disk takes nothing now, or the database does not answer.
        """
        found = self._topics.read(topic)
        if found is None:
            return False
        device_id, kind = found
        if kind is Kind.ACTIONS and is_asked(payload):
            return False  # our own
        await self._doors.refresh()
        device = self._doors.get(device_id)
        if device is None or device.disabled_at is not None:
            log.warning("bridge_refused", device=device_id[:80], known=device is not None)
            return False
        self._actions.heard(device, self._topics.actions_topic(topic))
        try:
            kept = checked_payload(self._doors, device, content_type, payload)
            entry = Entry(device.id, kind, time.time_ns(), content_type[:100], kept)
            await asyncio.wrap_future(self._context.appender().append([entry]))
        except Rejected as error:
            self._refusals.note(device.id, error.code, error.message)
            return False
        return True


async def run_bridge(settings: Settings, context: Context, doors: Doorkeeper, refusals: Refusals) -> None:
    """Take messages in until this is cancelled; a broker that is away is asked again and again."""
    for name in ("gmqtt", "gmqtt.client", "gmqtt.mqtt.handler"):
        logging.getLogger(name).setLevel(logging.ERROR)  # it says each attempt
    address = urlsplit(settings.mqtt_bridge_url)
    handed_over = HandedOver()
    actions = ActionsThere(AskedActions(context), handed_over)
    bridge = Bridge(context, doors, refusals, Topics(settings.mqtt_bridge_topics), actions)
    # One session per Paddock: the broker keeps for it what came while it was away.
    itself = hashlib.sha256(f"{socket.gethostname()}:{settings.data.resolve()}".encode()).hexdigest()[:16]
    client = gmqtt.Client(
        f"paddock-{itself}",
        clean_session=False,
        optimistic_acknowledgement=False,
        session_expiry_interval=MOST_EXPIRY_S,
        receive_maximum=MOST_AT_ONCE,
        persistent_storage=handed_over,
    )
    client.set_config({"reconnect_retries": gmqtt.constants.UNLIMITED_RECONNECTS, "reconnect_delay": AGAIN_S})
    if address.username:
        client.set_auth_credentials(unquote(address.username), unquote(address.password or ""))

    def connected(client: gmqtt.Client, flags: int, code: int, properties: Mapping[str, Any]) -> None:
        log.info("bridge_connected", broker=address.hostname)
        for each in bridge.filters:
            client.subscribe(each, qos=1)

    async def message(
        client: gmqtt.Client, topic: str, payload: bytes, qos: int, properties: Mapping[str, Any]
    ) -> int:
        if properties.get("retain"):
            return Reason.SUCCESS  # it was taken when it came
        try:
            await bridge.take(topic, payload, str((properties.get("content_type") or [""])[0]))
        except Unavailable as error:
            # Not acknowledged: the broker gives it again on the next connection.
            log.warning("bridge_waits", code=error.code, message=error.message)
            await client.reconnect(delay=True)
            raise
        return Reason.SUCCESS

    client.on_connect = connected
    client.on_message = message
    try:
        while True:
            try:
                await client.connect(
                    address.hostname or "",
                    address.port or _PORTS[address.scheme],
                    ssl=address.scheme == "mqtts",
                    keepalive=KEEP_ALIVE_S,
                )
                break
            except (OSError, MQTTConnectError) as error:
                log.warning("bridge_is_away", broker=address.hostname, error=str(error))
                await asyncio.sleep(AGAIN_S)
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await actions.hand_over(client)
                await refusals.write()
            except PaddockError as error:
                log.warning("store_unavailable", code=error.code, message=error.message)
    finally:
        await client.disconnect()
