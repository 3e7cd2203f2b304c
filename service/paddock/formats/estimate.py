"""About how large an export will be, and what it takes, from what is stored of a recording; the log is not read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from paddock.columns.columns import ColumnChannel, Columns
from paddock.columns.list_statistics import is_scalar
from paddock.columns.patterns import Patterns
from paddock.columns.selection import span_of
from paddock.columns.signals import has_elements, leaves
from paddock.columns.wanted import nothing_matches
from paddock.domain.export import ExportRequest
from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import ChannelSummary, Signal

_WIDTHS = {
    "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "halffloat": 2, "int32": 4, "uint32": 4, "float": 4,
}  # fmt: skip
_CELL_BYTES = 56
"""What a text in a MAT file takes beside its characters."""
_CSV_TIMES_BYTES = 33
"""``t`` and ``log_time`` in a row of CSV."""
_TEXT_BYTES = 24
"""A text's size where nobody has counted."""
_MOST_OTHERS = 2_000
"""Characters of the names of a channel's fields that are no signals."""
_HEADER_BYTES = 250
"""What a format says of a column."""
_ENTROPY = 0.6
"""What zstd leaves of a float that is new."""
_REPEATED_BYTES = 0.006
"""What a value takes that is the one of the row before, compressed."""
_STORED_TIMES_BYTES = 7.0
"""What the times of a message take, compressed as they are stored."""
_TIMES_BYTES = (4.8, 2.4)
"""What the times of an export take beside those that are stored, compressed: as messages, and flat."""
_RASTER_TIMES_BYTES = 1.1
"""What the times of a row take on a raster, compressed: they grow by one step."""
_INDEX_BYTES = 16
"""What MCAP's index of a chunk takes for a message; it is not compressed."""
_HEAD_BYTES = 12
"""What the head of a message takes, compressed: times and a sequence number."""
_FRESH_MESSAGE = 1.3
"""How much worse values are compressed message by message than column by column."""
_DEFINITIONS_BYTES = 4_000
"""What MCAP says of a channel and its schema, twice, at the least."""
_DEFLATED = 0.45
"""What deflate leaves of values in CSV."""


@dataclass(frozen=True)
class Taken:
    """What an export takes of one channel."""

    channel: ChannelSummary
    signals: tuple[Signal, ...]
    """Lists as a whole, or those of their elements that are taken."""
    others: bool
    """Whether its other fields come along: bytes, maps, repeated messages."""
    all_signals: tuple[Signal, ...]
    """Those that the channel has, lists as a whole."""


def described(columns: Columns) -> tuple[ChannelSummary, ...]:
    """The log's channels with what an estimate needs to know of them."""
    known = {channel.slug: channel for channel in columns.channels}
    return tuple(
        msgspec.structs.replace(
            summary, column_bytes=columns.size_bytes(known[summary.slug]), others=_others(known[summary.slug])
        )
        if summary.slug in known
        else summary
        for summary in columns.summary.channels
    )


def _others(channel: ColumnChannel) -> tuple[str, ...] | None:
    """The fields that are no signals; None for more than a document should hold."""
    found = [".".join(path) for path, kind in leaves(channel.fields) if not (is_scalar(kind) or has_elements(kind))]
    return tuple(found) if sum(map(len, found)) < _MOST_OTHERS else None


def taken_of(channels: Sequence[ChannelSummary], signals: Iterable[Signal], texts: Sequence[str]) -> list[Taken]:
    """What patterns take of a recording, as ``wanted.wanted`` finds it in the log itself.

    Raises:
        Rejected: a pattern takes nothing (code ``no_such_signal``). What may take something unlisted is let pass.
    """
    by_channel: dict[str, list[Signal]] = {}
    for signal in signals:
        by_channel.setdefault(signal.channel, []).append(signal)
    if not texts:
        return [
            Taken(channel, every, True, every) for channel in channels for every in [_whole(by_channel, channel)]
        ]
    patterns = Patterns(texts)
    found, matched = _look(channels, by_channel, patterns, Patterns(()))
    if unmatched := [text for text in patterns.texts if text not in matched]:
        found, more = _look(channels, by_channel, patterns, Patterns(unmatched))
        missing = [text for text in unmatched if text not in more]
        if missing and all(channel.others is not None for channel in channels):
            listed = [signal for each in by_channel.values() for signal in each]
            names = [*(channel.topic for channel in channels), *(signal.name for signal in listed)]
            lengths = {signal.name: signal.longest for signal in listed if signal.longest}
            raise nothing_matches(missing[0], names, lengths)
    return found


