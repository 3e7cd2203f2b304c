"""One connection of a device: what it says, and what it is answered."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from paddock.broker.downlink import Outgoing
from paddock.broker.limits import (
    CONNECT_S,
    MOST_ALIASES,
    MOST_EXPIRY_S,
    MOST_PACKET_BYTES,
    MOST_UNACKNOWLEDGED,
    MOST_UNACKNOWLEDGED_BYTES,
    STUCK_S,
)
from paddock.broker.mqtt import writing
from paddock.broker.mqtt.aliases import TopicAliases
from paddock.broker.mqtt.packets import (
    PUBACK,
    PUBCOMP,
    PUBREC,
    PUBREL,
    V5,
    Acknowledge,
    Connect,
    Disconnect,
    MqttError,
    Packet,
    Ping,
    Publish,
    Reason,
    Subscribe,
    Unsubscribe,
)
from paddock.broker.mqtt.reading import PacketReader
from paddock.broker.sessions import Session
from paddock.broker.topics import actions_topic, topics_of
from paddock.device_log.entry import Entry
from paddock.domain.devices import Device
from paddock.errors import PaddockError, Rejected, Unavailable

if TYPE_CHECKING:
    from paddock.broker.endpoint import Endpoint

NOT_TAKEN = {
    "device_disabled": Reason.NOT_AUTHORIZED,
    "too_large": Reason.QUOTA_EXCEEDED,
    "other_device": Reason.NOT_AUTHORIZED,
    "not_its_topic": Reason.NOT_AUTHORIZED,
}
"""What a message is answered that is not taken; each is one that a PUBACK may say [MQTT-3.4.2.1]."""


@dataclass
class _Batch:
    """Messages that came together, and what is answered once they are on the disk."""

    entries: list[Entry] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    """Packet identifiers of those of quality of service 2."""
    size: int = 0


class Connection(asyncio.BufferedProtocol):
    """Reads packets, appends what is published, and acknowledges it once it is on the disk.

    Args:
        endpoint: that it belongs to.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._loop = asyncio.get_running_loop()
        self._reader = PacketReader(MOST_PACKET_BYTES)
        self._transport: asyncio.Transport | None = None
        self._connect: Connect | None = None
        self.device: Device | None = None
        """Once it is let in."""
        self.session: Session | None = None
        self._looking_up: asyncio.Task[None] | None = None
        self._aliases = TopicAliases(MOST_ALIASES)
        self._topics = topics_of("")
        self._ends = False
        self._will_is_wanted = False
        self._unacknowledged = 0
        self._unacknowledged_bytes = 0
        self._reads = True
        self._stuck: asyncio.TimerHandle | None = None
        self._heard_at = monotonic()
        self._overdue = self._loop.call_later(CONNECT_S, self.abort)

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection, and TLS where it is asked for, stands."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._ends:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; so is the client, unless it said good-bye."""
        self._overdue.cancel()
        if self._stuck is not None:
            self._stuck.cancel()
        if self._looking_up is not None:
            self._looking_up.cancel()
        self._ends = True
        self.leave_session()
        self._endpoint.lost(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """One for all connections: what is in it is taken before anybody else is asked."""
        return self._endpoint.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Something came."""
        if self._ends:
            return
        self._heard_at = monotonic()
        self._reader.feed(self._endpoint.buffer[:nbytes])
        self._go_on()

    def eof_received(self) -> bool:
        """Nothing more comes; what is on its way to the disk is not acknowledged to anybody."""
        return False

    def pause_writing(self) -> None:
        """The client does not take what it is sent."""
        self._stuck = self._loop.call_later(STUCK_S, self.abort)
        self._read_or_not()

    def resume_writing(self) -> None:
        """It does again."""
        if self._stuck is not None:
            self._stuck.cancel()
        self._stuck = None
        self._read_or_not()

    # The endpoint's side.

    def abort(self) -> None:
        """End it now, without a word."""
        self._ends = True
        if self._transport is not None:
            self._transport.abort()

    @property
    def ends(self) -> bool:
        """Whether nothing more is taken from it."""
        return self._ends

    def leave_session(self) -> None:
        """The session has no connection any more, which is when the will counts."""
        session, connect = self.session, self._connect
        if session is not None and connect is not None and self.device is not None and session.connection is self:
            will = connect.will if self._will_is_wanted else None
            self._endpoint.disconnected(session, self.device, will)

    def end(self, reason: Reason, text: str = "", *, with_will: bool = True) -> None:
        """End it, and say why where the version has a word for it."""
        if self._ends:
            return
        self._ends = True
        self._will_is_wanted = self._will_is_wanted and with_will
        if self._connect is not None and self.device is not None:
            self._write(writing.disconnect(self._connect.version, reason, text))
        if self._transport is not None:
            self._transport.close()
            # A client that takes nothing would keep it open.
            self._stuck = self._stuck or self._loop.call_later(STUCK_S, self._transport.abort)

    def is_silent(self, now: float) -> bool:
        """Whether its client said nothing for one and a half times what it promised [MQTT-3.1.2-22]."""
        if self._connect is None or not self._connect.keep_alive_s or not self._reads:
            return False
        return now - self._heard_at > 1.5 * self._connect.keep_alive_s

    def send_action(self, outgoing: Outgoing) -> bool:
        """Send what is asked of the device, once; False where the client has as much as it takes at a time."""
        session, connect = self.session, self._connect
        assert session is not None and connect is not None
        before = next((n for n, each in session.unacknowledged.items() if each.id == outgoing.id), 0)
        packet_id = before
        if session.granted and not packet_id:
            if len(session.unacknowledged) >= min(connect.properties.receive_maximum or 65_535, 1_000):
                return False
            packet_id = session.new_packet_id()
        packet = writing.publish(
            connect.version,
            actions_topic(outgoing.device_id),
            outgoing.payload,
            packet_id=packet_id,
            duplicate=bool(before),
            subscription_id=session.subscription_id,
            content_type=outgoing.content_type,
        )
        session.sent.add(outgoing.id)
        if len(packet) > (connect.properties.maximum_packet_size or len(packet)):
            self._endpoint.tell_failed(outgoing.id, "It is larger than what the device takes.")
            return True
        if packet_id:
            session.unacknowledged[packet_id] = outgoing
        self._write(packet)
        self._endpoint.tell_sent(outgoing.id)
        return True

    # Packets.

    def _write(self, data: bytes) -> None:
        if data and self._transport is not None:
            self._transport.write(data)

    def _read_or_not(self) -> None:
        """Read on, or wait until what came is on the disk and what was answered is taken."""
        reads = (
            self._looking_up is None
            and self._stuck is None
            and self._unacknowledged < MOST_UNACKNOWLEDGED
            and self._unacknowledged_bytes < MOST_UNACKNOWLEDGED_BYTES
        )
        if reads is self._reads or self._transport is None or self._ends:
            return
        self._reads = reads
        if reads:
            self._heard_at = monotonic()
            self._transport.resume_reading()
            self._go_on()
        else:
            self._transport.pause_reading()

    def _go_on(self) -> None:
        """Everything that came so far."""
        batch = _Batch()
        try:
            while not self._ends and self._looking_up is None:
                packet = self._reader.next()
                if packet is None:
                    break
                if isinstance(packet, Publish):
                    self._publish(packet, batch)
                else:
                    self._append(batch)
                    batch = _Batch()
                    self._other(packet)
        except MqttError as error:
            self._append(batch)
            self._wrong(error)
        else:
            self._append(batch)
        self._read_or_not()

    def _wrong(self, error: MqttError) -> None:
        if self.device is not None:
            code = "too_large" if error.reason is Reason.PACKET_TOO_LARGE else "bad_mqtt"
            self._endpoint.refused(self.device.id, code, f"What it sent cannot be taken: {error.text}.")
        elif error.reason is Reason.UNSUPPORTED_VERSION:
            self._write(writing.connack(0, error.reason))
        self.end(error.reason, error.text)

    def _other(self, packet: Packet) -> None:
        if isinstance(packet, Connect):
            self._connect = packet
            self._looking_up = self._loop.create_task(self._let_in(packet))
        elif isinstance(packet, Ping):
            self._write(writing.PING_RESPONSE)
        elif isinstance(packet, Acknowledge):
            self._acknowledge(packet)
        elif isinstance(packet, Subscribe):
            self._subscribe(packet)
        elif isinstance(packet, Unsubscribe):
            self._unsubscribe(packet)
        elif isinstance(packet, Disconnect):
            self._disconnect(packet)

    def _publish(self, packet: Publish, batch: _Batch) -> None:
        """One message: what goes into the log, and what is answered once that is on the disk."""
        assert self.device is not None and self.session is not None and self._connect is not None
        version = self._connect.version
        if packet.qos == 2 and version == V5:
            raise MqttError(Reason.QOS_NOT_SUPPORTED, "quality of service 1 is the most that is taken here")
        topic = self._aliases.resolve(packet)
        if packet.qos == 2:
            batch.answers.append(writing.acknowledge(PUBREC, version, packet.packet_id))
            if packet.packet_id in self.session.received:
                return
            batch.received.append(packet.packet_id)
        reason = Reason.SUCCESS
        try:
            kind = self._topics.get(topic)
            if kind is None:
                raise Rejected(
                    f"It may publish to {', '.join(self._topics)}, not to {topic[:200]!r}.", code="not_its_topic"
                )
            batch.entries.append(
                self._endpoint.entry(self.device, kind, packet.properties.content_type, packet.payload)
            )
        except Rejected as error:
            self._endpoint.refused(self.device.id, error.code, error.message)
            reason = NOT_TAKEN.get(error.code, Reason.PAYLOAD_FORMAT_INVALID)
        if packet.qos == 1:
            batch.answers.append(writing.acknowledge(PUBACK, version, packet.packet_id, reason))

    def _append(self, batch: _Batch) -> None:
        """Acknowledge once it is on the disk; in the order in which it came [MQTT-4.6.0-2]."""
        if not batch.entries and not batch.answers:
            return
        batch.size = sum(len(each.payload) for each in batch.entries)
        try:
            future = self._endpoint.appender.append(batch.entries)
        except PaddockError as error:
            self._not_taken(error)
            return
        self._unacknowledged += len(batch.entries)
        self._unacknowledged_bytes += batch.size
        future.add_done_callback(lambda done: self._loop.call_soon_threadsafe(self._written, batch, done))

    def _written(self, batch: _Batch, future: Future[int]) -> None:
        self._unacknowledged -= len(batch.entries)
        self._unacknowledged_bytes -= batch.size
        error = future.exception()
        if error is not None:
            self._not_taken(error)
            return
        assert self.session is not None
        self.session.received.update(batch.received)
        if not self._ends:
            self._write(b"".join(batch.answers))
            self._read_or_not()

    def _not_taken(self, error: BaseException) -> None:
        """No word that it came: the client keeps it, and sends it again on its next connection."""
        self._endpoint.not_taken(error)
        text = error.message if isinstance(error, PaddockError) else ""
        self.end(Reason.QUOTA_EXCEEDED if "disk_full" in getattr(error, "code", "") else Reason.SERVER_BUSY, text)

    def _acknowledge(self, packet: Acknowledge) -> None:
        assert self.session is not None and self._connect is not None
        if packet.type == PUBREL:
            reason = self.session.release(packet.packet_id)
            self._write(writing.acknowledge(PUBCOMP, self._connect.version, packet.packet_id, reason))
        elif packet.type == PUBACK:
            outgoing = self.session.unacknowledged.pop(packet.packet_id, None)
            if outgoing is None:
                return
            if packet.reason >= Reason.UNSPECIFIED:
                self._endpoint.tell_failed(outgoing.id, f"The device refused it with reason {packet.reason:#04x}.")
            else:
                self._endpoint.tell_acknowledged(outgoing.id)
        # PUBREC and PUBCOMP are for messages of quality of service 2, of which none is sent.

    def _subscribe(self, packet: Subscribe) -> None:
        assert self.session is not None and self._connect is not None
        codes, refused = self.session.subscribe(packet)
        for topic_filter in refused:
            self._endpoint.refused(
                self.session.device_id,
                "not_its_topic",
                f"It may subscribe to {actions_topic(self.session.device_id)}, not to {topic_filter[:200]!r}.",
            )
        self._write(writing.suback(self._connect.version, packet.packet_id, codes))
        self._endpoint.look_for_actions()

    def _unsubscribe(self, packet: Unsubscribe) -> None:
        assert self.session is not None and self._connect is not None
        codes = self.session.unsubscribe(packet)
        self._write(writing.unsuback(self._connect.version, packet.packet_id, codes))

    def _disconnect(self, packet: Disconnect) -> None:
        assert self.session is not None and self._connect is not None
        expiry_s = packet.properties.session_expiry_s
        if expiry_s is not None:
            if expiry_s and not self.session.expiry_s:
                raise MqttError(Reason.PROTOCOL_ERROR, "a session that was to end now is to last")
            self.session.expiry_s = min(expiry_s, MOST_EXPIRY_S)
        self._will_is_wanted = packet.reason == Reason.DISCONNECT_WITH_WILL
        self._ends = True
        if self._transport is not None:
            self._transport.close()

    # CONNECT.

    async def _let_in(self, connect: Connect) -> None:
        try:
            try:
                device, session, present, assigned = await self._endpoint.let_in(self, connect)
            finally:
                self._looking_up = None
        except MqttError as error:
            self._write(writing.connack(connect.version, error.reason, text=error.text))
            self.end(error.reason)
            return
        except Unavailable as error:
            self._write(writing.connack(connect.version, Reason.SERVER_UNAVAILABLE, text=error.message))
            self.end(Reason.SERVER_UNAVAILABLE)
            return
        if self._ends:
            return
        self._overdue.cancel()
        self.device, self.session = device, session
        self._topics = topics_of(device.id)
        session.connection = self
        asked_s = connect.properties.session_expiry_s or 0
        session.expiry_s = min(asked_s, MOST_EXPIRY_S)
        if connect.version != V5:
            session.expiry_s = 0 if connect.clean else MOST_EXPIRY_S
        self._will_is_wanted = connect.will is not None
        self._write(
            writing.connack(
                connect.version,
                Reason.SUCCESS,
                session_present=present,
                maximum_packet_size=MOST_PACKET_BYTES,
                topic_alias_maximum=MOST_ALIASES,
                assigned_client_id=assigned,
                session_expiry_s=session.expiry_s if asked_s > MOST_EXPIRY_S else None,
            )
        )
        if session.granted is not None:
            self._endpoint.look_for_actions()
        self._read_or_not()
