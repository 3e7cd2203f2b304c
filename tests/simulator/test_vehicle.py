from __future__ import annotations

import numpy as np
import pytest

from paddock.simulator.systems import CELLS, add_systems
from paddock.simulator.track import track_for
from paddock.simulator.vehicle import (
    GRAVITY_MSS,
    MAX_TORQUE_NM,
    RASTER_S,
    REST_AFTER_S,
    REST_BEFORE_S,
    RPM_PER_MS,
    TOP_SPEED_MS,
    WHEELS,
    Motion,
    drive,
    park,
)

pytestmark = pytest.mark.slow("simulates whole runs")


@pytest.fixture(scope="module", params=["acceleration", "skidpad", "autocross", "endurance"])
def lapped(request: pytest.FixtureRequest) -> Motion:
    rng = np.random.default_rng(7)
    motion = drive(track_for(request.param, 1), 2, rng)
    add_systems(motion, rng)
    return motion


def test_speed_acceleration_and_position_agree(lapped: Motion) -> None:
    columns = lapped.columns
    assert np.cumsum(columns["speed_ms"]) * RASTER_S == pytest.approx(columns["distance_m"], abs=0.1)
    gained = np.concatenate([[0.0], np.cumsum(columns["accel_x_mss"])[1:] * RASTER_S])
    assert gained == pytest.approx(columns["speed_ms"], abs=0.1)
    east, north = np.gradient(columns["east_m"], RASTER_S), np.gradient(columns["north_m"], RASTER_S)
    # Sensors are of the line that is driven, not of the centre line that it weaves around.
    assert np.hypot(east, north) == pytest.approx(columns["speed_ms"], rel=2e-3, abs=2e-3)
    moving = columns["speed_ms"] > 1
    off = np.angle(np.exp(1j * (np.arctan2(north, east) - columns["heading_rad"])))[moving]
    assert np.abs(off).max() < 0.06  # a step of the line in its tightest bend
    assert np.abs(off.mean()) < 1e-4


def test_cornering_is_speed_times_yaw_rate_within_grip(lapped: Motion) -> None:
    columns = lapped.columns
    assert columns["accel_y_mss"] == pytest.approx(columns["speed_ms"] * columns["yaw_rate_rads"])
    yaw = columns["heading_rad"][0] + np.cumsum(columns["yaw_rate_rads"]) * RASTER_S
    assert yaw == pytest.approx(columns["heading_rad"], abs=0.1)
    assert np.hypot(columns["accel_x_mss"], columns["accel_y_mss"]).max() < 2.4 * GRAVITY_MSS


def test_drives_between_two_rests(lapped: Motion) -> None:
    speed = lapped.columns["speed_ms"]
    before, after = round((REST_BEFORE_S - 1) / RASTER_S), round((REST_AFTER_S - 1) / RASTER_S)
    assert not speed[:before].any()
    assert not speed[-after:].any()
    assert speed.min() >= 0
    assert 10 < speed.max() <= TOP_SPEED_MS


def test_crosses_the_line_after_each_lap() -> None:
    track = track_for("endurance", 3)
    motion = drive(track, 3, np.random.default_rng(1))
    driven = np.interp(motion.line_crossings_s, motion.time_s, motion.columns["distance_m"])
    assert motion.line.to_track_m(driven) == pytest.approx(np.array([1, 2, 3]) * track.length_m)
    x, y, _, _ = motion.line.at(driven)
    ahead = x * np.cos(track.heading_rad[0]) + y * np.sin(track.heading_rad[0])
    assert ahead == pytest.approx(np.zeros(3), abs=1e-3)


def test_wheels_turn_with_the_car(lapped: Motion) -> None:
    columns = lapped.columns
    mean = sum(columns[f"rpm.{wheel}"] for wheel in WHEELS) / 4
    assert mean == pytest.approx(columns["speed_ms"] * RPM_PER_MS, rel=0.08, abs=60)
    for wheel in WHEELS:
        assert np.abs(columns[f"torque_nm.{wheel}"]).max() <= MAX_TORQUE_NM
    left_hand = columns["accel_y_mss"] > 5
    assert (columns["rpm.FR"][left_hand] > columns["rpm.FL"][left_hand]).all()
    assert (columns["load_n.FR"][left_hand] > columns["load_n.FL"][left_hand]).all()


def test_battery_sags_and_empties_and_warms(lapped: Motion) -> None:
    columns = lapped.columns
    assert columns["pack_v"] * columns["pack_a"] == pytest.approx(columns["power_w"], rel=1e-6)
    assert columns["pack_v"][columns["pack_a"].argmax()] < columns["pack_v"][0]
    assert columns["charge"][-1] < columns["charge"][0]
    assert columns["pack_v"].min() / CELLS > 3.0
    assert columns["tire_c.RL"][-1] > columns["tire_c.RL"][0]
    assert columns["tire_kpa.RL"][-1] > columns["tire_kpa.RL"][0]


def test_a_parked_car_stands() -> None:
    rng = np.random.default_rng(1)
    motion = park(track_for("check", 1), 5.0, rng)
    add_systems(motion, rng)
    assert motion.time_s[-1] >= 5.0
    for name in ("speed_ms", "distance_m", "throttle", "brake", "rpm.FL", "torque_nm.RR"):
        assert not motion.columns[name].any()
    assert len(motion.line_crossings_s) == 0


def test_an_endurance_stint_ends_with_charge_left() -> None:
    rng = np.random.default_rng(1)
    motion = drive(track_for("endurance", 1), 12, rng)
    add_systems(motion, rng)
    assert 0.2 < motion.columns["charge"][-1] < 0.8
