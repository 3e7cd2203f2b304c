from __future__ import annotations

import pyarrow as pa
import pytest

from paddock.columns.columns import Columns
from paddock.columns.selection import select
from paddock.domain.export import ExportRequest
from paddock.errors import Rejected
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


@pytest.fixture
def lists() -> MemoryColumns:
    pack = pa.struct([("volts", pa.list_(pa.float32())), ("modes", pa.list_(pa.int32()))])
    fields = struct_type(pack=pack, names=pa.list_(pa.string()), odd=pa.list_(GPS))
    rows = [{"pack": {"volts": [3.5 + i / 10 for i in range(12)], "modes": [n] * (n % 4)}} for n in range(10)]
    rows[5]["pack"] = None
    for row in rows:
        row |= {"names": ["a", None], "odd": []}
    twins = struct_type(**{"a": pa.list_(pa.int8()), "a[0]": pa.string()})
    return MemoryColumns(
        [
            Topic("ACU", fields, rows, enums={"pack.modes": {1: "ON"}}),
            Topic("twins", twins, [{"a": [7], "a[0]": "its own"}]),
            Topic("silent", fields, []),
        ]
    )


def test_an_element_of_a_list_is_taken_by_its_name(lists: MemoryColumns) -> None:
    columns = select(lists, ExportRequest(signals=("ACU.pack.volts[11]", "ACU.pack.modes[1]", "ACU.names[1]")))
    (channel,) = columns.channels
    pack = pa.struct([("volts[11]", pa.float32()), ("modes[1]", pa.int32())])
    assert channel.fields == struct_type(**{"pack": pack, "names[1]": pa.string()})
    assert channel.enums == {"pack.modes": {1: "ON"}, "pack.modes[1]": {1: "ON"}}
    rows = pa.concat_arrays([batch.messages for batch in columns.read(channel)]).to_pylist()
    assert rows[3] == {"pack": {"volts[11]": pytest.approx(4.6), "modes[1]": 3}, "names[1]": None}
    assert rows[4]["pack"]["modes[1]"] is None, "a list without elements"
    assert rows[5] == {"pack": None, "names[1]": None}
    (names,) = (batch.messages for batch in columns.read(channel, ("names[1]",)) if batch.log_time[0] == START_NS)
    assert names.to_pylist() == [{"names[1]": None}] * 3


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (("ACU.pack.volts[*]",), ["volts"]),
        (("*.volts[1?]",), ["volts[10]", "volts[11]"]),
        (("*.volts[1*]", "*.volts[2]"), ["volts[1]", "volts[2]", "volts[10]", "volts[11]"]),
        (("ACU.pack.volts", "ACU.pack.volts[3]"), ["volts"]),
        (("pack.volts[3]",), ["volts[3]"]),
    ],
)
def test_patterns_take_elements(lists: MemoryColumns, patterns: tuple[str, ...], expected: list[str]) -> None:
    columns = select(lists, ExportRequest(signals=patterns))
    found = {channel.topic: channel.fields.field("pack").type for channel in columns.channels}
    assert [field.name for field in found["ACU"]] == expected


def test_a_field_goes_before_the_element_that_is_called_like_it(lists: MemoryColumns) -> None:
    columns = select(lists, ExportRequest(signals=("twins.a[0]",)))
    (channel,) = columns.channels
    assert [batch.messages.to_pylist() for batch in columns.read(channel)] == [[{"a[0]": "its own"}]]


def test_a_silent_topic_has_every_element(lists: MemoryColumns) -> None:
    assert shape(select(lists, ExportRequest(signals=("silent.names[70]",)))) == {"silent": ["names[70]"]}


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("ACU.pack.volts[12]", "ACU.pack.volts has the elements 0 to 11"),
        ("ACU.odd[0]", "No topic or signal"),
        ("ACU.pack.volt", "Did you mean ACU.pack.volts"),
        ("volt", "Did you mean ACU.pack.volts"),
    ],
)
def test_an_element_that_is_not_there(lists: MemoryColumns, pattern: str, said: str) -> None:
    with pytest.raises(Rejected) as caught:
        select(lists, ExportRequest(signals=(pattern,)))
    assert said in caught.value.message


def test_elements_of_a_list_without_end_are_not_taken_one_by_one() -> None:
    columns = MemoryColumns([Topic("lidar", struct_type(ranges=pa.list_(pa.int8())), [{"ranges": [0] * 100_000}])])
    with pytest.raises(Rejected, match="100,000 elements"):
        select(columns, ExportRequest(signals=("lidar.ranges[1*]",)))
    assert shape(select(columns, ExportRequest(signals=("lidar.ranges[99999]",)))) == {"lidar": ["ranges[99999]"]}
    assert shape(select(columns, ExportRequest(signals=("lidar.ranges[*]",)))) == {"lidar": ["ranges"]}


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
