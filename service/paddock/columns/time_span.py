"""From when to when a log was recorded, although a few of its times may be wrong.

Some recorders write a message before they have a clock, or a broken one writes a year of its own: such a message is
kept, but says nothing about when the recording began or how long it is. This is the one rule for that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from paddock.columns.columns import Int64s
from paddock.domain.instants import NS_PER_S

_NEAR_NS = 3600 * NS_PER_S
"""Closer times are of one recording, whatever their number."""
_TIMES_AS_FAR = 10
"""Times that are no further away than so many times the length of all others are of that recording as well."""
_FEW_PARTS, _FEW = 20, 3
"""What is far away is wrong when it is at most a twentieth of all, or three messages."""
_SET = 946_684_800 * NS_PER_S, 4_102_444_800 * NS_PER_S
"""From 2000 until 2100: a clock that says anything else was never set."""
_SET_PARTS = 10
"""A tenth of all messages with a set clock tell the time, against all that have none."""
_MAX_STRETCHES = 4096

Stretch = tuple[int, int, int]
"""First and last time, and how many messages."""


@dataclass(frozen=True)
class TimeSpan:
    """When a log was recorded."""

    first: int
    last: int
    outside: int = 0
    """How many messages lie outside."""


def time_span(stretches: Iterable[Stretch]) -> TimeSpan | None:
    """The span of all messages but those whose time is wrong; None without messages.

    Args:
        stretches: messages that are close to each other, in any order.
    """
    every = _joined(stretches, _NEAR_NS)
    if not every:
        return None
    is_set = [_SET[0] <= first and last < _SET[1] for first, last, _ in every]
    set_ones = [stretch for stretch, right in zip(every, is_set, strict=True) if right]
    others = [stretch for stretch, right in zip(every, is_set, strict=True) if not right]
    total = _count(every)
    kept = _without_outliers(set_ones if _count(set_ones) * _SET_PARTS >= total else others)
    return TimeSpan(kept[0][0], kept[-1][1], total - _count(kept))


def _without_outliers(stretches: list[Stretch]) -> list[Stretch]:
    """From the first to the last that counts."""
    most = max(count for _, _, count in stretches)
    many = [
        place
        for place, (_, _, count) in enumerate(stretches)
        if count * _FEW_PARTS > most and (count > _FEW or count == most)
    ]
    low, high, grew = many[0], many[-1], True
    while grew:
        far = max(_NEAR_NS, _TIMES_AS_FAR * (stretches[high][1] - stretches[low][0]))
        is_before = low > 0 and stretches[low][0] - stretches[low - 1][1] <= far
        is_after = high + 1 < len(stretches) and stretches[high + 1][0] - stretches[high][1] <= far
        low, high, grew = low - is_before, high + is_after, is_before or is_after
    total = _count(stretches)
    left_out = total - _count(stretches[low : high + 1])
    is_few = left_out <= max(_FEW, total // _FEW_PARTS) and 2 * left_out < total
    return stretches[low : high + 1] if is_few else stretches


def _joined(stretches: Iterable[Stretch], near: int) -> list[Stretch]:
    """In order of time, those close to each other as one."""
    joined: list[Stretch] = []
    for first, last, count in sorted(stretches):
        if joined and first - joined[-1][1] <= near:
            begin, end, before = joined[-1]
            joined[-1] = begin, max(end, last), before + count
        else:
            joined.append((first, last, count))
    return joined


def _count(stretches: Iterable[Stretch]) -> int:
    return sum(count for _, _, count in stretches)


@dataclass
class Stretches:
    """Gathers times in any order, with memory for some thousand stretches at most."""

    _stretches: list[Stretch] = field(default_factory=list)
    _near: int = _NEAR_NS

    def add(self, times: Int64s, low: int, high: int) -> None:
        """Take in times, shape (N,), N > 0; the least and the largest of them."""
        if high - low <= _NEAR_NS:
            self._add(low, high, len(times))
        else:
            times = np.sort(times)
            begins = np.concatenate([[0], np.flatnonzero(np.diff(times) > _NEAR_NS) + 1, [len(times)]]).tolist()
            for begin, end in pairwise(begins):
                self._add(int(times[begin]), int(times[end - 1]), end - begin)

    def _add(self, low: int, high: int, count: int) -> None:
        if self._stretches:
            first, last, before = self._stretches[-1]
            if low - last <= self._near and first - high <= self._near:
                self._stretches[-1] = min(first, low), max(last, high), before + count
                return
        self._stretches.append((low, high, count))
        while len(self._stretches) > _MAX_STRETCHES:
            self._stretches = _joined(self._stretches, self._near)
            if len(self._stretches) > _MAX_STRETCHES // 2:
                self._near *= 2

    def span(self) -> TimeSpan | None:
        """See ``time_span``."""
        return time_span(self._stretches)
