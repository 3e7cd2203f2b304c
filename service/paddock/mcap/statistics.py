"""Statistics per signal, gathered batch by batch in the pass that decodes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.domain.recording import Signal
from paddock.mcap.decoders.limits import Limits
from paddock.mcap.list_statistics import ListStatistics, has_elements, is_scalar
from paddock.mcap.signal_statistics import SignalStatistics

Path = tuple[str, ...]


class ChannelStatistics:
    """All signals of a channel: scalars, lists of them and their elements. Maps and bytes are none."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._signals: dict[Path, SignalStatistics] = {}
        self._lists: dict[Path, ListStatistics] = {}

    def add(self, messages: pa.StructArray, log_time: npt.NDArray[np.int64]) -> None:
        """Take in a batch in order of ``log_time``; shapes (N,)."""
        for path, column in _columns(messages, ()):
            if has_elements(column.type):
                if path not in self._lists:
                    self._lists[path] = ListStatistics(self._limits)
                self._lists[path].add(column, log_time)
                continue
            known = self._signals.get(path)
            if known is None:
                known = self._signals[path] = SignalStatistics(str(column.type))
            known.add(column, log_time)

    def signals(self, topic: str, slug: str, fields: pa.StructType) -> Iterator[Signal]:
        """One per scalar of ``fields``, also of those without a message, and of every list and its elements.

        A field goes before an element that is called like it.
        """
        kinds = dict(_kinds(fields, ()))
        own = {".".join((topic, *path)) for path in kinds}
        for path, kind in kinds.items():
            if has_elements(kind):
                name = ".".join((topic, *path))
                found = (self._lists.get(path) or ListStatistics(self._limits)).signals(name, slug, kind)
                yield from (signal for signal in found if not signal.element_of or signal.name not in own)
                continue
            known = self._signals.get(path) or SignalStatistics(str(kind))
            known.dtype = str(kind)
            yield known.signal(".".join((topic, *path)), slug)


def _columns(array: pa.StructArray, prefix: Path) -> Iterator[tuple[Path, pa.Array]]:
    kind = array.type
    masked = array.null_count > 0
    columns = array.flatten() if masked or array.offset else [array.field(i) for i in range(kind.num_fields)]
    for index, column in enumerate(columns):
        path = (*prefix, kind.field(index).name)
        if pa.types.is_struct(column.type):
            yield from _columns(column, path)
        elif _is_signal(column.type):
            yield path, column


def _kinds(fields: pa.StructType, prefix: Path) -> Iterator[tuple[Path, pa.DataType]]:
    for index in range(fields.num_fields):
        field = fields.field(index)
        path = (*prefix, field.name)
        if pa.types.is_struct(field.type):
            yield from _kinds(field.type, path)
        elif _is_signal(field.type):
            yield path, field.type


def _is_signal(kind: pa.DataType) -> bool:
    return has_elements(kind) or is_scalar(kind)
