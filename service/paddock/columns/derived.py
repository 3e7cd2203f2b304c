"""Derived columns: an expression over a log's signals, computed batch by batch into one more channel of it.

An expression has the instants of one of its signals: of the topic with the most messages, and of several with as
many the one that the text names first. The others come to these instants by the rule of ``joined.py``. Numbers
are float64 on the way; a condition is 1, 0 or missing. What is missing, infinite or divided by zero makes what is
computed from it missing, and a result is stored as its shape says: float64, int64 of what is made of whole steps,
or bool.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from paddock.columns.arrow_numpy import is_list, is_number, numbers, pick
from paddock.columns.columns import ColumnBatch, ColumnChannel, Columns, Int64s, LogSummary
from paddock.columns.joined import Floats, Joining, Samples
from paddock.columns.limits import Limits
from paddock.columns.lists import element_of
from paddock.columns.maths_compiled import Compiled, Laps, finite
from paddock.columns.signals import Path, leaves
from paddock.columns.spool_channel import ROW_BYTES
from paddock.columns.statistics import ChannelStatistics
from paddock.domain.instants import NS_PER_S
from paddock.domain.keys import channel_slug
from paddock.domain.maths_binding import Bound
from paddock.domain.maths_channels import FIELD
from paddock.domain.maths_language.checking import Shape
from paddock.domain.maths_language.fault import Fault
from paddock.domain.recording import DERIVED_ENCODING, ChannelSummary, LossReport, Signal
from paddock.domain.signal_names import read_element
from paddock.errors import Rejected

_ROWS = 65_536
_LARGEST_STEP = 2.0**63

_TYPES: Mapping[Shape, pa.DataType] = {
    Shape.LINE: pa.float64(), Shape.STEPS: pa.int64(), Shape.CONDITION: pa.bool_(),
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Where a signal's samples are."""

    channel: ColumnChannel
    path: Path
    element: int | None
    on_lines: bool


class Derived:
    """What an expression is over a log.

    Args:
        columns: has the channels of all its signals.
        bound: names signals of the log alone.
        laps: of the recording; None where nobody knows them.

    Raises:
        Fault: a signal that is none of numbers, no signal at all, or ``lap()`` without laps.
        Rejected: the log has no such signal (code ``bad_maths``).
    """

    def __init__(self, columns: Columns, bound: Bound, laps: Laps | None = None) -> None:
        self._columns = columns
        self._bound = bound
        self._laps = laps
        self._sources = {name: source_of(columns, name) for name in bound.signals}
        if not self._sources:
            raise Fault("The expression names no signal, so it has no instants.", bound.tree.span)
        rows = {source.channel: columns.rows(source.channel) for source in self._sources.values()}
        self._base = max(rows, key=rows.__getitem__)
        self._gaps = {each.slug: each.gap_ns for each in columns.summary.channels}

    @property
    def rows(self) -> int:
        """How many samples the result has."""
        return self._columns.rows(self._base)

    @property
    def gap_ns(self) -> int:
        """The longest time between two samples of the result that is no gap."""
        return self._gap_of(self._base)

    def samples(self, rows: int = _ROWS) -> Iterator[Samples]:
        """The result in batches of at most so many rows, in order of time; NaN is missing."""
        compiled = Compiled(self._bound, self.gap_ns, self._laps)
        own = {name: source for name, source in self._sources.items() if source.channel is self._base}
        joining = {
            name: Joining(
                self._batches({name: source}, name), self._gap_of(source.channel), on_lines=source.on_lines
            )
            for name, source in self._sources.items()
            if source.channel is not self._base
        }
        fields = _fields(own)
        for batch in self._columns.read(self._base, fields):
            for begin in range(0, len(batch), rows):
                times = batch.log_time[begin : begin + rows]
                messages = batch.messages[begin : begin + rows]
                signals = {name: finite(values_of(messages, source)) for name, source in own.items()}
                signals |= {name: each.at(times) for name, each in joining.items()}
                yield Samples(times, compiled.at(times, signals))

    def _batches(self, sources: Mapping[str, Source], name: str) -> Iterator[Samples]:
        source = sources[name]
        for batch in self._columns.read(source.channel, _fields(sources)):
            yield Samples(batch.log_time, finite(values_of(batch.messages, source)))

    def _gap_of(self, channel: ColumnChannel) -> int:
        return self._gaps.get(channel.slug, NS_PER_S)


def _fields(sources: Mapping[str, Source]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(source.path[0] for source in sources.values()))


def values_of(messages: pa.StructArray, source: Source) -> Floats:
    """The signal in some messages, shape (N,); what is missing is NaN."""
    array = pick(messages, source.path)
    values: Floats = numbers(array if source.element is None else element_of(array, source.element))
    return values


