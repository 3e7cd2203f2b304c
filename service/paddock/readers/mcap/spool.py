"""A whole MCAP log, decoded in one pass into the spool."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from paddock.allocator import seldom_collected
from paddock.columns.columns import AS_BYTES, ColumnChannel
from paddock.columns.limits import Limits
from paddock.columns.spool import FoundBeside, SpooledColumns, spooled_columns
from paddock.columns.spool_channel import SpooledChannel
from paddock.columns.spool_file import SpoolFile
from paddock.domain.can_database import NO_DATABASES, Databases
from paddock.domain.keys import channel_slug
from paddock.domain.words import counted
from paddock.readers.can.frame_schemas import may_hold_frames
from paddock.readers.mcap.batch import BATCH_BYTES, MAX_MESSAGE_BYTES, pieces
from paddock.readers.mcap.decoding import column_channel
from paddock.readers.mcap.definitions import Definition, Numbering
from paddock.readers.mcap.facts import file_facts
from paddock.readers.mcap.reader import LogReader, MessageRun
from paddock.readers.mcap.spool_process import SpoolProcess
from paddock.readers.mcap.spool_writer import SpoolWriter

_WAITING_BYTES = BATCH_BYTES
_PROCESS_FROM_BYTES = 16 << 20
"""A log that takes longer to decode than a process takes to start."""
_MOST_READINGS = 3
"""Once to find the channels that take too much, once without these. The third time nothing is decoded."""

_LARGE_SCHEMA_BYTES = 64 << 10
_MAX_DECODED_CHANNELS = 2_000
"""A car has 200, and a page lists 2,000. A decoder with its statistics costs what a thousand messages do."""
_TOO_MANY = f"the log has more than {_MAX_DECODED_CHANNELS:,} channels"
_MAX_DISCREPANCIES = 5


def decodes_apart(log_bytes: int) -> bool:
    """Whether a log of this size is decoded in a process of its own."""
    return log_bytes >= _PROCESS_FROM_BYTES and (os.cpu_count() or 1) > 1


def spool_log(
    log: BinaryIO,
    directory: Path,
    *,
    topics: Callable[[str], bool] | None = None,
    progress: Callable[[float], None] | None = None,
    memory_bytes: int | None = None,
    databases: Databases = NO_DATABASES,
    statistics: bool = True,
) -> SpooledColumns:
    """Read an MCAP log, see ``readers/registry.py``. A channel that takes too much is kept as bytes."""
    as_bytes = _AsBytes()
    while True:
        file = SpoolFile.temporary(directory)
        try:
            reader = LogReader(log, directory, progress or (lambda _: None))
            new_limits = partial(Limits, memory_bytes, reader.size_bytes, statistics=statistics)
            limits = new_limits()
            apart = decodes_apart(reader.size_bytes)
            with (
                closing(SpoolProcess(file, directory, limits) if apart else SpoolWriter(file, limits)) as writer,
                seldom_collected(),
            ):
                channels, found = _Spooler(reader, writer, topics, as_bytes, databases).spool(file)
        except BaseException:
            file.close()
            raise
        if not as_bytes.grows(channels):
            try:
                return _with_frames(file, channels, found, new_limits, databases, topics)
            except BaseException:
                file.close()
                raise
        file.close()
        progress = None


def _with_frames(
    file: SpoolFile,
    channels: list[SpooledChannel],
    found: FoundBeside,
    new_limits: Callable[[], Limits],
    databases: Databases,
    topics: Callable[[str], bool] | None,
) -> SpooledColumns:
    """The columns of a log; where messages are frames of a CAN bus, those of what the frames mean."""
    known = (each.channel for each in channels)
    if not any(may_hold_frames(each.topic, each.schema_name, each.message_encoding, databases) for each in known):
        return spooled_columns(file, channels, found)
    # Most logs have none, and need not wait until what decodes them is imported.
    from paddock.readers.can.within import decode_within

    within = decode_within(channels, file, found.losses, new_limits, databases, topics)
    made, said = found.facts, within.said
    found.facts = lambda loss, count: replace(facts := made(loss, count), said=facts.said | said)
    found.more_oddities = [*found.more_oddities, *within.sentences]
    return spooled_columns(file, within.spooled, found)


class _AsBytes:
    """The channels that are kept as bytes, known once the log was read without."""

    def __init__(self) -> None:
        self._why: dict[str, str] = {}
        self._others = ""
        self._times = 0

    def why(self, slug: str) -> str:
        """Why this one is; empty when it is decoded."""
        return self._why.get(slug, self._others)

    def grows(self, channels: Sequence[SpooledChannel]) -> bool:
        """Take in what became of the channels; whether the log has to be read once more."""
        over = {each.channel.slug: each.over for each in channels if each.over}
        self._why |= over
        self._times += bool(over)
        if self._times == _MOST_READINGS - 1:
            self._others = "its log takes too much"
        return bool(over) and self._times < _MOST_READINGS


class _Spooler:
    """Reads a log and hands its messages on in batches, each message with the number of its channel."""

    def __init__(
        self,
        reader: LogReader,
        writer: SpoolWriter | SpoolProcess,
        topics: Callable[[str], bool] | None,
        as_bytes: _AsBytes,
        databases: Databases,
    ) -> None:
        self._databases = databases
        self._reader = reader
        self._writer = writer
        self._topics = topics
        self._as_bytes = as_bytes
        self._by_content: dict[tuple[str, str, str, bytes, str], int] = {}
        self._slugs: set[str] = set()
        self._hashes: dict[bytes, bytes] = {}
        self._metadata: list[dict[str, str]] = []
        """By number of the channel."""
        self._others: list[ColumnChannel] = []
        """Channels beyond those that are decoded."""
        self._numbers: dict[Definition, int] = {}
        self._channel_numbers = Numbering()
        self._batch = writer.batch()
        self._reached = 0
        self._late = False

    def spool(self, file: SpoolFile) -> tuple[list[SpooledChannel], FoundBeside]:
        for run in self._reader.runs():
            # What waited for its definition goes before what was decoded since: never in one batch with others.
            late = run.ordinal < self._reached
            if late != self._late:
                self._hand_on()
            self._late = late
            self._reached = max(self._reached, run.ordinal)
            self._add(run)
        self._hand_on()
        for definition in self._reader.definitions:
            self._number(definition)
        return self._finish(file)

    def _add(self, run: MessageRun) -> None:
        numbers = self._channel_numbers.of(run.part, run.definitions, self._number)
        for first, stop in pieces(run, _WAITING_BYTES):
            if numbers[first:stop].max() < 0:
                continue
            size = int(run.ends[stop - 1] - run.starts[first])
            if size > MAX_MESSAGE_BYTES:
                self._reader.losses.undecoded(run.part.history[run.definitions[first]].channel.topic)
                continue
            if self._batch.rows and self._batch.record_bytes + size > _WAITING_BYTES:
                self._hand_on()
            self._batch.add(run, numbers, first, stop)

    def _hand_on(self) -> None:
        if self._batch.rows:
            self._writer.write(self._batch)
            self._batch = self._writer.batch()

    def _number(self, definition: Definition) -> int:
        """The number of the channel that the messages of a definition go to; -1 when its topic is not wanted."""
        number = self._numbers.get(definition)
        if number is None:
            wanted = (
                self._topics is None or self._topics(definition.channel.topic) or self._holds_frames(definition)
            )
            number = self._numbers[definition] = self._channel_number(definition) if wanted else -1
        return number

    def _holds_frames(self, definition: Definition) -> bool:
        """Whether other topics, which may be wanted, are made from it."""
        channel, schema = definition.channel, definition.schema
        name = schema.name if schema else ""
        return bool(self._databases) and may_hold_frames(
            channel.topic, name, channel.message_encoding, self._databases
        )

    def _channel_number(self, definition: Definition) -> int:
        """Definitions that say the same, under another id or in another part, are one channel."""
        channel, schema = definition.channel, definition.schema
        name, encoding, data = (schema.name, schema.encoding, schema.data) if schema else ("", "", b"")
        content = (channel.topic, name, encoding, data, channel.message_encoding)
        if content not in self._by_content:
            data = self._hashed(data)
            slug = channel_slug(channel.topic, name, data)
            if slug in self._slugs:
                encodings = f"\0{encoding}\0{channel.message_encoding}".encode()
                slug = channel_slug(channel.topic, name, data + encodings)
            self._slugs.add(slug)
            self._by_content[content] = len(self._metadata)
            self._metadata.append({})
            if len(self._metadata) <= _MAX_DECODED_CHANNELS:
                self._writer.define(definition, slug, self._as_bytes.why(slug))
            else:
                self._others.append(column_channel(definition, slug, AS_BYTES, {}))
        number = self._by_content[content]
        for key, value in channel.metadata.items():
            self._metadata[number].setdefault(key, value)
        return number

    def _hashed(self, schema: bytes) -> bytes:
        """What stands for a schema in the slugs of its channels: a large one is hashed once for all of them."""
        if len(schema) <= _LARGE_SCHEMA_BYTES:
            return schema
        if schema not in self._hashes:
            self._hashes[schema] = hashlib.sha256(schema).digest()
        return self._hashes[schema]

    def _finish(self, file: SpoolFile) -> tuple[list[SpooledChannel], FoundBeside]:
        reader = self._reader
        spooled, others = self._writer.finish()
        spooled += others.spooled(self._others, _TOO_MANY, file)
        for each, metadata in zip(spooled, self._metadata, strict=True):
            each.channel.metadata.update(metadata)
        return spooled, FoundBeside(
            clock=reader.clock,
            losses=reader.losses,
            metadata=reader.metadata,
            attachments=reader.attachments,
            oddities=_of_the_file(reader),
            more_oddities=reader.conflicts(),
            facts=partial(file_facts, reader),
        )


def _of_the_file(reader: LogReader) -> list[str]:
    """What is odd about its records."""
    padding = f"{counted(reader.padding_bytes, 'byte')} of padding follow the closing magic: nothing is lost."
    return [*([padding] if reader.padding_bytes else []), *reader.discrepancies[:_MAX_DISCREPANCIES]]
