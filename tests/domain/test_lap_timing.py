import numpy as np
import pytest

from paddock.domain.instants import NS_PER_S
from paddock.domain.lap_timing import beacon_marks, counter_marks, laps_by_marks
from paddock.domain.laps import LapKind
from tests.domain.lap_runs import Sensors, judged, simulated

S = NS_PER_S


@pytest.mark.parametrize(
    ("sensors", "off_s", "most_s"),
    [(Sensors(), 0.0015, 0.004), (Sensors(yaw=False), 0.0035, 0.01), (None, 0.008, 0.025)],
    ids=["speed and yaw rate", "speed", "gps alone"],
)
@pytest.mark.slow("whole runs of several receivers")
def test_laps_of_a_noisy_receiver_have_the_times_of_the_car(
    sensors: Sensors | None, off_s: float, most_s: float
) -> None:
    errors, deviations = [], []
    for seed in range(6):
        verdict = judged(simulated(seed, faults=False, sensors=sensors))
        assert not verdict.wrong
        assert not verdict.missed
        errors += verdict.errors_s
        deviations += verdict.off_by_sigma
    assert len(errors) == 18
    assert np.sqrt(np.mean(np.square(errors))) < off_s
    assert np.abs(errors).max() < most_s
    assert np.abs(deviations).max() < 4


@pytest.mark.slow("goes through very many cases")
def test_no_lap_is_wrong_however_much_goes_wrong() -> None:
    timed = 0
    for seed in range(100, 115):
        verdict = judged(simulated(seed))
        assert verdict.wrong == []
        assert verdict.missed == []
        timed += len(verdict.errors_s)
    assert timed > 15


def test_marks_make_laps_between_a_way_out_and_a_way_in() -> None:
    laps = laps_by_marks([10 * S, 70 * S, 131 * S], (0, 150 * S), 0.0)

    assert [lap.kind for lap in laps] == [LapKind.OUT, LapKind.LAP, LapKind.LAP, LapKind.IN]
    assert [lap.number for lap in laps] == [0, 1, 2, 3]
    assert [lap.duration_s for lap in laps] == [10.0, 60.0, 61.0, 19.0]
    assert {lap.distance_m for lap in laps} == {None}


def test_a_beacon_is_seen_once_a_passing() -> None:
    times = np.arange(0, 100 * S, S // 10)
    seconds = times / S
    bounces = (seconds > 10) & (seconds < 11) & (np.arange(len(times)) % 2 == 0)
    values = (bounces | ((seconds > 60) & (seconds < 60.5))).astype(np.float64) * 5

    assert len(beacon_marks(times, values)) == 2


def test_a_counter_marks_each_step_by_one() -> None:
    times = np.arange(0, 60 * S, S)
    values = np.floor(np.arange(60) / 20) + 3

    assert counter_marks(times, values).tolist() == [20 * S, 40 * S]


def test_a_counter_that_comes_at_crossings_alone_marks_all_of_them() -> None:
    assert counter_marks(np.array([5 * S, 50 * S, 95 * S]), np.array([1.0, 2.0, 3.0])).tolist() == [
        5 * S,
        50 * S,
        95 * S,
    ]
