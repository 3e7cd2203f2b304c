"""Logs shaped like a 2026 car's, of any length, the same bytes every time.

Encoded by ptars and google.protobuf and written by the official ``mcap`` writer, so the files owe nothing to our
code. What is in them is said by ``car_shapes.py``, and by ``plain_shapes.py`` as it was before.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from mcap.writer import Writer

from tests.benchmarks import car_shapes, plain_shapes
from tests.benchmarks.shapes import Shapes

SHAPES = {"car": car_shapes.SHAPES, "plain": plain_shapes.SHAPES}
SEED = 2026
STARTED_NS = 1_776_522_720_000_000_000
_SECONDS_AT_ONCE = 20
_VERSION = 2


def generated_log(shapes: str, messages: int) -> Path:
    """The path of a log with at least so many messages; made once and kept in the temporary directory."""
    folder = Path(tempfile.gettempdir()) / "paddock-benchmark"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{shapes}-{_VERSION}-{messages}.mcap"
    if not path.exists():
        aside = path.with_suffix(".part")
        with aside.open("wb") as file:
            _write(file, SHAPES[shapes], messages)
        aside.rename(path)
    return path


def _write(file: Any, shapes: Shapes, messages: int) -> None:
    writer = Writer(file)
    writer.start()
    writer.add_metadata("setup", {"driver": "Ada", "carName": "HT09", "trackName": "Michigan"})
    topics = shapes.all_topics()
    schemas = {
        name: writer.register_schema("lap", "jsonschema", b'{"type": "object"}')
        if name == "json"
        else writer.register_schema(f"car.{name}", "protobuf", shapes.schema)
        for name, _, _ in shapes.topics
    }
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
            payloads.extend(shapes.payloads(topic, times[-1], random))
        time, channel = np.concatenate(times), np.concatenate(which)
        for row in np.argsort(time, kind="stable")[: messages - written].tolist():
            writer.add_message(channels[channel[row]], int(time[row]), payloads[row], int(time[row]), written)
            written += 1
        second += _SECONDS_AT_ONCE
    writer.finish()
