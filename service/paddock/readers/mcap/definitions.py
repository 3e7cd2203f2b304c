"""Channel and schema definitions of one part of a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paddock.readers.decoders.schema import Schema
from paddock.readers.mcap.records import Channel

_IDS = 1 << 16
_MAX_CONFLICTS = 20
_UNKNOWN = -2
_FEW = 1_000
"""So many channels are told one by one that their schema is another one, more by looking at all ids."""


@dataclass(frozen=True, eq=False)
class Definition:
    """A channel with its schema, as it is in force for the messages that follow; compared by identity."""

    channel: Channel
    schema: Schema | None
    """None for a channel without one, and where the schema is lost."""
    part: int = 0
    """Which MCAP of the file it is from."""


class Part:
    """The definitions of one MCAP in a file; another one appended to it has its own.

    The specification forbids to define an id twice in different ways. Where a file does it all the same, a
    definition holds for the messages after it. That changes a few numbers and one bit per id, so that a file of
    definitions alone is read in a time that grows as it does.
    """

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self.defined = np.zeros(_IDS, bool)
        """By channel id: whether the channel is complete."""
        self.schema_of = np.zeros(_IDS, np.uint16)
        """By channel id: what its channel says."""
        self.history: list[Definition] = []
        """All that were ever in force for a message, and at the end all others."""
        self.schemas: list[tuple[int, Schema]] = []
        """All that were ever defined, with the number of the part."""
        self.conflicts = 0
        self.told_conflicts: list[str] = []
        """Sentences about the first of them."""
        self._in_force = np.full(_IDS, _UNKNOWN, np.int32)
        """By channel id: the place in ``history`` of what is in force, where that is known."""
        self._schemas: dict[int, Schema] = {}
        self._channels: dict[int, Channel] = {}
        self._users: defaultdict[int, set[int]] = defaultdict(set)
        """By schema id: the channels that name it, or did."""
        self._awaited: set[int] = set()
        """Schemas that a channel names and that are not there yet."""

    def topic(self, channel_id: int) -> str | None:
        """A channel's topic, also when its schema is not there; None when it is not defined."""
        channel = self._channels.get(channel_id)
        return None if channel is None else channel.topic

    def in_force(self, channel_id: int) -> int:
        """The place in ``history`` of what holds for the messages of a channel now."""
        place = int(self._in_force[channel_id])
        if place == _UNKNOWN:
            channel = self._channels[channel_id]
            schema = self._schemas.get(channel.schema_id) if channel.schema_id else None
            place = self._in_force[channel_id] = len(self.history)
            self.history.append(Definition(channel, schema, self.number))
        return place

    def all_in_force(self, channel_ids: npt.NDArray[np.uint16]) -> npt.NDArray[np.int32]:
        """The definitions in force of many channels, all of which have one; shapes (N,)."""
        places = self._in_force[channel_ids]
        if places.min(initial=0) == _UNKNOWN:
            for channel_id in np.unique(channel_ids[places == _UNKNOWN]).tolist():
                self.in_force(channel_id)
            places = self._in_force[channel_ids]
        return places

    def known_in_force(self, channel_ids: npt.NDArray[np.uint16]) -> npt.NDArray[np.int32] | None:
        """The same where all of them have been asked for since they were defined, as is usual; else None."""
        places = self._in_force[channel_ids]
        return None if places.min(initial=0) == _UNKNOWN else places

    def changes(self, record: Schema | Channel) -> bool:
        """Whether taking in ``record`` would change anything."""
        known = self._schemas.get(record.id) if isinstance(record, Schema) else self._channels.get(record.id)
        return known != record

    def redefines(self, record: Schema | Channel) -> bool:
        """Whether it changes what messages before it were to be read with."""
        known = self._schemas if isinstance(record, Schema) else self._channels
        return record.id in known and self.changes(record)

    def add(self, record: Schema | Channel) -> None:
        """Take in a schema or channel record."""
        if not self.changes(record):
            return
        if isinstance(record, Schema):
            self._add_schema(record)
        else:
            self._add_channel(record)

    def settle(self) -> None:
        """The part is over: channels whose schema never came are complete without it."""
        for channel_id in self._channels:
            self.defined[channel_id] = True
            self.in_force(channel_id)

    def _add_schema(self, schema: Schema) -> None:
        if schema.id == 0:
            return
        known = self._schemas.get(schema.id)
        self._schemas[schema.id] = schema
        self.schemas.append((self.number, schema))
        if known is not None:
            self._conflict("Schema", schema.id, known.name, schema.name)
            users = self._users[schema.id]
            self._in_force[list(users) if len(users) < _FEW else self.schema_of == schema.id] = _UNKNOWN
        elif schema.id in self._awaited:
            self._awaited.remove(schema.id)
            self.defined[self.schema_of == schema.id] = True

    def _add_channel(self, channel: Channel) -> None:
        known = self._channels.get(channel.id)
        if known is not None:
            self._conflict("Channel", channel.id, known.topic, channel.topic)
            self.in_force(channel.id)
        self._channels[channel.id] = channel
        self.schema_of[channel.id] = channel.schema_id
        self._users[channel.schema_id].add(channel.id)
        self._in_force[channel.id] = _UNKNOWN
        is_defined = channel.schema_id == 0 or channel.schema_id in self._schemas
        self.defined[channel.id] = is_defined
        if not is_defined:
            self._awaited.add(channel.schema_id)

    def _conflict(self, kind: str, id_: int, before: str, after: str) -> None:
        self.conflicts += 1
        if len(self.told_conflicts) < _MAX_CONFLICTS:
            self.told_conflicts.append(f"{kind} {id_} is defined twice: {before!r} and {after!r}.")


class Numbering:
    """Gives every message the number of its definition."""

    def __init__(self) -> None:
        self._numbers = np.zeros(0, np.int32)
        """By place in the part's ``history``."""
        self._part: Part | None = None

    def of(
        self, part: Part, places: npt.NDArray[np.int32], number: Callable[[Definition], int]
    ) -> npt.NDArray[np.int32]:
        """The numbers of messages; shapes (N,).

        Args:
            part: which has their definitions.
            places: of these in its ``history``, one per message.
            number: of a definition, as the caller counts them, from 0; -1 for those that are not wanted. Asked
                once per definition, not per message.
        """
        if part is not self._part:
            self._part, self._numbers = part, np.zeros(0, np.int32)
        if (known := len(self._numbers)) < len(part.history):
            more = max(len(part.history), 2 * known) - known
            self._numbers = np.concatenate([self._numbers, np.full(more, _UNKNOWN, np.int32)])
        numbers = self._numbers[places]
        if numbers.min(initial=0) == _UNKNOWN:
            for place in np.unique(places[numbers == _UNKNOWN]).tolist():
                self._numbers[place] = number(part.history[place])
            numbers = self._numbers[places]
        return numbers
