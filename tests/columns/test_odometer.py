from __future__ import annotations

import numpy as np
import pytest

from paddock.columns.odometer import EARTH_RADIUS_M, Extremes, GpsOdometer, Odometer

START_NS = 1_776_522_720_000_000_000


def clock(seconds: np.ndarray) -> np.ndarray:
    return START_NS + (seconds * 1e9).astype(np.int64)


def speed(seconds: np.ndarray, speeds: np.ndarray, batch: int = 7) -> Odometer:
    odometer = Odometer(1.5, 120.0)
    for row in range(0, len(seconds), batch):
        odometer.add(clock(seconds)[row : row + batch], np.asarray(speeds, float)[row : row + batch])
    return odometer


@pytest.mark.parametrize("batch", [1, 7, 10_000])
def test_the_integral_of_a_ramp(batch: int) -> None:
    seconds = np.arange(0, 10, 0.01)
    odometer = speed(seconds, 2 * seconds, batch)
    assert odometer.distance == pytest.approx(seconds[-1] ** 2, rel=1e-3)
    assert odometer.moving_s == pytest.approx(seconds[-1] - 0.75, abs=0.02)


def test_backwards_is_a_way_as_well() -> None:
    assert speed(np.array([0.0, 1.0]), np.array([-3.0, -3.0])).distance == pytest.approx(3)


def test_gaps_add_nothing_and_missing_values_are_bridged() -> None:
    seconds = np.array([0.0, 1.0, 1.5, 2.0, 100.0, 101.0])
    speeds = np.array([10.0, 10.0, np.nan, 10.0, 10.0, 10.0])
    assert speed(seconds, speeds, 2).distance == pytest.approx(30)


def test_a_standing_car_with_a_drifting_sensor_goes_nowhere() -> None:
    seconds = np.arange(0, 1200, 0.1)
    odometer = speed(seconds, np.random.default_rng(1).normal(0, 0.05, len(seconds)))
    assert (odometer.distance, odometer.moving_s) == (0, 0)


def test_what_cannot_be_true_is_left_out() -> None:
    odometer = speed(np.array([0.0, 0.5, 1.0]), np.array([10.0, 1e9, 10.0]))
    assert odometer.distance == pytest.approx(10)
    extremes = Extremes(0.5, 6.0)
    extremes.add(np.array([0.0, np.nan, np.inf, 3.5]))
    extremes.add(np.array([]))
    extremes.add(np.array([[3.4, 4.1]]))
    assert (extremes.low, extremes.high) == (3.4, 4.1)


def circle(radius_m: float, rounds: float, rate_hz: float, speed_m_s: float) -> tuple[np.ndarray, ...]:
    seconds = np.arange(0, rounds * 2 * np.pi * radius_m / speed_m_s, 1 / rate_hz)
    angle = seconds * speed_m_s / radius_m
    per_degree = np.radians(EARTH_RADIUS_M)
    latitude = 42.0664 + radius_m * np.sin(angle) / per_degree
    longitude = -84.2414 + radius_m * np.cos(angle) / per_degree / np.cos(np.radians(42.0664))
    return clock(seconds), latitude, longitude


def gps(times: np.ndarray, latitude: np.ndarray, longitude: np.ndarray, batch: int = 1000) -> GpsOdometer:
    odometer = GpsOdometer()
    for row in range(0, len(times), batch):
        odometer.add(times[row : row + batch], latitude[row : row + batch], longitude[row : row + batch])
    return odometer


@pytest.mark.parametrize("rate_hz", [5, 10, 400])
@pytest.mark.parametrize("batch", [3, 1000])
def test_the_way_round_a_circle(rate_hz: float, batch: int) -> None:
    odometer = gps(*circle(30, 3, rate_hz, 12), batch=batch)
    assert odometer.distance_m == pytest.approx(3 * 2 * np.pi * 30, rel=0.02)
    assert odometer.extent_m == pytest.approx(60, rel=0.02)


def test_a_parked_receiver_stays_where_it_is() -> None:
    times, latitude, longitude = circle(30, 3, 10, 12)
    noise = np.random.default_rng(1).normal(0, 0.1 / np.radians(EARTH_RADIUS_M), len(times))
    assert gps(times, latitude[0] + noise, np.full(len(times), longitude[0])).distance_m == 0


def test_no_fix_and_a_jump_are_no_way() -> None:
    times, latitude, longitude = circle(30, 3, 10, 12)
    whole = gps(times, latitude, longitude).distance_m
    latitude[:20], longitude[:20] = 0, 0
    latitude[60:70] = np.nan
    latitude[100:102] = 48
    assert gps(times, latitude, longitude).distance_m == pytest.approx(whole - 24, rel=0.02)


def test_a_wrong_first_fix_is_forgotten() -> None:
    times, latitude, longitude = circle(30, 3, 10, 12)
    latitude[0] = 12
    odometer = gps(times, latitude, longitude)
    assert odometer.distance_m > 500
    assert odometer.extent_m < 70
