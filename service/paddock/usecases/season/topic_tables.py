"""What an engine is told of the stored columns: a table for each topic, over the files as they lie in the store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from paddock.columns.hive_types import covering, hive_type
from paddock.columns.tables import about_of
from paddock.domain.engine_tables import EngineTable, may_be_named, table_name
from paddock.domain.keys import COLUMNS, columns_key
from paddock.domain.recording import Recording
from paddock.errors import NotFound
from paddock.usecases.context import Context
from paddock.usecases.find.contents import with_contents
from paddock.usecases.season.query import FIXED

_LOOKED_AT = 50
"""Logs, the newest, whose files say which fields a topic has; one does where the schema fixes them."""
_AT_ONCE = 8


@dataclass(frozen=True)
class _Channel:
    topic: str
    keys: list[str]
    """Files of some recordings, the newest first."""


async def topic_tables(
    context: Context, recordings: Sequence[Recording], taken: Sequence[str]
) -> list[EngineTable]:
    """A table for each topic of some recordings; one more for each schema of it that has a field of another type.

    Args:
        recordings: whose columns are served.
        taken: names of other tables.
    """
    tables: dict[str, EngineTable] = {}
    for topic, channels in (await _channels(context, recordings)).items():
        fields = [(slug, await _fields(context, channel.keys)) for slug, channel in channels.items()]
        for slugs, kinds in _alike([(slug, each) for slug, each in fields if each is not None]):
            # The newest schema has the topic's name to itself; another one is told by its hash.
            name = table_name(topic, {*taken, *tables})
            tables[name] = _table(name, topic, slugs, kinds)
    return list(tables.values())


async def _channels(context: Context, recordings: Sequence[Recording]) -> dict[str, dict[str, _Channel]]:
    """By topic and slug."""
    newest = sorted(recordings, key=lambda each: each.started_ns or each.uploaded_at, reverse=True)
    found: dict[str, dict[str, _Channel]] = {}
    async for recording, contents in with_contents(context.documents, newest):
        for each in contents.channels:
            if each.message_count:
                channel = found.setdefault(each.topic, {}).setdefault(each.slug, _Channel(each.topic, []))
                if len(channel.keys) < _LOOKED_AT:
                    channel.keys.append(columns_key(each.slug, recording.id, recording.build))
    return found


async def _fields(context: Context, keys: Sequence[str]) -> pa.StructType | None:
    """The columns of a channel; None where none of its files is there."""
    found: pa.StructType | None = None
    for start in range(0, len(keys), _AT_ONCE):
        for schema in await asyncio.gather(*(_schema(context, key) for key in keys[start : start + _AT_ONCE])):
            if schema is None:
                continue
            columns = pa.struct([pa.field(field.name, field.type) for field in schema])
            found = columns if found is None else (_together(found, columns) or found)
            if about_of(schema).schema_encoding in FIXED:
                return found
    return found


async def _schema(context: Context, key: str) -> pa.Schema | None:
    def read() -> pa.Schema:
        import pyarrow.parquet as pq

        with source:
            return pq.read_schema(source)

    try:
        source = await context.objects.open(key)
    except NotFound:
        return None
    return await asyncio.to_thread(read)


def _together(one: pa.StructType, other: pa.StructType) -> pa.StructType | None:
    return covering(one, other)


def _alike(channels: Sequence[tuple[str, pa.StructType]]) -> list[tuple[list[str], pa.StructType]]:
    """Schemas of one topic, those together that one table can read."""
    groups: list[tuple[list[str], pa.StructType]] = []
    for slug, kinds in channels:
        for number, (slugs, known) in enumerate(groups):
            both = _together(known, kinds)
            if both is not None:
                groups[number] = ([*slugs, slug], both)
                break
        else:
            groups.append(([slug], kinds))
    return groups


def _table(name: str, topic: str, slugs: Sequence[str], kinds: pa.StructType) -> EngineTable:
    columns: dict[str, str] = {}
    left_out = []
    for field in kinds:
        said = hive_type(field.type)
        if said is None or not may_be_named(field.name) or field.name.lower() in columns:
            left_out.append(field.name)
        else:
            columns[field.name.lower()] = said
    return EngineTable(name, columns, COLUMNS, tuple(slugs), topic, tuple(left_out))
