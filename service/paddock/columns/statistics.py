"""Statistics per signal, gathered batch by batch in the pass that decodes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.containment import contained
from paddock.columns.limits import Limits
from paddock.columns.list_statistics import ListStatistics, is_scalar
from paddock.columns.signal_statistics import SignalStatistics
from paddock.columns.signals import has_elements
from paddock.domain.recording import Signal

Path = tuple[str, ...]

MAX_NAME = 1_000
"""Signals with longer names are in the columns alone: each has a document."""
_MAX_NOTICES = 5


class ChannelStatistics:
    """All signals of a channel: scalars, lists of them and their elements. Maps and bytes are none.

    What fails costs one signal its statistics. Where ``limits`` want none, only lists are looked at, for how many
    elements they have.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._signals: dict[Path, SignalStatistics] = {}
        self._lists: dict[Path, ListStatistics] = {}
        self._failed: dict[Path, str] = {}
        """Why a signal has none; the empty path for all of them."""
        self._unlisted = 0
        self._last_type: tuple[pa.StructType, bool] | None = None
        """That of the last batch, and whether it has lists."""

    def add(self, messages: pa.StructArray, log_time: npt.NDArray[np.int64]) -> None:
        """Take in a batch in order of ``log_time``; shapes (N,)."""
        if not (self._limits.statistics or self._has_lists(messages.type)):
            return
        try:
            for path, column in _columns(messages, ()):
                self._add(path, column, log_time)
        except BaseException as error:
            self._failed.setdefault((), contained(error))

    def _has_lists(self, fields: pa.StructType) -> bool:
        if self._last_type is None or self._last_type[0] != fields:
            self._last_type = fields, any(has_elements(kind) for _, kind in _kinds(fields, ()))
        return self._last_type[1]

    def _add(self, path: Path, column: pa.Array, log_time: npt.NDArray[np.int64]) -> None:
        try:
            if has_elements(column.type):
                if path not in self._lists:
                    self._lists[path] = ListStatistics(self._limits)
                self._lists[path].add(column, log_time)
                return
            if not self._limits.statistics:
                return
            known = self._signals.get(path)
            if known is None:
                known = self._signals[path] = SignalStatistics(str(column.type))
            known.add(column, log_time)
        except BaseException as error:
            self._failed.setdefault(path, contained(error))

    def forget(self) -> None:
        """Begin anew, as if nothing had been added."""
        for each in self._lists.values():
            each.forget()
        self._signals, self._lists, self._failed = {}, {}, {}

    def signals(self, topic: str, slug: str, fields: pa.StructType) -> Iterator[Signal]:
        """One per scalar of ``fields``, also of those without a message, and of every list and its elements.

        A field goes before an element that is called like it.
        """
        kinds = dict(_kinds(fields, ()))
        own = {".".join((topic, *path)) for path in kinds}
        for path, kind in kinds.items():
            name = ".".join((topic, *path))
            if len(name) > MAX_NAME:
                self._unlisted += 1
                continue
            try:
                found = [] if self._failed.keys() & {(), path} else list(self._found(path, name, slug, kind))
            except BaseException as error:
                self._failed.setdefault(path, contained(error))
                found = []
            yield from (signal for signal in found if not signal.element_of or signal.name not in own)
            if not found:
                yield SignalStatistics(str(kind)).signal(name, slug)

    def _found(self, path: Path, name: str, slug: str, kind: pa.DataType) -> Iterator[Signal]:
        if has_elements(kind):
            yield from (self._lists.get(path) or ListStatistics(self._limits)).signals(name, slug, kind)
        else:
            known = self._signals.get(path) or SignalStatistics(str(kind))
            known.dtype = str(kind)
            yield known.signal(name, slug)

    def notices(self, topic: str) -> Iterator[str]:
        """Sentences about signals that have none, once all ``signals`` were asked for."""
        for path, reason in list(self._failed.items())[:_MAX_NOTICES]:
            yield f"{'.'.join((topic, *path))[:MAX_NAME]} has no statistics ({reason})."
        if (more := len(self._failed) - _MAX_NOTICES) > 0:
            yield f"{topic} has {more:,} more signals without statistics."
        if self._unlisted:
            yield f"{topic[:MAX_NAME]}: {self._unlisted:,} signals are not listed, their names are too long."


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
