"""A car as it really logs: 53 topics, 4,690 messages/s, with all that a protobuf schema and JSON can say.

Beside numbers there are maps, oneofs, repeated messages, enums with gaps, bytes, texts (also beyond ASCII), and
JSON with lists and objects in each other.
"""

from __future__ import annotations

import json
from typing import Any

from tests.benchmarks.shapes import Random, Shapes, walk

_SENSORS = [f"{place}_{what}" for place in ("front", "rear", "pack") for what in ("temp", "volt", "amp", "flow")]
_TEXTS = ("all well", "brake bias 54 % → 52 %", "water 81 °C", "lost GNSS, dead reckoning", "")


def _cones(shapes: Shapes, count: int, random: Random) -> list[bytes]:
    """What the camera sees: none to twelve cones."""
    make = shapes.message_class("Cones")
    seen = random.integers(0, 13, count).tolist()
    places = iter(random.normal(0, 10, (sum(seen), 2)).round(2).tolist())
    colors = iter(random.choice([0, 2, 3, 9], sum(seen)).tolist())

    def cone() -> dict[str, Any]:
        x, y = next(places)
        return {"place": {"x": x, "y": y}, "color": next(colors), "sure": 0.9}

    return [
        make(frame=row, cones=[cone() for _ in range(each)]).SerializeToString() for row, each in enumerate(seen)
    ]


def _health(shapes: Shapes, count: int, random: Random) -> list[bytes]:
    """Maps with the keys of what is there."""
    make = shapes.message_class("Health")
    values = random.normal(40, 5, (count, len(_SENSORS))).round(2).tolist()
    return [
        make(
            values=dict(zip(_SENSORS[: 8 + row % 5], row_values, strict=False)),
            faults={100 + row % 3: "open", 205: "short"} if row % 10 == 0 else {},
            limits={"front": {"x": 1, "y": row}} if row % 2 else {},
        ).SerializeToString(deterministic=True)
        for row, row_values in enumerate(values)
    ]


def _command(shapes: Shapes, count: int, random: Random) -> list[bytes]:
    """One of a oneof: mostly a torque."""
    make = shapes.message_class("Command")
    torques = walk(count, random).tolist()
    orders: list[dict[str, Any]] = [
        {"torque_nm": 0.0},
        {"speed_rpm": 1200},
        {"state": 40},
        {"reason": "driver's wish"},
        {"bias": {"x": 0.5, "y": 0.5}},
    ]
    return [
        make(to=row % 4, **({"torque_nm": torque} if row % 10 < 5 else orders[row % 5])).SerializeToString()
        for row, torque in enumerate(torques)
    ]


def _notice(shapes: Shapes, count: int, random: Random) -> list[bytes]:
    make = shapes.message_class("Notice")
    return [
        make(
            text=f"{_TEXTS[row % 5]} ({row})", state=(0, 5, 40)[row % 3], tags=["ecu", "v2"][: row % 3]
        ).SerializeToString()
        for row in range(count)
    ]


def _json(shapes: Shapes, count: int, random: Random) -> list[bytes]:
    """Objects and lists in each other, of which some come and go."""
    payloads = []
    for row, values in enumerate(random.normal(21, 0.3, (count, 4)).round(3).tolist()):
        sectors = [{"number": number + 1, "best_s": value} for number, value in enumerate(values[: 1 + row % 3])]
        payload: dict[str, Any] = {
            "lap": row // 100,
            "delta_s": values[3],
            "valid": row % 7 > 0,
            "note": _TEXTS[row % 5],
            "sectors": sectors,
            "tires": {"front": {"left": values[0], "right": values[1]}, "set": "soft"},
            "gaps": values[:2],
        }
        if row % 4 == 0:
            payload["pit"] = {"window": [row, row + 3], "why": None}
        payloads.append(json.dumps(payload, ensure_ascii=row % 2 == 0).encode())
    return payloads


def _floats(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "float")


SHAPES = Shapes(
    enums={
        "State": {0: "OFF", 5: "PRECHARGE", 6: "READY", 40: "DRIVE", 1000: "FAULT"},
        "Color": {0: "UNKNOWN", 2: "BLUE", 3: "YELLOW", 9: "BIG_ORANGE"},
    },
    messages={
        "Vec2": _floats("x", "y"),
        "Vec3": _floats("x", "y", "z"),
        "Ins": {
            "at": "Timestamp",
            "accel": "Vec3",
            "gyro": "Vec3",
            "velocity": "Vec3",
            "lat": "double",
            "lon": "double",
            "state": "State",
            "fix": "uint32",
        },
        "Wheel": _floats("speed", "travel"),
        "Inverter": {
            **_floats("rpm", "torque", "current", "voltage", "power", "temperature"),
            "enabled": "bool = 19",
            "state": "State",
        },
        "Pedals": {**_floats("throttle", "brake_front", "brake_rear", "steering"), "implausible": "bool = 9"},
        "Tire": {"temperatures": "float[]", "pressure": "float"},
        "Pack": {"cells": "float[]", "temperatures": "float[]", "current": "float"},
        "Frame": {"id": "uint32", "data": "bytes", "is_extended": "bool"},
        "Command": {
            "to": "uint32",
            "oneof order": {
                "torque_nm": "float",
                "speed_rpm": "sint32",
                "state": "State",
                "reason": "string",
                "bias": "Vec2",
            },
        },
        "Cone": {"place": "Vec2", "color": "Color", "sure": "float"},
        "Cones": {"frame": "uint32", "cones": "Cone[]"},
        "Health": {"values": "map<string,double>", "faults": "map<uint32,string>", "limits": "map<string,Vec2>"},
        "Status": {"text": "string", "state": "State", "count": "uint64"},
        "Notice": {"text": "string", "state": "State", "tags": "string[]"},
        "Thermal": _floats("water", "motor", "gearbox", "board"),
    },
    topics=(
        ("Ins", 1, 400),
        ("Wheel", 4, 250),
        ("Inverter", 4, 400),
        ("Pedals", 2, 100),
        ("Tire", 4, 50),
        ("Pack", 2, 20),
        ("Frame", 2, 200),
        ("Command", 4, 100),
        ("Cones", 2, 20),
        ("Health", 4, 20),
        ("Status", 12, 10),
        ("Notice", 2, 5),
        ("Thermal", 8, 20),
        ("json", 2, 20),
    ),
    json=_json,
    made={"Cones": _cones, "Health": _health, "Command": _command, "Notice": _notice},
)
