"""A simulated car that sends while it drives: messages of every topic, many times a second."""

from __future__ import annotations

import math
import random
from typing import Any

from paddock.domain.instants import NS_PER_S

LAP_S = 65.0
LENGTH_M = 1_050.0
CELLS = 16
MOST_SIGNALS = 1_500
_LAT, _LON = 42.0663, -84.2421
_PER_TOPIC = 20


class LiveCar:
    """Makes the messages of one moment; equal arguments make equal ones.

    Args:
        signals: how many there are in all, at least 40.
        seed: another seed, other noise.
    """

    def __init__(self, signals: int = 200, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        more = max(0, signals - 2 * _PER_TOPIC)
        self._sensors = [
            [f"s{number:03}" for number in range(first, min(first + _PER_TOPIC, more))]
            for first in range(0, more, _PER_TOPIC)
        ]

    def messages(self, since_s: float, started_ns: int, sequence: int) -> list[dict[str, Any]]:
        """One message of each topic.

        Args:
            since_s: seconds since the car drove off.
            started_ns: when that was, nanoseconds since the Unix epoch.
            sequence: counts the moments; each topic's messages have it.
        """
        noise = self._chance.gauss
        phase = 2 * math.pi * since_s / LAP_S
        speed = max(0.0, 17 + 9 * math.sin(3 * phase) + 3 * math.sin(7 * phase) + noise(0, 0.05))
        throttle = min(1.0, max(0.0, math.cos(3 * phase)))
        brake = min(1.0, max(0.0, -math.cos(3 * phase) - 0.4))
        rpm = speed / 0.2032 * 60 / (2 * math.pi) * 11.86
        radius_m = LENGTH_M / (2 * math.pi)
        found: list[dict[str, Any]] = [
            {
                "topic": "VNData",
                "vn_vel_m_s": {"x": round(speed, 4), "y": round(noise(0, 0.1), 4)},
                "vn_gps": {
                    "lat": round(_LAT + radius_m * math.sin(phase) / 111_320, 8),
                    "lon": round(_LON + radius_m * math.cos(phase) / 82_600, 8),
                },
                "accel_m_s2": {"x": round(9 * throttle - 14 * brake, 3), "y": round(12 * math.sin(5 * phase), 3)},
            },
            {
                "topic": "VehicleData",
                "current_rpms": {wheel: round(rpm + noise(0, 8), 1) for wheel in ("FL", "FR", "RL", "RR")},
                "vehicle_state": "READY_TO_DRIVE" if since_s > 2 else "TRACTIVE_SYSTEM_ACTIVE",
                "accel_pedal": round(throttle, 3),
                "brake_pedal": round(brake, 3),
            },
            {
                "topic": "BatteryPack",
                "voltage_v": round(530 - 18 * throttle - since_s / 60, 2),
                "current_a": round(120 * throttle - 40 * brake, 2),
                "cell_temp": [round(31 + since_s / 90 + cell % 5 + noise(0, 0.05), 2) for cell in range(CELLS)],
            },
        ]
        for number, names in enumerate(self._sensors, 1):
            wave = math.sin(phase * number)
            values = {name: round(20 * wave + at + noise(0, 0.1), 3) for at, name in enumerate(names)}
            found.append({"topic": f"Sensors{number}", **values})
        time_ns = started_ns + round(since_s * NS_PER_S)
        return [{"timestamp_ns": time_ns, "seq": sequence, **each} for each in found]
