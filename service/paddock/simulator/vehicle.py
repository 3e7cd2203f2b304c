"""The car: how fast it gets around a track, and what its wheels, motors and driver do on the way.

A quasi-steady-state lap: at every point the tyres, the motors and the rules bound the speed; a pass forward bounds
how it may grow, a pass backward how it may fall. Smoothing that speed over time is the driver's foot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from paddock.simulator.driven_line import DrivenLine, driven_line
from paddock.simulator.track import Floats, Track

WHEELS = ("FL", "FR", "RL", "RR")
RASTER_S = 0.005

GRAVITY_MSS = 9.81
AIR_DENSITY_KGM3 = 1.18
MASS_KG = 285.0
WHEELBASE_M = 1.535
TRACK_WIDTH_M = 1.2
CG_HEIGHT_M = 0.28
FRONT_SHARE = 0.48
DRAG_AREA_M2 = 1.15
LIFT_AREA_M2 = 2.6
ROLLING = 0.018
GRIP = 1.45
WHEEL_RADIUS_M = 0.2032
GEAR_RATIO = 11.86
MAX_TORQUE_NM = 21.0
MAX_RPM = 19_500.0
SPRINT_POWER_W = 62_000.0
SAVING_POWER_W = 26_000.0
SPRINT_LAPS = 4
"""A driver with more laps than these ahead saves the battery."""
REGEN_LIMIT_W = 22_000.0
DRIVELINE_EFFICIENCY = 0.94
STEERING_RATIO = 4.3

REST_BEFORE_S = 6.0
REST_AFTER_S = 4.0
COOLDOWN_M = 110.0
TOP_SPEED_MS = MAX_RPM / 60 * 2 * math.pi / GEAR_RATIO * WHEEL_RADIUS_M
RPM_PER_MS = 60 / (2 * math.pi) * GEAR_RATIO / WHEEL_RADIUS_M
_DRAG = 0.5 * AIR_DENSITY_KGM3 * DRAG_AREA_M2
_LIFT = 0.5 * AIR_DENSITY_KGM3 * LIFT_AREA_M2
_MAX_FORCE_N = 4 * MAX_TORQUE_NM * GEAR_RATIO / WHEEL_RADIUS_M * DRIVELINE_EFFICIENCY


@dataclass(frozen=True, eq=False)
class Motion:
    """The car on a raster of ``RASTER_S`` seconds. Arrays have shape (T,); x is forward, y is left, z is up.

    Distance, speed, heading, yaw rate and accelerations are those along ``line``, which the car drives.
    """

    time_s: Floats
    columns: dict[str, Floats]
    """By name with its unit; ``<quantity>.<wheel>`` for what each wheel has."""
    line_crossings_s: Floats
    """When the car passed the start line at the end of each lap, shape (laps driven,)."""
    line: DrivenLine


def drive(track: Track, laps: int, rng: np.random.Generator) -> Motion:
    """Stand, drive ``laps`` laps from standstill, brake after the line, stand again."""
    skill = rng.uniform(0.87, 0.95)
    lap_grip = GRIP * (skill + rng.normal(0, 0.008, laps + 1))
    lap_grip[0] *= 0.97  # cold tyres
    points = laps * len(track.x_m) + round(COOLDOWN_M / track.spacing_m)
    line = driven_line(track, points * track.spacing_m, rng)
    ahead = line.track_m >= 0
    grip = np.repeat(lap_grip, len(track.x_m))[:points]
    power_w = SPRINT_POWER_W if laps <= SPRINT_LAPS else SAVING_POWER_W
    steps_m = np.diff(line.driven_m[ahead])
    speed = _speed_profile(line.curvature_per_m[ahead], np.resize(track.limit_ms, points), grip, power_w, steps_m)
    reached_s = REST_BEFORE_S + np.concatenate([[0.0], np.cumsum(2 * steps_m / (speed[1:] + speed[:-1]))])
    time_s = np.arange(0.0, reached_s[-1] + REST_AFTER_S, RASTER_S)
    speed = _smoothed(np.interp(time_s, reached_s, speed), sigma_s=0.11)
    return _motion(line, time_s, speed, track.length_m * np.arange(1, laps + 1, dtype=np.float64), power_w)


def park(track: Track, duration_s: float, rng: np.random.Generator) -> Motion:
    """Stand on the start line for ``duration_s``."""
    time_s = np.arange(0.0, duration_s + RASTER_S, RASTER_S)
    line = driven_line(track, COOLDOWN_M, rng)
    return _motion(line, time_s, np.zeros_like(time_s), np.empty(0), SPRINT_POWER_W)


def _speed_profile(curvature: Floats, limit: Floats, grip: Floats, power_w: float, steps_m: Floats) -> Floats:
    """Speed in m/s at each point, from standstill to standstill; shapes (P,), of ``steps_m`` (P - 1,)."""
    # m v² κ = μ (m g + lift v²), solved for v; where downforce outgrows the bend only the motors bound the speed
    spare = MASS_KG * np.abs(curvature) - grip * _LIFT
    with np.errstate(divide="ignore"):
        cornering = np.sqrt(np.where(spare > 0, grip * MASS_KG * GRAVITY_MSS / np.abs(spare), np.inf))
    speed = np.minimum(np.minimum(cornering, limit), TOP_SPEED_MS)
    speed[0] = speed[-1] = 0.0

    def tyres_left(v: float, i: int) -> float:
        """Force in N along the car that the tyres have left beside the cornering force."""
        total = grip[i] * (MASS_KG * GRAVITY_MSS + _LIFT * v * v)
        lateral = MASS_KG * v * v * curvature[i]
        return math.sqrt(max(total * total - lateral * lateral, 0.0))

    for i in range(len(speed) - 1):
        v = float(speed[i])
        force = min(tyres_left(v, i), _MAX_FORCE_N, power_w * DRIVELINE_EFFICIENCY / max(v, 1.0))
        squared = v * v + 2 * float(steps_m[i]) * (force - _DRAG * v * v) / MASS_KG
        speed[i + 1] = min(speed[i + 1], math.sqrt(max(squared, 0.0)))
    for i in range(len(speed) - 1, 0, -1):
        v = float(speed[i])
        squared = v * v + 2 * float(steps_m[i - 1]) * (0.82 * tyres_left(v, i) + _DRAG * v * v) / MASS_KG
        speed[i - 1] = min(speed[i - 1], math.sqrt(squared))
    return speed


def _smoothed(values: Floats, sigma_s: float) -> Floats:
    reach = round(4 * sigma_s / RASTER_S)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) * RASTER_S / sigma_s) ** 2)
    return np.convolve(np.pad(values, reach, mode="edge"), weights / weights.sum(), mode="valid")


def _motion(line: DrivenLine, time_s: Floats, speed: Floats, lines_m: Floats, power_w: float) -> Motion:
    """Everything that follows from the speed over time; so accelerations, yaw rate and position agree exactly.

    ``lines_m`` are the places along the centre line at which laps end.
    """
    distance = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2 * RASTER_S)])
    x, y, heading, curvature = line.at(distance)
    along = np.gradient(speed, RASTER_S)
    across = speed**2 * curvature
    moving = speed > 0.05

    loads = _wheel_loads(speed, along, across)
    resistance = _DRAG * speed**2 + ROLLING * sum(loads.values())
    force = np.where(moving, MASS_KG * along + resistance, 0.0)
    available = np.minimum(_MAX_FORCE_N, power_w * DRIVELINE_EFFICIENCY / np.maximum(speed, 1.0))
    regen_limit = np.minimum(0.45 * np.abs(force), REGEN_LIMIT_W / np.maximum(speed, 1.0))
    motors = np.where(speed > 2.0, np.maximum(force, -regen_limit), np.maximum(force, 0.0))
    brakes = np.minimum(force - motors, 0.0)
    steering = np.degrees(WHEELBASE_M * curvature + 0.0016 * across) * STEERING_RATIO

    columns = {
        "distance_m": distance,
        "east_m": x,
        "north_m": y,
        "heading_rad": heading,
        "speed_ms": speed,
        "lateral_speed_ms": speed * (0.7 * curvature - 0.004 * across),
        "accel_x_mss": along,
        "accel_y_mss": across,
        "yaw_rate_rads": speed * curvature,
        "roll_rad": 0.0022 * across,
        "pitch_rad": -0.0016 * along,
        "steering_deg": steering,
        "throttle": np.clip(force / available, 0.0, 1.0),
        "brake": np.clip(-brakes / (MASS_KG * 13.0), 0.0, 1.0),
        "brake_force_n": -brakes,
        "resistance_n": resistance,
    }
    total_load = sum(loads.values())
    for wheel, load in loads.items():
        side = 1.0 if wheel[1] == "R" else -1.0
        wheel_force = motors * load / total_load
        slip = 0.055 * (force * load / total_load) / (GRIP * load)
        ground = speed + side * columns["yaw_rate_rads"] * TRACK_WIDTH_M / 2
        loss = np.where(wheel_force > 0, 1 / DRIVELINE_EFFICIENCY, DRIVELINE_EFFICIENCY)
        columns[f"load_n.{wheel}"] = load
        columns[f"rpm.{wheel}"] = np.where(moving, np.maximum(ground * (1 + slip), 0.0) * RPM_PER_MS, 0.0)
        columns[f"torque_nm.{wheel}"] = np.clip(
            wheel_force * WHEEL_RADIUS_M / GEAR_RATIO * loss, -MAX_TORQUE_NM, MAX_TORQUE_NM
        )
    finished_m = line.to_driven_m(lines_m)
    return Motion(time_s, columns, np.interp(finished_m[finished_m < distance[-1]], distance, time_s), line)


def _wheel_loads(speed: Floats, along: Floats, across: Floats) -> dict[str, Floats]:
    """Normal force of each wheel in N: weight, downforce, and what accelerations shift."""
    lift = _LIFT * speed**2
    to_rear = MASS_KG * along * CG_HEIGHT_M / WHEELBASE_M
    to_right = MASS_KG * across * CG_HEIGHT_M / TRACK_WIDTH_M
    weight = MASS_KG * GRAVITY_MSS + lift
    loads = {}
    for wheel in WHEELS:
        share = FRONT_SHARE if wheel[0] == "F" else 1 - FRONT_SHARE
        axle = weight * share + (-to_rear if wheel[0] == "F" else to_rear)
        loads[wheel] = np.maximum(axle / 2 + (to_right if wheel[1] == "R" else -to_right) * share, 40.0)
    return loads
