"""The numbers that digits of many texts say, all at once: eight of them lie in one word of 64 bits."""

from __future__ import annotations

import binascii
from typing import Any

import numpy as np
import numpy.typing as npt

from paddock.columns.byte_rows import Bytes, Texts
from paddock.columns.columns import Int64s
from paddock.readers.can.frames import Bools

_WORD = 8
_ZERO = ord("0")
_NO_DIGIT = 255
_DIGITS = np.full(256, _NO_DIGIT, np.uint8)
for _characters, _first in ((b"0123456789", 0), (b"abcdef", 10), (b"ABCDEF", 10)):
    _DIGITS[np.frombuffer(_characters, np.uint8)] = range(_first, _first + len(_characters))


def decimals_of(*parts: Texts) -> tuple[Int64s, Bools]:
    """Whole numbers of up to 18 digits, and which of them are; 0 where one is none.

    Args:
        parts: of the numbers, one behind the other; each with shape (N,).
    """
    count, digits = len(parts[0]), sum(part.dtype.itemsize for part in parts)
    width = -(-digits // _WORD) * _WORD
    texts = np.full((count, width), _ZERO, np.uint8)
    at = width - digits
    for part in parts:
        size = part.dtype.itemsize
        np.ndarray((count,), f"V{size}", texts, at, (width,))[:] = part
        at += size
    words = texts.view("<u8")
    fine = _are_decimals(words)
    words -= np.uint64(0x3030303030303030)
    # The first digit lies lowest. Numbers of two digits, then four, then eight.
    for bits, tens, kept in ((8, 10, 0x00FF00FF00FF00FF), (16, 100, 0x0000FFFF0000FFFF), (32, 10_000, 0xFFFFFFFF)):
        second = words >> np.uint64(bits)
        words *= np.uint64(tens)
        words += second
        words &= np.uint64(kept)
    values = words[:, 0].astype(np.int64)
    for number in range(1, words.shape[1]):
        values *= 10**_WORD
        values += words[:, number].view(np.int64)
    if fine is None:
        return values, np.ones(count, bool)
    return np.where(fine, values, 0), fine


def _are_decimals(words: npt.NDArray[np.uint64]) -> Bools | None:
    """Which rows have nothing but decimal digits; None for all."""
    # The upper half of a digit is 3, also with 6 more.
    zeros = np.uint64(0x3030303030303030)
    other = words + np.uint64(0x0606060606060606)
    other ^= zeros
    other |= words ^ zeros
    other &= np.uint64(0xF0F0F0F0F0F0F0F0)
    if not other.any():
        return None
    fine: Bools = ~np.any(other, axis=1)
    return fine


def hexadecimals_of(texts: Texts) -> tuple[Int64s, Bools]:
    """The numbers of up to 15 hexadecimal digits, in capitals or not, and which texts are such numbers."""
    pairs, fine = hex_bytes_of(texts.tobytes(), len(texts), texts.dtype.itemsize)
    wide = np.zeros((len(texts), _WORD), np.uint8)
    wide[:, _WORD - pairs.shape[1] :] = pairs
    values: npt.NDArray[Any] = wide.view(">i8").ravel().astype(np.int64)
    return values, fine


def hex_bytes_of(texts: bytes, count: int, size: int) -> tuple[Bytes, Bools]:
    """What two hexadecimal digits say, in a table of half as many columns, and which rows have such digits alone.

    Args:
        texts: end to end.
        count: how many there are.
        size: of each, above 0; where it is odd, a zero is in front.
    """
    if size % 2:
        padded = np.full((count, size + 1), _ZERO, np.uint8)
        padded[:, 1:] = np.frombuffer(texts, np.uint8).reshape(count, size)
        texts, size = padded.tobytes(), size + 1
    try:
        return np.frombuffer(binascii.unhexlify(texts), np.uint8).reshape(count, size // 2), np.ones(count, bool)
    except binascii.Error:
        digits = _DIGITS[np.frombuffer(texts, np.uint8).reshape(count, size)]
        fine: Bools = np.all(digits < 16, axis=1)
        digits = np.where(fine[:, None], digits, 0)
        return ((digits[:, ::2] << 4) | digits[:, 1::2]).astype(np.uint8), fine
