"""All connections of the MQTT endpoint: who comes in, who is shut out, what is asked of devices."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic

import structlog

from paddock.broker.connection import Connection
from paddock.broker.doors import Check, Doorkeeper, Refusals
from paddock.broker.downlink import Downlink, NoActions
from paddock.broker.limits import (
    CONNECT_S,
    CONNECTS_AT_ONCE,
    CONNECTS_PER_S,
    MOST_OF_A_DEVICE,
    MOST_PENDING,
    Rate,
    most_connections,
)
from paddock.broker.mqtt.packets import Connect, MqttError, Reason, Will
from paddock.broker.sessions import Session, Sessions, named
from paddock.broker.topics import topics_of
from paddock.device_log.appender import Appender
from paddock.device_log.entry import Entry, Kind
from paddock.domain.devices import Device
from paddock.errors import PaddockError, Rejected, Unavailable

LOOK_S = 0.25
"""How often devices are looked up again: the connection of one that was disabled is closed within a second."""
SWEEP_S = 0.5
BUFFER_BYTES = 64 * 1024
"""What is taken of one connection before the next one's turn."""
QUIET_S = 10.0
STOP_S = 2.0
MOST_CONTENT_TYPE = 100
_REFUSED_DEVICE = {"device_disabled": Reason.BANNED, "other_device": Reason.NOT_AUTHORIZED}

log = structlog.get_logger()


