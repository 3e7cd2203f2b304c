import numpy as np
import pytest

from paddock.domain.banded import Bands, Solved


@pytest.mark.parametrize("count", [4, 5, 40])
@pytest.mark.parametrize("take", [0.0, 0.01])
def test_it_solves_what_numpy_solves(count: int, take: float) -> None:
    rng = np.random.default_rng(count)
    diagonals = (8 + rng.random(count), *(rng.normal(size=count - below) for below in (1, 2, 3)))
    by = rng.normal(size=count)
    dense = sum(
        np.diag(each, -below) + (np.diag(each, below) if below else 0) for below, each in enumerate(diagonals)
    )
    dense = np.asarray(dense) - take * np.outer(by, by)
    right = rng.normal(size=count)

    solved = Solved(Bands(diagonals, by, take))

    np.testing.assert_allclose(solved.solve(right), np.linalg.solve(dense, right), rtol=1e-9, atol=1e-12)
    assert solved.log_determinant == pytest.approx(np.linalg.slogdet(dense)[1])
    assert solved.variance(count // 2) == pytest.approx(np.linalg.inv(dense)[count // 2, count // 2])
