"""The bytes of many messages of ROS at once: a place in each, from which the next value of each is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paddock.columns.byte_rows import rows_of

Int64s = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Leaf = tuple[np.dtype[np.generic], int]
"""A type, and how many such values lie behind each other."""

_CLASSES = 8
"""The largest alignment in bytes: places are told apart by what they are beyond a multiple of it."""


class CutMessages(Exception):
    """Some messages end before all of their values: which."""

    def __init__(self, which: Int64s) -> None:
        super().__init__(f"{len(which)} messages end too early")
        self.which = which


@dataclass
class Cursor:
    """Places in messages. All arrays have the shape (N,)."""

    content: Bytes
    origin: Int64s
    """From where alignment counts."""
    at: Int64s
    end: Int64s
    which: Int64s
    """The number of each message."""
    is_aligned: bool = True
    """Whether a number lies at a multiple of its size."""
    is_big_endian: bool = False

    def __len__(self) -> int:
        return len(self.at)

    def taken(self, some: npt.NDArray[np.intp]) -> Cursor:
        """Some of them."""
        return Cursor(
            self.content,
            self.origin[some],
            self.at[some],
            self.end[some],
            self.which[some],
            self.is_aligned,
            self.is_big_endian,
        )

    def align(self, size: int) -> None:
        """Go on to a multiple of a size."""
        if self.is_aligned and size > 1:
            self.at = self.origin + ((self.at - self.origin + size - 1) & -size)

    def pass_over(self, sizes: Int64s | int) -> None:
        """Go on by so many bytes, which have to be there."""
        after = self.at + sizes
        fine = after <= self.end
        if not fine.all():
            raise CutMessages(self.which[~fine])
        self.at = after

    def counts(self) -> Int64s:
        """A count of 32 bits."""
        (values,) = self.values([(np.dtype(np.uint32), 1)])
        return values.ravel().astype(np.int64)

    def values(self, leaves: Sequence[Leaf]) -> list[npt.NDArray[np.generic]]:
        """Values that lie behind each other: of each leaf an array of the shape (N, its count)."""
        if not len(self):
            return [np.zeros((0, count), dtype) for dtype, count in leaves]
        classes = (self.at - self.origin) % _CLASSES if self.is_aligned else np.zeros(len(self), np.int64)
        first = int(classes[0])
        if (classes == first).all():
            return self._values(leaves, first)
        found = [np.zeros((len(self), count), dtype) for dtype, count in leaves]
        at = self.at.copy()
        for each in np.unique(classes).tolist():
            some = np.flatnonzero(classes == each)
            part = self.taken(some)
            for all_, values in zip(found, part._values(leaves, each), strict=True):
                all_[some] = values
            at[some] = part.at
        self.at = at
        return found

    def _values(self, leaves: Sequence[Leaf], remainder: int) -> list[npt.NDArray[np.generic]]:
        places, place = [], remainder
        for dtype, count in leaves:
            size = dtype.itemsize
            place = (place + size - 1) & -size if self.is_aligned else place
            places.append(place - remainder)
            place += size * count
        size = place - remainder
        begin = self.at
        self.pass_over(size)
        rows = rows_of(self.content, begin, size)
        return [
            self._as(rows[:, at : at + dtype.itemsize * count], dtype).reshape(-1, count)
            for at, (dtype, count) in zip(places, leaves, strict=True)
        ]

    def items(self, dtype: np.dtype[np.generic], counts: Int64s) -> npt.NDArray[np.generic]:
        """So many values of each message, all behind each other: shape (sum of the counts,)."""
        some = counts > 0
        if self.is_aligned and dtype.itemsize > 1 and some.any():
            # Nothing stands in front of what is not there.
            aligned = self.origin + ((self.at - self.origin + dtype.itemsize - 1) & -dtype.itemsize)
            self.at = np.where(some, aligned, self.at)
        begin = self.at
        self.pass_over(counts * dtype.itemsize)
        return self._as(stretches_of(self.content, begin, counts * dtype.itemsize), dtype)

    def _as(self, values: Bytes, dtype: np.dtype[np.generic]) -> npt.NDArray[np.generic]:
        found = np.ascontiguousarray(values).reshape(-1).view(dtype)
        return found.byteswap() if self.is_big_endian else found


def stretches_of(content: Bytes, begins: Int64s, sizes: Int64s) -> Bytes:
    """The bytes of stretches, one behind another."""
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    if not total:
        return np.zeros(0, np.uint8)
    if len(begins) == 1:
        return content[int(begins[0]) : int(begins[0]) + total]
    return content[np.repeat(begins - (ends - sizes), sizes) + np.arange(total)]
