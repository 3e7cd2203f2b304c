"""Rules of a checklist over a log's columns: each is read once for all rules that look at it, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from paddock.columns.columns import ColumnChannel, Columns, Int64s
from paddock.columns.derived import Derived, Source, source_of, values_of
from paddock.columns.joined import Floats
from paddock.columns.maths_compiled import Laps
from paddock.domain.check_evaluation import Evaluator, Found, evaluator
from paddock.domain.check_results import RuleResult
from paddock.domain.check_words import result_of, skipped
from paddock.domain.checklists import CheckText
from paddock.domain.instants import NS_PER_S
from paddock.domain.maths_binding import Bound
from paddock.errors import Rejected

Progress = Callable[[float], None]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Look:
    """A rule and what of a log it looks at: a topic, signals, an expression; nothing where the result is known."""

    rule: CheckText
    topic: str = ""
    signals: tuple[str, ...] = ()
    bound: Bound | None = None
    shown: tuple[str, ...] = ()
    """The signals to draw where it is not met; those that it looks at where there are none."""
    known: RuleResult | None = None


@dataclass
class _Watch:
    """One rule at work."""

    look: Look
    by_signal: dict[str, Evaluator] = field(default_factory=dict)
    why_not: str = ""

    def result(self) -> RuleResult:
        if self.look.known is not None:
            return self.look.known
        if self.why_not and not self.by_signal:
            return skipped(self.look.rule, self.why_not)
        found: Mapping[str, Found] = {name: each.found() for name, each in self.by_signal.items()}
        return result_of(self.look.rule, found, self.look.shown)


def evaluate(
    columns: Columns,
    looks: Sequence[Look],
    span: tuple[int, int],
    laps: Laps | None = None,
    progress: Progress = lambda _: None,
) -> list[RuleResult]:
    """What comes of each rule in a log.

    Args:
        columns: have the channels of all that is looked at.
        looks: the rules.
        span: first and last instant of the log, in nanoseconds; samples out of it do not count.
        laps: for expressions that ask for them.
        progress: told the share that is done.

    Raises:
        Conflict: the columns are damaged (code ``columns_damaged``).
    """
    watches = [_Watch(look) for look in looks]
    gaps = {each.slug: each.gap_ns for each in columns.summary.channels}
    sources: dict[ColumnChannel, dict[str, list[tuple[Source, Evaluator]]]] = {}
    topics: dict[str, list[Evaluator]] = {}
    expressions: list[tuple[Bound, _Watch]] = []
    for watch in watches:
        look = watch.look
        if look.known is not None:
            continue
        if look.topic:
            watch.by_signal[look.topic] = made = evaluator(look.rule, NS_PER_S, span)
            topics.setdefault(look.topic, []).append(made)
        elif look.bound is not None:
            expressions.append((look.bound, watch))
        for name in look.signals:
            try:
                source = source_of(columns, name)
            except Rejected as error:
                watch.why_not = error.message
                continue
            made = evaluator(look.rule, gaps.get(source.channel.slug, NS_PER_S), span)
            watch.by_signal[name] = made
            of_channel = sources.setdefault(source.channel, {})
            of_channel.setdefault(source.path[0], []).append((source, made))
    share = _Share(progress, len(topics) + sum(map(len, sources.values())) + len(expressions))
    for topic, evaluators in topics.items():
        for times in share.of(_times(columns, topic)):
            times, zeros = within(times, np.zeros(len(times)), span)
            for each in evaluators:
                each.feed(times, zeros)
    for channel, fields in sources.items():
        for name, watching in fields.items():
            for batch in share.of(columns.read(channel, (name,))):
                for source, each in watching:
                    each.feed(*within(batch.log_time, values_of(batch.messages, source), span))
    for bound, watch in expressions:
        _compute(columns, bound, watch, span, laps, share)
    return [watch.result() for watch in watches]


def _compute(
    columns: Columns, bound: Bound, watch: _Watch, span: tuple[int, int], laps: Laps | None, share: _Share
) -> None:
    try:
        derived = Derived(columns, bound, laps)
        made = evaluator(watch.look.rule, derived.gap_ns, span)
        for times, values in share.of(derived.samples()):
            made.feed(*within(times, values, span))
    except Rejected as error:  # a fault of the expression among them
        watch.why_not = error.message
    else:
        watch.by_signal[watch.look.rule.subject] = made


class _Share:
    """Tells the progress of several readings, each as long as another."""

    def __init__(self, progress: Progress, count: int) -> None:
        self._progress, self._count, self._done = progress, max(1, count), 0

    def of(self, batches: Iterable[_T]) -> Iterator[_T]:
        """Passes batches on and counts them."""
        yield from batches
        self._done += 1
        self._progress(self._done / self._count)


def within(times: Int64s, values: Floats, span: tuple[int, int]) -> tuple[Int64s, Floats]:
    """The samples of a span, first and last instant with it; ascending in time, as they are."""
    if not len(times) or (times[0] >= span[0] and times[-1] <= span[1]):
        return times, values
    inside = slice(int(np.searchsorted(times, span[0], "left")), int(np.searchsorted(times, span[1], "right")))
    return times[inside], values[inside]


def _times(columns: Columns, topic: str) -> Iterator[Int64s]:
    """The times of all messages of a topic, ascending, whatever channels it has."""
    of_topic = [channel for channel in columns.channels if channel.topic == topic and columns.rows(channel)]
    readings = [(batch.log_time for batch in columns.read(channel, ())) for channel in of_topic]
    return readings[0] if len(readings) == 1 else _merged(readings)


def _merged(readings: Sequence[Iterator[Int64s]]) -> Iterator[Int64s]:
    """Ascending times of several readings as one, ascending as well; a batch of each is held."""
    held: dict[int, Int64s] = {}
    waiting = dict(enumerate(readings))
    while True:
        for place in [place for place in waiting if not len(held.get(place, ()))]:
            batch = next(waiting[place], None)
            if batch is None:
                del waiting[place]
            else:
                held[place] = batch
        if not waiting:
            rest = [each for each in held.values() if len(each)]
            if rest:
                yield np.sort(np.concatenate(rest))
            return
        if any(not len(held.get(place, ())) for place in waiting):
            continue  # a batch without rows
        until = min(int(held[place][-1]) for place in waiting)
        taken = []
        for place, times in held.items():
            end = int(np.searchsorted(times, until, "right"))
            taken.append(times[:end])
            held[place] = times[end:]
        yield np.sort(np.concatenate(taken))