def _whole(signals: Mapping[str, Sequence[Signal]], channel: ChannelSummary) -> tuple[Signal, ...]:
    return tuple(signal for signal in signals.get(channel.slug, ()) if not signal.element_of)


def _look(
    channels: Sequence[ChannelSummary], signals: Mapping[str, list[Signal]], patterns: Patterns, short: Patterns
) -> tuple[list[Taken], set[str]]:
    """What is taken of each channel, and the patterns that took something."""
    found, matched = [], set()
    for channel in channels:
        whole = patterns.taking(channel.topic)
        chosen: list[Signal] = []
        for signal in signals.get(channel.slug, ()):
            by = _taking(channel.topic, signal, patterns, short)
            matched |= by
            if by or (whole and not signal.element_of):
                chosen.append(signal)
        lists = {signal.name for signal in chosen}
        chosen = [signal for signal in chosen if signal.element_of not in lists]
        others = {text for name in channel.others or () for text in _named(channel.topic, name, patterns, short)}
        matched |= whole | others
        if whole or chosen or others:
            found.append(Taken(channel, tuple(chosen), bool(whole or others), _whole(signals, channel)))
    return found, matched


def _taking(topic: str, signal: Signal, patterns: Patterns, short: Patterns) -> set[str]:
    if not signal.element_of:
        own = signal.name.removeprefix(f"{topic}.")
        by = _named(topic, own, patterns, short)
        if signal.longest:
            # All of it, or more of its elements than are signals.
            whole = patterns.elements(signal.name) | short.elements(own)
            by |= {each.text for each in whole if each.is_every}
        return by
    index = int(signal.name[signal.name.rindex("[") + 1 : -1])
    asked = patterns.elements(signal.element_of) | short.elements(signal.element_of.removeprefix(f"{topic}."))
    return {each.text for each in asked if each.takes(index)}


