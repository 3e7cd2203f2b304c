"""An expression over signals that still come: fed with what came, it answers as far as it can be known by then.

The rule by which signals of different rates meet is that of ``joined.py``, so that what is seen live is what the
recording has. A float of another topic lies on the line to its next sample, so an instant waits for that, or until
there is none within a gap; what holds until the next sample does not wait. What comes late, before an instant that
was computed already, is passed over here; the recording has it in its place.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from paddock.columns.columns import Int64s
from paddock.columns.joined import Floats, Samples, at_instants
from paddock.columns.maths_compiled import Compiled
from paddock.domain.maths_binding import Bound
from paddock.domain.maths_language.checking import Shape

MOST_WAITING = 20_000
"""Instants that wait for other signals; the oldest of more are left out."""
_NOTHING = Samples(np.empty(0, np.int64), np.empty(0))


class LiveDerived:
    """Computes an expression while its signals come.

    Args:
        bound: the expression.
        own: those of its signals at whose instants it is, all of one topic.
        gap_ns: the longest time between two samples that is no gap, of each of its signals.

    Raises:
        Fault: it cannot be computed.
    """

    def __init__(self, bound: Bound, own: frozenset[str], gap_ns: Mapping[str, int]) -> None:
        self._compiled = Compiled(bound, min(gap_ns[name] for name in own))
        self._own = tuple(name for name in bound.signals if name in own)
        self._others = {
            name: _Other(gap_ns[name], on_lines=quantity.shape is Shape.LINE)
            for name, quantity in bound.signals.items()
            if name not in own
        }
        self._times: Int64s = _NOTHING.times
        """The instants that wait."""
        self._values: dict[str, Floats] = dict.fromkeys(self._own, _NOTHING.values)
        self._last_ns: int | None = None

    def feed(self, own: Mapping[str, Samples], others: Mapping[str, Samples]) -> Samples:
        """What it is at the instants that are known now.

        Args:
            own: what came of the signals at whose instants it is; each has the same times, NaN where it has none.
            others: what came of the other signals; one of which nothing came may be left out.
        """
        for name, samples in others.items():
            self._others[name].add(samples)
        if own:
            self._wait(own)
        ready = min((each.known(self._times) for each in self._others.values()), default=len(self._times))
        if not ready:
            return _NOTHING
        times = self._times[:ready]
        signals = {name: values[:ready] for name, values in self._values.items()}
        signals |= {name: each.at(times) for name, each in self._others.items()}
        self._times = self._times[ready:]
        self._values = {name: values[ready:] for name, values in self._values.items()}
        return Samples(times, self._compiled.at(times, signals))

    def _wait(self, own: Mapping[str, Samples]) -> None:
        times = own[self._own[0]].times
        order = np.argsort(times, kind="stable")
        if self._last_ns is not None:
            order = order[times[order] >= self._last_ns]
        if not len(order):
            return
        self._last_ns = int(times[order[-1]])
        self._times = np.concatenate([self._times, times[order]])[-MOST_WAITING:]
        self._values = {
            name: np.concatenate([self._values[name], own[name].values[order]])[-MOST_WAITING:]
            for name in self._own
        }


class _Other:
    """A signal of another topic."""

    def __init__(self, gap_ns: int, *, on_lines: bool) -> None:
        self._gap_ns = gap_ns
        self._on_lines = on_lines
        self._held = _NOTHING

    def add(self, samples: Samples) -> None:
        times = self._held.times
        order = np.argsort(samples.times, kind="stable")
        if len(times):
            order = order[samples.times[order] >= times[-1]]
        self._held = Samples(
            np.concatenate([times, samples.times[order]]),
            np.concatenate([self._held.values, samples.values[order]]),
        )

    def known(self, instants: Int64s) -> int:
        """At how many of these instants, of which there may be none, it is known."""
        if not len(instants):
            return 0
        times = self._held.times
        if not self._on_lines:
            return len(instants)
        last = int(times[-1]) if len(times) else int(instants[0])
        if int(instants[-1]) - last > self._gap_ns:
            # At the newest instant itself there may be a sample yet.
            return int(np.searchsorted(instants, instants[-1], "left"))
        return int(np.searchsorted(instants, last, "left")) if len(times) else 0

    def at(self, instants: Int64s) -> Floats:
        """Its values there; what lies before the last of them is forgotten."""
        if not len(self._held.times):
            return np.full(len(instants), np.nan)
        found = at_instants(self._held, instants, self._gap_ns, on_lines=self._on_lines)
        first = int(np.searchsorted(self._held.times, int(instants[-1]), "right")) - 1
        if first > 0:
            self._held = Samples(self._held.times[first:], self._held.values[first:])
        return found
