"""Reads a log from its first byte to its last: the parts, definitions, chunks and messages, and what was lost.

The summary is never asked; its definitions are taken like any others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt

from paddock.columns.clock import Clock
from paddock.columns.losses import LossLedger
from paddock.domain.recording import Attachment
from paddock.domain.words import counted
from paddock.readers.decoders.schema import Schema
from paddock.readers.mcap.attachments import read_attachment
from paddock.readers.mcap.chunk_reader import ChunkReader
from paddock.readers.mcap.chunks import Allowance
from paddock.readers.mcap.definitions import Definition, Part
from paddock.readers.mcap.events import MAGIC_RECORD, Event, Garbage, Indexes, Int64s, Messages, Record
from paddock.readers.mcap.held_messages import HeldMessages
from paddock.readers.mcap.message_heads import HEAD_BYTES, Heads, heads_at
from paddock.readers.mcap.records import (
    ATTACHMENT,
    CHANNEL,
    CHUNK,
    CHUNK_INDEX,
    DATA_END,
    FOOTER,
    HEADER,
    MESSAGE,
    METADATA,
    PREFIX_BYTES,
    SCHEMA,
    STATISTICS,
    Channel,
    Data,
    Fields,
    Malformed,
    read_channel,
    read_chunk_head,
    read_data_end,
    read_footer,
    read_header,
    read_message_count,
    read_metadata,
    read_schema,
)
from paddock.readers.mcap.scan import scan
from paddock.readers.mcap.small_runs import SmallRuns
from paddock.readers.mcap.windows import FileWindow, Window

LAST_TIME = 2**63 - 1
"""The specification has unsigned times; a message after the year 2262 is damaged, and counted as undecodable."""
_MAX_RECORD_BYTES = 64 << 20
_CHUNK_HEAD_ROOM = 128
_MAX_CONFLICTS = 20
Content = TypeVar("Content")


@dataclass(frozen=True)
class MessageRun:
    """Messages in file order, all of defined channels.

    Shapes: ``starts``, ``ends`` int64 (N,), where each record begins and ends in ``data``; ``heads`` (N,).
    """

    data: Data
    starts: Int64s
    ends: Int64s
    heads: Heads
    log_time: Int64s
    """Those of ``heads``, shape (N,)."""
    part: Part
    """With the definitions of the channels."""
    definitions: npt.NDArray[np.int32]
    """Where in the part's ``history`` each message's definition is; shape (N,)."""
    ordinal: int
    """How many messages the file has before."""


@dataclass
class _Seen:
    """What a whole part of a file has, as far as it was met."""

    header: bool = False
    data_end: bool = False
    summary: bool = False
    footer: bool = False
    magic: bool = False
    """The closing one."""


class LogReader:
    """One pass over a log: iterate ``runs`` to its end, then look at the rest.

    Args:
        log: the file, seekable.
        directory: for a temporary file, used only when messages come before their definitions.
        progress: told how much was read, 0 to 1.
    """

    def __init__(self, log: BinaryIO, directory: Path, progress: Callable[[float], None] = lambda _: None) -> None:
        self._window = FileWindow(log)
        self._allowance = Allowance.of(self._window.size)
        self._held = HeldMessages(directory)
        self._progress = progress
        self._tell_from = 0
        self._chunk: ChunkReader | None = None
        self._ordinal = 0
        self._waiting_from: int | None = None
        """The ordinal of the first message in ``_small``."""
        self._said_count: int | None = None
        """How many messages the part has by its own statistics."""
        self._small = SmallRuns()
        self._section = 0
        self._after_magic = self._after_garbage = False
        self.parts = 0
        self._start_part()
        self.losses = LossLedger()
        self.clock = Clock()
        self.definitions: list[Definition] = []
        """Those of all parts, in file order."""
        self.schemas: list[tuple[int, Schema]] = []
        """Those too, also without a channel, each with the number of its part."""
        self.metadata: list[tuple[str, dict[str, str]]] = []
        self.attachments: list[Attachment] = []
        self.discrepancies: list[str] = []
        """Sentences about parts that had more messages than were found, by their own statistics."""
        self._conflicts = 0
        self._told_conflicts: list[str] = []
        self.library = self.profile = ""
        self.chunks = self.chunk_indexes = 0
        self.padding_bytes = 0
        """Zeros after a closing magic, which belong to no record and are no loss."""

    @property
    def size_bytes(self) -> int:
        """The file's size."""
        return self._window.size

    def conflicts(self) -> list[str]:
        """Sentences about ids that are defined twice, the first ones."""
        more = self._conflicts - len(self._told_conflicts)
        return [*self._told_conflicts, *([f"{more:,} more ids are defined twice."] if more else [])]

    def runs(self) -> Iterator[MessageRun]:
        """All messages that can be had."""
        try:
            for event in scan(self._window):
                yield from self._take(event)
            yield from self._end_part()
        finally:
            self._held.close()

    def _take(self, event: Event) -> Iterator[MessageRun]:
        if isinstance(event, Indexes):
            if self._chunk is not None:
                self._chunk.indexes.append(event)
            return
        if self._chunk is not None:
            yield from self._end_chunk()
        if isinstance(event, Messages):
            self._reached(event.offset + int(event.ends[-1]))
            yield from self._messages(event)
        elif isinstance(event, Garbage):
            end = event.position + event.size
            if self._seen.magic and event.size and self._window.is_padding(event.position, end):
                self.padding_bytes += event.size
                return
            at_end = end == self._window.size
            reason = "cut_off" if at_end else "garbage" if event.size else "bad_length"
            self.losses.lose(reason, event.position, event.size)
        else:
            self._reached(event.position)
            yield from self._record(event)
        self._after_garbage = isinstance(event, Garbage)

    def _reached(self, position: int) -> None:
        """Tell how much was read, a thousand times at most."""
        if position >= self._tell_from:
            self._progress(position / self._window.size)
            self._tell_from = position + self._window.size // 1000

    def _record(self, record: Record) -> Iterator[MessageRun]:
        after_magic, self._after_magic = self._after_magic, record.opcode == MAGIC_RECORD
        if record.opcode == MAGIC_RECORD:
            self._section = record.position
            # The magic that ends a file is the same as the one that begins the next.
            if self._seen.footer and not self._seen.magic:
                self._seen.magic = True
            else:
                yield from self._begin_part()
        elif record.opcode == HEADER:
            if (self._seen.footer or self._after_garbage) and not after_magic:
                yield from self._begin_part()
            self._seen.header = True
            profile, library = self._read(read_header, record, self._window) or ("", "")
            self.profile, self.library = self.profile or profile, self.library or library
        elif record.opcode == CHUNK:
            yield from self._take_chunk(record)
        elif record.opcode == ATTACHMENT:
            self._take_attachment(record)
        elif record.opcode == DATA_END:
            self._check_section(record, read_data_end, record.position, "bad_data_crc")
        elif record.opcode == FOOTER and self._seen.data_end:
            self._check_section(record, read_footer, record.position + PREFIX_BYTES + 16, "bad_summary_crc")
        elif record.opcode == STATISTICS:
            self._said_count = self._read(read_message_count, record, self._window)
        elif record.opcode == METADATA:
            if (metadata := self._read(read_metadata, record, self._window)) is not None:
                self.metadata.append(metadata)
        elif record.opcode == CHUNK_INDEX:
            self.chunk_indexes += 1
            self._seen.summary = True
        elif record.opcode in (SCHEMA, CHANNEL):
            if (definition := self._definition(record, self._window)) is not None:
                yield from self._define(definition)
        elif record.opcode == MESSAGE:
            self._cut_message(record, self._window, record.position)
        self._seen.data_end |= record.opcode == DATA_END
        self._seen.summary |= record.opcode in (STATISTICS, FOOTER)
        self._seen.footer |= record.opcode == FOOTER

    def _start_part(self) -> None:
        self._part = Part(self.parts)
        self._seen = _Seen()
        self._said_count = None
        self._part_begin = self._ordinal

    def _begin_part(self) -> Iterator[MessageRun]:
        if self.parts:
            yield from self._end_part()
            self._start_part()
        self.parts += 1

    def _end_part(self) -> Iterator[MessageRun]:
        """Give out what waited for its definition, count what waited in vain, and say what is missing."""
        yield from self._end_chunk()
        yield from self._end_small()
        self._part.settle()
        for channel_id in self._held.channel_ids:
            if not self._part.defined[channel_id]:
                self.losses.orphans += self._held.count(channel_id)
                continue
            for held in self._held.release(channel_id):
                heads = heads_at(held.data, held.starts)
                times = heads["log_time"].astype(np.int64)
                self.clock.observe_late(times)
                definitions = self._part.all_in_force(heads["channel"])
                places = held.starts, held.ends
                yield MessageRun(held.data, *places, heads, times, self._part, definitions, held.ordinal)
        self._held.forget()
        self.definitions.extend(self._part.history)
        self.schemas.extend(self._part.schemas)
        self._conflicts += self._part.conflicts
        self._told_conflicts.extend(self._part.told_conflicts[: _MAX_CONFLICTS - len(self._told_conflicts)])
        got = self._ordinal - self._part_begin
        if self._said_count is not None and self._said_count > got:
            found = "was" if got == 1 else "were"
            self.discrepancies.append(
                f"By its own statistics the log had {counted(self._said_count, 'message')}, {got:,} {found} found."
            )
        for name, seen in asdict(self._seen).items():
            if not seen:
                self.losses.miss(name)

    def _take_chunk(self, record: Record) -> Iterator[MessageRun]:
        self.chunks += 1
        begin = self._window.ensure(record.position, _CHUNK_HEAD_ROOM)
        head = read_chunk_head(Fields(self._window.data, begin + PREFIX_BYTES, len(self._window.data)))
        self._chunk = ChunkReader(head, record, self._window, self._allowance)
        if self._chunk.at_once:
            self._chunk.load()
        else:
            yield from self._end_chunk()

    def _end_chunk(self) -> Iterator[MessageRun]:
        """The chunk's indexes, if it has any, were read: now its messages."""
        chunk, self._chunk = self._chunk, None
        if chunk is None:
            return
        before = self._ordinal
        waiting: list[Messages] = []
        for window, event in chunk.events():
            if isinstance(event, Messages):
                if waiting and waiting[0].data is not event.data:
                    yield from self._messages(_joined(waiting))
                    waiting = []
                waiting.append(event)
            elif isinstance(event, Garbage):
                size = min(event.size, chunk.size)  # of what the chunk has in the file
                self.losses.lose("garbage" if size else "bad_length", chunk.record.position, size)
            elif isinstance(event, Record) and event.opcode in (SCHEMA, CHANNEL):
                definition = self._definition(event, window)
                if definition is not None and self._part.changes(definition):
                    if waiting:
                        yield from self._messages(_joined(waiting))
                        waiting = []
                    yield from self._define(definition)
            elif isinstance(event, Record) and event.opcode == MESSAGE:
                self._cut_message(event, window, chunk.record.position)
        if waiting:
            yield from self._messages(_joined(waiting))
        chunk.note_losses(self.losses, self._ordinal - before)

    def _define(self, definition: Schema | Channel) -> Iterator[MessageRun]:
        """A definition; one that changes another holds only for the messages after it."""
        if self._part.redefines(definition) and not self._small.define(self._part):
            yield from self._end_small()
        self._part.add(definition)

    def _messages(self, run: Messages) -> Iterator[MessageRun]:
        """Messages in the order of the file; few are put together with those that follow."""
        self._ordinal += len(run.starts)
        if (ends := self._small.add(run)) is not None:
            self._waiting_from = (
                self._ordinal - len(run.starts) if self._waiting_from is None else self._waiting_from
            )
            if max(ends) <= LAST_TIME:
                self.losses.messages_seen(*ends)
            if self._small.full:
                yield from self._end_small()
            return
        yield from self._end_small()
        yield from self._give_out(run, self._ordinal - len(run.starts))

    def _end_small(self) -> Iterator[MessageRun]:
        if (taken := self._small.take()) is not None:
            run, definitions = taken
            ordinal, self._waiting_from = self._waiting_from, None
            assert ordinal is not None, "set with the first that waits"
            yield from self._give_out(run, ordinal, definitions, was_noted=True)

    def _give_out(
        self, run: Messages, ordinal: int, known: Sequence[int] = (), *, was_noted: bool = False
    ) -> Iterator[MessageRun]:
        """Give out what can be given out now.

        ``known`` are the definitions of the first messages, where these were others than are in force now.
        """
        starts, ends = run.starts, run.ends
        heads = heads_at(run.data, starts) if run.heads is None else run.heads
        times = heads["log_time"].astype(np.int64)
        definitions = None if known else self._part.known_in_force(heads["channel"])
        if definitions is None or int(times.min()) < 0:
            rows, definitions = self._rows_to_give_out(run, heads, times, known, ordinal)
            starts, ends, heads, times = starts[rows], ends[rows], heads[rows], times[rows]
        if len(heads):
            if not was_noted:
                self.losses.messages_seen(int(times[0]), int(times[-1]))
            self.clock.observe(times)
            yield MessageRun(run.data, starts, ends, heads, times, self._part, definitions, ordinal)

    def _rows_to_give_out(
        self, run: Messages, heads: Heads, times: Int64s, known: Sequence[int], ordinal: int
    ) -> tuple[Int64s, npt.NDArray[np.int32]]:
        """Keep apart what cannot be given out now: impossible times, and channels not yet defined.

        The others: which they are, and their definitions; shapes (N,).
        """
        definitions = np.full(len(heads), -1, np.int32)
        definitions[: len(known)] = known
        ids = heads["channel"]
        late = times < 0  # what is beyond LAST_TIME
        if late.any():
            for channel_id, place in zip(ids[late].tolist(), definitions[late].tolist(), strict=True):
                topic = self._part.topic(channel_id) if place < 0 else self._part.history[place].channel.topic
                if topic is None:
                    self.losses.orphans += 1
                else:
                    self.losses.undecoded(topic)
            self.losses.lose("impossible_time", run.offset + int(run.starts[late][0]), 0)
        defined = self._part.defined[ids] | (definitions >= 0)
        if not defined[~late].all():
            rows = np.flatnonzero(~defined & ~late)
            rows = rows[np.argsort(ids[rows], kind="stable")]
            bounds = np.flatnonzero(np.diff(ids[rows])) + 1
            for same in np.split(rows, bounds):
                channel_id = int(ids[same[0]])
                starts, ends = run.starts[same], run.ends[same]
                self._held.hold(channel_id, run.data, starts, ends, ordinal + int(same[0]))
        rows = np.flatnonzero(defined & ~late)
        definitions = definitions[rows]
        now = definitions < 0
        definitions[now] = self._part.all_in_force(ids[rows][now])
        return rows, definitions

    def _fields(self, record: Record, window: Window) -> Fields:
        """The fields of a record, which may reach beyond what its length says."""
        begin = window.ensure(record.position, PREFIX_BYTES + min(record.length, _MAX_RECORD_BYTES))
        return Fields(window.data, begin + PREFIX_BYTES, len(window.data))

    def _read(self, read: Callable[[Fields], Content], record: Record, window: Window) -> Content | None:
        """A record; None when, now that all of it is in memory, its fields make no sense."""
        try:
            return read(self._fields(record, window))
        except Malformed:
            self.losses.lose("bad_record", record.position, 0)
            return None

    def _definition(self, record: Record, window: Window) -> Schema | Channel | None:
        if record.opcode == SCHEMA:
            return self._read(read_schema, record, window)
        return self._read(read_channel, record, window)

    def _take_attachment(self, record: Record) -> None:
        try:
            attachment, is_right = read_attachment(record, self._window)
        except Malformed:
            self.losses.lose_aside("bad_attachment", record.position, record.length)
            return
        self.attachments.append(attachment)
        if not is_right:
            self.losses.lose_aside("bad_attachment_crc", record.position)

    def _check_section(self, record: Record, read: Callable[[Fields], int], end: int, reason: str) -> None:
        """The data section ends with the checksum of what is before it, the summary section too; 0 is none."""
        expected = self._read(read, record, self._window)
        if expected and self._window.crc(self._section, end) != expected:
            self.losses.lose_aside(reason, record.position)
        self._section = record.position + PREFIX_BYTES + record.length

    def _cut_message(self, record: Record, window: Window, offset: int) -> None:
        """A message of which only the first bytes are there, or that is too large, cannot be decoded."""
        begin = window.ensure(record.position, HEAD_BYTES)
        if len(window.data) - begin > HEAD_BYTES:
            head = heads_at(window.data, np.array([begin], np.int64))[0]
            topic = self._part.topic(int(head["channel"]))
            if topic is not None:
                self.losses.undecoded(topic)
        self.losses.lose("truncated_message" if record.cut else "large_message", offset, 0)


def _joined(runs: list[Messages]) -> Messages:
    if len(runs) == 1:
        return runs[0]
    starts = np.concatenate([run.starts for run in runs])
    return Messages(runs[0].data, starts, np.concatenate([run.ends for run in runs]), runs[0].offset)