class Endpoint:
    """Lets devices in, and appends what they send.

    Args:
        doors: says whose token it is.
        appender: of the device log.
        check: what is stored of a payload, or why it is not taken.
        refusals: counts what is refused.
        downlink: what is asked of devices.
        most: how many connections there may be at once.
    """

    def __init__(
        self,
        doors: Doorkeeper,
        appender: Appender,
        *,
        check: Check,
        refusals: Refusals,
        downlink: Downlink | None = None,
        most: int | None = None,
    ) -> None:
        self.appender = appender
        self.buffer = memoryview(bytearray(BUFFER_BYTES))
        self._doors = doors
        self._check = check
        self._refusals = refusals
        self._downlink = downlink or NoActions()
        self._most = most_connections() if most is None else most
        self._connections: set[Connection] = set()
        self._pending: dict[Connection, None] = {}
        """Those that are not let in yet, the one that waits longest first."""
        self._connects = Rate(CONNECTS_AT_ONCE, CONNECTS_PER_S)
        self._sessions = Sessions()
        self._wills: dict[tuple[str, str], tuple[float, Device, Will]] = {}
        """Those that wait whether their client comes back, and until when (monotonic)."""
        self._to_tell: deque[Callable[[], Awaitable[None]]] = deque()
        self._look = asyncio.Event()
        self._looking = asyncio.Lock()
        self._told_at: dict[str, float] = {}
        self._opening: set[asyncio.Task[None]] = set()

    async def serve(
        self,
        listeners: list[tuple[socket.socket, ssl.SSLContext | None]],
        stop: asyncio.Event,
        turned: Callable[[], None] = lambda: None,
    ) -> None:
        """Take connections until it is to stop.

        Args:
            listeners: sockets that listen, with TLS where there is a context.
            stop: ends it.
            turned: called again and again, as long as it works.
        """
        work = [
            *(self._accept(listener, tls) for listener, tls in listeners),
            self._watch_devices(),
            self._watch_connections(turned),
            self._send_actions(),
        ]
        tasks = [asyncio.create_task(each) for each in work]
        stopping = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                task.result()
        finally:
            for task in (*tasks, *self._opening, stopping):
                task.cancel()
            await asyncio.gather(*tasks, *self._opening, stopping, return_exceptions=True)
            await self._close()

    async def _close(self) -> None:
        for connection in list(self._connections):
            # A will is not for a restart of ours: its device comes back in a moment.
            connection.end(Reason.SERVER_SHUTTING_DOWN, with_will=False)
        with contextlib.suppress(TimeoutError, PaddockError):
            async with asyncio.timeout(STOP_S):
                while self._connections:
                    await asyncio.sleep(0.01)
                await self._refusals.write()
        for connection in list(self._connections):
            connection.abort()

    # Connections come and go.

    async def _accept(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        listener.setblocking(False)
        while True:
            try:
                client, address = await loop.sock_accept(listener)
            except OSError as error:
                self._say("accept_failed", error=error.strerror)
                await asyncio.sleep(LOOK_S)
                continue
            where = network_of(str(address[0]))
            if not self._connects.take(where) or not self._has_room():
                client.close()
                continue
            _keep_alive(client)
            connection = Connection(self)
            self._connections.add(connection)
            self._pending[connection] = None
            task = asyncio.create_task(self._open(connection, client, tls))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self, connection: Connection, client: socket.socket, tls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        handshake_s = CONNECT_S if tls is not None else None
        try:
            await loop.connect_accepted_socket(
                lambda: connection, client, ssl=tls, ssl_handshake_timeout=handshake_s
            )
        except (OSError, ssl.SSLError):
            connection.abort()
            self.lost(connection)

    def _has_room(self) -> bool:
        """Whether one more may come; who has waited longest without saying who it is makes room."""
        if len(self._pending) < MOST_PENDING and len(self._connections) < self._most:
            return True
        self._say("too_many_connections", most=self._most, open=len(self._connections))
        oldest = next(iter(self._pending), None)
        if oldest is None:
            return False
        self.lost(oldest)
        oldest.abort()
        return True

    def lost(self, connection: Connection) -> None:
        """A connection is gone."""
        self._connections.discard(connection)
        self._pending.pop(connection, None)

    async def let_in(self, connection: Connection, connect: Connect) -> tuple[Device, Session, bool, str]:
        """Find out who it is.

        Returns:
            the device, its session, whether that goes on from before, and the client identifier if it was given
            one.

        Raises:
            MqttError: it is not let in, and why.
            Unavailable: the database does not answer.
        """
        if connect.properties.authentication_method is not None:
            raise MqttError(
                Reason.BAD_AUTHENTICATION_METHOD, "give the device's id as user name, its token as password"
            )
        if not connect.user or not connect.password:
            raise MqttError(Reason.BAD_USER_OR_PASSWORD, "give the device's id as user name, its token as password")
        client_id, assigned = named(connect)
        device = await self._admit(connect.user, connect.password.decode(errors="replace"))
        will = connect.will
        if will is not None and will.topic not in topics_of(device.id):
            raise MqttError(Reason.NOT_AUTHORIZED, f"a will goes to {', '.join(topics_of(device.id))}")
        if connection.ends:
            raise MqttError(Reason.UNSPECIFIED, "it is gone already")
        session, present = self._session(device, client_id, clean=connect.clean)
        self._pending.pop(connection, None)
        return device, session, present, assigned

    def _session(self, device: Device, client_id: str, *, clean: bool) -> tuple[Session, bool]:
        known = self._sessions.find(device.id, client_id)
        if known is not None and known.connection is not None:
            other = known.connection
            other.end(Reason.SESSION_TAKEN_OVER, "another connection has the same client identifier")
            other.leave_session()
            known = self._sessions.find(device.id, client_id)
        waiting = self._wills.pop((device.id, client_id), None)
        if known is not None and not clean:
            return known, True
        if waiting is not None:
            self._publish_will(waiting[1], waiting[2])
        if known is not None:
            self._sessions.end(known)
        session = self._sessions.begin(device.id, client_id)
        if session is None:
            raise MqttError(Reason.QUOTA_EXCEEDED, f"a device has at most {MOST_OF_A_DEVICE} connections")
        return session, False

    async def _refresh(self) -> None:
        async with self._looking:
            await self._doors.refresh()

    async def _admit(self, device_id: str, token: str) -> Device:
        await self._refresh()
        try:
            return self._doors.admit(token, device_id)
        except Rejected:
            # It may have been let in a moment ago; and who guesses waits.
            await asyncio.sleep(LOOK_S * 2)
        await self._refresh()
        try:
            return self._doors.admit(token, device_id)
        except Rejected as error:
            if self._doors.get(device_id) is not None and error.code != "bad_token":
                self.refused(device_id, error.code, error.message)
            reason = _REFUSED_DEVICE.get(error.code, Reason.BAD_USER_OR_PASSWORD)
            raise MqttError(reason, error.message) from None

    def disconnected(self, session: Session, device: Device, will: Will | None) -> None:
        """A session has no connection any more.

        Args:
            session: which.
            device: whose.
            will: what is to be published now, or after a while if its client does not come back.
        """
        delay_s = 0 if will is None else min(will.properties.will_delay_s, session.expiry_s)
        self._sessions.disconnected(session)
        if will is None:
            return
        if delay_s:
            self._wills[session.device_id, session.client_id] = monotonic() + delay_s, device, will
        else:
            self._publish_will(device, will)

    def _publish_will(self, device: Device, will: Will) -> None:
        kind = topics_of(device.id)[will.topic]
        try:
            entry = self.entry(device, kind, will.properties.content_type, will.payload)
            self.appender.append([entry])
        except Rejected as error:
            self.refused(device.id, error.code, error.message)
        except Unavailable as error:
            self.not_taken(error)

    # Messages.

    def entry(self, device: Device, kind: Kind, content_type: str, payload: bytes) -> Entry:
        """What is written down of a message.

        Raises:
            Rejected: it is not taken.
        """
        kept = self._check(device, kind, content_type, payload)
        return Entry(device.id, kind, time.time_ns(), content_type[:MOST_CONTENT_TYPE], kept)

    def refused(self, device_id: str, code: str, reason: str) -> None:
        """Count what was not taken of a device."""
        self._refusals.note(device_id, code, reason)

    def not_taken(self, error: BaseException) -> None:
        """The disk took nothing, so that nothing is acknowledged and the sender keeps the message."""
        message = error.message if isinstance(error, PaddockError) else str(error)
        self._say("device_log_failed", message=message)

    def _say(self, event: str, **more: object) -> None:
        """One line for many: they come by the thousand."""
        now = monotonic()
        if now - self._told_at.get(event, float("-inf")) > QUIET_S:
            self._told_at[event] = now
            log.warning(event, **more)

    # What goes on beside.

    async def _watch_devices(self) -> None:
        """Close what a device has open that is not let in any more, and write down what was refused."""
        while True:
            try:
                await self._refresh()
                for connection in list(self._connections):
                    self._shut_out(connection)
                await self._refusals.write()
            except Unavailable as error:
                self._say("store_unavailable", code=error.code, message=error.message)
            await asyncio.sleep(LOOK_S)

    def _shut_out(self, connection: Connection) -> None:
        device = connection.device
        if device is None or device.token is None:
            return
        known = self._doors.get(device.id)
        if known is None or known.disabled_at is not None:
            connection.end(Reason.ADMINISTRATIVE_ACTION, "the device is disabled", with_will=False)
        elif known.token is None or known.token.jti != device.token.jti:
            connection.end(Reason.NOT_AUTHORIZED, "its token was revoked", with_will=False)
        elif known.token.expires_at <= time.time_ns():
            connection.end(Reason.NOT_AUTHORIZED, "its token has expired", with_will=False)
        else:
            connection.device = known

    async def _watch_connections(self, turned: Callable[[], None]) -> None:
        """Close those that fell silent, publish wills that are due, forget sessions that are over."""
        while True:
            now = monotonic()
            for connection in list(self._connections):
                if connection.is_silent(now):
                    connection.end(Reason.KEEP_ALIVE_TIMEOUT)
            for key, (due_at, device, will) in list(self._wills.items()):
                if due_at <= now:
                    del self._wills[key]
                    self._publish_will(device, will)
            self._sessions.end_those_that_are_over()
            turned()
            await asyncio.sleep(SWEEP_S)

    # What is asked of devices.

    def look_for_actions(self) -> None:
        """A device listens since now."""
        self._look.set()

    def tell_sent(self, action_id: str) -> None:
        """It is on its way."""
        self._to_tell.append(partial(self._downlink.sent, action_id))

    def tell_acknowledged(self, action_id: str) -> None:
        """The device has it."""
        self._to_tell.append(partial(self._downlink.acknowledged, action_id))
        self._look.set()

    def tell_failed(self, action_id: str, why: str) -> None:
        """The device will not have it."""
        self._to_tell.append(partial(self._downlink.failed, action_id, why))
        self._look.set()

    async def _send_actions(self) -> None:
        while True:
            try:
                # First what became of the last ones, so that they are not given again.
                await self._tell()
                if listening := self._sessions.listening():
                    await self._send_waiting(listening)
                    await self._tell()
            except Unavailable as error:
                self._say("store_unavailable", code=error.code, message=error.message)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), LOOK_S)
            self._look.clear()

    async def _send_waiting(self, listening: dict[str, list[Session]]) -> None:
        waiting = await self._downlink.waiting(list(listening))
        ids = {each.id for each in waiting}
        for session in (each for ours in listening.values() for each in ours):
            # One that has expired, or was withdrawn, is not sent again when the device comes back.
            gone = [n for n, each in session.unacknowledged.items() if each.id not in ids | session.sent]
            for packet_id in gone:
                del session.unacknowledged[packet_id]
            session.sent &= ids
        for outgoing in waiting:
            for session in listening.get(outgoing.device_id, ()):
                connection = session.connection
                if connection is not None and not connection.ends and outgoing.id not in session.sent:
                    connection.send_action(outgoing)

    async def _tell(self) -> None:
        while self._to_tell:
            await self._to_tell[0]()
            self._to_tell.popleft()


def network_of(address: str) -> str:
    """Whom an address counts for: itself, and with IPv6 the network of 64 bits that one customer has."""
    address = address.removeprefix("::ffff:").partition("%")[0]
    if ":" not in address:
        return address
    return socket.inet_pton(socket.AF_INET6, address)[:8].hex()


def _keep_alive(client: socket.socket) -> None:
    """Let the system notice within two minutes a client that is gone and had promised no keep-alive."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            client.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
