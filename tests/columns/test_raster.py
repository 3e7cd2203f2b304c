from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.columns.columns import Columns
from paddock.columns.raster import requested
from paddock.domain.export import ExportRequest
from paddock.errors import Rejected
from tests.columns.plain_rows import plain_rows
from tests.formats.builders import START_NS, MemoryColumns, Topic, every_kind, struct_type

MS = 1_000_000


def column(columns: Columns, topic: str, name: str) -> list[Any]:
    channel = next(channel for channel in columns.channels if channel.topic == topic)
    batches = list(columns.read(channel))
    assert sum(len(batch) for batch in batches) == columns.rows(channel)
    return [row[name] if row else None for batch in batches for row in batch.messages.to_pylist()]


def axis(columns: Columns) -> list[int]:
    channel = next(channel for channel in columns.channels if columns.rows(channel))
    return [time - START_NS for batch in columns.read(channel, ()) for time in batch.log_time.tolist()]


@pytest.fixture
def log() -> MemoryColumns:
    fields = struct_type(f=pa.float32(), i=pa.int32(), s=pa.string(), o=pa.float64())
    rows = [{"f": 10.0 * i, "i": i, "s": f"s{i}", "o": None if i == 1 else float(i)} for i in range(4)]
    return MemoryColumns(
        [
            Topic("slow", fields, rows, times_ns=[15 * MS, 25 * MS, 25 * MS, 45 * MS]),
            Topic("long", struct_type(x=pa.int8()), [{"x": 1}, {"x": 2}], times_ns=[0, 62 * MS]),
            Topic("silent", struct_type(x=pa.int8()), []),
        ]
    )


def test_hold_is_the_last_message_and_nothing_before_the_first(log: MemoryColumns) -> None:
    columns = requested(log, ExportRequest(rate_hz=100))
    assert axis(columns) == [0, 10 * MS, 20 * MS, 30 * MS, 40 * MS, 50 * MS, 60 * MS]
    assert column(columns, "slow", "i") == [None, None, 0, 2, 2, 3, 3]
    assert column(columns, "slow", "s") == [None, None, "s0", "s2", "s2", "s3", "s3"]
    assert column(columns, "slow", "f") == [None, None, 0, 20, 20, 30, 30]
    assert column(columns, "long", "x") == [1, 1, 1, 1, 1, 1, 1]
    assert column(columns, "silent", "x") == []


def test_linear_lies_between_messages_for_floats_alone(log: MemoryColumns) -> None:
    columns = requested(log, ExportRequest(rate_hz=100, interpolation="linear"))
    assert column(columns, "slow", "f") == [None, None, 5, 22.5, 27.5, 30, 30]
    assert column(columns, "slow", "i") == [None, None, 0, 2, 2, 3, 3]
    assert column(columns, "slow", "o") == [None, None, None, 2.25, 2.75, 3, 3]


def test_every_kind_of_field_has_rows_before_its_first_message() -> None:
    early = Topic("early", struct_type(x=pa.int8()), [{"x": 1}], times_ns=[-25 * MS])
    columns = requested(MemoryColumns([every_kind(), early]), ExportRequest(rate_hz=100, interpolation="linear"))
    for field in every_kind().fields:
        batches = columns.read(columns.channels[0])
        values = [value for batch in batches for value in plain_rows(batch.messages.field(field.name))]
        assert values[:3] == [None, None, None], field.name


def test_the_axis_begins_with_the_span(log: MemoryColumns) -> None:
    columns = requested(log, ExportRequest(rate_hz=100, start_s=0.022, end_s=0.05))
    assert axis(columns) == [22 * MS, 32 * MS, 42 * MS]
    assert column(columns, "slow", "i") == [None, 2, 2]


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_rates_that_make_no_sense(log: MemoryColumns, rate: float) -> None:
    with pytest.raises(Rejected):
        requested(log, ExportRequest(rate_hz=rate))


def test_a_clock_that_jumped_decades_is_refused() -> None:
    log = MemoryColumns([Topic("a", struct_type(x=pa.int8()), [{"x": 1}] * 2, times_ns=[-START_NS, 0])])
    with pytest.raises(Rejected, match="rows"):
        requested(log, ExportRequest(rate_hz=100))


times = st.lists(st.integers(0, 200), min_size=1, max_size=30).map(sorted)


@settings(deadline=None)
@given(times, st.sampled_from([7.0, 100.0, 333.0, 1000.0]), st.integers(1, 5))
def test_batches_do_not_change_the_raster(stamps: list[int], rate: float, batch_rows: int) -> None:
    fields = struct_type(f=pa.float64(), i=pa.int64())
    rows = [{"f": float(i), "i": i} for i in range(len(stamps))]
    topics = [
        Topic("a", fields, rows, times_ns=[stamp * MS for stamp in stamps]),
        Topic("b", fields, rows[:1], times_ns=[0]),
    ]
    request = ExportRequest(rate_hz=rate, interpolation="linear")
    columns = requested(MemoryColumns(topics, batch_rows=batch_rows), request)
    whole = requested(MemoryColumns(topics, batch_rows=1_000), request)
    assert column(columns, "a", "f") == pytest.approx(column(whole, "a", "f"), nan_ok=True)
    expected = [
        max((i for i, stamp in enumerate(stamps) if stamp * MS <= instant), default=None)
        for instant in axis(columns)
    ]
    assert column(columns, "a", "i") == expected
