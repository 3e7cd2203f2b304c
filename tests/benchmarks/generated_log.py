"""Logs shaped like a 2026 car's, of any length, the same bytes every time.

63 topics, 4,540 messages/s: nested messages, repeated numbers, strings, enums, Timestamps, JSON. Columns are made
with numpy, encoded by ptars and written by the official ``mcap`` writer, so the files owe nothing to our code.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import ptars
import pyarrow as pa
from google.protobuf import descriptor_pb2, descriptor_pool, text_format, timestamp_pb2
from mcap.writer import Writer

SEED = 2026
STARTED_NS = 1_776_522_720_000_000_000
_SECONDS_AT_ONCE = 20
_VERSION = 1

_SCHEMA = """
name: "car.proto" package: "car" syntax: "proto3" dependency: "google/protobuf/timestamp.proto"
enum_type { name: "Mode" value { name: "OFF" number: 0 } value { name: "READY" number: 1 }
  value { name: "DRIVE" number: 2 } }
message_type { name: "Vec3" %(vec3)s }
message_type { name: "Ins"
  field { name: "at" number: 1 type: TYPE_MESSAGE type_name: ".google.protobuf.Timestamp" label: LABEL_OPTIONAL }
  field { name: "accel" number: 2 type: TYPE_MESSAGE type_name: ".car.Vec3" label: LABEL_OPTIONAL }
  field { name: "gyro" number: 3 type: TYPE_MESSAGE type_name: ".car.Vec3" label: LABEL_OPTIONAL }
  field { name: "velocity" number: 4 type: TYPE_MESSAGE type_name: ".car.Vec3" label: LABEL_OPTIONAL }
  field { name: "lat" number: 5 type: TYPE_DOUBLE label: LABEL_OPTIONAL }
  field { name: "lon" number: 6 type: TYPE_DOUBLE label: LABEL_OPTIONAL }
  field { name: "mode" number: 7 type: TYPE_ENUM type_name: ".car.Mode" label: LABEL_OPTIONAL }
  field { name: "fix" number: 8 type: TYPE_UINT32 label: LABEL_OPTIONAL } }
message_type { name: "Wheel" %(wheel)s }
message_type { name: "Inverter" %(inverter)s
  field { name: "enabled" number: 9 type: TYPE_BOOL label: LABEL_OPTIONAL }
  field { name: "faults" number: 10 type: TYPE_UINT32 label: LABEL_OPTIONAL } }
message_type { name: "Pedals" %(pedals)s
  field { name: "implausible" number: 9 type: TYPE_BOOL label: LABEL_OPTIONAL } }
message_type { name: "Tire" field { name: "temperatures" number: 1 type: TYPE_FLOAT label: LABEL_REPEATED }
  field { name: "pressure" number: 2 type: TYPE_FLOAT label: LABEL_OPTIONAL } }
message_type { name: "Pack" field { name: "cells" number: 1 type: TYPE_FLOAT label: LABEL_REPEATED }
  field { name: "temperatures" number: 2 type: TYPE_FLOAT label: LABEL_REPEATED }
  field { name: "current" number: 3 type: TYPE_FLOAT label: LABEL_OPTIONAL } }
message_type { name: "Status" field { name: "text" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "mode" number: 2 type: TYPE_ENUM type_name: ".car.Mode" label: LABEL_OPTIONAL }
  field { name: "count" number: 3 type: TYPE_UINT64 label: LABEL_OPTIONAL } }
