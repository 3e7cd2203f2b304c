"""Every format × layout × rate × selection × span, and what its file has to hold."""

from __future__ import annotations

import dataclasses
import itertools
import math
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa

from paddock.columns.arrow_numpy import (
    pick,
)
from paddock.columns.columns import Columns
from paddock.columns.raster import requested
from paddock.columns.signals import leaves
from paddock.domain.export import ExportRequest
from paddock.formats.registry import RunInfo, find_format
from tests.formats.builders import MemoryColumns, Topic, every_kind, struct_type

RATES: list[dict[str, Any]] = [{}, {"rate_hz": 100}, {"rate_hz": 100, "interpolation": "linear"}]
SELECTIONS = [
    (),
    ("/every.kind",),
    ("every.kind.inner.*", "late.deep"),
    ("every.kind.cells[1]", "one", "late.many[*]"),
]
SPANS: list[dict[str, float]] = [{}, {"start_s": 0.02}, {"end_s": 0.03}, {"start_s": 0.015, "end_s": 0.035}]
REQUESTS = [
    {**rate, **({"signals": signals} if signals else {}), **span}
    for rate, signals, span in itertools.product(RATES, SELECTIONS, SPANS)
]


def log() -> MemoryColumns:
    """All kinds of fields, gaps, silence, equal names, and types that say that nothing is ever missing."""
    strict = pa.struct([pa.field("FL", pa.float32(), False), pa.field("on", pa.bool_(), False)])
    late = pa.struct(
        [
            pa.field("deep", strict, False),
            pa.field("big", pa.uint64(), False),
            pa.field("small", pa.int8(), False),
            pa.field("many", pa.list_(pa.int16()), False),
            pa.field("when", pa.timestamp("ns"), False),
        ]
    )
    rows = [
        {
            "deep": {"FL": i / 4, "on": i % 2 == 0},
            "big": 2**64 - 1 - i,
            "small": -i,
            "many": [i, i + 1],
            "when": 1_745_000_000_000_000_000 + i,
        }
        for i in range(3)
    ]
    same = pa.struct([("a.b", pa.int32()), ("a", pa.struct([("b", pa.int32())])), ("t", pa.string())])
    kinds = every_kind()
    # scipy garbles characters outside the BMP in MAT v5 (see mat5.py); test_mat73.py and test_octave.py have them.
    texts = [{**row, "text": row["text"].replace("😀", "°C")} for row in kinds.rows if row]
    return MemoryColumns(
        [
            dataclasses.replace(kinds, rows=texts),
            Topic("late", late, rows, times_ns=[25_000_000, 31_000_000, 42_000_000]),
            Topic("one", struct_type(x=pa.float64(), note=pa.string()), [{"x": 1.5, "note": "é"}]),
            Topic("silent", struct_type(x=pa.float64()), []),
            Topic("same", same, [{"a.b": 1, "a": {"b": 2}, "t": "x"}, {"a.b": 3, "a": None, "t": None}]),
            Topic("twice", struct_type(x=pa.int32()), [{"x": 1}], schema_name="one"),
            Topic("twice", struct_type(x=pa.string()), [{"x": "y"}] * 2, schema_name="two"),
        ],
        batch_rows=2,
    )


Signals = dict[tuple[str, tuple[str, ...]], tuple[pa.DataType, pa.Array]]


def expected(columns: Columns) -> dict[str, tuple[list[int], Signals]]:
    """By slug: the times, and the values of every field."""
    found = {}
    for channel in columns.channels:
        if not columns.rows(channel):
            continue
        batches = list(columns.read(channel))
        rows = pa.concat_arrays([batch.messages for batch in batches])
        times = [int(time) for batch in batches for time in batch.log_time]
        signals = {(channel.topic, path): (kind, pick(rows, path)) for path, kind in leaves(channel.fields)}
        found[channel.slug] = (times, signals)
    return found


def write(form: str, request: dict[str, Any], target: Path) -> tuple[Columns, dict[str, tuple[list[int], Signals]]]:
    columns = log()
    asked = ExportRequest(format=form, **request)
    writer = find_format(form).write
    assert writer is not None
    writer(columns, asked, RunInfo(), target, lambda _: None)
    taken = requested(columns, asked)
    return taken, expected(taken)


def plain(value: Any) -> Any:
    """Values that say the same are the same: NaN and null, a map and its entries."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, list):
        if value and all(isinstance(each, dict) and set(each) == {"key", "value"} for each in value):
            return {plain(str(each["key"])): plain(each["value"]) for each in value}
        return [plain(each) for each in value]
    return {name: plain(each) for name, each in value.items()} if isinstance(value, dict) else value


def whole(target: Path) -> list[bytes]:
    """The file, or those in the zip."""
    if not zipfile.is_zipfile(target):
        return [target.read_bytes()]
    with zipfile.ZipFile(target) as archive:
        return [archive.read(name) for name in archive.namelist()]
