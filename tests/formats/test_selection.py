from __future__ import annotations

import pyarrow as pa
import pytest

from paddock.domain.export import ExportRequest
from paddock.errors import Rejected
from paddock.formats.selection import select
from paddock.mcap.columns import Columns
from tests.formats.builders import START_NS, MemoryColumns, Topic, struct_type

GPS = pa.struct([("lat", pa.float64()), ("lon", pa.float64())])
S = 1_000_000_000


@pytest.fixture
def log() -> MemoryColumns:
    ins = struct_type(gps=GPS, speed=pa.float32(), status=pa.int32())
    rows = [{"gps": {"lat": i, "lon": -i}, "speed": i, "status": i} for i in range(10)]
    rows[4]["gps"] = None
    return MemoryColumns(
        [
            Topic("INS", ins, rows, times_ns=[i * S for i in range(10)]),
            Topic("/odd[1]*", struct_type(x=pa.int8()), [{"x": 1}]),
            Topic("silent", struct_type(x=pa.int8()), []),
        ]
    )


def shape(columns: Columns) -> dict[str, list[str]]:
    return {channel.topic: [field.name for field in channel.fields] for channel in columns.channels}


def test_nothing_asked_is_everything_untouched(log: MemoryColumns) -> None:
    assert select(log, ExportRequest()) is log


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        (("INS",), {"INS": ["gps", "speed", "status"]}),
        (("INS.speed",), {"INS": ["speed"]}),
        (("INS.s*",), {"INS": ["speed", "status"]}),
        (("INS.gps",), {"INS": ["gps"]}),
        (("*.lat",), {"INS": ["gps"]}),
        (("/odd[1]*",), {"/odd[1]*": ["x"]}),
        (("odd[1]*.x", "silent"), {"/odd[1]*": ["x"], "silent": ["x"]}),
        (("*",), {"INS": ["gps", "speed", "status"], "/odd[1]*": ["x"], "silent": ["x"]}),
    ],
)
def test_globs_take_topics_messages_and_signals(
    log: MemoryColumns, globs: tuple[str, ...], expected: dict[str, list[str]]
) -> None:
    assert shape(select(log, ExportRequest(signals=globs))) == expected


def test_part_of_a_nested_message(log: MemoryColumns) -> None:
    columns = select(log, ExportRequest(signals=("INS.gps.lon",)))
    (channel,) = columns.channels
    assert channel.fields == struct_type(gps=pa.struct([("lon", pa.float64())]))
    rows = pa.concat_arrays([batch.messages for batch in columns.read(channel)]).to_pylist()
    assert rows[3] == {"gps": {"lon": -3.0}}
    assert rows[4] == {"gps": None}


def test_a_glob_without_a_match_is_named_with_what_is_close(log: MemoryColumns) -> None:
    with pytest.raises(Rejected) as caught:
        select(log, ExportRequest(signals=("INS.*", "INS.sped")))
    assert "'INS.sped'" in caught.value.message
    assert "INS.speed" in caught.value.message


@pytest.mark.parametrize(
    "span",
    [
        {"start_ns": START_NS + 2 * S, "end_ns": START_NS + 5 * S},
        {"start_s": 2.0, "end_s": 5.0},
        {"start_s": 1.000000001, "end_s": 4.000000001},
    ],
)
def test_a_span_takes_its_start_and_leaves_its_end(log: MemoryColumns, span: dict[str, float]) -> None:
    columns = select(log, ExportRequest(signals=("INS",), **span))
    (channel,) = columns.channels
    times = [time for batch in columns.read(channel, ()) for time in batch.log_time.tolist()]
    assert times == [START_NS + i * S for i in (2, 3, 4)]
    assert columns.rows(channel) == columns.summary.message_count == 3
    assert columns.summary.started_ns == START_NS
    assert columns.summary.channels[0].rate_hz == 1.0
    assert columns.summary.channels[0].largest_gap_ns == S


def test_an_open_span(log: MemoryColumns) -> None:
    columns = select(log, ExportRequest(start_s=8))
    assert [columns.rows(channel) for channel in columns.channels] == [0, 2, 0]


@pytest.mark.parametrize(
    "span",
    [
        {"start_ns": START_NS, "end_s": 3.0},
        {"start_s": 3.0, "end_s": 3.0},
        {"start_s": 3.0, "end_s": 2.0},
        {"start_s": 10.0},
        {"end_s": 0.0},
        {"start_s": float("nan")},
        {"end_s": float("inf")},
    ],
)
def test_spans_that_make_no_sense(log: MemoryColumns, span: dict[str, float]) -> None:
    with pytest.raises(Rejected):
        select(log, ExportRequest(**span))
