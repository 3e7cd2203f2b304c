"""Signals at other instants than their own: the one rule by which signals of different rates meet.

An expression is computed at the instants of one of its signals, that with the most samples (``derived.py``). Of
every other signal it has, at such an instant:

- at an instant of its own samples, that sample; of several at one instant the last in the log;
- between two samples, for a float the value on the line between them, for an integer, an enum or a boolean the
  sample before, which holds until the next;
- before its first sample nothing: a value is never invented;
- after its last sample nothing of a float, for there is no line; what holds does so for as long as no gap is
  longer;
- inside a gap nothing, from just after the sample before it to just before the sample after it. A gap is longer
  than ten mean periods of its topic, and than a second (``ChannelSummary.gap_ns``);
- next to a sample that is missing (NaN) nothing on the line to it, and nothing where it would hold.

"Nothing" is NaN, and what is computed from NaN is NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from paddock.columns.columns import Int64s

Floats = npt.NDArray[np.float64]


class Samples(NamedTuple):
    """Some samples of a signal; shapes (N,), in order of time."""

    times: Int64s
    values: Floats


def at_instants(samples: Samples, instants: Int64s, gap_ns: int, *, on_lines: bool) -> Floats:
    """The values at ``instants``, by the rule above, of a signal that has no samples but these.

    Args:
        samples: at least one.
        instants: shape (M,).
        gap_ns: the longest time between two samples that is no gap.
        on_lines: whether it lies on lines between samples, as floats do; else each sample holds.
    """
    times, values = samples
    before = np.searchsorted(times, instants, "right") - 1
    begun = before >= 0
    before = np.maximum(before, 0)
    after = np.minimum(before + 1, len(times) - 1)
    since = instants - times[before]
    step = times[after] - times[before]
    found = values[before]
    between = since != 0
    if on_lines:
        with np.errstate(all="ignore"):
            share = since / np.where(step > 0, step, 1)
            found = np.where(between, found + (values[after] - found) * share, found)
        known = ~between | ((step > 0) & (step <= gap_ns))
    else:
        known = ~between | np.where(step > 0, step <= gap_ns, since <= gap_ns)
    found[~(begun & known)] = np.nan
    return found


class Joining:
    """Joins a signal that is read in batches, at instants that ascend from call to call.

    Holds two batches at most, and answers the same however its samples are cut into batches.

    Args:
        batches: its samples in order of time.
        gap_ns: see ``at_instants``; so is ``on_lines``.
    """

    def __init__(self, batches: Iterator[Samples], gap_ns: int, *, on_lines: bool) -> None:
        self._batches = batches
        self._gap_ns = gap_ns
        self._on_lines = on_lines
        self._held = Samples(np.empty(0, np.int64), np.empty(0, np.float64))
        self._ended = False

    def at(self, instants: Int64s) -> Floats:
        """Values at instants, shape (M,), none before one that was asked for."""
        found = np.full(len(instants), np.nan)
        done = 0
        while done < len(instants):
            self._forget(int(instants[done]))
            times = self._held.times
            if self._ended:
                stop = len(instants)
            else:
                # At the last held instant itself there may be one more sample in the next batch.
                stop = int(np.searchsorted(instants, times[-1], "left")) if len(times) else done
            if stop > done and len(times):
                found[done:stop] = at_instants(
                    self._held, instants[done:stop], self._gap_ns, on_lines=self._on_lines
                )
            done = max(done, stop)
            if done < len(instants):
                self._take()
        return found

    def _take(self) -> None:
        batch = next(self._batches, None)
        if batch is None:
            self._ended = True
        elif len(batch.times):
            self._held = Samples(*(np.concatenate(pair) for pair in zip(self._held, batch, strict=True)))

    def _forget(self, instant: int) -> None:
        """Drop what lies before the last sample at or before an instant."""
        first = int(np.searchsorted(self._held.times, instant, "right")) - 1
        if first > 0:
            self._held = Samples(self._held.times[first:], self._held.values[first:])
