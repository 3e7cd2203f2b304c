"""Inputs of the format tests: whole logs as columns, in memory."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from paddock.columns.columns import ColumnBatch, ColumnChannel, Columns, LogSummary
from paddock.columns.parquet_footer import read_footer
from paddock.columns.stored import StoredColumns
from paddock.columns.stored_channel import Footer
from paddock.domain.keys import channel_slug
from paddock.domain.recording import ChannelSummary, LossReport
from paddock.formats.parquet import write_channel

START_NS = 1_745_000_000_000_000_000


@dataclass(frozen=True)
class Topic:
    """One channel to be: ``rows`` as Python values, message by message."""

    name: str
    fields: pa.StructType
    rows: Sequence[Mapping[str, Any] | None]
    times_ns: Sequence[int] | None = None
    """Since ``START_NS``; one every 10 ms when not given."""
    enums: dict[str, dict[int, str]] = field(default_factory=dict)
    schema_name: str = "test.Message"


class MemoryColumns:
    """``Columns`` over Arrow arrays in memory, handed out in batches of ``batch_rows``."""

    def __init__(self, topics: Sequence[Topic], batch_rows: int = 3, **summary: Any) -> None:
        self.batch_rows = batch_rows
        self._topics = list(topics)
        self.reads: list[tuple[str, tuple[str, ...] | None]] = []
        self._data: dict[ColumnChannel, tuple[np.ndarray, pa.StructArray]] = {}
        channels = []
        for topic in topics:
            slug = channel_slug(topic.name, topic.schema_name, str(topic.fields).encode())
            channel = ColumnChannel(
                topic.name, slug, topic.schema_name, "protobuf", "protobuf", topic.fields, topic.enums
            )
            times = topic.times_ns
            relative = np.arange(len(topic.rows)) * 10_000_000 if times is None else np.array(times, np.int64)
            self._data[channel] = (relative.astype(np.int64) + START_NS, pa.array(topic.rows, topic.fields))
            channels.append(channel)
        self.channels: Sequence[ColumnChannel] = sorted(channels, key=lambda channel: (channel.topic, channel.slug))
        everything = [times for times, _ in self._data.values() if len(times)]
        self.summary = LogSummary(
            **{
                "started_ns": min((int(times.min()) for times in everything), default=None),
                "ended_ns": max((int(times.max()) for times in everything), default=None),
                "message_count": sum(len(times) for times in everything),
                "channels": tuple(self._channel_summary(channel) for channel in self.channels),
                "metadata": (),
                "loss": LossReport(),
                **summary,
            }
        )

    def _channel_summary(self, channel: ColumnChannel) -> ChannelSummary:
        times = self._data[channel][0]
        bounds = (int(times[0]), int(times[-1])) if len(times) else (None, None)
        return ChannelSummary(
            channel.topic, channel.slug, channel.schema_name, "protobuf", "protobuf", len(times), *bounds
        )

    def __repr__(self) -> str:
        return f"MemoryColumns({self._topics!r}, {self.batch_rows})"

    def rows(self, channel: ColumnChannel) -> int:
        return len(self._data[channel][0])

    def size_bytes(self, channel: ColumnChannel) -> int:
        times, messages = self._data[channel]
        return int(times.nbytes * 3 + messages.nbytes)

    def read(self, channel: ColumnChannel, fields: Sequence[str] | None = None) -> Iterator[ColumnBatch]:
        self.reads.append((channel.topic, None if fields is None else tuple(fields)))
        times, messages = self._data[channel]
        for row in range(0, len(times), self.batch_rows):
            part = messages[row : row + self.batch_rows]
            stamps = times[row : row + self.batch_rows]
            if fields is not None:
                part = only_fields(part, fields)
            yield ColumnBatch(channel, stamps, stamps + 5, np.arange(row, row + len(stamps), dtype=np.int64), part)


def only_fields(messages: pa.StructArray, names: Sequence[str]) -> pa.StructArray:
    """A StructArray with these fields only, also with none of them."""
    chosen = [messages.type.field(messages.type.get_field_index(name)) for name in names]
    if not chosen:
        return pa.array([{}] * len(messages), pa.struct([]))
    children = [messages.field(field.name) for field in chosen]
    mask = messages.is_null() if messages.null_count else None
    return pa.StructArray.from_arrays(children, fields=chosen, mask=mask)


def struct_type(**fields: pa.DataType) -> pa.StructType:
    """``pa.struct`` by keyword."""
    return pa.struct(list(fields.items()))


def every_kind(name: str = "/every.kind") -> Topic:
    """Five messages with a field of every kind that a log may have."""
    point = pa.struct([("a", pa.int32()), ("at", pa.timestamp("ns")), ("n", pa.float64())])
    fields = struct_type(
        f32=pa.float32(),
        f64=pa.float64(),
        i64=pa.int64(),
        u8=pa.uint8(),
        mode=pa.int32(),
        optional=pa.int32(),
        on=pa.bool_(),
        maybe=pa.bool_(),
        at=pa.timestamp("ns"),
        took=pa.duration("ns"),
        text=pa.string(),
        raw=pa.binary(),
        cells=pa.list_(pa.float32()),
        ragged=pa.list_(pa.int32()),
        names=pa.list_(pa.string()),
        points=pa.list_(point),
        table=pa.map_(pa.string(), pa.int32()),
        inner=pa.struct([("speed", pa.float64()), ("end", pa.string())]),
    )
    rows = [
        {
            "f32": [0.1, float("nan"), float("inf"), float("-inf"), 3.0][i],
            "f64": i / 3,
            "i64": [2**63 - 1, -(2**63), 0, 1, -1][i],
            "u8": [0, 255, 1, 2, 3][i],
            "mode": [0, 1, -1, 7, 0][i],
            "optional": None if i % 2 else i + 1,
            "on": i % 2 == 0,
            "maybe": None if i == 2 else i % 4 == 0,
            "at": 1_745_000_000_000_000_000 + i * 250_000_000,
            "took": i * 1_500_000_000,
            "text": ["hi", "", "grüß", "日本", "😀 and back"][i],
            "raw": b"\x00\xff" * i,
            "cells": [float(i), 2.0, 3.0],
            "ragged": list(range(i)),
            "names": ["a"] * (i % 3),
            "points": [{"a": i, "at": 1_745_000_000_000_000_000 + i, "n": float("nan")}],
            "table": {"k": i, "z": None},
            "inner": None if i == 2 else {"speed": float(i), "end": "x" * i},
        }
        for i in range(5)
    ]
    return Topic(name, fields, rows, enums={"mode": {0: "OFF", 1: "ON", -1: "FAULT"}})


def car_log(name: str) -> Path:
    """A real log, from ``PADDOCK_TEST_LOGS`` or beside the checkout; skips the test when there is none."""
    beside = Path(__file__).parents[2].parent / "shared" / "data" / "car-logs"
    path = Path(os.environ.get("PADDOCK_TEST_LOGS", beside)) / name
    if not path.exists():
        pytest.skip(f"{name} is not there: set PADDOCK_TEST_LOGS to the folder of the real logs")
    return path


def stored_again(
    columns: Columns,
    channels: Sequence[ColumnChannel] | None = None,
    fields: Mapping[str, Collection[str]] | None = None,
) -> StoredColumns:
    """The columns of all channels, or of these, as a conversion stores them."""
    files = {}
    for channel in columns.channels if channels is None else channels:
        file = io.BytesIO()
        write_channel(columns, channel, file)
        files[channel.slug] = file.getvalue()
    footers = [Footer(io.BytesIO(file), zlib.crc32(read_footer(io.BytesIO(file)))) for file in files.values()]
    return StoredColumns(footers, lambda slug: io.BytesIO(files[slug]), columns.summary, fields)