def _named(topic: str, own: str, patterns: Patterns, short: Patterns) -> set[str]:
    """The patterns that take a field or a message that holds it; ``own`` is its dotted path without the topic."""
    parts = own.split(".")
    paths = [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    return {text for path in paths for text in patterns.taking(f"{topic}.{path}") | short.taking(path)}


def channel_bytes(columns: Columns, request: ExportRequest) -> dict[str, int]:
    """What each channel takes in a file of the whole log, by slug."""
    channels = described(columns)
    log = (columns.summary.started_ns or 0, columns.summary.ended_ns or 0)
    return {
        each.channel.slug: estimate_bytes([each], request, channels, log)
        for each in taken_of(channels, columns.summary.signals, ())
    }


def looks_at_values(form: str) -> bool:
    """Whether the size of a file of this format is judged by the values of the signals, their least and largest."""
    return form in ("csv", "parquet", "mcap")


def estimate_bytes(
    taken: Sequence[Taken],
    request: ExportRequest,
    channels: Sequence[ChannelSummary],
    log: tuple[int, int],
    log_bytes: int = 0,
) -> int:
    """The size of the file.

    Args:
        taken: from ``taken_of``.
        request: what is asked for.
        channels: all of the log's.
        log: when it began and ended, in nanoseconds since the Unix epoch.
        log_bytes: its size, where the file keeps the messages of the log as they are.

    Raises:
        Rejected: a time span that cannot be.
    """
    first, last = log
    start, end = span_of(request, first)
    begin, stop = max(first, start or first), min(last, last if end is None else end)
    sizes = [_Size(each, request, begin, stop) for each in taken if each.channel.message_count]
    if request.format == "mcap":
        return round(_slice_bytes(sizes, channels, log_bytes) if log_bytes else _messages_bytes(sizes))
    aligned = request.format == "csv" and request.rate_hz is not None
    zipped = len(sizes) > 1 and not aligned
    times = _CSV_TIMES_BYTES * sizes[0].rows if aligned and sizes else 0
    return round(2_000 + times + sum(size.file_bytes(zipped) for size in sizes))


def _slice_bytes(sizes: Sequence[_Size], channels: Sequence[ChannelSummary], log_bytes: int) -> float:
    """A slice of a log: of its bytes the share that is taken."""
    stored = sum(size.channel.stored_bytes * size.messages / size.count for size in sizes)
    stored /= max(1, sum(channel.stored_bytes for channel in channels))
    messages, every = sum(size.messages for size in sizes), sum(channel.message_count for channel in channels)
    counted = messages / max(1, every)
    content = max(log_bytes / 4, log_bytes - every * _INDEX_BYTES)
    # A message is something by itself, and what is in it comes on top.
    share = (stored + counted) / 2 if stored else counted
    return messages * _INDEX_BYTES + content * share + _DEFINITIONS_BYTES


def _messages_bytes(sizes: Sequence[_Size]) -> float:
    """Messages made of columns, whole ones whatever signals were asked for, compressed in chunks."""
    return sum(
        _DEFINITIONS_BYTES + size.messages * (_INDEX_BYTES + _HEAD_BYTES + _FRESH_MESSAGE * size.whole_row_bytes())
        for size in sizes
    )


class _Size:
    """One channel's share of a file."""

    def __init__(self, taken: Taken, request: ExportRequest, begin: int, stop: int) -> None:
        channel = taken.channel
        self.request = request
        self.channel = channel
        self.signals = taken.signals
        self.all_signals = taken.all_signals
        self.others = len(channel.others or ()) if taken.others else 0
        first, last = channel.started_ns or begin, channel.ended_ns or stop
        inside = max(0, min(stop, last) - max(begin, first))
        self.messages = channel.message_count * (inside / (last - first) if last > first else 1.0)
        self.rows = self.messages
        self.has_gap = request.rate_hz is not None and first != begin
        if request.rate_hz is not None:
            self.rows = max(0, stop - begin) / NS_PER_S * request.rate_hz + 1
        self.count = max(1, channel.message_count)
        self.text = self._text_bytes(channel)

    def _text_bytes(self, channel: ChannelSummary) -> float:
        """What one text or other field takes: columns in memory without numbers, shared out among them."""
        texts = sum(self._kind(signal) == "string" for signal in self.signals) + self.others
        if not texts or not channel.column_bytes:
            return _TEXT_BYTES
        numbers = sum(
            self._items(s) * _WIDTHS.get(self._kind(s), 8) for s in self.signals if self._kind(s) != "string"
        )
        return max(0.0, channel.column_bytes / self.count - 24 - numbers) / texts

    def file_bytes(self, zipped: bool) -> float:
        """Its bytes in a file, which may be ``zipped`` by topic."""
        form = self.request.format
        if form == "csv":
            return self._csv_bytes(zipped)
        if form == "parquet":
            return self._parquet_bytes()
        columns = len(self.signals) + self.others
        times = {"mat": 16, "arrow": 16 if self.request.layout == "flat" else 32}.get(form, 0)
        if form == "h5" or self.request.layout.startswith("hytech"):
            times = 8 * columns
        row = times + sum(map(self._value_bytes, self.signals)) + self.others * self._text_value_bytes()
        return 2 * _HEADER_BYTES * columns + self.rows * row * (0.5 if self.request.compress else 1.0)

    def _value_bytes(self, signal: Signal) -> float:
        kind = self._kind(signal)
        if kind == "string":
            return self._items(signal) * self._text_value_bytes()
        own: float = _WIDTHS.get(kind, 8)
        if self.request.format in ("mat", "h5") and (self.has_gap or not (self.request.native or kind == "bool")):
            # What is missing is NaN.
            own = own if kind in ("float", "halffloat") and self.request.native else 8
        elif kind == "bool":
            # One bit in Arrow; hytech-v1 has all of its values in matrices of doubles.
            own = {"arrow": 0.125, "h5": 1 if self.request.native else 8}.get(self.request.format, own)
            own = 8 if self.request.layout == "hytech-v1" else own
        return self._items(signal) * own

    def _text_value_bytes(self) -> float:
        if self.request.format == "mat":
            return _CELL_BYTES + math.ceil(2 * self.text / 8) * 8
        return self.text + (32 if self.request.format == "h5" else 4)

    def _csv_bytes(self, zipped: bool) -> float:
        row = sum(
            self._items(s)
            * (1 + _characters(s, self._kind(s), self.text))
            * (0.1 if zipped and s.min == s.max else 1)
            for s in self.signals
        )
        row += self.others * (3 + self.text)
        if self.request.rate_hz is not None:
            return self.rows * row
        return self.rows * (15 + row * _DEFLATED if zipped else _CSV_TIMES_BYTES + row)

    def _parquet_bytes(self) -> float:
        columns = len(self.signals) + self.others
        new = min(self.rows, self.messages)
        native = self.request.rate_hz is None
        values = self._fresh_bytes(self.signals, self.others) + (_STORED_TIMES_BYTES if native else 0)
        if self.channel.stored_bytes:
            # How well the whole channel was compressed tells how well a part of it will be.
            every = len(self.channel.others or ())
            guessed = self._fresh_bytes(self.all_signals, every) + _STORED_TIMES_BYTES
            known = max(0, self.channel.stored_bytes - _HEADER_BYTES * (2 + len(self.all_signals))) / self.count
            values *= known / guessed
        times = self.rows * (_TIMES_BYTES[self.request.layout == "flat"] if native else _RASTER_TIMES_BYTES)
        held = (self.rows - new) * columns * _REPEATED_BYTES
        header = _HEADER_BYTES * (1.2 if self.request.layout == "flat" else 2.0)
        return header * (2 + columns) + 1.15 * (new * values + times + held)

    def whole_row_bytes(self) -> float:
        """A row of the channel, compressed."""
        return self._fresh_bytes(self.all_signals, len(self.channel.others or ()))

    def _fresh_bytes(self, signals: Iterable[Signal], others: int) -> float:
        """A row of new values, compressed."""
        values = sum(self._items(s) * _fresh_bytes(s, self._kind(s), self.text) for s in signals)
        return values + others * self.text * _ENTROPY

    def _items(self, signal: Signal) -> float:
        """Values in a row: of a list the mean number of its elements."""
        return signal.count / self.count if signal.longest else 1.0

    @staticmethod
    def _kind(signal: Signal) -> str:
        """Arrow's word for one value."""
        return signal.dtype.partition(": ")[2].split(" ")[0].rstrip(">") if signal.longest else signal.dtype


def _samples(signal: Signal) -> list[float]:
    return [
        value for value in (signal.first, signal.last, signal.min, signal.max) if isinstance(value, float | int)
    ]


def _characters(signal: Signal, kind: str, text: float) -> float:
    """How many characters a value has in CSV, judged by those that are known."""
    if kind == "string":
        return text + 2
    if kind == "bool":
        return 4.5
    known = _samples(signal)
    if not known:
        return 10.0
    if kind == "float":
        spelled = [str(np.float32(value)) for value in known]
    else:
        spelled = [f"{value:.17g}" if kind.startswith(("int", "uint")) else repr(float(value)) for value in known]
    return sum(len(each.removesuffix(".0")) for each in spelled) / len(spelled)


def _fresh_bytes(signal: Signal, kind: str, text: float) -> float:
    """What a new value takes, compressed; one that never changes takes next to nothing."""
    if kind == "string":
        return text * 0.3
    if signal.min is not None and signal.min == signal.max:
        return 0.03
    if kind == "bool":
        return 0.1
    return _WIDTHS.get(kind, 8) * (_ENTROPY if kind in ("float", "double") else 0.4)
