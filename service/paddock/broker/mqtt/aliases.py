"""Numbers that stand for topics in MQTT 5 (§3.3.2.3.4)."""

from __future__ import annotations

from paddock.broker.mqtt.packets import MqttError, Publish, Reason


class TopicAliases:
    """What the numbers of one connection stand for.

    Args:
        most: the largest number that the client was told it may use.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._topics: dict[int, str] = {}

    def resolve(self, packet: Publish) -> str:
        """The topic of a message; one that comes with a number is remembered.

        Raises:
            MqttError: the number is too large, or stands for nothing yet.
        """
        alias = packet.properties.topic_alias
        if alias is None:
            return packet.topic
        if not 1 <= alias <= self._most:
            raise MqttError(Reason.TOPIC_ALIAS_INVALID, f"topic aliases are numbers from 1 to {self._most} here")
        if packet.topic:
            self._topics[alias] = packet.topic
        elif alias not in self._topics:
            raise MqttError(Reason.PROTOCOL_ERROR, f"topic alias {alias} stands for nothing yet")
        return self._topics[alias]
