"""The last minutes of one signal: every recent sample, and of the time before what a plot would show of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from paddock.columns.decimate import POINTS_PER_BUCKET, decimate, decimate_steps
from paddock.domain.instants import NS_PER_S

Int64s = npt.NDArray[np.int64]

RECENT = 3_000
"""So many samples are kept as they came: half a minute at 100 Hz, an hour of a weather station."""
OLDER = 3_600
"""So many of the time before: a quarter of an hour of a signal that is decimated."""
OLDER_BUCKET_NS = 1_000_000_000
"""Of the time before, first, last, smallest and largest of each such piece stay."""
_FIRST_ROOM = 16
_FEW = 2 * POINTS_PER_BUCKET


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

    def make_room(self, wanted: int) -> slice:
        """Have room for ``wanted`` more; where the samples lay that are forgotten for it, until the next write."""
        kept = self.end - self.begin
        if kept >= self._most:  # full: half goes, so that it is seldom done
            gone = slice(self.begin, self.end - self._most // 2)
            self.begin = gone.stop
        else:
            gone = slice(self.begin, self.begin)
        kept = self.end - self.begin
        size = len(self.times)
        while size - kept < wanted and size < 2 * (self._most + wanted):
            size *= 2
        for name in ("sequences", "times", "ordinals", "values"):
            old = getattr(self, name)
            fresh = np.empty(size, old.dtype)
            fresh[:kept] = old[self.begin : self.end]
            setattr(self, name, fresh)
        self.begin, self.end = 0, kept
        return gone

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
        self._older = _Strip(dtype, OLDER)
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
        recent = self._recent
        if not recent.room():
            self._forget_some()
        at = recent.end
        self.total += 1
        self.last_ns = time_ns
        recent.sequences[at] = sequence
        recent.times[at] = time_ns
        recent.ordinals[at] = self.total
        recent.values[at] = value
        recent.end = at + 1

    def _forget_some(self) -> None:
        held = self._recent
        arrays = held.sequences, held.times, held.ordinals, held.values
        gone = held.make_room(1)
        if gone.stop == gone.start:
            return
        sequences, times, ordinals, values = (array[gone] for array in arrays)
        kept = np.sort(thinned(Samples(times, values, ordinals), OLDER_BUCKET_NS, steps=self.steps or self.text))
        older = self._older
        if older.room() < len(kept):
            held_before = older.sequences
            lost = older.make_room(len(kept))
            if lost.stop > lost.start:
                self.forgotten = int(held_before[lost.stop - 1])
        into = slice(older.end, older.end + len(kept))
        older.sequences[into], older.times[into] = sequences[kept], times[kept]
        older.ordinals[into], older.values[into] = ordinals[kept], values[kept]
        older.end = into.stop

    def between(self, after: int, until: int) -> tuple[Samples, int]:
        """What came after one sequence until another, and how many samples that were, decimated ones included."""
        newer = self._recent.between(after, until)
        found = self._recent.samples(newer)
        last = int(found.ordinals[-1]) if len(found.ordinals) else self._recent_ordinal(newer.start)
        if newer.start > self._recent.begin or not self._older.end:
            return found, len(found.times)
        earlier = self._older.between(after, until)
        before = self._older.ordinals[self._older.begin : earlier.start]
        known = int(before[-1]) if len(before) else 0
        both = _joined(self._older.samples(earlier), found)
        return both, max(0, last - known) if len(both.times) else 0

    def _recent_ordinal(self, at: int) -> int:
        """Of the sample before a place."""
        recent = self._recent
        return int(recent.ordinals[at]) - 1 if at < recent.end else self.total

    def few_news(self, after: int, until: int, column_ns: int) -> tuple[list[int], list[Any], int] | None:
        """As ``news``, of the handful of samples that come from one beat to the next, which is most of all that is
        asked; None where they are more.

        Args:
            column_ns: length of a column of pixels; 0 for the last sample alone.
        """
        recent = self._recent
        end = begin = recent.end
        sequences = recent.sequences
        while end > recent.begin and sequences[end - 1] > until:
            end -= 1
        for begin in range(end, max(recent.begin, end - _FEW) - 1, -1):
            if begin == recent.begin or sequences[begin - 1] <= after:
                break
        else:
            return None
        if begin == recent.begin and self._older.end:
            return None
        if not column_ns:
            begin, came = max(begin, end - 1), end - begin
            return recent.times[begin:end].tolist(), recent.values[begin:end].tolist(), came
        times, values = recent.times[begin:end].tolist(), recent.values[begin:end].tolist()
        if len(times) < 2 or sorted(times) != times:
            return (times, values, len(times)) if len(times) < 2 else None
        if times[0] // column_ns != times[-1] // column_ns:
            kept = list(range(len(times)))
        elif self.steps or self.text:
            before = recent.values[begin - 1] if begin > recent.begin else None
            kept = [at for at, value in enumerate(values) if value != (values[at - 1] if at else before)]
        elif any(value != value for value in values):
            kept = list(range(len(times)))
        else:
            kept = self._extremes(begin, after, until, column_ns, times, values)
        if not kept or kept[-1] != len(times) - 1:
            kept.append(len(times) - 1)
        return [times[at] for at in kept], [values[at] for at in kept], len(times)

    def _extremes(
        self, begin: int, after: int, until: int, column_ns: int, times: list[int], values: list[float]
    ) -> list[int]:
        """Which of some samples go beyond what was told of their column of pixels."""
        number = times[-1] // column_ns
        column = self._drawn.get(column_ns)
        recent = self._recent
        known = column is not None and column.number == number and column.sequence <= after
        if column is None or not known or (begin > recent.begin and recent.sequences[begin - 1] > column.sequence):
            told = self._told(after, number * column_ns)
            low, high = (float(np.nanmin(told)), float(np.nanmax(told))) if len(told) else (np.inf, -np.inf)
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

    def news(self, after: int, until: int, column_ns: int) -> tuple[Samples, int]:
        """As ``between``, of which a plot whose column of pixels is ``column_ns`` long shows no less."""
        came, count = self.between(after, until)
        if not few(came, column_ns):
            came = came.take(thinned(came, column_ns, steps=self.steps or self.text))
        return by_time(came), count

    def _told(self, after: int, start_ns: int) -> npt.NDArray[Any]:
        """The values since an instant that had come by a sequence."""
        recent = self._recent
        held = recent.between(-1, after)
        begin = held.start + int(np.searchsorted(recent.times[held], start_ns))
        told = recent.values[begin : held.stop]
        if told.dtype != object and np.all(np.isnan(told)):
            return told[:0]
        return told

    def all(self) -> Samples:
        """Everything that is held, by time."""
        older, recent = self._older, self._recent
        held = _joined(
            older.samples(slice(older.begin, older.end)), recent.samples(slice(recent.begin, recent.end))
        )
        return by_time(held)

    def has(self, time_ns: int) -> bool:
        """Whether there is a sample of this very instant."""
        return bool(
            np.any(self._recent.times[self._recent.begin : self._recent.end] == time_ns)
            or np.any(self._older.times[self._older.begin : self._older.end] == time_ns)
        )

    def period_s(self) -> float | None:
        """Seconds between two samples, of the last ones; None while there are fewer than two."""
        recent = self._recent
        times = recent.times[max(recent.begin, recent.end - 32) : recent.end]
        if len(times) < 2:
            return None
        return float(np.median(np.abs(np.diff(times)))) / NS_PER_S

    def as_text(self) -> Tape:
        """The same with its numbers as texts."""
        turned = Tape(text=True)
        turned.total, turned.last_ns, turned.forgotten = self.total, self.last_ns, self.forgotten
        for name in ("_recent", "_older"):
            strip: _Strip = getattr(self, name)
            strip.values = np.array([str(value) for value in strip.values], object)
            setattr(turned, name, strip)
        return turned


def by_time(samples: Samples) -> Samples:
    """The same in ascending order of time; of one instant in the order in which they came."""
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
