"""Decodes the frames of one message of a database into the columns of a channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.domain.can_database import CanMessage, CanSignal, Condition
from paddock.readers.can.frames import Bools
from paddock.readers.can.j1939 import not_available
from paddock.readers.can.signals import Words, has_names, raw_of, type_of, values_of

RowNumbers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class _Field:
    """A column; several signals where branches of a multiplexer share a name."""

    name: str
    kind: pa.DataType
    dtype: np.dtype[Any]
    """``kind`` as NumPy has it."""
    signals: tuple[CanSignal, ...]


class MessageDecoder:
    """What the frames of a message become.

    Args:
        message: of the database.
    """

    def __init__(self, message: CanMessage) -> None:
        self._is_j1939 = message.is_j1939
        self._signals = {each.name: each for each in message.signals}
        self.notices: list[str] = []
        self._fields = self._columns(message)
        self.fields: pa.StructType = pa.struct([pa.field(each.name, each.kind) for each in self._fields])
        self.enums = {
            each.name: each.signals[0].names for each in self._fields if all(map(has_names, each.signals))
        }
        self.units = {each.name: each.signals[0].unit for each in self._fields if each.signals[0].unit}
        self.needed_bytes = 1 + max((each.last_byte for each in message.signals), default=-1)

    def _columns(self, message: CanMessage) -> list[_Field]:
        columns: dict[str, list[CanSignal]] = {}
        for signal in message.signals:
            columns.setdefault(signal.name, []).append(signal)
        fields = []
        for name, signals in columns.items():
            if len(signals) > 1 and not _apart(signals):
                self.notices.append(f"{message.name} has {len(signals)} signals {name}: the first is taken.")
                signals = signals[:1]
            kinds = {type_of(each) for each in signals}
            kind = kinds.pop() if len(kinds) == 1 else pa.float64()
            fields.append(_Field(name, kind, np.dtype(kind.to_pandas_dtype()), tuple(signals)))
        return fields

    def decode(
        self, data: npt.NDArray[np.uint8], length: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    ) -> pa.StructArray:
        """The messages of some frames.

        Args:
            data: shape (N, W), zero after ``length``.
            length: bytes of each, shape (N,).
        """
        batch = _Batch(self._signals, data, length, self._is_j1939)
        arrays = [batch.column(each) for each in self._fields]
        if not arrays:
            # A message that says nothing but that it came.
            return pa.StructArray.from_buffers(self.fields, len(data), [None])
        return pa.StructArray.from_arrays(arrays, fields=list(self.fields))


class _Batch:
    """Frames of one message, and what of them is there."""

    def __init__(
        self,
        signals: dict[str, CanSignal],
        data: npt.NDArray[np.uint8],
        length: npt.NDArray[np.uint8] | npt.NDArray[np.uint16],
        is_j1939: bool,
    ) -> None:
        self._is_j1939 = is_j1939
        self._signals = signals
        self._data = data
        self._length = length
        self._shortest = int(length.min()) if len(length) else 0
        self._whole = Words(data)
        self._within: dict[Condition | None, tuple[RowNumbers | None, Words]] = {None: (None, self._whole)}

    def column(self, field: _Field) -> pa.Array:
        """Its values, null where there are none."""
        count = len(self._data)
        values: npt.NDArray[Any] | None = None
        valid: Bools | None = None
        for signal in field.signals:
            rows, words = self._where(signal.condition)
            there = self._long_enough(signal, rows)
            if not len(words) or signal.last_byte >= self._data.shape[1]:
                part = np.zeros(len(words), field.dtype)
            else:
                raw = None if self._is_j1939 else words.aligned(signal)
                raw = raw_of(words, signal) if raw is None else raw
                part = values_of(raw, signal).astype(field.dtype, copy=False)
                if self._is_j1939 and (gone := not_available(raw, signal)) is not None and gone.any():
                    there = ~gone if there is None else there & ~gone
            if rows is None:
                values, valid = part, there
                continue
            if values is None:
                values = np.zeros(count, part.dtype)
            if valid is None:
                valid = np.zeros(count, bool)
            values[rows] = part
            valid[rows] = True if there is None else there
        assert values is not None
        return _array(values, field.kind, valid)

    def _long_enough(self, signal: CanSignal, rows: RowNumbers | None) -> Bools | None:
        """Which of these frames have all of the signal's bytes; None for all."""
        if signal.last_byte < self._shortest:
            return None
        length = self._length if rows is None else self._length[rows]
        return length > signal.last_byte

    def _where(self, condition: Condition | None) -> tuple[RowNumbers | None, Words]:
        """The frames for which a condition holds, and the conditions that it stands on."""
        if condition not in self._within:
            assert condition is not None
            multiplexer = self._signals[condition.multiplexer]
            rows, words = self._where(multiplexer.condition)
            if multiplexer.last_byte >= self._data.shape[1] or not len(words):
                holds = np.zeros(len(words), bool)
            else:
                holds = _in_ranges(raw_of(words, multiplexer), condition.ranges)
                there = self._long_enough(multiplexer, rows)
                holds = holds if there is None else holds & there
            chosen = np.flatnonzero(holds)
            chosen = chosen if rows is None else rows[chosen]
            self._within[condition] = chosen, Words(self._data[chosen])
        return self._within[condition]


def _array(values: npt.NDArray[Any], kind: pa.DataType, valid: Bools | None) -> pa.Array:
    """Values of a type, null where they are not valid; many times as fast as ``pa.array``."""
    data = np.packbits(values, bitorder="little") if pa.types.is_boolean(kind) else np.ascontiguousarray(values)
    bits = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [bits, pa.py_buffer(data)])


def _in_ranges(values: npt.NDArray[Any], ranges: Iterable[tuple[int, int]]) -> Bools:
    holds = np.zeros(len(values), bool)
    for low, high in ranges:
        # Databases may name more than 64 bits hold, which NumPy does not compare with.
        if low < 1 << 63:
            holds |= (values >= low) & (values <= min(high, (1 << 63) - 1))
    return holds


def _apart(signals: Iterable[CanSignal]) -> bool:
    """Whether never two of them are there at once: they hang on other values of one multiplexer."""
    ranges: list[tuple[int, int]] = []
    multiplexers = set()
    for signal in signals:
        if signal.condition is None:
            return False
        multiplexers.add(signal.condition.multiplexer)
        ranges += signal.condition.ranges
    ranges.sort()
    return len(multiplexers) == 1 and all(a[1] < b[0] for a, b in pairwise(ranges))
