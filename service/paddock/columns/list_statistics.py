"""Statistics of a list: over all of its values, and element by element."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.limits import Limits
from paddock.columns.lists import list_lengths, offsets_of, taken_element
from paddock.columns.signal_statistics import SignalStatistics, add_together, is_numbers
from paddock.domain.recording import Signal
from paddock.domain.signal_names import element_name

MAX_ELEMENTS = 256
"""Elements of a list are signals up to here: more than a pack has cells. A longer list is one signal."""


def is_scalar(kind: pa.DataType) -> bool:
    """Whether values of this type are a signal: numbers, times, booleans or texts."""
    return not (pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_null(kind))


class ListStatistics:
    """One list. Its own statistics are those of all values in it; its first and last value are nobody's.

    Args:
        limits: those of the log; a list that they have no room for stays without elements.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._whole = SignalStatistics("")
        self._elements: list[SignalStatistics] | None = []
        self._longest = 0

    def add(self, column: pa.Array, log_time: npt.NDArray[np.int64]) -> None:
        """Take in a batch in order of ``log_time``; shapes (N,)."""
        if not len(column):
            return
        lengths = list_lengths(column)
        self._longest = max(self._longest, int(lengths.max()))
        self._make_room()
        if not self._limits.statistics:
            self._whole.count += int(lengths.sum())
            return
        items = column.flatten()
        self._whole.add(items, np.broadcast_to(log_time[-1], len(items)))
        if self._elements is None:
            return
        if is_numbers(items.type) and not items.null_count and (lengths == len(self._elements)).all():
            add_together(self._elements, items, log_time)
            return
        offsets = offsets_of(lengths)
        for index, element in enumerate(self._elements):
            element.add(taken_element(items, lengths, offsets, index), log_time)

    def _make_room(self) -> None:
        if self._elements is not None and self._longest > len(self._elements):
            more = self._longest - len(self._elements)
            if self._longest > MAX_ELEMENTS or not self._limits.take_elements(more):
                self._elements = None
            else:
                self._elements += [SignalStatistics("") for _ in range(more)]

    def forget(self) -> None:
        """Give back the room that its elements have taken."""
        self._limits.take_elements(-len(self._elements or ()))
        self._elements = []

    def signals(self, name: str, slug: str, kind: pa.DataType) -> Iterator[Signal]:
        """The list, then its elements."""
        self._whole.dtype = str(kind)
        whole = self._whole.signal(name, slug)
        yield msgspec.structs.replace(whole, first=None, last=None, longest=self._longest)
        for index, element in enumerate(self._elements or ()):
            element.dtype = str(kind.value_type)
            signal = element.signal(element_name(name, index), slug)
            yield msgspec.structs.replace(signal, element_of=name)
