"""The laps of a recording, as ``lap()`` and ``distance()`` in an expression ask for them."""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np
import numpy.typing as npt

from paddock.columns.columns import Int64s
from paddock.columns.joined import Floats
from paddock.domain.laps import Lap
from paddock.domain.maths_language.tree import Call, Node, walk
from paddock.domain.recording import Recording
from paddock.usecases.context import Context
from paddock.usecases.laps.find import laps_of
from paddock.usecases.laps.traces import Trace, opened

_OF_LAPS = frozenset(("lap", "distance"))


class RecordedLaps:
    """Laps that were timed, in order of time.

    Args:
        laps: at least one.
        trace: the way of the car; None where it is not known, then there are no distances.
    """

    def __init__(self, laps: list[Lap], trace: Trace | None) -> None:
        self._starts: Int64s = np.array([lap.started_ns for lap in laps], np.int64)
        self._ends: Int64s = np.array([lap.ended_ns for lap in laps], np.int64)
        self._numbers: Floats = np.array([lap.number for lap in laps], np.float64)
        self._trace = trace
        said = [(lap.number, lap.started_ns, lap.ended_ns) for lap in laps]
        self.digest = hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:16]
        """Other laps have another one."""

    def numbers_at(self, instants: Int64s) -> Floats:
        """As ``columns.derived.Laps`` says."""
        place, inside = self._places(instants)
        return np.where(inside, self._numbers[place], np.nan)

    def distances_at(self, instants: Int64s) -> Floats:
        """As ``columns.derived.Laps`` says."""
        if self._trace is None:
            return np.full(len(instants), np.nan)
        place, inside = self._places(instants)
        driven = self._driven(instants) - self._driven(self._starts)[place]
        return np.where(inside, driven, np.nan)

    def _places(self, instants: Int64s) -> tuple[Int64s, npt.NDArray[np.bool_]]:
        place = np.searchsorted(self._starts, instants, "right") - 1
        inside = (place >= 0) & (instants < self._ends[np.maximum(place, 0)])
        return np.maximum(place, 0), inside

    def _driven(self, instants: Int64s) -> Floats:
        assert self._trace is not None, "the caller looked"
        seconds = (instants - self._trace.begin_ns) / 1e9
        driven: Floats = np.interp(seconds, self._trace.time_s, self._trace.driven_m, np.nan, np.nan)
        return driven


def uses_laps(tree: Node) -> bool:
    """Whether an expression asks for laps."""
    return any(isinstance(node, Call) and node.function.name in _OF_LAPS for node in walk(tree))


async def laps_in(context: Context, recording: Recording) -> RecordedLaps | None:
    """The laps of a recording; None where it has none, or nobody has timed them yet."""
    found = await laps_of(context, recording)
    if found.table is None or found.table.build != recording.build or not found.laps:
        return None
    laps = sorted((stored.lap for stored in found.laps), key=lambda lap: lap.started_ns)
    trace = await context.documents.lap_traces.get(recording.id)
    return RecordedLaps(laps, None if trace is None or trace.build != recording.build else opened(trace))