def source_of(columns: Columns, name: str) -> Source:
    """Where the signal is; of several channels of one topic in that which has messages.

    Raises:
        Rejected: the log has no such signal of numbers (code ``bad_maths``).
    """
    possible = [channel for channel in columns.channels if name.startswith(f"{channel.topic}.")]
    for channel in sorted(possible, key=lambda channel: not columns.rows(channel)):
        paths = {".".join(path): (path, kind) for path, kind in leaves(channel.fields)}
        field = name.removeprefix(f"{channel.topic}.")
        element = read_element(field)
        if field in paths:
            path, kind = paths[field]
            index = None
        elif element and element[0] in paths and is_list(paths[element[0]][1]):
            (path, kind), index = paths[element[0]], element[1]
            kind = kind.value_type
        else:
            continue
        if is_number(kind):
            return Source(channel, path, index, on_lines=pa.types.is_floating(kind))
    raise Rejected(f"{name[:200]} is no signal of numbers in this log.", code="bad_maths")


def derived_channel(name: str, version: str, shape: Shape) -> ColumnChannel:
    """The channel that a maths channel becomes: a topic of its name with the one field ``value``.

    Args:
        version: another one has another slug, so that nothing is written over what somebody reads.
    """
    fields = pa.struct([pa.field(FIELD, _TYPES[shape])])
    slug = channel_slug(name, DERIVED_ENCODING, version.encode())
    return ColumnChannel(name, slug, f"{name} {version}", DERIVED_ENCODING, DERIVED_ENCODING, fields)


class DerivedColumns:
    """``Columns`` with one channel: what an expression is over a log.

    Its rows are computed as they are read, and never held. What is known of them, ``summary``, is so once all
    were read the first time.

    Args:
        derived: the expression.
        channel: from ``derived_channel``.
        progress: told the share that is done.
    """

    def __init__(
        self, derived: Derived, channel: ColumnChannel, progress: Callable[[float], None] = lambda _: None
    ) -> None:
        self._derived = derived
        self._progress = progress
        self.channels: Sequence[ColumnChannel] = (channel,)
        self.summary: LogSummary = _Seen(channel).summary(())

    def rows(self, channel: ColumnChannel) -> int:
        """As ``Columns`` says."""
        return self._derived.rows

    def size_bytes(self, channel: ColumnChannel) -> int:
        """As ``Columns`` says."""
        return self._derived.rows * (ROW_BYTES + 8)

    def read(self, channel: ColumnChannel, fields: Sequence[str] | None = None) -> Iterator[ColumnBatch]:
        """As ``Columns`` says."""
        statistics, seen = ChannelStatistics(Limits()), _Seen(channel)
        for samples in self._derived.samples():
            batch = _batch(channel, samples, seen.rows)
            statistics.add(batch.messages, batch.log_time)
            seen.add(batch.log_time)
            self._progress(seen.rows / max(1, self._derived.rows))
            yield batch
        self.summary = seen.summary(tuple(statistics.signals(channel.topic, channel.slug, channel.fields)))


class _Seen:
    """What the instants of a channel tell of it."""

    def __init__(self, channel: ColumnChannel) -> None:
        self._channel = channel
        self.rows = 0
        self._first: int | None = None
        self._last: int | None = None
        self._gap: int | None = None

    def add(self, times: Int64s) -> None:
        """Take in the next instants, shape (N,), N > 0."""
        gaps = np.diff(times) if self._last is None else np.diff(times, prepend=self._last)
        if len(gaps):
            self._gap = max(self._gap or 0, int(gaps.max()))
        self._first = int(times[0]) if self._first is None else self._first
        self._last = int(times[-1])
        self.rows += len(times)

    def summary(self, signals: tuple[Signal, ...]) -> LogSummary:
        """As if a log had this channel alone."""
        channel = self._channel
        length = 0 if self._first is None or self._last is None else self._last - self._first
        described = ChannelSummary(
            topic=channel.topic,
            slug=channel.slug,
            schema_name=channel.schema_name,
            schema_encoding=channel.schema_encoding,
            message_encoding=channel.message_encoding,
            message_count=self.rows,
            started_ns=self._first,
            ended_ns=self._last,
            rate_hz=(self.rows - 1) * NS_PER_S / length if length else None,
            largest_gap_ns=self._gap,
            column_bytes=self.rows * (ROW_BYTES + 8),
            others=(),
        )
        return LogSummary(self._first, self._last, self.rows, (described,), (), LossReport(), signals=signals)


def _batch(channel: ColumnChannel, samples: Samples, first: int) -> ColumnBatch:
    kind = channel.fields.field(FIELD).type
    values, missing = samples.values, np.isnan(samples.values)
    if pa.types.is_integer(kind):
        missing = missing | (np.abs(values) >= _LARGEST_STEP)
        array = pa.array(np.where(missing, 0, values).astype(np.int64), kind, mask=missing)
    elif pa.types.is_boolean(kind):
        array = pa.array(values != 0, kind, mask=missing)
    else:
        array = pa.array(values, kind)
    messages = pa.StructArray.from_arrays([array], fields=list(channel.fields))
    sequence = np.arange(first, first + len(values), dtype=np.int64)
    return ColumnBatch(channel, samples.times, samples.times, sequence, messages)
