"""A log's rows, whatever reader they come from, in a temporary file, and read from there as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa

from paddock.columns.clock import Clock
from paddock.columns.columns import ColumnBatch, ColumnChannel, FileFacts, LogSummary
from paddock.columns.limits import Limits, OverLimit, count_fields
from paddock.columns.losses import LossLedger
from paddock.columns.spool_channel import SpoolChannel, SpooledChannel
from paddock.columns.spool_file import Rows, SpoolFile, taken
from paddock.columns.time_span import TimeSpan
from paddock.domain.keys import channel_slug, topic_name
from paddock.domain.recording import Attachment, LossReport
from paddock.domain.words import counted

_MAX_NOTICES = 500
_MAX_TOPICS = 5


class SpooledColumns:
    """``Columns`` in a temporary file, which goes when the context ends."""

    def __init__(self, file: SpoolFile, channels: Sequence[SpooledChannel], summary: LogSummary) -> None:
        self._file = file
        self._channels = {each.channel: each for each in channels}
        self.channels: Sequence[ColumnChannel] = list(self._channels)
        self.summary = summary

    def __enter__(self) -> SpooledColumns:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the temporary file."""
        self._file.close()

    def rows(self, channel: ColumnChannel) -> int:
        """How many messages the channel has."""
        return self._channels[channel].rows

    def size_bytes(self, channel: ColumnChannel) -> int:
        """About how many bytes its columns take in memory."""
        return self._channels[channel].decoded_bytes

    def read(self, channel: ColumnChannel, fields: Sequence[str] | None = None) -> Iterator[ColumnBatch]:
        """Its messages by ``log_time`` in batches; with ``fields`` only these top-level fields."""
        names = None if fields is None else list(fields)
        for rows in self._channels[channel].read(self._file, names):
            yield ColumnBatch(channel, rows.log_time, rows.publish_time, rows.sequence, rows.messages)


@dataclass
class FoundBeside:
    """What a reader finds in a log beside its rows; filled while it reads."""

    clock: Clock = field(default_factory=Clock)
    """Told the times of all messages, in the order of the file."""
    losses: LossLedger = field(default_factory=LossLedger)
    metadata: Sequence[tuple[str, dict[str, str]]] = ()
    """The file's metadata records, in its order."""
    attachments: Sequence[Attachment] = ()
    oddities: Sequence[str] = ()
    """Sentences about the file, told before those about its times."""
    more_oddities: Sequence[str] = ()
    """Further sentences about the file, told after those about its times."""
    facts: Callable[[LossReport, int], FileFacts] = lambda _, __: FileFacts()
    """Makes the facts of the file from its losses and the number of messages."""


def spooled_columns(file: SpoolFile, spooled: Sequence[SpooledChannel], found: FoundBeside) -> SpooledColumns:
    """The columns of a log that was read to its end, with what is said of it."""
    spooled = sorted(spooled, key=lambda each: (each.channel.topic, each.channel.slug))
    for each in spooled:
        if each.undecodable:
            found.losses.undecoded(each.channel.topic, each.undecodable)
    span = found.clock.span() if any(each.rows for each in spooled) else None
    outliers = []
    if span is not None and span.outside:
        outliers = [each.channel.topic for each in spooled if each.reaches_out(span)]
        spooled = [each.with_ends_in(span, file) if each.reaches_out(span) else each for each in spooled]
    summaries = [each.summary(file, span) for each in spooled]
    loss, message_count = found.losses.report(), sum(each.message_count for each in summaries)
    summary = LogSummary(
        started_ns=span.first if span else None,
        ended_ns=span.last if span else None,
        message_count=message_count,
        channels=tuple(summaries),
        metadata=tuple(found.metadata),
        loss=loss,
        facts=found.facts(loss, message_count),
        signals=tuple(signal for each in spooled for signal in each.signals),
        attachments=tuple(found.attachments),
        notices=(
            *found.oddities,
            *found.clock.notices(),
            *_outside(span, outliers),
            *found.more_oddities,
            *_told(spooled),
        ),
    )
    return SpooledColumns(file, spooled, summary)


