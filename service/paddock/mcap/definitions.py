"""Channel and schema definitions of one part of a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paddock.mcap.records import Channel, Schema

_IDS = 1 << 16
_MAX_CONFLICTS = 20
_UNKNOWN = -2


@dataclass(frozen=True, eq=False)
class Definition:
    """A channel with its schema, as it is in force for the messages that follow; compared by identity."""

    channel: Channel
    schema: Schema | None
    """None for a channel without one, and where the schema is lost."""
    part: int = 0
    """Which MCAP of the file it is from."""

    @property
    def schema_is_lost(self) -> bool:
        """The channel names a schema that was not read."""
        return self.schema is None and self.channel.schema_id != 0


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
        self.changes_made: list[int] = []
        """The channel ids that were defined, in order, and ``~id`` of every schema that was defined anew."""
        self.history: list[Definition] = []
        """All that were ever in force for a message, and at the end all others."""
        self.schemas: list[tuple[int, Schema]] = []
        """All that were ever defined, with the number of the part."""
        self.conflicts = 0
        self.told_conflicts: list[str] = []
        """Sentences about the first of them."""
        self._definitions: dict[int, Definition] = {}
        self._schemas: dict[int, Schema] = {}
        self._channels: dict[int, Channel] = {}
        self._awaited: set[int] = set()
        """Schemas that a channel names and that are not there yet."""

    def topic(self, channel_id: int) -> str | None:
        """A channel's topic, also when its schema is not there; None when it is not defined."""
        channel = self._channels.get(channel_id)
        return None if channel is None else channel.topic

    def definition(self, channel_id: int) -> Definition:
        """What is in force for the messages of a channel that is complete."""
        channel = self._channels[channel_id]
        schema = self._schemas.get(channel.schema_id) if channel.schema_id else None
        known = self._definitions.get(channel_id)
        if known is None or known.channel is not channel or known.schema is not schema:
            known = self._definitions[channel_id] = Definition(channel, schema, self.number)
            self.history.append(known)
        return known

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
            self.definition(channel_id)

    def _add_schema(self, schema: Schema) -> None:
        if schema.id == 0:
            return
        known = self._schemas.get(schema.id)
        self._schemas[schema.id] = schema
        self.schemas.append((self.number, schema))
        if known is not None:
            self._conflict("Schema", schema.id, known.name, schema.name)
            self.changes_made.append(~schema.id)
        elif schema.id in self._awaited:
            self._awaited.remove(schema.id)
            self.defined[self.schema_of == schema.id] = True

    def _add_channel(self, channel: Channel) -> None:
        known = self._channels.get(channel.id)
        if known is not None:
            self._conflict("Channel", channel.id, known.topic, channel.topic)
            self.definition(channel.id)
        self._channels[channel.id] = channel
        self.schema_of[channel.id] = channel.schema_id
        self.changes_made.append(channel.id)
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
        self._numbers = np.full(_IDS, _UNKNOWN, np.int32)
        self._part: Part | None = None
        self._changes = 0

    def of(
        self, part: Part, channel_ids: npt.NDArray[np.uint16], number: Callable[[Definition], int]
    ) -> npt.NDArray[np.int32]:
        """The numbers of messages of these channels, all of them complete; shapes (N,).

        Args:
            part: which has their definitions.
            channel_ids: one per message.
            number: of a definition, as the caller counts them, from 0; -1 for those that are not wanted. Asked
                once per definition, not per message.
        """
        if part is not self._part:
            self._numbers.fill(_UNKNOWN)
            self._part = part
        else:
            for changed in part.changes_made[self._changes :]:
                self._numbers[changed if changed >= 0 else part.schema_of == ~changed] = _UNKNOWN
        self._changes = len(part.changes_made)
        numbers = self._numbers[channel_ids]
        if numbers.min(initial=0) == _UNKNOWN:
            for channel_id in np.unique(channel_ids[numbers == _UNKNOWN]).tolist():
                self._numbers[channel_id] = number(part.definition(channel_id))
            numbers = self._numbers[channel_ids]
        return numbers
