"""What each channel of the car says: its rate, and its message from the state of the car."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from paddock.simulator.sample import STATE_CHANGES_S, Run, Sample, rounded
from paddock.simulator.schema import ENUMS, Columns
from paddock.simulator.systems import AMBIENT_C, CELL_RESISTANCE_OHM, CELLS
from paddock.simulator.track import Floats, to_wgs84
from paddock.simulator.vehicle import GRAVITY_MSS, WHEELS


@dataclass(frozen=True)
class Channel:
    """A topic. ``rate_hz`` 0 is for messages that come at the times of ``moments`` only."""

    topic: str
    message: str
    rate_hz: float
    columns: Callable[[Sample], Columns]
    moments: Callable[[Run], Floats | None] | None = None
    """When its messages come; None where ``rate_hz`` holds for this run."""


def _xyz(x: npt.ArrayLike, y: npt.ArrayLike, z: npt.ArrayLike) -> Columns:
    return {"x": x, "y": y, "z": z}


def _yaw(s: Sample) -> Floats:
    """Heading as the sensor gives it: counter-clockwise from east, within ±π."""
    return (s["heading_rad"] + s.noise(0.002) + np.pi) % (2 * np.pi) - np.pi


def _vn_data(s: Sample) -> Columns:
    shake = 0.05 + 0.02 * s["speed_ms"]
    ax, ay = s["accel_x_mss"], s["accel_y_mss"]
    lat, lon, _ = to_wgs84(*s.place(0.02), s.run.venue)
    return {
        "vn_vel_m_s": _xyz(s.noisy("speed_ms", 0.02), s.noisy("lateral_speed_ms", 0.02), s.noise(0.02)),
        "vn_linear_accel_m_ss": _xyz(ax + shake * s.noise(0.5), ay + shake * s.noise(0.5), shake * s.noise(0.8)),
        "vn_linear_accel_uncomp_m_ss": _xyz(
            ax + shake * s.noise(1), ay + shake * s.noise(1), -GRAVITY_MSS + shake * s.noise(1)
        ),
        "vn_angular_rate_rad_s": _xyz(s.noise(0.01), s.noise(0.01), s.noisy("yaw_rate_rads", 0.006)),
        "vn_ypr_rad": {"yaw": _yaw(s), "pitch": s.noisy("pitch_rad", 8e-4), "roll": s.noisy("roll_rad", 8e-4)},
        "vn_gps": {"lat": lat, "lon": lon},
        "status": {
            "ins_mode": np.where(s.time_s < 3.0, 1, 2),
            "gnss_fix": True,
            "ins_vel_u": rounded(0.05 + np.abs(s.noise(0.01)), 0.01),
        },
    }


def _gnss_fix(s: Sample) -> Columns:
    lat, lon, altitude = to_wgs84(*s.place(0.012), s.run.venue)
    return {
        "latitude_deg": lat,
        "longitude_deg": lon,
        "altitude_m": altitude + s.noise(0.05),
        "satellites": 19 + np.round(s.noise(0.8)),
        "hdop": rounded(0.7 + np.abs(s.noise(0.05)), 0.01),
    }


def _vehicle_data(s: Sample) -> Columns:
    return {
        "is_ready_to_drive": s.ready(),
        "current_inputs": {"accel_percent": s["throttle"], "brake_percent": s["brake"]},
        "current_body_vel_ms": _xyz(s.noisy("speed_ms", 0.02), s.noisy("lateral_speed_ms", 0.02), 0.0),
        "current_body_accel_mss": _xyz(s.noisy("accel_x_mss", 0.15), s.noisy("accel_y_mss", 0.15), s.noise(0.2)),
        "current_angular_rate_rads": _xyz(0.0, 0.0, s.noisy("yaw_rate_rads", 0.006)),
        "current_ypr_rad": {"yaw": _yaw(s), "pitch": s["pitch_rad"], "roll": s["roll_rad"]},
        "current_rpms": s.wheels("rpm", 6.0, 1.0),
        "state_is_valid": s.time_s > 1.0,
        "prev_MCU_recv_millis": s.time_s * 1000,
        "steering_angle_deg": s.noisy("steering_deg", 0.15, 0.05),
        "driver_torque": s.wheels("torque_nm", 0.02, 0.01),
        "electrical_power_watts": s.noisy("power_w", 40.0, 1.0),
        "vehicle_state": s.state(),
    }


def _inverter(s: Sample, wheel: str) -> Columns:
    rpm, torque = s[f"rpm.{wheel}"], s[f"torque_nm.{wheel}"]
    turning = rpm > 0
    torque = rounded(torque + s.noise(0.05) * turning, 0.0098)
    return {
        "actual_speed_rpm": np.round(rpm + s.noise(4.0) * turning),
        "actual_torque_nm": torque,
        "actual_power_w": rounded(torque * rpm * 2 * np.pi / 60, 1.0),
        "dc_bus_voltage": rounded(s.bus_voltage() + s.noise(0.4), 0.1),
    }


def _inverter_temps(s: Sample, wheel: str) -> Columns:
    return {
        "motor_temp_c": s.noisy(f"motor_c.{wheel}", 0.08, 0.1),
        "inverter_temp_c": s.noisy(f"inverter_c.{wheel}", 0.08, 0.1),
        "igbt_temp_c": rounded(1.15 * s[f"inverter_c.{wheel}"] - 0.15 * AMBIENT_C + s.noise(0.1), 0.1),
    }


def _pedals(s: Sample) -> Columns:
    accel = np.clip(s["throttle"] + s.noise(0.002), 0, 1)
    return {
        "accel_pedal": accel,
        "brake_pedal": np.clip(s["brake"] + s.noise(0.002), 0, 1),
        "accel_1_raw": np.round(620 + 2600 * accel),
        "accel_2_raw": np.round(3480 - 2500 * accel),
        "implausibility": False,
    }


def _steering(s: Sample) -> Columns:
    angle = s.noisy("steering_deg", 0.1, 0.05)
    return {"steering_angle_deg": angle, "analog_raw": np.round(2048 + 11.2 * angle), "sensor_ok": True}


def _brakes(s: Sample) -> Columns:
    return {
        "front_pressure_kpa": np.maximum(5200 * s["brake"] + s.noise(8.0), 0),
        "rear_pressure_kpa": np.maximum(3300 * s["brake"] + s.noise(8.0), 0),
        "disc_temp_c": s.wheels("brake_c", 0.4, 0.25),
    }


def _suspension(s: Sample) -> Columns:
    shake = 0.02 + 0.02 * s["speed_ms"]
    loads = s.wheels("load_n")
    return {"travel_mm": {wheel: (load - 690) / 38 + shake * s.noise(1.0) for wheel, load in loads.items()}}


def _battery_pack(s: Sample) -> Columns:
    volts, amps = s.noisy("pack_v", 0.25, 0.1), s.noisy("pack_a", 0.2, 0.1)
    return {
        "voltage_v": volts,
        "current_a": amps,
        "power_w": volts * amps,
        "state_of_charge": rounded(s["charge"], 0.001),
    }


def _cells(s: Sample) -> Columns:
    spread = s.run.spread
    drop = np.outer(s["pack_a"] * CELL_RESISTANCE_OHM, spread.cell_resistance - 1)
    volts = rounded(s["pack_v"][:, None] / CELLS + spread.cell_v - drop, 0.0001)
    warmer = (s["pack_c"] - AMBIENT_C)[:, None] * 0.03 * spread.thermistor_k
    temps = rounded(s["pack_c"][:, None] + spread.thermistor_k + warmer, 0.1)
    return {
        "cell_voltages": volts,
        "cell_temps_c": temps,
        "min_cell_voltage": volts.min(axis=1),
        "max_cell_voltage": volts.max(axis=1),
        "max_cell_temp_c": temps.max(axis=1),
        "balancing": False,
    }


def _shutdown_chain(s: Sample) -> Columns:
    open_, closed = 1, 2
    pressed = s.run.parked | (s.time_s < STATE_CHANGES_S[0])
    return {
        "vehicle_state": s.state(),
        "first_open": np.where(pressed, ENUMS["LoopNode"].index("NODE_ESTOP"), 0),
        **dict.fromkeys(("bspd", "imd", "ams", "bots", "inertia"), closed),
        "estop": np.where(pressed, open_, closed),
        "sense_voltage": np.where(pressed, 0.0, 23.6) + np.abs(s.noise(0.05)),
    }


def _dashboard(s: Sample) -> Columns:
    crossed = np.concatenate([[0.0], s.run.motion.line_crossings_s])
    since = s.time_s - crossed[np.searchsorted(crossed, s.time_s, side="right") - 1]
    return {
        "start_button": (s.time_s > STATE_CHANGES_S[2]) & (s.time_s < STATE_CHANGES_S[3]) & (not s.run.parked),
        "mode_dial": 3,
        "lap_timer_ms": since * 1000,
        "speed_kmh": np.round(3.6 * s["speed_ms"]),
    }


def _low_voltage(s: Sample) -> Columns:
    return {
        "voltage_v": rounded(24.6 - 0.0008 * s.time_s + s.noise(0.03), 0.01),
        "current_a": rounded(6.2 + 5.0 * s.ready() + s.noise(0.3), 0.01),
        "temp_c": rounded(29.0 + 0.01 * s.time_s + s.noise(0.05), 0.1),
    }


def _fix_times(run: Run) -> Floats | None:
    return None if run.fixes is None else run.fixes.time_s


def _lap_times(run: Run) -> Floats:
    return run.motion.line_crossings_s


def _lap_marker(s: Sample) -> Columns:
    crossings = s.run.motion.line_crossings_s
    started = np.concatenate([[np.interp(0.1, s.run.motion.columns["distance_m"], s.run.motion.time_s)], crossings])
    lap = np.searchsorted(crossings, s.time_s, side="right")
    return {"lap": lap, "lap_time_s": s.time_s - started[lap - 1]}


def _notice_times(run: Run) -> Floats:
    return np.array([0.05]) if run.parked else np.array([0.05, *STATE_CHANGES_S])


def _notices(s: Sample) -> Columns:
    texts = [f"vehicle state {ENUMS['VehicleState'][state].lower()}" for state in s.state()]
    return {"severity": np.where(s.state() < 2, 0, 1), "text": texts}


CHANNELS = (
    Channel("VNData", "VNData", 400, _vn_data),
    Channel("GNSSFix", "GNSSFix", 10, _gnss_fix, _fix_times),
    Channel("VehicleData", "VehicleData", 250, _vehicle_data),
    Channel("WheelSpeeds", "WheelSpeeds", 1000, lambda s: {"rpm": s.wheels("rpm", 6.0, 1.0)}),
    *(Channel(f"MC{i}Data", "MCDynamics", 500, partial(_inverter, wheel=w)) for i, w in enumerate(WHEELS, 1)),
    *(Channel(f"MC{i}Temps", "MCTemps", 10, partial(_inverter_temps, wheel=w)) for i, w in enumerate(WHEELS, 1)),
    Channel(
        "DesiredTorques",
        "DesiredTorques",
        250,
        lambda s: {"torque_nm": s.wheels("torque_nm"), "regen_active": s["torque_nm.RL"] < 0},
    ),
    Channel("PedalsSystemData", "PedalsSystemData", 250, _pedals),
    Channel("SteeringSystemData", "SteeringSystemData", 250, _steering),
    Channel("BrakeSystemData", "BrakeSystemData", 100, _brakes),
    Channel("LoadCellData", "LoadCellData", 100, lambda s: {"load_n": s.wheels("load_n", 12.0, 1.0)}),
    Channel("SuspensionData", "SuspensionData", 100, _suspension),
    Channel(
        "TirePressures",
        "TirePressures",
        5,
        lambda s: {
            "pressure_kpa": s.wheels("tire_kpa", 0.1, 0.1),
            "temperature_c": s.wheels("tire_c", 0.1, 0.1),
        },
    ),
    Channel("BatteryPack", "BatteryPack", 100, _battery_pack),
    Channel("ACUAllData", "ACUAllData", 10, _cells),
    Channel("ShutdownChain", "ShutdownChain", 20, _shutdown_chain),
    Channel("DashboardData", "DashboardData", 20, _dashboard),
    Channel("LowVoltageData", "LowVoltageData", 5, _low_voltage),
    Channel("LapMarker", "LapMarker", 0, _lap_marker, _lap_times),
    Channel("Notice", "Notice", 0, _notices, _notice_times),
    Channel("CameraStatus", "CameraStatus", 0, lambda s: {}, lambda run: np.empty(0)),
)
"""The protobuf channels; as on a real car one is registered whose device never spoke."""

CONFIG_TOPIC = "VehicleConfig"
CONFIG_PERIOD_S = 5.0
CONFIG_SCHEMA = {
    "type": "object",
    "properties": {
        "revision": {"type": "integer"},
        "torque_controller": {
            "type": "object",
            "properties": {
                "limits": {
                    "type": "object",
                    "properties": {
                        "max_torque_nm": {"type": "number"},
                        "max_power_kw": {"type": "number"},
                        "regen_enabled": {"type": "boolean"},
                    },
                },
                "mode": {"type": "string"},
            },
        },
        "launch": {"type": "object", "properties": {"slip_target": {"type": "number"}}},
    },
}


def vehicle_config(time_s: float, driver: str) -> bytes:
    """The JSON message of ``CONFIG_TOPIC``: what the engineers set on the car, nested two deep."""
    config: dict[str, Any] = {
        "revision": 41,
        "driver": driver,
        "torque_controller": {
            "limits": {"max_torque_nm": 21.0, "max_power_kw": 62.0, "regen_enabled": time_s >= CONFIG_PERIOD_S},
            "mode": "load_transfer",
        },
        "launch": {"slip_target": 0.08},
    }
    return msgspec.json.encode(config)
