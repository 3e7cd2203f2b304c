"""The slow parts of the car: battery, heat in motors and inverters, tyres. They follow from the motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddock.simulator.track import Floats
from paddock.simulator.vehicle import MASS_KG, RASTER_S, WHEELS, Motion

CELLS = 126
THERMISTORS = 48
CAPACITY_AH = 15.0
EMPTY = 0.03
CELL_RESISTANCE_OHM = 0.0026
PACK_HEAT_J_PER_K = 27_000.0
IDLE_POWER_W = 320.0
INVERTER_EFFICIENCY = 0.95
AMBIENT_C = 21.0
AIR_PRESSURE_KPA = 101.3

_CHARGE = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
_CELL_V = (3.10, 3.44, 3.60, 3.70, 3.86, 4.05, 4.17)
_SLOW = 20
"""Heat is stepped on every 20th point of the raster: 0.1 s."""


@dataclass(frozen=True, eq=False)
class Spread:
    """How single cells, thermistors and tyres differ from the mean; constant over a run."""

    cell_v: Floats
    """Shape (CELLS,)."""
    cell_resistance: Floats
    """Relative, shape (CELLS,)."""
    thermistor_k: Floats
    """Shape (THERMISTORS,)."""


def add_systems(motion: Motion, rng: np.random.Generator) -> Spread:
    """Add the columns of battery, motors, inverters and tyres to ``motion``."""
    spread = Spread(rng.normal(0, 0.004, CELLS), rng.normal(1, 0.06, CELLS), rng.normal(0, 0.7, THERMISTORS))
    columns = motion.columns
    power = _electrical_power(columns)
    columns["power_w"] = power
    _add_battery(columns, power, charge=rng.uniform(0.86, 0.97))

    grip_work = np.hypot(columns["accel_x_mss"], columns["accel_y_mss"]) * columns["speed_ms"]
    for wheel in WHEELS:
        torque, rpm = columns[f"torque_nm.{wheel}"], columns[f"rpm.{wheel}"]
        shaft = np.abs(torque * rpm) * 2 * np.pi / 60
        warm = AMBIENT_C + rng.uniform(2, 6)
        columns[f"motor_c.{wheel}"] = _heated(0.05 * shaft + 2.6 * torque**2, 2_300.0, 150.0, warm)
        columns[f"inverter_c.{wheel}"] = _heated(0.03 * shaft + 0.6 * torque**2, 900.0, 60.0, warm + 3)
        load = columns[f"load_n.{wheel}"] / (MASS_KG * 9.81 / 4)
        tyre = _heated(grip_work * load, 190.0, 75.0, AMBIENT_C + rng.uniform(0, 3))
        cold_kpa = 82.0 + rng.normal(0, 1.2)
        columns[f"tire_c.{wheel}"] = tyre
        # a closed volume of air: absolute pressure follows absolute temperature
        absolute = (cold_kpa + AIR_PRESSURE_KPA) * (tyre + 273.15) / (AMBIENT_C + 273.15)
        columns[f"tire_kpa.{wheel}"] = absolute - AIR_PRESSURE_KPA
        brake = columns["brake_force_n"] * columns["speed_ms"] * (0.31 if wheel[0] == "F" else 0.19)
        columns[f"brake_c.{wheel}"] = _heated(brake, 620.0, 45.0, AMBIENT_C + 4)
    return spread


def _electrical_power(columns: dict[str, Floats]) -> Floats:
    """What the pack delivers in W; negative while it is charged by braking."""
    shaft = sum(
        (columns[f"torque_nm.{wheel}"] * columns[f"rpm.{wheel}"] for wheel in WHEELS), 0 * columns["speed_ms"]
    )
    shaft = shaft * 2 * np.pi / 60
    return np.where(shaft > 0, shaft / INVERTER_EFFICIENCY, shaft * INVERTER_EFFICIENCY) + IDLE_POWER_W


def _add_battery(columns: dict[str, Floats], power: Floats, charge: float) -> None:
    resistance = CELL_RESISTANCE_OHM * CELLS
    state = np.full_like(power, charge)
    for _ in range(2):  # current depends on charge, charge on current: weakly, so twice is enough
        open_v = CELLS * np.interp(state, _CHARGE, _CELL_V)
        root = np.sqrt(np.maximum(open_v**2 - 4 * resistance * power, 0.0))
        current = (open_v - root) / (2 * resistance)
        state = np.maximum(charge - np.cumsum(current) * RASTER_S / (CAPACITY_AH * 3600), EMPTY)
    columns["charge"] = state
    columns["pack_v"] = open_v - current * resistance
    columns["pack_a"] = current
    columns["pack_c"] = _heated(current**2 * resistance, PACK_HEAT_J_PER_K, 1_500.0, AMBIENT_C + 5)


def _heated(heat: Floats, capacity: float, cooling_s: float, start: float) -> Floats:
    """Temperature in °C of a body that takes ``heat`` and loses it to the air with time constant ``cooling_s``."""
    step_s = _SLOW * RASTER_S
    mean = np.add.reduceat(heat, np.arange(0, len(heat), _SLOW)) / _SLOW
    temperature = start
    slow = []
    for value in mean.tolist():
        slow.append(temperature)
        temperature += step_s * (value / capacity - (temperature - AMBIENT_C) / cooling_s)
    return np.interp(np.arange(len(heat)), np.arange(len(mean)) * _SLOW, slow)