def _outside(span: TimeSpan | None, topics: Sequence[str]) -> list[str]:
    """What lies outside of the recording's time."""
    if span is None or not span.outside:
        return []
    some = ", ".join(sorted(set(topics))[:_MAX_TOPICS]) + (" and others" if len(set(topics)) > _MAX_TOPICS else "")
    are, set_ = ("is", "sets") if span.outside == 1 else ("are", "set")
    return [
        f"{counted(span.outside, 'message')} of {some or 'some topic'} {are} far away in time from all others:"
        f" kept, but {set_} neither the start nor the duration."
    ]


def _told(channels: Sequence[SpooledChannel]) -> list[str]:
    """Their notices, so many as anybody reads."""
    notices = [notice for each in channels for notice in each.notices]
    more = len(notices) - _MAX_NOTICES
    return [*notices[:_MAX_NOTICES], *([f"{more:,} more channels have such a notice."] if more > 0 else [])]


class Spool:
    """Where a reader puts what it has decoded, batch by batch; then the columns of the whole log.

    As a context it goes when the reader fails. A channel that takes more than the log may is left out, and said.

    Args:
        directory: has room for all of it; nothing stays there, whatever happens.
        log_bytes: the size of the log.
        memory_bytes: what this may take; None for what suits the machine.
        statistics: whether signals get them.
    """

    def __init__(
        self, directory: Path, log_bytes: int, memory_bytes: int | None = None, *, statistics: bool = True
    ) -> None:
        self._begin(SpoolFile.temporary(directory), Limits(memory_bytes, log_bytes, statistics=statistics))

    def _begin(self, file: SpoolFile, limits: Limits) -> None:
        self.found = FoundBeside()
        self.limits = limits
        self._file = file
        self._channels: dict[SpoolChannel, ColumnChannel] = {}
        self._rows = 0

    @classmethod
    def onto(cls, file: SpoolFile, limits: Limits) -> Spool:
        """One that puts its channels into the file of others, which was written to its end."""
        spool = cls.__new__(cls)
        file.go_on()
        spool._begin(file, limits)
        return spool

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.close()

    def close(self) -> None:
        """Give up what was read."""
        self._file.close()

    def channel(
        self,
        topic: str,
        fields: pa.StructType,
        *,
        schema: tuple[str, str, bytes] = ("", "", b""),
        message_encoding: str = "",
        enums: dict[str, dict[int, str]] | None = None,
        metadata: dict[str, str] | None = None,
    ) -> SpoolChannel:
        """A topic with one schema (name, encoding, bytes), whose messages are of the type ``fields``."""
        name, encoding, data = schema
        slug = channel_slug(topic, name, data)
        channel = SpoolChannel(slug, self.limits)
        try:
            self.limits.take_fields(count_fields(fields))
        except OverLimit as error:
            self.limits.give_up(slug, str(error))
        self._channels[channel] = ColumnChannel(
            topic_name(topic), slug, name, encoding, message_encoding, fields, enums or {}, metadata or {}
        )
        return channel

    def write(self, channel: SpoolChannel, rows: Rows) -> None:
        """Take the messages of a channel that follow in the file, in whatever order of time."""
        if len(rows.log_time) and not channel.is_over:
            if (np.diff(rows.log_time) < 0).any():
                rows = taken(rows, np.argsort(rows.log_time, kind="stable"))
            channel.write(rows, self._file, self._rows)
        self._rows += len(rows.log_time)

    def finish(self) -> SpooledColumns:
        """All is read; the columns have the file from now on."""
        return spooled_columns(self._file, self.settled(), self.found)

    def settled(self) -> list[SpooledChannel]:
        """All is read: what became of the channels."""
        return list(map(self._settled, self._channels))

    def _settled(self, channel: SpoolChannel) -> SpooledChannel:
        described = self._channels[channel]
        if channel.is_over:
            channel.forget()
        settled = channel.settle(described, self._file)
        if not settled.over:
            return settled
        return replace(settled, notices=(f"{described.topic} is left out: {settled.over}.",))
