"""Speed and yaw rate laid through the fixes, whatever the yaw rate's unit, sign, bias and clock are."""

from __future__ import annotations

import numpy as np
import pytest

from paddock.domain.lap_timing import laps_by_gps
from paddock.simulator.lap_run import Dropout, Receiver
from tests.domain.lap_runs import LapRun, Sensors, judged, simulated

SEED = 11


def _times(run: LapRun) -> list[float]:
    laps = laps_by_gps(run.motion, run.course)
    return [lap.duration_s for lap in laps if lap.is_timed and lap.duration_s is not None]


@pytest.fixture(scope="module")
def usual() -> LapRun:
    return simulated(SEED, faults=False, laps=3)


def test_unit_sign_and_bias_of_a_yaw_rate_change_no_lap_time(usual: LapRun) -> None:
    odd = Sensors(speed_factor=3.6 * 1.02, yaw_factor=-180 / np.pi, yaw_bias_rad_s=0.03)
    run = simulated(SEED, faults=False, laps=3, sensors=odd)

    assert run.motion.placed is not None
    assert _times(run) == pytest.approx(_times(usual), abs=2e-4)


def test_another_clock_than_the_receivers_is_noticed(usual: LapRun) -> None:
    run = simulated(SEED, faults=False, laps=3, sensors=Sensors(late_s=0.12))

    assert usual.motion.placed is not None and run.motion.placed is not None
    assert abs(usual.motion.placed.delay_s) < 0.005
    assert np.abs(judged(run).errors_s).max() < 0.005


@pytest.mark.parametrize(
    "sensors",
    [Sensors(yaw_factor=0.0), Sensors(yaw_noise_rad_s=30.0), Sensors(late_s=2.0)],
    ids=["says nothing", "noise", "of another time"],
)
def test_what_is_no_yaw_rate_of_this_car_is_not_used(sensors: Sensors) -> None:
    run = simulated(SEED, faults=False, laps=2, sensors=sensors)

    assert run.motion.placed is None
    assert len(_times(run)) == 1


def test_a_dropout_is_not_reckoned_over() -> None:
    receiver = Receiver(dropouts=(Dropout(40.0, 43.0),))
    placed = simulated(SEED, faults=False, laps=2, receiver=receiver).motion.placed

    assert placed is not None
    assert np.count_nonzero(~placed.linked) == 1


def test_places_are_less_off_than_fixes_and_know_it(usual: LapRun) -> None:
    placed, fixes = usual.motion.placed, usual.motion.fixes
    assert placed is not None
    for row in range(500, len(fixes) - 500, 1_000):
        sigma_m = placed.variance(row, (1.0, 0.0)) ** 0.5
        assert 0.005 < sigma_m < 0.1
    off = np.hypot(placed.east_m - fixes.east_m, placed.north_m - fixes.north_m)
    assert np.sqrt(np.mean(off**2) / 2) == pytest.approx(fixes.noise_m, rel=0.05)
