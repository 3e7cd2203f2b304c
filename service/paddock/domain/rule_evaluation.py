"""Where a rule fires in a signal: the one evaluator, for what comes now and for what was recorded.

A value is bad, good, or neither (within the hysteresis): then it counts as what the last one was. The rule fires
at the first sample that is still bad ``for_s`` after the value became so, and is over at the first one that is
still good ``clear_s`` after that; so a noisy crossing is one alert. Missing values (NaN) are passed over, and so
are samples that come before what was looked at already.

It is incremental: samples in pieces of any size give the same as all of them at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from paddock.domain.rules import Comparison, RuleText, clear_ns, for_ns

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
_WORDS = {"true": 1.0, "on": 1.0, "yes": 1.0, "false": 0.0, "off": 0.0, "no": 0.0}


class Watch(msgspec.Struct, frozen=True):
    """What is remembered of one signal between two pieces."""

    bad: bool = False
    """What the last value was, or the last one that was one of both."""
    since_ns: int | None = None
    """Since when; None before the first value that was bad or good."""
    settled: bool = False
    """Whether that has lasted long enough already."""
    firing: bool = False
    last_ns: int | None = None
    """The latest time that any sample had."""


NOTHING_YET = Watch()


class RuleWatches(msgspec.Struct, frozen=True, kw_only=True):
    """What rules remember of the signals of one device."""

    id: str
    """The device's."""
    watches: dict[str, Watch] = {}
    """By rule, its revision, and signal."""


class Firing(NamedTuple):
    """The rule fires, or is over."""

    firing: bool
    sample: int
    """The place in the piece of the one at which that is known."""
    time_ns: int
    """When that sample was."""
    since_ns: int
    """When the value became so."""
    value: float
    """At that sample."""


class Evaluated(NamedTuple):
    """What a piece showed."""

    firings: list[Firing]
    """In the order of time; firing and over take turns."""
    watch: Watch
    """To go on with."""


def evaluate(said: RuleText, watch: Watch, times: Int64s, values: Floats) -> Evaluated:
    """Look at the next samples of a signal.

    Args:
        said: what the rule says; for a text see ``text_values``.
        watch: from the piece before; ``NOTHING_YET`` at the beginning.
        times: int64, shape (N,), nanoseconds.
        values: float64, shape (N,).
    """
    if not len(times):
        return Evaluated([], watch)
    latest = np.maximum.accumulate(times)
    if watch.last_ns is not None:
        latest = np.maximum(latest, watch.last_ns)
    last_ns = int(latest[-1])
    places = np.flatnonzero((times >= latest) & ~np.isnan(values))
    if not len(places):
        return Evaluated([], msgspec.structs.replace(watch, last_ns=last_ns))
    times, values = times[places], values[places]
    bad, good = _compare(said, values)
    if not (bad.any() or watch.bad or watch.firing or watch.since_ns is None):
        # As nearly always, and in half the time.
        lasted = watch.settled or int(times[-1]) >= watch.since_ns + clear_ns(said)
        return Evaluated([], Watch(False, watch.since_ns, lasted, False, last_ns))
    # 1 bad, 0 good, -1 neither: as the last one that was either, which may be of the piece before.
    word = np.where(bad, 1, np.where(good, 0, -1))
    last = np.maximum.accumulate(np.where(word >= 0, np.arange(len(word)), -1))
    before = -1 if watch.since_ns is None else int(watch.bad)
    word = np.where(last >= 0, word[last], before)
    begins = np.flatnonzero(np.diff(word, prepend=before))
    continued = before >= 0 and word[0] == before
    if continued:
        begins = np.insert(begins, 0, 0)
    if not len(begins):
        return Evaluated([], msgspec.structs.replace(watch, last_ns=last_ns))
    since = times[begins].copy()
    if continued:
        since[0] = times[0] if watch.since_ns is None else watch.since_ns
    ends = np.append(begins[1:], len(times))
    is_bad = word[begins] == 1
    settles = np.maximum(np.searchsorted(times, since + np.where(is_bad, for_ns(said), clear_ns(said))), begins)
    settled = settles < ends
    told = settled.copy()
    if continued and watch.settled:
        settled[0], told[0] = True, False
    firings, firing = _turns(is_bad, told, watch.firing)
    found = [
        Firing(
            bool(is_bad[run]),
            int(places[settles[run]]),
            int(times[settles[run]]),
            int(since[run]),
            float(values[settles[run]]),
        )
        for run in firings
    ]
    return Evaluated(found, Watch(bool(is_bad[-1]), int(since[-1]), bool(settled[-1]), firing, last_ns))


