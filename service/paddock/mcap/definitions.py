"""Channel and schema definitions of one part of a file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddock.mcap.records import Channel, Schema


@dataclass(frozen=True, eq=False)
class Definition:
    """A channel with its schema, as it is in force for the messages that follow; compared by identity."""

    channel: Channel
    schema: Schema | None
    """None for a channel without one, and where the schema is lost."""

    @property
    def schema_is_lost(self) -> bool:
        """The channel names a schema that was not read."""
        return self.schema is None and self.channel.schema_id != 0


class Part:
    """The definitions of one MCAP in a file; another one appended to it has its own.

    The specification forbids to define an id twice in different ways. Where a file does it all the same, a
    definition holds for the messages after it.
    """

    def __init__(self) -> None:
        self.definitions: dict[int, Definition] = {}
        """By channel id: channels that are complete."""
        self.defined = np.zeros(1 << 16, bool)
        """The same by channel id, for many messages at once."""
        self.revision = 0
        """Grows with every change of ``definitions``."""
        self.history: list[Definition] = []
        """All that were ever in force."""
        self.conflicts: list[str] = []
        """Sentences."""
        self._schemas: dict[int, Schema] = {}
        self._channels: dict[int, Channel] = {}

    def topic(self, channel_id: int) -> str | None:
        """Of a channel, also of one whose schema is not there; None when it is not defined."""
        channel = self._channels.get(channel_id)
        return None if channel is None else channel.topic

    def changes(self, record: Schema | Channel) -> bool:
        """Whether taking in ``record`` would change anything."""
        known = self._schemas.get(record.id) if isinstance(record, Schema) else self._channels.get(record.id)
        return known != record

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
        for channel in self._channels.values():
            if channel.id not in self.definitions:
                self._complete(Definition(channel, None))

    def _add_schema(self, schema: Schema) -> None:
        if schema.id == 0:
            return
        known = self._schemas.get(schema.id)
        if known is not None:
            self.conflicts.append(f"Schema {schema.id} is defined twice: {known.name!r} and {schema.name!r}.")
        self._schemas[schema.id] = schema
        for channel in self._channels.values():
            if channel.schema_id == schema.id:
                self._complete(Definition(channel, schema))

    def _add_channel(self, channel: Channel) -> None:
        known = self._channels.get(channel.id)
        if known is not None:
            self.conflicts.append(f"Channel {channel.id} is defined twice: {known.topic!r} and {channel.topic!r}.")
        self._channels[channel.id] = channel
        self.definitions.pop(channel.id, None)
        self.defined[channel.id] = False
        schema = self._schemas.get(channel.schema_id)
        if schema is not None or channel.schema_id == 0:
            self._complete(Definition(channel, schema))

    def _complete(self, definition: Definition) -> None:
        self.definitions[definition.channel.id] = definition
        self.defined[definition.channel.id] = True
        self.history.append(definition)
        self.revision += 1
