"""The ids of schemas and channels when a log is written anew: their own, as long as nothing else has them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from paddock.errors import Rejected
from paddock.readers.decoders.schema import Schema
from paddock.readers.mcap.definitions import Definition
from paddock.readers.mcap.records import Channel

MAX_ID = 65_535


class NewIds:
    """Takes definitions in file order.

    Two ids of one part stay two, whatever they say: they are two publishers. What another part of the file says
    again in the same words is the same channel.
    """

    def __init__(self) -> None:
        self._schemas: list[Schema] = []
        self._channels: list[Channel] = []
        self._schema_ids = _Ids("schemas", 1)
        self._channel_ids = _Ids("channels", 0)

    @property
    def schemas(self) -> list[Schema]:
        """Those to write."""
        return sorted(self._schemas, key=lambda each: each.id)

    @property
    def channels(self) -> list[Channel]:
        """Those to write."""
        return sorted(self._channels, key=lambda each: each.id)

    def of_schema(self, part: int, schema: Schema) -> int:
        """The new id of a schema.

        Raises:
            Rejected: one MCAP cannot have so many (code ``too_many_channels``), as for ``of_channel``.
        """
        new_id, is_new = self._schema_ids.of(part, schema.id, (schema.name, schema.encoding, schema.data))
        if is_new:
            self._schemas.append(replace(schema, id=new_id))
        return new_id

    def of_channel(self, definition: Definition) -> int:
        """The new id of a channel; its schema gets one too."""
        channel, schema = definition.channel, definition.schema
        schema_id = 0 if schema is None else self.of_schema(definition.part, schema)
        says = (channel.topic, schema_id, channel.message_encoding, frozenset(channel.metadata.items()))
        new_id, is_new = self._channel_ids.of(definition.part, channel.id, says)
        if is_new:
            self._channels.append(replace(channel, id=new_id, schema_id=schema_id))
        return new_id


class _Ids:
    def __init__(self, kind: str, first: int) -> None:
        self._kind = kind
        self._next = first
        self._taken: set[int] = set()
        self._by_content: dict[Hashable, list[int]] = {}
        self._claims: dict[tuple[int, Hashable], dict[int, int]] = {}
        """By part and content: the new id of every old one."""

    def of(self, part: int, old_id: int, content: Hashable) -> tuple[int, bool]:
        """The new id, and whether nothing had it before."""
        claims = self._claims.setdefault((part, content), {})
        known = self._by_content.setdefault(content, [])
        is_new = old_id not in claims and len(claims) == len(known)
        if is_new:
            known.append(self._free(old_id))
        if old_id not in claims:
            claims[old_id] = known[len(claims)]
        return claims[old_id], is_new

    def _free(self, wanted: int) -> int:
        while wanted in self._taken:
            wanted = self._next
            self._next += 1
        if wanted > MAX_ID:
            raise Rejected(
                f"This log has more than {MAX_ID:,} {self._kind} in its parts together, more than one MCAP file can"
                " have: take some of its topics.",
                code="too_many_channels",
            )
        self._taken.add(wanted)
        return wanted
