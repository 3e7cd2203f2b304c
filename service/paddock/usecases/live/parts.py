"""What viewers are told, as JSON: made once for all who watch the same, in as few points as are drawn."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Annotated, Any, Generic, NamedTuple, TypeVar
from weakref import WeakValueDictionary

import msgspec
import numpy as np
from msgspec import Meta

from paddock.domain.instants import NS_PER_S
from paddock.usecases.live.live import Live, LiveSignal
from paddock.usecases.live.tape import Samples, by_time, few, thinned

MOST_WATCHED = 100
"""Groups of signals that one viewer watches, such as the widgets of a dashboard."""
MOST_COLUMNS = 4_000
MOST_SPAN_S = 3_600.0
_KEPT_PARTS = 64
SNAPSHOT_S = 0.5
"""A snapshot is given to whoever wants the same for so long: what came since then is in the changes that follow,
and is little enough at 100 Hz to be told without arrays."""
_KEPT_LATELY = 4

Made = TypeVar("Made")
SecondsAndValues = tuple[list[float], list[Any]]
"""Those of some samples of a signal, as JSON has them."""
Text = Annotated[str, Meta(max_length=400)]


class Watched(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Signals of one device that somebody watches."""

    device: Text
    signals: Annotated[tuple[Text, ...], Meta(max_length=3_000)] = ()
    """Names; empty for all that the device has."""
    span_s: Annotated[float, Meta(ge=0, le=MOST_SPAN_S)] = 0.0
    """So much of the past is drawn; 0 for the last value alone."""
    columns: Annotated[int, Meta(ge=1, le=MOST_COLUMNS)] = 800
    """So many pixels wide that is drawn."""

    @property
    def how(self) -> _How:
        """How its signals are drawn."""
        span_ns = int(self.span_s * NS_PER_S)
        return _How(span_ns // self.columns, span_ns)


class _How(NamedTuple):
    """How finely a signal is drawn."""

    column_ns: int
    """What a column of pixels stands for; 0 where only the last value counts."""
    span_ns: int

    def with_(self, other: _How) -> _How:
        """As fine and as long as the finer and the longer of both, so that one answer serves both."""
        finer = min((each.column_ns for each in (self, other) if each.column_ns), default=0)
        return _How(finer, max(self.span_ns, other.span_ns))


class View:
    """What somebody watches; one and the same object for all who watch the same, so that it is found at once.

    Args:
        watched: the groups.
    """

    def __init__(self, watched: tuple[Watched, ...]) -> None:
        self.watched = watched
        self.devices = tuple(dict.fromkeys(each.device for each in watched))
        self.described: frozenset[tuple[int, int]] = frozenset()
        """What the last part of it described, as the one object that the next one has where it is the same."""


class Part(NamedTuple):
    """Some signals over some sequences, as JSON."""

    samples: bytes
    """``[[number, [seconds, …], [value, …]], …]``, seconds since the origin."""
    left_out: int
    """How many samples came in these sequences that are not in it."""
    signals: tuple[LiveSignal, ...]
    """Those that have something in it."""
    described: frozenset[tuple[int, int]] = frozenset()
    """Number and version of each."""
    forgotten: int = 0
    """The last sequence of which nothing is held any more, of any of the signals that are watched."""


Described = Callable[[str, LiveSignal], Any]
"""What JSON says of a signal of a device: unit, label, limits …"""


class _Lately(Generic[Made]):
    """What was made a moment ago, for whoever wants the same.

    Args:
        clock: in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[Hashable, tuple[float, Made]] = {}
        self._one_at_a_time = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What was made for this key, or is now: once, also where several want it at the same time."""
        with self._one_at_a_time:
            now = self._clock()
            self._kept = {each: kept for each, kept in self._kept.items() if 0 <= now - kept[0] < SNAPSHOT_S}
            if key not in self._kept:
                if len(self._kept) >= _KEPT_LATELY:
                    del self._kept[next(iter(self._kept))]
                self._kept[key] = (now, make())
            return self._kept[key][1]


class Parts:
    """What viewers were told lately, so that those in step are told the same bytes.

    Args:
        live: of the site.
        clock: in seconds.
    """

    def __init__(self, live: Live, clock: Callable[[], float] = time.monotonic) -> None:
        self.live = live
        self._views: WeakValueDictionary[tuple[Watched, ...], View] = WeakValueDictionary()
        self._kept: OrderedDict[tuple[View, int, int, int], Part] = OrderedDict()
        self._snapshots = _Lately[tuple[Part, int]](clock)
        self._described = _Lately[msgspec.Raw](clock)

    def view(self, watched: tuple[Watched, ...]) -> View:
        """The one of all who watch this."""
        return self._views.setdefault(watched, View(watched))

    def between(self, view: View, after: int, until: int, origin_ns: int, *, few: bool = False) -> Part:
        """What came after one sequence until another.

        Args:
            view: what is seen.
            after: the sequence.
            until: the other one.
            origin_ns: of the seconds.
            few: in as few points as are drawn, though others were told of parts of it in more.
        """
        key = (view, after, until, origin_ns)
        part = self._kept.get(key) or (None if few else self._together(*key))
        if part is None:
            part = self._kept[key] = self._made(*key)
            if len(self._kept) > _KEPT_PARTS:
                self._kept.popitem(last=False)
        return part

    def _together(self, view: View, after: int, until: int, origin_ns: int) -> Part | None:
        """``between``, joined from what others were told beat by beat; None where they were not told all."""
        beats: dict[int, tuple[int, Part]] = {}
        for (seen, begin, end, origin), part in list(self._kept.items()):
            if seen is view and origin == origin_ns and begin < end < beats.get(begin, (until + 1, part))[0]:
                beats[begin] = (end, part)
        parts = []
        while after < until and after in beats:
            after, part = beats[after]
            parts.append(part)
        return _joined(parts) if parts and after == until else None

    def snapshot(self, view: View, until: int, origin_ns: int) -> tuple[Part, int]:
        """What there is to draw up to a sequence or a little before it, and the sequence after which it goes on."""
        return self._snapshots.get((view, origin_ns), lambda: self._made_snapshot(view, until, origin_ns))

    def described(self, part: Part, known: set[tuple[int, int]], describe: Described) -> msgspec.Raw:
        """What is said of the signals of a part that are not known, as JSON."""
        new = part.described - known
        signals = [each for each in part.signals if (each.number, each.version) in new]
        return self._described.get(
            (describe, new),
            lambda: msgspec.Raw(msgspec.json.encode([describe(each.device, each) for each in signals])),
        )

    def _made_snapshot(self, view: View, until: int, origin_ns: int) -> tuple[Part, int]:
        with self.live.unchanged():
            found = wanted(self.live, view.watched)
        chosen: list[tuple[LiveSignal, SecondsAndValues]] = []
        for signal, how in found:
            # Up to a sequence that was known before, so that others go on from one signal to the next.
            with self.live.unchanged():
                held = signal.tape.all(max(0, signal.tape.last_ns - how.span_ns), until)
            chosen.append((signal, _rows(signal, _drawn(signal, held, how), origin_ns)))
        return _part(view, chosen, 0), until

    def _made(self, view: View, after: int, until: int, origin_ns: int) -> Part:
        chosen: list[tuple[LiveSignal, SecondsAndValues]] = []
        many: list[tuple[LiveSignal, _How, Samples]] = []
        forgotten = total = 0
        with self.live.unchanged():
            for signal, how in wanted(self.live, view.watched):
                tape = signal.tape
                forgotten = max(forgotten, tape.forgotten)
                if signal.sequence <= after:
                    continue
                if (handful := tape.few_news(after, until, how.column_ns)) is not None:
                    times, values, count = handful
                    if times:
                        chosen.append((signal, _few_rows(signal, times, values, origin_ns)))
                else:
                    samples, count = tape.between(after, until)
                    many.append((signal, how, samples))
                total += count
        for signal, how, samples in many:
            if len(samples.times):
                chosen.append((signal, _rows(signal, _drawn(signal, samples, how), origin_ns)))
        told = sum(len(rows[0]) for _, rows in chosen)
        return _part(view, chosen, total - told)._replace(forgotten=forgotten)


def wanted(live: Live, watched: Iterable[Watched]) -> list[tuple[LiveSignal, _How]]:
    """The signals that are watched and there, each as finely as any of the groups wants it."""
    found: dict[int, tuple[LiveSignal, _How]] = {}
    for group in watched:
        device = live.device(group.device)
        if device is None:
            continue
        how = group.how
        named = [device.signals[name] for name in group.signals if name in device.signals]
        for signal in named if group.signals else device.signals.values():
            known = found.get(signal.number)
            found[signal.number] = (signal, how if known is None else how.with_(known[1]))
    return list(found.values())


def _drawn(signal: LiveSignal, samples: Samples, how: _How) -> Samples:
    """What is drawn of some samples, by time."""
    if not how.column_ns:
        return samples.take(slice(-1, None))
    samples = by_time(samples)
    if len(samples.times):
        samples = samples.take(samples.times >= samples.times[-1] - how.span_ns)
    if few(samples, how.column_ns):
        return samples
    return by_time(samples.take(thinned(samples, how.column_ns, steps=signal.tape.steps or signal.is_text)))


def _few_rows(signal: LiveSignal, times: list[int], values: list[Any], origin_ns: int) -> SecondsAndValues:
    seconds = [round((each - origin_ns) / NS_PER_S, 6) for each in times]
    return seconds, values if signal.dtype in ("double", "string") else typed(signal.dtype, values)


def _rows(signal: LiveSignal, samples: Samples, origin_ns: int) -> SecondsAndValues:
    # Subtracted as integers first: a double holds no nanoseconds since 1970.
    seconds = np.round((samples.times - origin_ns) / NS_PER_S, 6).tolist()
    return seconds, typed(signal.dtype, samples.values.tolist())


def _part(view: View, chosen: Sequence[tuple[LiveSignal, SecondsAndValues]], left_out: int) -> Part:
    signals = tuple(signal for signal, _ in chosen)
    described = frozenset((each.number, each.version) for each in signals)
    if described == view.described:
        described = view.described
    view.described = described
    # NaN and the infinities become null.
    samples = msgspec.json.encode([(signal.number, *rows) for signal, rows in chosen])
    return Part(samples, left_out, signals, described)


def _joined(parts: Sequence[Part]) -> Part:
    """Several as one, in their order."""
    signals = {each.number: each for part in parts for each in part.signals}
    return Part(
        b"[" + b",".join(part.samples[1:-1] for part in parts if part.signals) + b"]",
        sum(part.left_out for part in parts),
        tuple(signals.values()),
        frozenset().union(*(part.described for part in parts)),
        max(part.forgotten for part in parts),
    )


def typed(dtype: str, values: list[Any]) -> list[Any]:
    """Values of a tape as JSON has them."""
    if dtype == "bool":
        return [bool(value) for value in values]
    if dtype == "int64":
        return [int(value) if abs(value) < 2**53 else value for value in values]
    return values
