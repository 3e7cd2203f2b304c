"""The last minutes of one signal: every recent sample, and of the time before what a plot would show of it."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from paddock.columns.decimate import POINTS_PER_BUCKET, decimate, decimate_steps
from paddock.domain.instants import INT64_MAX, NS_PER_S

Int64s = npt.NDArray[np.int64]

RECENT = 3_000
"""So many samples are kept as they came: half a minute at 100 Hz, an hour of a weather station."""
OLDER = ((3_600, NS_PER_S), (2_000, 10 * NS_PER_S))
"""From the time before that, first, last, smallest and largest of each second stay, and before that of each ten
seconds: how many samples, and how long a piece is. A signal of any rate has its last hour, with all spikes."""
TAIL = 64
"""So many of the last samples are held in lists as well: what comes from one beat to the next is written and read
there without arrays, which cost more than the few samples in them."""
_FIRST_ROOM = 16
_FEW = TAIL


class Samples(NamedTuple):
    """Some samples of one signal, in the order in which they came. Each shape is (N,)."""

    times: Int64s
    """Nanoseconds since the Unix epoch; not ascending where a device sends late what it kept."""
    values: npt.NDArray[Any]
    """Doubles (a missing one is NaN), or texts as objects."""
    ordinals: Int64s
    """Which sample of its signal each is, counted from 1."""

    def take(self, indices: npt.NDArray[Any] | slice) -> Samples:
        """Some of them."""
        return Samples(self.times[indices], self.values[indices], self.ordinals[indices])


class _Block(NamedTuple):
    """Samples as a strip has them, each shape (N,)."""

    sequences: Int64s
    times: Int64s
    ordinals: Int64s
    values: npt.NDArray[Any]


class _Strip:
    """Samples in contiguous arrays: written behind, forgotten in front, moved when the room is used up."""

    def __init__(self, dtype: Any, most: int) -> None:
        self._most = most
        self.begin = self.end = 0
        self.sequences = np.empty(_FIRST_ROOM, np.int64)
        self.times = np.empty(_FIRST_ROOM, np.int64)
        self.ordinals = np.empty(_FIRST_ROOM, np.int64)
        self.values = np.empty(_FIRST_ROOM, dtype)

    def room(self) -> int:
        """How many more fit before ``make_room``."""
        return len(self.times) - self.end

    def dropped(self, wanted: int) -> _Block:
        """Have room for ``wanted`` more; what is forgotten for it."""
        if self.room() >= wanted:
            return self._block(self.begin, self.begin)
        kept = self.end - self.begin
        gone = self._block(self.begin, self.begin)
        if kept >= self._most:  # full: half goes, so that it is seldom done
            gone = self._block(self.begin, self.end - self._most // 2)
            self.begin = self.end - self._most // 2
        kept = self.end - self.begin
        size = len(self.times)
        while size - kept < wanted:
            size *= 2
        for name in _Block._fields:
            old = getattr(self, name)
            fresh = np.empty(size, old.dtype)
            fresh[:kept] = old[self.begin : self.end]
            setattr(self, name, fresh)
        self.begin, self.end = 0, kept
        return gone

    def _block(self, begin: int, end: int) -> _Block:
        return _Block(*(getattr(self, name)[begin:end] for name in _Block._fields))

    def write(self, block: _Block) -> None:
        """Add samples, for which there is room."""
        into = slice(self.end, self.end + len(block.sequences))
        for name, array in zip(_Block._fields, block, strict=True):
            getattr(self, name)[into] = array
        self.end = into.stop

    def between(self, after: int, until: int) -> slice:
        """Those whose sequence is above ``after`` and at most ``until``."""
        held = self.sequences[self.begin : self.end]
        first, last = np.searchsorted(held, (after, until), side="right")
        return slice(self.begin + int(first), self.begin + int(last))

    def samples(self, where: slice) -> Samples:
        """Copies, because the arrays go on being written."""
        return Samples(self.times[where].copy(), self.values[where].copy(), self.ordinals[where].copy())


class _Column(NamedTuple):
    """What was told of a column of pixels so far."""

    number: int
    """Since the Unix epoch."""
    sequence: int
    """Up to which it was told."""
    low: float
    high: float


class Tape:
    """One signal. Not safe on several threads: who holds it has a lock.

    Args:
        text: whether its values are texts; else they are numbers.
    """

    def __init__(self, *, text: bool, steps: bool = False) -> None:
        dtype = object if text else np.float64
        self._recent = _Strip(dtype, RECENT)
        self._older = [_Strip(dtype, most) for most, _ in OLDER]
        self._sequences: list[int] = []
        self._times: list[int] = []
        self._values: list[Any] = []
        self._settled = 0
        """How many samples are in the strips. Those that came after are in the lists alone, which hold the last."""
        self.text, self.steps = text, steps
        self.total = 0
        """How many samples came."""
        self.last_ns = -1
        """The time of the one that came last; -1 before."""
        self._drawn: dict[int, _Column] = {}
        """By the length of a column of pixels, what was told of the one that is being drawn."""
        self.forgotten = 0
        """The last sequence of which nothing is held any more, not even decimated."""

    def append(self, sequence: int, time_ns: int, value: float | str) -> None:
        """One more sample; sequences never fall."""
        self.total += 1
        self.last_ns = time_ns
        self._sequences.append(sequence)
        self._times.append(time_ns)
        self._values.append(value)
        if len(self._times) >= 2 * TAIL:
            self._settle()
            del self._sequences[:-TAIL], self._times[:-TAIL], self._values[:-TAIL]

    def _settle(self) -> None:
        """Have all samples in the strips."""
        new = self.total - self._settled
        if not new:
            return
        recent = self._recent
        if recent.room() < new:
            self._forget_some(new)
        recent.write(
            _Block(
                np.array(self._sequences[-new:], np.int64),
                np.array(self._times[-new:], np.int64),
                np.arange(self._settled + 1, self.total + 1),
                np.array(self._values[-new:], recent.values.dtype),
            )
        )
        self._settled = self.total

    def _forget_some(self, wanted: int) -> None:
        """What has no room among the recent ones goes on in fewer points, and what has no room there, in fewer."""
        gone = self._recent.dropped(wanted)
        for older, (_, bucket_ns) in zip(self._older, OLDER, strict=True):
            if not len(gone.sequences):
                return
            samples = Samples(gone.times, gone.values, gone.ordinals)
            kept = np.sort(thinned(samples, bucket_ns, steps=self.steps or self.text))
            dropped = older.dropped(len(kept))
            older.write(_Block(*(array[kept] for array in gone)))
            gone = dropped
        if len(gone.sequences):
            self.forgotten = int(gone.sequences[-1])

    def between(self, after: int, until: int) -> tuple[Samples, int]:
        """What came after one sequence until another, and how many samples that were, decimated ones included."""
        self._settle()
        newer = self._recent.between(after, until)
        found = self._recent.samples(newer)
        last = int(found.ordinals[-1]) if len(found.ordinals) else self._recent_ordinal(newer.start)
        if newer.start > self._recent.begin or not self._older[0].end:
            return found, len(found.times)
        known = 0
        for older in self._older:
            earlier = older.between(after, until)
            found = _joined(older.samples(earlier), found)
            if earlier.start > older.begin:
                known = int(older.ordinals[earlier.start - 1])
                break
        return found, max(0, last - known) if len(found.times) else 0

    def _recent_ordinal(self, at: int) -> int:
        """The number of the sample before a place."""
        recent = self._recent
        return int(recent.ordinals[at]) - 1 if at < recent.end else self.total

    def few_news(self, after: int, until: int, column_ns: int) -> tuple[list[int], list[Any], int] | None:
        """What a plot shows of the handful of samples that come from one beat to the next, by time, and how many
        came; None where they are more, or not in order.

        Args:
            column_ns: length of a column of pixels; 0 for the last sample alone.
        """
        sequences = self._sequences
        begin, end = bisect_right(sequences, after), bisect_right(sequences, until)
        if end - begin > _FEW or (not begin and self.total > len(sequences)):
            return None
        if not column_ns:
            begin, came = max(begin, end - 1), end - begin
            return self._times[begin:end], self._values[begin:end], came
        times, values = self._times[begin:end], self._values[begin:end]
        if len(times) < 2:
            return times, values, len(times)
        if sorted(times) != times:
            return None
        kept: list[int] = []
        first = 0
        while first < len(times):
            stop = bisect_left(times, (times[first] // column_ns + 1) * column_ns, first)
            of_column = self._kept(begin + first, after, until, column_ns, times[first:stop], values[first:stop])
            kept += [first + at for at in of_column]
            first = stop
        return [times[at] for at in kept], [values[at] for at in kept], len(times)

    def _kept(
        self, begin: int, after: int, until: int, column_ns: int, times: list[int], values: list[Any]
    ) -> list[int]:
        """Which of some samples of one column of pixels are shown: what goes beyond what was told, and the last.

        ``begin`` is where the first of them is in the lists.
        """
        if self.steps or self.text:
            before = self._values[begin - 1] if begin else None
            kept = [at for at, value in enumerate(values) if value != (values[at - 1] if at else before)]
        elif len(values) <= 2 or math.isnan(sum(values)):  # a missing one, or both infinities
            kept = list(range(len(values)))
        else:
            kept = self._extremes(begin, after, until, column_ns, times, values)
        if not kept or kept[-1] != len(values) - 1:
            kept.append(len(values) - 1)
        return kept

    def _extremes(
        self, begin: int, after: int, until: int, column_ns: int, times: list[int], values: list[float]
    ) -> list[int]:
        """Which of some samples, the first of which is at ``begin`` of the lists, go beyond what was told of their
        column of pixels."""
        number = times[-1] // column_ns
        column = self._drawn.get(column_ns)
        known = column is not None and column.number == number and column.sequence <= after
        if column is None or not known or (begin and self._sequences[begin - 1] > column.sequence):
            told = self._told(begin, number * column_ns)
            low, high = min(told, default=math.inf), max(told, default=-math.inf)
        else:
            low, high = column.low, column.high
        least, most = min(values), max(values)
        if column is None or until >= column.sequence:
            self._drawn[column_ns] = _Column(number, until, min(low, least), max(high, most))
            if len(self._drawn) > _FEW:
                self._drawn.clear()
        kept = {values.index(least)} if least < low else set()
        if most > high:
            kept.add(values.index(most))
        return sorted(kept)

    def _told(self, end: int, start_ns: int) -> list[float]:
        """The values since an instant, of those before the one at ``end`` of the lists, without missing ones."""
        begin = bisect_left(self._times, start_ns, 0, end)
        told = self._values[begin:end]
        if not begin and self.total > len(self._times):
            self._settle()
            recent = self._recent
            stop = recent.end - (len(self._times) - end)
            first = recent.begin + int(np.searchsorted(recent.times[recent.begin : stop], start_ns))
            told = recent.values[first:stop].tolist()
        return [value for value in told if value == value]

    def all(self, since_ns: int = 0, until: int = INT64_MAX) -> Samples:
        """What is held since an instant up to a sequence, and perhaps some more of before, by time."""
        self._settle()
        held = self._recent.samples(self._recent.between(-1, until))
        for older in self._older:
            if len(held.times) and held.times[0] <= since_ns:
                break
            held = _joined(older.samples(older.between(-1, until)), held)
        return by_time(held)

    def has(self, time_ns: int) -> bool:
        """Whether there is a sample of this very instant."""
        if time_ns in self._times:
            return True
        return any(np.any(each.times[each.begin : each.end] == time_ns) for each in (self._recent, *self._older))

    def period_s(self) -> float | None:
        """Seconds between two samples, of the last ones; None while there are fewer than two."""
        times = self._times[-8:]
        if len(times) < 2:
            return None
        return median([abs(later - earlier) for earlier, later in pairwise(times)]) / NS_PER_S

    def as_text(self) -> Tape:
        """This tape with its numbers as texts."""
        self._settle()
        turned = Tape(text=True)
        turned.total, turned.last_ns, turned.forgotten = self.total, self.last_ns, self.forgotten
        turned._settled, turned._sequences, turned._times = self._settled, self._sequences, self._times
        turned._values = [str(value) for value in self._values]
        turned._recent, turned._older = self._recent, self._older
        for strip in (self._recent, *self._older):
            strip.values = np.array([str(value) for value in strip.values], object)
        return turned


def by_time(samples: Samples) -> Samples:
    """Samples in ascending order of time; those of one instant in the order in which they came."""
    if np.all(samples.times[1:] >= samples.times[:-1]):
        return samples
    return samples.take(np.argsort(samples.times, kind="stable"))


def thinned(samples: Samples, bucket_ns: int, *, steps: bool) -> npt.NDArray[np.int64]:
    """Which samples stay where each piece of ``bucket_ns`` is one column of a plot, by time: no spike is lost.

    Args:
        samples: in any order.
        bucket_ns: length of a piece.
        steps: each value holds until the next.
    """
    order = np.argsort(samples.times, kind="stable")
    times, values = samples.times[order], samples.values[order]
    if not len(times):
        return order.astype(np.int64)
    if values.dtype == object:
        values = np.unique(values.astype(str), return_inverse=True)[1]
    # On the clock's own grid, so that it is the same whenever it is done.
    first, last = int(times[0]) // bucket_ns, int(times[-1]) // bucket_ns
    start, buckets = first * bucket_ns, min(last - first + 1, len(times))
    fewer = decimate_steps if steps else decimate
    kept: npt.NDArray[np.int64] = order[fewer(times, values, buckets, start, start + buckets * bucket_ns)]
    return kept


def few(samples: Samples, bucket_ns: int) -> bool:
    """Whether thinning would save nothing worth it."""
    count = len(samples.times)
    if count <= 2 * POINTS_PER_BUCKET:
        return True
    spanned = int(samples.times.max() - samples.times.min())
    return count <= POINTS_PER_BUCKET * (spanned // max(1, bucket_ns) + 1)


def _joined(older: Samples, newer: Samples) -> Samples:
    if not len(older.times):
        return newer
    return Samples(*(np.concatenate(pair) for pair in zip(older, newer, strict=True)))