def text_values(said: RuleText, texts: npt.NDArray[np.object_] | list[str | None]) -> Floats:
    """What a text says, as numbers that the same rule takes: see ``as_number``. Missing ones are NaN."""
    return np.array([np.nan if text is None else float(text == said.text) for text in texts], np.float64)


def as_number(said: RuleText) -> RuleText:
    """The rule for values of ``text_values``: 1 where the text is the rule's, 0 where it is another."""
    return msgspec.structs.replace(said, limit=1.0, text="")


def numeric(said: RuleText, enums: Mapping[int, str]) -> RuleText:
    """The rule for values that are numbers: the name of a state becomes its number.

    Args:
        enums: names by number, where the log has some.
    """
    if not said.text:
        return said
    folded = said.text.casefold()
    numbers = {name.casefold(): float(number) for number, name in enums.items()}
    number = numbers.get(folded, _WORDS.get(folded, math.nan))
    return msgspec.structs.replace(said, limit=number, text="")


def may_fire(said: RuleText, low: float | None, high: float | None) -> bool:
    """Whether a signal with these extremes may have a bad value; where they are not known, it may.

    Args:
        low: the least of its values.
        high: the greatest.
    """
    if low is None or high is None or said.text:
        return True
    match said.comparison:
        case Comparison.ABOVE:
            return said.limit is None or high > said.limit
        case Comparison.BELOW:
            return said.limit is None or low < said.limit
        case Comparison.OUTSIDE:
            return said.low is None or said.high is None or low < said.low or high > said.high
        case Comparison.INSIDE:
            return said.low is None or said.high is None or (low <= said.high and high >= said.low)
        case Comparison.IS:
            return said.limit is None or low <= said.limit <= high
        case Comparison.IS_NOT:
            return said.limit is None or not low == said.limit == high


def _compare(said: RuleText, values: Floats) -> tuple[Booleans, Booleans]:
    """Which values are bad and which are good; with a hysteresis some are neither."""
    band = said.hysteresis
    low = -np.inf if said.low is None else said.low
    high = np.inf if said.high is None else said.high
    limit = np.nan if said.limit is None else said.limit
    match said.comparison:
        case Comparison.ABOVE:
            return values > limit, values <= limit - band
        case Comparison.BELOW:
            return values < limit, values >= limit + band
        case Comparison.OUTSIDE:
            # A band wider than the range would let it never be over.
            inner = min(band, (high - low) / 2)
            return (values < low) | (values > high), (values >= low + inner) & (values <= high - inner)
        case Comparison.INSIDE:
            return (values >= low) & (values <= high), (values < low - band) | (values > high + band)
        case Comparison.IS:
            return values == limit, values != limit
        case Comparison.IS_NOT:
            return values != limit, values == limit


def _turns(is_bad: Booleans, told: Booleans, firing: bool) -> tuple[list[int], bool]:
    """The runs that change whether the rule fires, and whether it fires at last."""
    runs = np.flatnonzero(told)
    if not len(runs):
        return [], firing
    changed = np.diff(is_bad[runs].astype(np.int8), prepend=np.int8(firing)) != 0
    return [int(run) for run in runs[changed]], bool(is_bad[runs[-1]])
