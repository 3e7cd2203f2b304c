"""Goes through the bytes of one packet; nothing is read behind its end."""

from __future__ import annotations

from paddock.broker.mqtt.packets import MqttError, Reason

MOST_VARINT_BYTES = 4


class Cursor:
    """The types of data that packets are made of (§1.5).

    Args:
        data: bytes of one packet, or more.
        at: where to begin.
        end: where the packet, or a part of it, ends.
    """

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes | bytearray, at: int, end: int) -> None:
        self.data = data
        self.at = at
        self.end = end

    def take(self, count: int) -> bytes:
        """So many bytes.

        Raises:
            MqttError: there are fewer.
        """
        at = self.at
        if at + count > self.end:
            raise MqttError(Reason.MALFORMED_PACKET, "the packet is shorter than what it says is in it")
        self.at = at + count
        return bytes(self.data[at : at + count])

    def rest(self) -> bytes:
        """All up to the end."""
        return self.take(self.end - self.at)

    def byte(self) -> int:
        """One byte."""
        return self.take(1)[0]

    def uint16(self) -> int:
        """Two Byte Integer."""
        return int.from_bytes(self.take(2), "big")

    def uint32(self) -> int:
        """Four Byte Integer."""
        return int.from_bytes(self.take(4), "big")

    def varint(self) -> int:
        """Variable Byte Integer."""
        value = 0
        for place in range(MOST_VARINT_BYTES):
            byte = self.byte()
            value |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                if place and not byte:
                    raise MqttError(Reason.MALFORMED_PACKET, "a number has more bytes than it needs")
                return value
        raise MqttError(Reason.MALFORMED_PACKET, "a number has more than four bytes")

    def binary(self) -> bytes:
        """Binary Data."""
        return self.take(self.uint16())

    def text(self) -> str:
        """UTF-8 Encoded String [MQTT-1.5.4-1, MQTT-1.5.4-2]."""
        try:
            text = self.binary().decode()
        except UnicodeDecodeError:
            raise MqttError(Reason.MALFORMED_PACKET, "a text is not UTF-8") from None
        if "\0" in text:
            raise MqttError(Reason.MALFORMED_PACKET, "a text has a null character")
        return text

    def pair(self) -> tuple[str, str]:
        """UTF-8 String Pair."""
        return self.text(), self.text()
