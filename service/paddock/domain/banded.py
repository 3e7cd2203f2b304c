"""Least squares over a way in time, where each place is bound to the three before it only.

Such a matrix has three diagonals on either side of its own, so that its equations are solved in as many steps as
it has rows. NumPy's dense solvers start threads that wait for each other: much slower on a busy machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bands:
    """The symmetric matrix whose diagonals are given, less ``take * outer(by, by)``."""

    diagonals: tuple[Floats, Floats, Floats, Floats]
    """Its own, and those 1, 2 and 3 below it; shapes (N,), (N - 1,), (N - 2,), (N - 3,)."""
    by: Floats
    take: float

    def plus(self, diagonal: Floats | float) -> Bands:
        """With something added to its own diagonal."""
        return Bands((self.diagonals[0] + diagonal, *self.diagonals[1:]), self.by, self.take)


class Solved:
    """A positive definite ``Bands``, ready to solve equations: as L D Lᵀ, and what is taken by Sherman-Morrison."""

    def __init__(self, matrix: Bands) -> None:
        own, below, second, third = (each.tolist() for each in matrix.diagonals)
        count = len(own)
        d, one, two, three = [0.0] * count, [0.0] * count, [0.0] * count, [0.0] * count
        for i in range(count):
            rest = own[i]
            if i > 2:
                three[i] = third[i - 3] / d[i - 3]
                rest -= three[i] * third[i - 3]
            if i > 1:
                left = second[i - 2] - (three[i] * d[i - 3] * one[i - 2] if i > 2 else 0.0)
                two[i] = left / d[i - 2]
                rest -= two[i] * left
            if i > 0:
                left = below[i - 1]
                if i > 2:
                    left -= three[i] * d[i - 3] * two[i - 1]
                if i > 1:
                    left -= two[i] * d[i - 2] * one[i - 1]
                one[i] = left / d[i - 1]
                rest -= one[i] * left
            d[i] = rest
        self._d, self._one, self._two, self._three = d, one, two, three
        self._by, self._take = matrix.by, matrix.take
        self._solved_by = np.array(self._banded(matrix.by.tolist())) if matrix.take else matrix.by
        self._rest = 1.0 - matrix.take * float(matrix.by @ self._solved_by) if matrix.take else 1.0

    def solve(self, right: Floats) -> Floats:
        """What the matrix takes to ``right``; shapes (N,)."""
        solved = np.array(self._banded(right.tolist()))
        if not self._take:
            return solved
        added: Floats = solved + self._solved_by * (self._take * float(self._by @ solved) / self._rest)
        return added

    def variance(self, row: int) -> float:
        """The element of the inverse on its diagonal."""
        unit = np.zeros(len(self._d))
        unit[row] = 1.0
        return float(self.solve(unit)[row])

    @property
    def log_determinant(self) -> float:
        """Logarithm of the determinant."""
        return sum(map(log, self._d)) + log(self._rest)

    def _banded(self, right: Sequence[float]) -> list[float]:
        one, two, three, d = self._one, self._two, self._three, self._d
        x = list(right)
        count = len(x)
        for i in range(1, count):
            x[i] -= one[i] * x[i - 1]
            if i > 1:
                x[i] -= two[i] * x[i - 2]
            if i > 2:
                x[i] -= three[i] * x[i - 3]
        for i in range(count):
            x[i] /= d[i]
        for i in range(count - 2, -1, -1):
            x[i] -= one[i + 1] * x[i + 1]
            if i + 2 < count:
                x[i] -= two[i + 2] * x[i + 2]
            if i + 3 < count:
                x[i] -= three[i + 3] * x[i + 3]
        return x
