"""Takes the values of signals out of the bytes of frames, many frames at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.domain.can_database import CanSignal

Bytes = npt.NDArray[np.uint8]
Uint64s = npt.NDArray[np.uint64]

_WORD = 8


class Words:
    """Eight bytes of every frame at a time, as numbers, made once for all signals that lie in them.

    Args:
        data: shape (N, W), W being 8 or more.
    """

    def __init__(self, data: Bytes) -> None:
        self._data = data
        self._little: dict[int, Uint64s] = {}
        self._big: dict[int, Uint64s] = {}

    def __len__(self) -> int:
        return len(self._data)

    def little(self, at: int) -> Uint64s:
        """The bytes from ``at``, the first one lowest."""
        if at not in self._little:
            words = np.ascontiguousarray(self._data[:, at : at + _WORD])
            self._little[at] = words.view("<u8").reshape(len(words))
        return self._little[at]

    def big(self, at: int) -> Uint64s:
        """The bytes from ``at``, the first one highest."""
        if at not in self._big:
            self._big[at] = self.little(at).byteswap()
        return self._big[at]

    def byte(self, at: int) -> Uint64s:
        """One byte."""
        return self._data[:, at].astype(np.uint64)

    def aligned(self, signal: CanSignal) -> npt.NDArray[Any] | None:
        """The raw values of a signal whose bytes are its own, as they lie there; None of others. Shape (N,)."""
        sizes = (32, 64) if signal.is_float else (8, 16, 32, 64)
        if signal.length not in sizes or signal.start % 8 != (7 if signal.is_big_endian else 0):
            return None
        kind = "f" if signal.is_float else "i" if signal.is_signed else "u"
        order = ">" if signal.is_big_endian else "<"
        dtype = f"{order}{kind}{signal.length // 8}"
        return np.ndarray((len(self),), dtype, self._data, signal.start // 8, self._data.strides[:1])

    def first_byte(self, signal: CanSignal) -> int:
        """Where a word begins that has as much of the signal as one can have; never past the end of the data."""
        return min(signal.start // 8, int(self._data.shape[1]) - _WORD)


def bits_of(words: Words, signal: CanSignal) -> Uint64s:
    """The bits of a signal, as they are: shape (N,). The data has its last byte."""
    at = words.first_byte(signal)
    if not signal.is_big_endian:
        shift = signal.start - 8 * at
        bits = words.little(at) >> np.uint64(shift) if shift else words.little(at)
        over = shift + signal.length - 64
        if over > 0:
            bits = bits | (words.byte(at + _WORD) << np.uint64(64 - shift))
    else:
        # Counted from the highest bit of the word: where the signal ends.
        end = (signal.start // 8 - at) * 8 + (7 - signal.start % 8) + signal.length
        if end <= 64:
            bits = words.big(at) >> np.uint64(64 - end) if end < 64 else words.big(at)
        else:
            bits = (words.big(at) << np.uint64(end - 64)) | (words.byte(at + _WORD) >> np.uint64(72 - end))
    return bits & np.uint64((1 << signal.length) - 1) if signal.length < 64 else bits


def raw_of(words: Words, signal: CanSignal) -> npt.NDArray[Any]:
    """The raw value: int64, or uint64 where it is unsigned, or float32 or float64. Shape (N,)."""
    bits = bits_of(words, signal)
    if signal.is_float:
        return bits.astype(np.uint32).view(np.float32) if signal.length == 32 else bits.view(np.float64)
    if not signal.is_signed:
        return bits
    unused = np.uint64(64 - signal.length)
    return (bits << unused).view(np.int64) >> unused.astype(np.int64)


def has_names(signal: CanSignal) -> bool:
    """Whether its values are an enum: whole numbers of 32 bits that have names."""
    if not signal.names or signal.is_scaled or signal.is_float:
        return False
    return signal.length < 32 or (signal.is_signed and signal.length == 32)


def type_of(signal: CanSignal) -> pa.DataType:
    """What a value is: a number as the bus has it, or a double where it is scaled."""
    if signal.is_float and not signal.is_scaled:
        return pa.float32() if signal.length == 32 else pa.float64()
    if signal.is_scaled or signal.is_float:
        return pa.float64()
    if has_names(signal):
        return pa.int32()
    if signal.length == 1 and not signal.is_signed:
        return pa.bool_()
    size = next(size for size in (8, 16, 32, 64) if signal.length <= size)
    kinds = {
        8: (pa.uint8(), pa.int8()),
        16: (pa.uint16(), pa.int16()),
        32: (pa.uint32(), pa.int32()),
        64: (pa.uint64(), pa.int64()),
    }
    return kinds[size][signal.is_signed]


def values_of(raw: npt.NDArray[Any], signal: CanSignal) -> npt.NDArray[Any]:
    """Raw values as they mean it: doubles where they are scaled, else as they are. Shape (N,)."""
    if not signal.is_scaled:
        return raw
    values = raw.astype(np.float64)
    if signal.factor != 1:
        values *= signal.factor
    if signal.offset != 0:
        values += signal.offset
    return values
