"""MCAP from columns: the official reader and our own find every value in it."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from google.protobuf.message import Message
from mcap.reader import make_reader
from mcap_protobuf.decoder import DecoderFactory

from paddock.columns.columns import Columns, FileFacts
from paddock.columns.protobuf_messages import Encoder
from paddock.columns.spool import SpooledColumns
from paddock.domain.export import ExportRequest
from paddock.errors import Rejected
from paddock.formats.contained import write_contained
from paddock.formats.mcap import FORMAT, write
from paddock.formats.registry import RunInfo
from paddock.readers.registry import spool_log
from tests.formats.builders import START_NS, MemoryColumns, Topic, every_kind, struct_type
from tests.formats.matrix import log


def made(columns: Columns, folder: Path, **request: Any) -> bytes:
    target = folder / "made.mcap"
    write(columns, ExportRequest("mcap", **request), RunInfo(), target, lambda _: None)
    return target.read_bytes()


def read_again(mcap: bytes, folder: Path) -> SpooledColumns:
    return spool_log(io.BytesIO(mcap), folder)


def official(mcap: bytes) -> Iterator[tuple[str, int, int, int, Any]]:
    reader = make_reader(io.BytesIO(mcap), decoder_factories=[DecoderFactory()], validate_crcs=True)
    for _, channel, message, decoded in reader.iter_decoded_messages():
        yield channel.topic, message.log_time, message.publish_time, message.sequence, decoded


def value_in(message: Message, number: int, kind: pa.DataType) -> Any:
    """A field of an official message as Arrow's Python value of this type would be."""
    field = message.DESCRIPTOR.fields_by_number[number]
    found = getattr(message, field.name)
    if pa.types.is_map(kind):
        if field.message_type.GetOptions().map_entry:
            return sorted(found.items())
        return [(value_in(each, 1, kind.key_type), value_in(each, 2, kind.item_type)) for each in found]
    if pa.types.is_list(kind):
        return [single(each, kind.value_type) for each in found]
    if field.has_presence and not message.HasField(field.name):
        return None
    return single(found, kind)


def single(found: Any, kind: pa.DataType) -> Any:
    if pa.types.is_struct(kind):
        return {kind.field(i).name: value_in(found, i + 1, kind.field(i).type) for i in range(kind.num_fields)}
    if pa.types.is_list(kind):
        return [single(each, kind.value_type) for each in found.items]
    if pa.types.is_timestamp(kind):
        return found.seconds * 10**9 + found.nanos
    return found.seconds * 10**9 + found.nanos if pa.types.is_duration(kind) else found


def plain(value: Any, kind: pa.DataType) -> Any:
    """Arrow's scalar as ``value_in`` has it; a missing list is an empty one."""
    if pa.types.is_list(kind):
        return [plain(each, kind.value_type) for each in value.values] if value.is_valid else []
    if pa.types.is_map(kind):
        return sorted(value.as_py() or [])
    if not value.is_valid:
        return None
    if pa.types.is_struct(kind):
        return {name: plain(value[name], kind.field(name).type) for name in value}
    return value.value if pa.types.is_timestamp(kind) or pa.types.is_duration(kind) else value.as_py()


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return (math.isnan(one) and math.isnan(other)) or one == other
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def rows_of(columns: Columns) -> dict[str, list[tuple[int, int, int, Any]]]:
    found: dict[str, list[tuple[int, int, int, Any]]] = {}
    for channel in columns.channels:
        for batch in columns.read(channel):
            times = zip(batch.log_time.tolist(), batch.publish_time.tolist(), batch.sequence.tolist(), strict=True)
            rows = found.setdefault(channel.topic, [])
            rows += [
                (*each, plain(value, channel.fields)) for each, value in zip(times, batch.messages, strict=True)
            ]
    return found


WHOLE = [every_kind(), Topic("gear", struct_type(n=pa.int32()), [{"n": 1}], enums={"n": {1: "first"}})]


def test_the_official_reader_finds_every_value(tmp_path: Path) -> None:
    columns = MemoryColumns(WHOLE)
    kinds = {channel.topic: channel.fields for channel in columns.channels}
    found: dict[str, list[Any]] = {}
    for topic, *times, message in official(made(columns, tmp_path)):
        found.setdefault(topic, []).append((*times, single(message, kinds[topic])))
    wanted = rows_of(columns)
    assert found.keys() == wanted.keys()
    for topic, rows in wanted.items():
        for got, row in zip(found[topic], rows, strict=True):
            assert same(list(got), list(row)), (topic, got, row)