message_type { name: "Thermal" %(thermal)s }
"""


def _floats(*names: str) -> str:
    return " ".join(
        f'field {{ name: "{name}" number: {number} type: TYPE_FLOAT label: LABEL_OPTIONAL }}'
        for number, name in enumerate(names, 1)
    )


_FLOATS = {
    "vec3": _floats("x", "y", "z"),
    "wheel": _floats("speed", "travel"),
    "inverter": _floats("rpm", "torque", "current", "voltage", "power", "temperature"),
    "pedals": _floats("throttle", "brake_front", "brake_rear", "steering"),
    "thermal": _floats("water", "motor", "gearbox", "board"),
}

_TOPICS = [
    ("Ins", 1, 400),
    ("Wheel", 4, 250),
    ("Inverter", 4, 500),
    ("Pedals", 2, 100),
    ("Tire", 4, 50),
    ("Pack", 4, 20),
    ("Status", 22, 10),
    ("Thermal", 20, 20),
    ("json", 2, 20),
]
"""Message type, number of topics, messages per second and topic."""


@dataclass(frozen=True)
class _Topic:
    name: str
    message: str
    rate_hz: int


def generated_log(messages: int, *, chunked: bool = True, folder: Path | None = None) -> Path:
    """The path of a log with at least so many messages; made once and kept in the temporary directory."""
    folder = folder or Path(tempfile.gettempdir()) / "paddock-benchmark"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"generated-{_VERSION}-{messages}{'' if chunked else '-unchunked'}.mcap"
    if not path.exists():
        aside = path.with_suffix(".part")
        with aside.open("wb") as file:
            _write(file, messages, chunked)
        aside.rename(path)
    return path


def _write(file: Any, messages: int, chunked: bool) -> None:
    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet()
    timestamp_pb2.DESCRIPTOR.CopyToProto(files.file.add())
    text_format.Parse(_SCHEMA % _FLOATS, files.file.add())
    for proto in files.file:
        pool.Add(proto)
    handlers = ptars.HandlerPool([pool.FindFileByName("car.proto")], ptars.PtarsConfig(timestamp_tz=None))
    writer = Writer(file, use_chunking=chunked)
    writer.start()
    writer.add_metadata("setup", {"driver": "Ada", "carName": "HT09", "trackName": "Michigan"})
    topics = [
        _Topic(f"{message}{index}" if count > 1 else message, message, rate)
        for message, count, rate in _TOPICS
        for index in range(count)
    ]
    schemas = {
        name: writer.register_schema(f"car.{name}", "protobuf", files.SerializeToString()) for name, _, _ in _TOPICS
    }
    schemas["json"] = writer.register_schema("lap", "jsonschema", b'{"type": "object"}')
    channels = [
        writer.register_channel(
            topic.name, "json" if topic.message == "json" else "protobuf", schemas[topic.message]
        )
        for topic in topics
    ]
    random = np.random.default_rng(SEED)
    written, second = 0, 0
    while written < messages:
        times, which, payloads = [], [], []
        for index, topic in enumerate(topics):
            rows = topic.rate_hz * _SECONDS_AT_ONCE
            jitter = random.integers(0, 200_000, rows)
            times.append(STARTED_NS + second * 10**9 + np.arange(rows) * (10**9 // topic.rate_hz) + jitter)
            which.append(np.full(rows, index))
            payloads.extend(_payloads(topic, times[-1], random, handlers, pool))
        time, channel = np.concatenate(times), np.concatenate(which)
        for row in np.argsort(time, kind="stable")[: messages - written].tolist():
            writer.add_message(channels[channel[row]], int(time[row]), payloads[row], int(time[row]), written)
            written += 1
        second += _SECONDS_AT_ONCE
    writer.finish()


def _payloads(topic: _Topic, times: Any, random: np.random.Generator, handlers: Any, pool: Any) -> list[bytes]:
    if topic.message == "json":
        return [_json_payload(number, random) for number in range(len(times))]
    handler = handlers.get_for_message(pool.FindMessageTypeByName(f"car.{topic.message}"))
    columns = [_column(field, len(times), times, random) for field in handler.schema()]
    batch = pa.RecordBatch.from_arrays(columns, schema=handler.schema())
    return handler.record_batch_to_array(batch).to_pylist()  # type: ignore[no-any-return]


def _json_payload(number: int, random: np.random.Generator) -> bytes:
    sector = {"number": number % 3 + 1, "best_s": round(float(random.normal(21, 0.3)), 3)}
    return json.dumps({"lap": number // 100, "delta_s": float(random.normal()), "sector": sector}).encode()


def _column(field: pa.Field, rows: int, times: Any, random: np.random.Generator) -> pa.Array:
    kind = field.type
    make: dict[Callable[[pa.DataType], bool], Callable[[], Any]] = {
        pa.types.is_timestamp: lambda: pa.array(times, pa.int64()).cast(kind),
        pa.types.is_float32: lambda: _walk(rows, random).astype(np.float32),
        pa.types.is_float64: lambda: 42 + _walk(rows, random) * 1e-6,
        pa.types.is_boolean: lambda: random.random(rows) < 0.5,
        pa.types.is_string: lambda: [f"state {number % 7}, all well" for number in range(rows)],
        pa.types.is_integer: lambda: np.arange(rows) // 50 % 3,
    }
    if pa.types.is_struct(kind):
        children = [_column(child, rows, times, random) for child in kind]
        return pa.StructArray.from_arrays(children, fields=list(kind))
    if pa.types.is_list(kind):
        width = 24 if field.name == "cells" else 8
        values = pa.array(np.round(_walk(rows * width, random), 3).astype(np.float32))
        return pa.ListArray.from_arrays(pa.array(np.arange(rows + 1, dtype=np.int32) * width), values, type=kind)
    values = next(value for test, value in make.items() if test(kind))()
    return values if isinstance(values, pa.Array) else pa.array(values, kind)


def _walk(rows: int, random: np.random.Generator) -> Any:
    """A signal that moves slowly, with the noise of a sensor."""
    return np.round(np.cumsum(random.normal(0, 0.5, rows)) + random.normal(0, 0.1, rows), 3)
