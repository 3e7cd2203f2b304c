"""The transport protocol of J1939 (SAE J1939-21): messages of more than eight bytes, put together from frames.

A sender says how long a message is and which parameter group (PGN) it has, to all (BAM) or to one, which answers
(RTS, CTS), and then sends packets of seven bytes. Several senders do so at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from paddock.readers.can.frames import Frames

CONNECTION, TRANSFER = 0xEC, 0xEB
"""The PDU formats of TP.CM and TP.DT, which are part of their ids."""
_REQUEST, _BROADCAST, _ABORT = 16, 32, 255
_PACKET_BYTES = 7
_MAX_BYTES = 1785
_TIMEOUT_NS = 1_250_000_000
"""T2 and T3 of the standard; those of BAM (T1, 750 ms) lie within."""
_TO_ALL_FORMAT = 240
_MOST_SESSIONS = 4_096


@dataclass(frozen=True)
class Assembled:
    """A whole message."""

    time_ns: int
    """That of its last packet."""
    position: int
    bus: int
    id: int
    """As a single frame with this group would have it."""
    data: bytes


@dataclass
class _Session:
    group: int
    priority: int
    size_bytes: int
    packets: int
    seen_ns: int
    parts: dict[int, bytes] = field(default_factory=dict)


class Transport:
    """Puts messages together, from frames in their order."""

    def __init__(self) -> None:
        self.messages = 0
        self.incomplete = 0
        """Messages that lack a packet: it was lost, or the sender gave up."""
        self._sessions: dict[tuple[int, int, int], _Session] = {}
        """By bus, sender and receiver."""

    def take(self, frames: Frames) -> list[Assembled]:
        """The messages that are whole with these frames, all of which are of the protocol."""
        found = []
        columns = (frames.time_ns, frames.position, frames.bus, frames.id, frames.length)
        rows = zip(*(column.tolist() for column in columns), frames.data[:, :8].tolist(), strict=True)
        for time_ns, position, bus, id, length, data in rows:
            if length < 8:
                continue
            format_, receiver, sender = id >> 16 & 0xFF, id >> 8 & 0xFF, id & 0xFF
            key = (bus, sender, receiver)
            if format_ == CONNECTION:
                self._connect(key, time_ns, id >> 26, data)
                continue
            session = self._sessions.get(key)
            if session is None:
                continue
            if time_ns - session.seen_ns > _TIMEOUT_NS:
                self._give_up(key)
                continue
            session.seen_ns = time_ns
            if 1 <= data[0] <= session.packets:
                session.parts[data[0]] = bytes(data[1:])
            if len(session.parts) == session.packets:
                del self._sessions[key]
                self.messages += 1
                found.append(Assembled(time_ns, position, bus, _id(session, sender, receiver), _data(session)))
        return found

    def finish(self) -> None:
        """All frames were taken: what is not whole never will be."""
        self.incomplete += len(self._sessions)
        self._sessions.clear()

    def _connect(self, key: tuple[int, int, int], time_ns: int, priority: int, data: list[int]) -> None:
        control, group = data[0], data[5] | data[6] << 8 | data[7] << 16
        if control == _ABORT:
            # Either side may.
            bus, sender, receiver = key
            for each in (key, (bus, receiver, sender)):
                if each in self._sessions and self._sessions[each].group == group:
                    self._give_up(each)
            return
        if control not in (_REQUEST, _BROADCAST):
            # What the receiver answers changes nothing of what the packets are.
            return
        if key in self._sessions:
            self._give_up(key)
        size_bytes, packets = data[1] | data[2] << 8, data[3]
        if 8 < size_bytes <= _MAX_BYTES and packets == -(-size_bytes // _PACKET_BYTES):
            if len(self._sessions) >= _MOST_SESSIONS:
                self._give_up(next(iter(self._sessions)))
            self._sessions[key] = _Session(group & 0x3FFFF, priority & 7, size_bytes, packets, time_ns)
        else:
            self.incomplete += 1

    def _give_up(self, key: tuple[int, int, int]) -> None:
        del self._sessions[key]
        self.incomplete += 1


def _id(session: _Session, sender: int, receiver: int) -> int:
    group = session.group
    if group >> 8 & 0xFF < _TO_ALL_FORMAT:
        group = (group & 0x3FF00) | receiver
    return session.priority << 26 | group << 8 | sender


def _data(session: _Session) -> bytes:
    whole = b"".join(session.parts[number] for number in range(1, session.packets + 1))
    return whole[: session.size_bytes]