def test_our_own_reader_gives_the_same_columns(tmp_path: Path) -> None:
    columns = MemoryColumns(WHOLE)
    with read_again(made(columns, tmp_path), tmp_path) as again:
        assert again.summary.loss.health == "intact"
        assert not again.summary.needs_viewer_copy
        assert (again.summary.started_ns, again.summary.ended_ns) == (
            columns.summary.started_ns,
            columns.summary.ended_ns,
        )
        wanted = {channel.topic: channel for channel in columns.channels}
        for channel in again.channels:
            told = wanted[channel.topic]
            assert channel.schema_name == told.schema_name
            assert [field.name for field in channel.fields] == [field.name for field in told.fields]
            for path, names in told.enums.items():
                assert names.items() <= channel.enums[path].items()
        for topic, rows in rows_of(columns).items():
            got = rows_of(again)[topic]
            assert len(got) == len(rows)
            for one, other in zip(got, rows, strict=True):
                assert same(one[:3], other[:3])
                for name, value in other[3].items():
                    if name == "table":  # Some of its values are missing: it comes back as a list of entries.
                        continue
                    assert same(one[3][name], value), (topic, name, one[3][name], value)


def test_every_topic_of_the_matrix_comes_back(tmp_path: Path) -> None:
    columns = log()
    with read_again(made(columns, tmp_path), tmp_path) as again:
        counts = {channel.topic: columns.rows(channel) for channel in columns.channels}
        assert {channel.topic: again.rows(channel) for channel in again.channels} == counts


def test_messages_lie_in_order_of_time_over_all_topics(tmp_path: Path) -> None:
    late = Topic("late", struct_type(n=pa.int64()), [{"n": i} for i in range(500)], range(0, 500_000, 1_000))
    early = Topic("early", struct_type(n=pa.int64()), [{"n": i} for i in range(500)], range(500, 500_500, 1_000))
    times = [each[1] for each in official(made(MemoryColumns([late, early], 7), tmp_path))]
    assert len(times) == 1_000 and times == sorted(times)


def test_a_slice_has_whole_topics_of_its_span(tmp_path: Path) -> None:
    kind = struct_type(n=pa.int64(), m=pa.int64())
    topics = [Topic(name, kind, [{"n": i, "m": -i} for i in range(9)]) for name in "ab"]
    mcap = made(MemoryColumns(topics), tmp_path, signals=("a.n",), start_s=0.02, end_s=0.05)
    found = list(official(mcap))
    assert [(topic, message.n, message.m) for topic, *_, message in found] == [("a", i, -i) for i in (2, 3, 4)]
    assert found[0][1] == START_NS + 20_000_000


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"rate_hz": 10}, "bad_rate"),
        ({"signals": ("nothing.*",)}, "no_such_signal"),
        ({"start_s": 1e6}, "bad_span"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, request_: dict[str, Any], code: str) -> None:
    with pytest.raises(Rejected) as refused:
        made(MemoryColumns(WHOLE), tmp_path, **request_)
    assert refused.value.code == code


def test_metadata_records_and_the_recorder_come_along(tmp_path: Path) -> None:
    facts = FileFacts(said={"library": "logger 3"})
    columns = MemoryColumns(WHOLE, metadata=(("setup", {"driver": "Ada"}),), facts=facts)
    with read_again(made(columns, tmp_path), tmp_path) as again:
        assert again.summary.metadata == (("setup", {"driver": "Ada"}),)
        assert again.summary.facts.said["library"] == "paddock, from logger 3"


def test_names_that_protobuf_has_not_are_mended(tmp_path: Path) -> None:
    fields = pa.struct(
        [("speed km/h", pa.float64()), ("speed_km_h", pa.int64()), ("1st", pa.bool_()), ("ä", pa.string())]
    )
    topic = Topic(
        "odd names.2", fields, [{"speed km/h": 1.5, "speed_km_h": 2, "1st": True, "ä": "x"}], schema_name=""
    )
    ((found, *_, message),) = official(made(MemoryColumns([topic]), tmp_path))
    assert found == "odd names.2"
    assert (message.speed_km_h, message.speed_km_h_2, message._1st, message._) == (1.5, 2, True, "x")


