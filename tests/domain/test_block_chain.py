from __future__ import annotations

import numpy as np
import pytest

from paddock.domain.block_chain import SolvedChain


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9, 16, 31])
def test_a_chain_is_solved_as_the_whole_matrix_is(count: int) -> None:
    rng = np.random.default_rng(count)
    whole = 0.5 * np.eye(3 * count)
    for first in range(0, 3 * (count - 1), 3):
        shares = rng.normal(size=(4, 6))
        whole[first : first + 6, first : first + 6] += shares.T @ shares
    blocks = whole.reshape(count, 3, count, 3).swapaxes(1, 2)
    own = np.arange(count)
    right = rng.normal(size=(count, 3, 2))

    solved = SolvedChain(blocks[own, own], blocks[own[1:], own[:-1]])

    expected = np.linalg.solve(whole, right.reshape(3 * count, 2))
    assert solved.solve(right).reshape(3 * count, 2) == pytest.approx(expected)
    assert solved.log_determinant == pytest.approx(np.linalg.slogdet(whole)[1])
