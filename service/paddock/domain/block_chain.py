"""Least squares over a chain of states, each bound to the next: a matrix of small blocks beside its diagonal.

Every second state is eliminated at a time, all of them at once, until one is left (cyclic reduction: Golub and Van
Loan, Matrix Computations, 4.5.4). NumPy does a whole stage in a few calls, and starts no threads for such blocks.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class SolvedChain:
    """A symmetric positive definite block tridiagonal matrix, ready to solve equations."""

    def __init__(self, diagonal: Floats, below: Floats) -> None:
        """Args: blocks on the diagonal, shape (N, B, B), and those below it, shape (N - 1, B, B)."""
        self.log_determinant = 0.0
        self._stages: list[tuple[Floats, Floats, Floats]] = []
        while len(diagonal) > 1:
            odd = diagonal[1::2]
            inverse = np.linalg.inv(odd).astype(np.float64, copy=False)
            into, out = below[0::2], below[1::2]
            self._stages.append((inverse, into, out))
            self.log_determinant += float(np.linalg.slogdet(odd)[1].sum())
            kept = diagonal[0::2].copy()
            kept[: len(odd)] -= into.swapaxes(1, 2) @ inverse @ into
            through = out @ inverse[: len(out)]
            kept[1 : len(out) + 1] -= through @ out.swapaxes(1, 2)
            diagonal, below = kept, -through @ into[: len(out)]
        self._last = np.linalg.inv(diagonal[0])
        self.log_determinant += float(np.linalg.slogdet(diagonal[0])[1])

    def solve(self, right: Floats) -> Floats:
        """What the matrix takes to ``right``; shapes (N, B, K)."""
        rights = []
        for inverse, into, out in self._stages:
            odd = right[1::2]
            rights.append(odd)
            solved = inverse @ odd
            right = right[0::2].copy()
            right[: len(odd)] -= into.swapaxes(1, 2) @ solved
            right[1 : len(out) + 1] -= out @ solved[: len(out)]
        found: Floats = self._last @ right
        for (inverse, into, out), odd in zip(reversed(self._stages), reversed(rights), strict=True):
            rest = odd - into @ found[: len(odd)]
            rest[: len(out)] -= out.swapaxes(1, 2) @ found[1 : len(out) + 1]
            both = np.empty((len(found) + len(odd), *found.shape[1:]))
            both[0::2], both[1::2] = found, inverse @ rest
            found = both
        return found
