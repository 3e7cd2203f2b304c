"""The kinder car: numbers, lists of a fixed length, and few texts. 63 topics, 4,540 messages/s."""

from __future__ import annotations

import json

from tests.benchmarks.shapes import Random, Shapes


def _json(shapes: Shapes, count: int, random: Random) -> list[bytes]:
    payloads = []
    for number in range(count):
        sector = {"number": number % 3 + 1, "best_s": round(float(random.normal(21, 0.3)), 3)}
        payload = {"lap": number // 100, "delta_s": float(random.normal()), "sector": sector}
        payloads.append(json.dumps(payload).encode())
    return payloads


def _floats(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "float")


SHAPES = Shapes(
    enums={"Mode": {0: "OFF", 1: "READY", 2: "DRIVE"}},
    messages={
        "Vec3": _floats("x", "y", "z"),
        "Ins": {
            "at": "Timestamp",
            "accel": "Vec3",
            "gyro": "Vec3",
            "velocity": "Vec3",
            "lat": "double",
            "lon": "double",
            "mode": "Mode",
            "fix": "uint32",
        },
        "Wheel": _floats("speed", "travel"),
        "Inverter": {
            **_floats("rpm", "torque", "current", "voltage", "power", "temperature"),
            "enabled": "bool = 9",
            "faults": "uint32",
        },
        "Pedals": {**_floats("throttle", "brake_front", "brake_rear", "steering"), "implausible": "bool = 9"},
        "Tire": {"temperatures": "float[]", "pressure": "float"},
        "Pack": {"cells": "float[]", "temperatures": "float[]", "current": "float"},
        "Status": {"text": "string", "mode": "Mode", "count": "uint64"},
        "Thermal": _floats("water", "motor", "gearbox", "board"),
    },
    topics=(
        ("Ins", 1, 400),
        ("Wheel", 4, 250),
        ("Inverter", 4, 500),
        ("Pedals", 2, 100),
        ("Tire", 4, 50),
        ("Pack", 4, 20),
        ("Status", 22, 10),
        ("Thermal", 20, 20),
        ("json", 2, 20),
    ),
    json=_json,
)
