"""Which channel a frame belongs to: the message that a database has for its id, else the id alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from paddock.domain.can_database import CanDatabase, CanMessage, Databases, id_in_words
from paddock.readers.can.frames import MAX_STANDARD_ID
from paddock.readers.can.j1939 import group_of
from paddock.readers.can.j1939_transport import CONNECTION, TRANSFER


@dataclass(frozen=True)
class Route:
    """Frames that make one channel."""

    bus: int
    name: str
    message: CanMessage | None = field(default=None, compare=False)
    """None where no database knows it: its bytes are kept."""
    is_transport: bool = field(default=False, compare=False)
    """Whether its frames are parts of longer messages, which are put together."""


class Routes:
    """Finds the message of an id, bus by bus.

    Args:
        databases: by the name of their bus; the one with the name ``""`` is for all buses without one of their own.
        has_extended_flag: whether the log says which ids have 29 bits. Where it does not, a message is also known
            by its number alone.
    """

    def __init__(self, databases: Databases, has_extended_flag: bool = True) -> None:
        self._known = {bus: _Known(database) for bus, database in databases.items()}
        self._has_extended_flag = has_extended_flag

    def has_database(self, bus_name: str) -> bool:
        """Whether there is one for this bus."""
        return bus_name in self._known or "" in self._known

    def knows_groups(self, bus_name: str) -> bool:
        """Whether the database of this bus is one of J1939."""
        known = self._known.get(bus_name) or self._known.get("")
        return known is not None and known.knows_groups

    def route(self, bus: int, bus_name: str, is_extended: bool, id: int) -> Route:
        """Where frames of this id go."""
        known = self._known.get(bus_name) or self._known.get("")
        message = known.message(is_extended, id, self._has_extended_flag) if known else None
        if message is not None:
            return Route(bus, message.name, message)
        is_transport = is_extended and id >> 16 & 0xFF in (CONNECTION, TRANSFER) and self.knows_groups(bus_name)
        return Route(bus, id_in_words(is_extended, id), is_transport=is_transport)


class _Known:
    def __init__(self, database: CanDatabase) -> None:
        self._by_id: dict[tuple[bool, int], CanMessage] = {}
        self._by_group: dict[int, CanMessage] = {}
        for message in database.messages:
            self._by_id.setdefault((message.is_extended, message.id), message)
            if message.is_j1939:
                self._by_group.setdefault(group_of(message.id), message)

    @property
    def knows_groups(self) -> bool:
        """Whether it has messages that are known by their group."""
        return bool(self._by_group)

    def message(self, is_extended: bool, id: int, has_extended_flag: bool) -> CanMessage | None:
        found = self._by_id.get((is_extended, id))
        if found is None and is_extended:
            found = self._by_group.get(group_of(id))
        if found is None and not has_extended_flag and id <= MAX_STANDARD_ID:
            found = self._by_id.get((True, id))
        return found
