"""X-Y plots, histograms and spectra: equal to NumPy and scipy, and honest about gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.columns.analysis import CELLS, MOST_DOTS, cloud, histogram, spectrum, statistics
from paddock.columns.joined import Samples
from paddock.domain.instants import NS_PER_S

GAP_NS = NS_PER_S


def series(values: object, rate_hz: float = 100.0) -> Samples:
    array = np.asarray(values, np.float64)
    return Samples((np.arange(len(array)) * (NS_PER_S / rate_hz)).astype(np.int64), array)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), max_size=50))
def test_statistics_are_those_of_numpy(values: list[float]) -> None:
    found, known = statistics(np.array(values)), np.array([each for each in values if each == each])
    assert found.count == len(known)
    if len(known):
        expected = (known.min(), known.max(), known.mean(), np.sqrt((known**2).mean()), known.std())
        np.testing.assert_allclose((found.min, found.max, found.mean, found.rms, found.std), expected, atol=1e-9)
        assert (found.first, found.last) == (known[0], known[-1])


def test_each_sample_counts_until_the_next_and_not_across_a_gap() -> None:
    times = np.array([0, 1, 3, 100, 101]) * NS_PER_S // 2
    found = histogram(
        Samples(times.astype(np.int64), np.array([1.0, 2.0, 1.0, 2.0, np.nan])), int(times[-1]), GAP_NS, 2
    )
    assert found.edges.tolist() == [1.0, 1.5, 2.0]
    assert found.seconds.tolist() == [0.5 + 1.0, 1.0 + 0.5], (
        "the third waits 48.5 s for the next: it counts a second"
    )


def test_a_constant_and_an_empty_signal_have_a_histogram() -> None:
    assert histogram(series([3.0, 3.0]), 0, GAP_NS, 3).seconds.sum() == pytest.approx(0.01)
    assert histogram(series([]), 0, GAP_NS, 3).seconds.tolist() == [0, 0, 0]


@pytest.mark.parametrize("window", ["hann", "hamming", "blackman", "rectangular"])
@pytest.mark.slow("scipy.signal takes seconds to import")
def test_a_spectrum_is_that_of_scipy(window: str) -> None:
    import scipy.signal

    random = np.random.default_rng(7)
    values = np.sin(2 * np.pi * 12.5 * np.arange(4_000) / 100) + random.normal(0, 0.1, 4_000)
    found = spectrum(series(values), GAP_NS, window=window)
    length = round(found.segment_s * 100)
    frequencies, density = scipy.signal.welch(
        values, 100, "boxcar" if window == "rectangular" else window, length, detrend="constant"
    )
    np.testing.assert_allclose(found.frequencies_hz, frequencies)
    np.testing.assert_allclose(found.density, density, rtol=1e-9, atol=1e-20)
    assert abs(found.frequencies_hz[found.density.argmax()] - 12.5) < 0.2


def test_a_spectrum_is_of_the_longest_piece() -> None:
    one, other = series(np.ones(100)), series(np.sin(np.arange(500)))
    times = np.concatenate([one.times, other.times + 60 * NS_PER_S])
    both = Samples(times, np.concatenate([one.values, other.values]))
    alone = spectrum(other, GAP_NS)
    np.testing.assert_allclose(spectrum(both, GAP_NS).density, alone.density, rtol=1e-6)
    for few in (series([]), series([1.0] * 10), Samples(np.zeros(40, np.int64), np.ones(40))):
        with pytest.raises(ValueError, match="few"):
            spectrum(few, GAP_NS)


def test_few_points_are_dots_and_many_are_cells_that_count_all() -> None:
    x, y = series(np.arange(100.0)), series(np.arange(100.0) * 2)
    dots = cloud(x, y, GAP_NS, on_lines=True)
    assert dots.cell is None and dots.points == 100 and (dots.y == dots.x * 2).all()
    random = np.random.default_rng(3)
    many = series(random.normal(size=MOST_DOTS * 4), 1_000.0)
    spike = Samples(many.times, np.where(np.arange(len(many.times)) == 777, 99.0, many.values))
    cells = cloud(many, spike, GAP_NS, on_lines=True)
    assert cells.cell is not None and cells.counts.sum() == cells.points == MOST_DOTS * 4
    assert len(cells.x) <= CELLS**2 and cells.y.max() > 98, "no spike is lost"


def test_a_point_is_where_both_are_known() -> None:
    x, y = series([0.0, 10.0], 1.0), Samples(np.array([-1, 0, 5, 10, 20]) * (NS_PER_S // 10), np.arange(5.0))
    found = cloud(x, y, GAP_NS, on_lines=True)
    assert found.x.tolist() == [0.0, 5.0, 10.0] and found.y.tolist() == [1.0, 2.0, 3.0]
    assert cloud(series([]), y, GAP_NS, on_lines=True).points == 0
