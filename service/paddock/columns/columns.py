"""Arrow columns of a log: what every file format, plot and statistic is made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.domain.log_kinds import FIRST_KIND, LOG_KINDS
from paddock.domain.recording import Attachment, ChannelSummary, LossReport, Signal

Int64s = npt.NDArray[np.int64]


AS_BYTES: pa.StructType = pa.struct([pa.field("data", pa.binary(), nullable=False)])
"""The type of messages that nobody here can read."""


UNIT = "unit:"
"""In front of a field's dotted path: the key of its unit in the metadata of a channel."""


@dataclass(frozen=True, eq=False)
class ColumnChannel:
    """One topic with one schema, merged over the channel ids it had in the file; compared by identity.

    ``fields`` is the Arrow type of one message, a struct that may nest; every value of the log has one of:
    bool, (u)int8…64, float, double, string, binary, list of these, struct, map, and ``timestamp``/``duration`` in
    nanoseconds. ``enums`` maps the dotted path of an enum field (an int32 in ``fields``) to its names by number.
    A message that is not decodable by design (raw bytes, unknown encoding) has the one field ``data``: binary.
    """

    topic: str
    slug: str
    schema_name: str
    schema_encoding: str
    message_encoding: str
    fields: pa.StructType
    enums: dict[str, dict[int, str]] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def units(self) -> dict[str, str]:
        """Units that the log says, by dotted path: entries of ``metadata`` that begin with ``UNIT``."""
        return {key.removeprefix(UNIT): unit for key, unit in self.metadata.items() if key.startswith(UNIT)}


@dataclass(frozen=True)
class ColumnBatch:
    """Some messages of one channel, decoded.

    Shapes: ``log_time``, ``publish_time`` int64 (N,) in nanoseconds since the Unix epoch; ``sequence`` int64 (N,);
    ``messages`` a StructArray of length N and type ``channel.fields``.
    """

    channel: ColumnChannel
    log_time: Int64s
    publish_time: Int64s
    sequence: Int64s
    messages: pa.StructArray

    def __len__(self) -> int:
        return len(self.log_time)

    def between(self, first: int, stop: int) -> ColumnBatch:
        """The messages ``first`` to ``stop`` (not taken); nothing is copied."""
        part = slice(first, stop)
        return ColumnBatch(
            self.channel, self.log_time[part], self.publish_time[part], self.sequence[part], self.messages[part]
        )

    def parts(self, size_bytes: int) -> Iterator[ColumnBatch]:
        """All of them in parts of about so many bytes."""
        step = max(1, len(self) * size_bytes // max(1, self.messages.nbytes))
        for first in range(0, len(self), step):
            yield self.between(first, first + step)


@dataclass(frozen=True)
class FileFacts:
    """What the reader of one kind of log knows of the file itself; nobody else asks what kind that is."""

    said: dict[str, str] = field(default_factory=dict)
    """What the file says of itself, by name: ``library`` is who wrote it."""
    missing: tuple[str, ...] = ()
    """Sentences about ``LossReport.missing``."""
    oddities: tuple[str, ...] = ()
    """Sentences about how the file is laid out."""
    has_clock: bool = True
    """Whether its times are instants; else they count from when the logger was switched on."""
    viewers_open: bool = True
    """Whether a viewer on the web can open this very file fast, if it can open its kind."""


@dataclass(frozen=True)
class LogSummary:
    """What is known once the whole log was read."""

    started_ns: int | None
    """``log_time`` of the first message, None without messages. See ``time_span``: a few that are far away from all
    others do not count."""
    ended_ns: int | None
    """``log_time`` of the last message, likewise."""
    message_count: int
    channels: tuple[ChannelSummary, ...]
    """Also those without messages."""
    metadata: tuple[tuple[str, dict[str, str]], ...]
    """The metadata records: (name, entries), in file order."""
    loss: LossReport
    kind: str = FIRST_KIND
    """What the log is, see ``domain/log_kinds.py``."""
    facts: FileFacts = FileFacts()
    signals: tuple[Signal, ...] = ()
    """Statistics; ``id`` and ``recording`` are filled in by who stores them."""
    attachments: tuple[Attachment, ...] = ()
    notices: tuple[str, ...] = ()
    """Sentences about what is odd but lost nothing: clock jumps, ``log_time`` 0, unknown encodings."""

    @property
    def needs_viewer_copy(self) -> bool:
        """Whether viewers on the web cannot open the original, or not fast."""
        return not (LOG_KINDS[self.kind].viewers_open and self.facts.viewers_open)


class Columns(Protocol):
    """A whole log as columns, read channel by channel: from a spool beside a conversion, or from Parquet.

    Rows of a channel come ordered by ``log_time``, ties in file order. Memory is bounded by a batch.
    """

    summary: LogSummary
    channels: Sequence[ColumnChannel]
    """In order of topic, then slug."""

    def rows(self, channel: ColumnChannel) -> int:
        """How many messages the channel has."""
        ...

    def size_bytes(self, channel: ColumnChannel) -> int:
        """About how many bytes its columns take in memory."""
        ...

    def read(self, channel: ColumnChannel, fields: Sequence[str] | None = None) -> Iterator[ColumnBatch]:
        """Its messages in batches; with ``fields`` only these top-level fields (``messages`` has no others)."""
        ...