def test_an_enum_keeps_its_names_and_numbers_beyond_them(tmp_path: Path) -> None:
    topic = Topic(
        "box",
        struct_type(gear=pa.int32(), other=pa.int32()),
        [{"gear": 2, "other": 2}, {"gear": -1, "other": 0}, {"gear": 99, "other": 2}],
        enums={"gear": {-1: "reverse", 2: "2nd gear"}, "other": {0: "reverse", 2: "GearEnum"}},
    )
    mcap = made(MemoryColumns([topic]), tmp_path)
    messages = [message for *_, message in official(mcap)]
    assert [message.gear for message in messages] == [2, -1, 99]
    values = messages[0].DESCRIPTOR.fields_by_name["gear"].enum_type.values_by_number
    assert {number: value.name for number, value in values.items()} == {
        0: "UNNAMED_0",
        -1: "reverse",
        2: "_2nd_gear",
    }
    with read_again(mcap, tmp_path) as again:
        assert again.channels[0].enums["other"] == {0: "reverse", 2: "GearEnum"}


def test_lists_in_lists_and_messages_without_fields(tmp_path: Path) -> None:
    kind = struct_type(grid=pa.list_(pa.list_(pa.int32())), nothing=pa.struct([]), n=pa.int64())
    rows = [{"grid": [[1, 2], [], [3]], "nothing": {}, "n": 1}, {"grid": [], "nothing": None, "n": 2}]
    columns = MemoryColumns([Topic("grid", kind, rows), Topic("empty", pa.struct([]), [{}, {}])])
    messages = {
        topic: message
        for topic, *_, message in official(made(columns, tmp_path))
        if topic == "empty" or message.n == 1
    }
    assert [list(row.items) for row in messages["grid"].grid] == [[1, 2], [], [3]]
    assert messages["grid"].HasField("nothing")
    assert "empty" in messages


def test_a_message_without_fields_is_there_in_every_row_or_in_some(tmp_path: Path) -> None:
    kind = struct_type(always=pa.struct([]), sometimes=pa.struct([]), several=pa.list_(pa.struct([])))
    rows = [{"always": {}, "sometimes": {} if n % 2 else None, "several": [{}] * n} for n in range(4)]
    columns = MemoryColumns([Topic("ready", kind, rows)])
    found = [message for *_, message in official(made(columns, tmp_path))]
    assert [message.HasField("always") for message in found] == [True] * 4
    assert [message.HasField("sometimes") for message in found] == [False, True, False, True]
    assert [len(message.several) for message in found] == [0, 1, 2, 3]


def test_a_topic_that_protobuf_cannot_say_is_left_out_and_named(tmp_path: Path) -> None:
    gap = Topic("gap", struct_type(cells=pa.list_(pa.int32())), [{"cells": [1, None]}])
    strange = Topic("strange", struct_type(price=pa.decimal128(5, 2)), [{"price": None}])
    columns = MemoryColumns([every_kind(), gap, strange])
    target = tmp_path / "made.mcap"
    said = write_contained(write, columns, ExportRequest("mcap"), RunInfo(), target, lambda _: None)
    assert sorted(sentence.split(" ")[0] for sentence in said) == ["gap", "strange"]
    assert {topic for topic, *_ in official(target.read_bytes())} == {"/every.kind"}


def test_a_map_without_missing_values_stays_one(tmp_path: Path) -> None:
    kind = pa.map_(pa.string(), pa.field("value", pa.int64(), nullable=False))
    topic = Topic("laps", struct_type(by_driver=kind), [{"by_driver": {"Ada": 3}}, {"by_driver": None}])
    mcap = made(MemoryColumns([topic]), tmp_path)
    assert [dict(message.by_driver) for *_, message in official(mcap)] == [{"Ada": 3}, {}]
    with read_again(mcap, tmp_path) as again:
        assert pa.types.is_map(again.channels[0].fields.field("by_driver").type)


def test_a_missing_number_in_a_list_is_nan(tmp_path: Path) -> None:
    topic = Topic("cells", struct_type(v=pa.list_(pa.float32())), [{"v": [1.0, None]}, {"v": None}])
    first, second = (list(message.v) for *_, message in official(made(MemoryColumns([topic]), tmp_path)))
    assert first[0] == 1.0 and math.isnan(first[1]) and second == []


def test_slices_of_arrays_are_encoded_as_they_are(tmp_path: Path) -> None:
    """A batch may be a part of larger arrays, with missing values before it."""
    topic = every_kind()
    whole = pa.array(topic.rows, topic.fields)
    encoder = Encoder(MemoryColumns([topic]).channels[0])
    parts = [payload for at in range(5) for payload in encoder.encode(whole[at : at + 1]).to_pylist()]
    assert parts == encoder.encode(whole).to_pylist()


def test_it_is_the_format_that_keeps_mcap_logs_as_they_are() -> None:
    assert FORMAT.keeps("mcap") and not FORMAT.keeps("csv")
