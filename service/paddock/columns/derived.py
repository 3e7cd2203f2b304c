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
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from paddock.columns.arrow_numpy import is_list, is_number, numbers, pick
from paddock.columns.columns import ColumnBatch, ColumnChannel, Columns, Int64s, LogSummary
from paddock.columns.joined import Floats, Joining, Samples
from paddock.columns.limits import Limits
from paddock.columns.lists import element_of
from paddock.columns.maths_operators import ELEMENTWISE, binary
from paddock.columns.signals import Path, leaves
from paddock.columns.spool_channel import ROW_BYTES
from paddock.columns.statistics import ChannelStatistics
from paddock.columns.time_functions import (
    Count,
    CumulativeMax,
    Delay,
    Derivative,
    Integral,
    LowPass,
    Median,
    MovingAverage,
    RisingEdge,
    TimeFunction,
)
from paddock.domain.instants import NS_PER_S
from paddock.domain.keys import channel_slug
from paddock.domain.maths_binding import Bound
from paddock.domain.maths_channels import FIELD
from paddock.domain.maths_language.checking import Quantity, Shape, check, constant_of
from paddock.domain.maths_language.fault import Fault
from paddock.domain.maths_language.tree import Binary, Call, Name, Node, Number, Text, Unary
from paddock.domain.maths_language.units import Unit
from paddock.domain.recording import DERIVED_ENCODING, ChannelSummary, LossReport, Signal
from paddock.domain.signal_names import read_element
from paddock.errors import Rejected

_ROWS = 65_536
Value = Floats | float
_Compute = Callable[["_Instants"], Value]
_LARGEST_STEP = 2.0**63

_TYPES: Mapping[Shape, pa.DataType] = {
    Shape.LINE: pa.float64(), Shape.STEPS: pa.int64(), Shape.CONDITION: pa.bool_(),
}  # fmt: skip


class Laps(Protocol):
    """The laps of a recording, as ``lap()`` and ``distance()`` ask for them."""

    def numbers_at(self, instants: Int64s) -> Floats:
        """The number of the lap at each instant, NaN outside laps; shapes (N,)."""
        ...

    def distances_at(self, instants: Int64s) -> Floats:
        """Metres since that lap began, NaN outside laps; shapes (N,)."""
        ...


@dataclass(frozen=True)
class Source:
    """Where a signal's samples are."""

    channel: ColumnChannel
    path: Path
    element: int | None
    on_lines: bool


class _Instants(NamedTuple):
    """Some instants of the result, and the signals there."""

    times: Int64s
    signals: Mapping[str, Floats]


class Derived:
    """What an expression is over a log.

    Args:
        columns: has the channels of all its signals.
        bound: names signals of the log alone.
        laps: of the recording; None where nobody knows them.

    Raises:
        Fault: a signal that is none of numbers, or ``lap()`` without laps.
        Rejected: the log has no such signal, or the expression names none (code ``bad_maths``).
    """

    def __init__(self, columns: Columns, bound: Bound, laps: Laps | None = None) -> None:
        self._columns = columns
        self._bound = bound
        self._laps = laps
        self._sources = {name: source_of(columns, name) for name in bound.signals}
        if not self._sources:
            raise Rejected("The expression names no signal, so it has no instants.", code="bad_maths")
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
        compute = self._compiled(self._bound.tree)
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
                signals = {name: _finite(values_of(messages, source)) for name, source in own.items()}
                signals |= {name: each.at(times) for name, each in joining.items()}
                with np.errstate(all="ignore"):
                    found = compute(_Instants(times, signals))
                yield Samples(times, _finite(_full(found, len(times))))

    def _batches(self, sources: Mapping[str, Source], name: str) -> Iterator[Samples]:
        source = sources[name]
        for batch in self._columns.read(source.channel, _fields(sources)):
            yield Samples(batch.log_time, _finite(values_of(batch.messages, source)))

    def _gap_of(self, channel: ColumnChannel) -> int:
        return self._gaps.get(channel.slug, NS_PER_S)

    def _compiled(self, node: Node) -> _Compute:
        if (value := constant_of(node, {})) is not None:
            return lambda _: value
        match node:
            case Name():
                name = node.text
                return lambda instants: instants.signals[name]
            case Unary(sign="not"):
                negated = self._compiled(node.of)
                return lambda instants: ELEMENTWISE["not"](negated(instants))
            case Unary():
                of = self._compiled(node.of)
                return lambda instants: -of(instants)
            case Binary():
                operate, left, right = binary(node.sign), self._compiled(node.left), self._compiled(node.right)
                return lambda instants: operate(left(instants), right(instants))
            case Call():
                return self._called(node)
            case Number() | Text():
                raise Fault("This cannot be computed.", node.span)

    def _called(self, node: Call) -> _Compute:
        name = node.function.name
        if name in ("lap", "distance"):
            return self._of_laps(name, node)
        if name in ("to", "unit"):
            return self._converted(node)
        if node.function.in_time:
            of, function = self._compiled(node.arguments[0]), self._time_function(node)
            return lambda instants: function.feed(instants.times, _finite(_full(of(instants), len(instants.times))))
        operate, given = ELEMENTWISE[name], [self._compiled(each) for each in node.arguments]
        return lambda instants: operate(*(each(instants) for each in given))

    def _of_laps(self, name: str, node: Call) -> _Compute:
        laps = self._laps
        if laps is None:
            raise Fault(f"{name}() needs laps, and none are known of this recording.", node.span)
        of = laps.numbers_at if name == "lap" else laps.distances_at
        return lambda instants: of(instants.times)

    def _converted(self, node: Call) -> _Compute:
        value = node.arguments[0]
        of = self._compiled(value)
        if node.function.name == "unit":
            return of
        before, after = self._quantity(value).unit, self._quantity(node).unit
        factor, offset = (before or Unit()).conversion(after or Unit()) or (1.0, 0.0)
        return lambda instants: of(instants) * factor + offset

    def _quantity(self, node: Node) -> Quantity:
        return check(node, self._bound.resolve)

    def _time_function(self, node: Call) -> TimeFunction:
        gap_ns = self.gap_ns
        amount = constant_of(node.arguments[1], {}) if len(node.arguments) > 1 else None
        amount = 0.0 if amount is None else amount
        match node.function.name:
            case "derivative":
                return Derivative(gap_ns)
            case "integral":
                return Integral(gap_ns)
            case "delay":
                return Delay(amount, gap_ns, on_lines=self._quantity(node.arguments[0]).shape is Shape.LINE)
            case "moving_average":
                return MovingAverage(amount)
            case "low_pass":
                return LowPass(amount, gap_ns)
            case "median":
                return Median(amount)
            case "cumulative_max":
                return CumulativeMax()
            case "rising_edge":
                return RisingEdge()
            case _:
                return Count()


def _full(value: Value, rows: int) -> Floats:
    return value if isinstance(value, np.ndarray) and value.shape == (rows,) else np.full(rows, value)


def _finite(values: Floats) -> Floats:
    """The same with what is infinite missing."""
    infinite = np.isinf(values)
    return np.where(infinite, np.nan, values) if infinite.any() else values


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
        """Of a log that has this channel alone."""
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
