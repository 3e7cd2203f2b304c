"""What a small log may cost: fields, columns and memory are counted before there are too many."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from paddock.columns import limits as limits_module
from paddock.columns.columns import LogSummary
from paddock.columns.limits import Limits, OverLimit, bytes_as, count_fields, default_memory_bytes
from paddock.columns.statistics import MAX_NAME
from paddock.readers.decoders.decoded import Decoded
from paddock.readers.decoders.json import JsonDecoder
from tests.readers.mcap.builders import LogBuilder, channel_named, rows_of, spool

pytestmark = pytest.mark.slow("thousands of fields")

MEGA = 1 << 20


def log_of(**topics: list[Any]) -> bytes:
    log = LogBuilder(chunk_size=MEGA)
    for topic, messages in topics.items():
        channel = log.channel(topic)
        for number, message in enumerate(messages):
            log.add(channel, number, message)
    return log.finish()


def everything(log: bytes, tmp_path: Path, **options: Any) -> tuple[dict[str, list[Any]], LogSummary]:
    with spool(log, tmp_path, **options) as columns:
        for channel in columns.channels:
            assert count_fields(channel.fields) <= limits_module.MAX_CHANNEL_FIELDS + 1
        return {each.topic: rows_of(columns, each.topic) for each in columns.channels}, columns.summary


def joined(row: dict[str, Any]) -> dict[str, Any]:
    """A message as it was, from its fields and the text of the others."""
    found = {key: value for key, value in row.items() if value is not None}
    return found | json.loads(found.pop("_others", "{}"))


@pytest.mark.parametrize("fields", [4_000, 4_001, 10_000])
def test_a_channel_has_so_many_fields_and_the_rest_as_text(tmp_path: Path, fields: int) -> None:
    message = {f"k{number}": number for number in range(fields)}
    rows, summary = everything(log_of(t=[message, message], good=[{"a": 1}]), tmp_path)
    assert [joined(row) for row in rows["t"]] == [message, message]
    assert len(summary.signals) == min(fields, 4_000) + 1 + (fields > 4_000)
    said = ("t has too many fields, the rest is text in _others.",) if fields > 4_000 else ()
    assert summary.notices == said
    assert rows["good"] == [{"a": 1}]


def test_a_log_has_so_many_fields(tmp_path: Path) -> None:
    message = {f"k{number}": {"x": number} for number in range(1_500)}
    rows, summary = everything(log_of(**{f"t{number}": [message] for number in range(8)}), tmp_path)
    assert all([joined(row) for row in rows[topic]] != [] for topic in rows)
    assert len(summary.signals) <= limits_module.MAX_LOG_FIELDS + len(rows)
    assert rows["t0"] == [message]
    assert json.loads(rows["t7"][0]["_others"]) == message


@pytest.mark.parametrize("plain", [0, 3_000])
def test_messages_that_each_have_another_key_do_not_make_a_column_of_each(tmp_path: Path, plain: int) -> None:
    messages = [*({"a": 1} for _ in range(plain)), *({f"k{number}": number} for number in range(2_000))]
    rows, summary = everything(log_of(t=messages), tmp_path)
    assert [joined(row) for row in rows["t"]] == messages
    columns = len(rows["t"][0])
    assert 250 < columns < 1_300 and len(messages) * columns < 8 * MEGA
    assert "t has too many fields, the rest is text in _others." in summary.notices


def test_messages_that_have_many_of_many_fields_have_a_column_of_each(tmp_path: Path) -> None:
    messages = [{f"f{kind}_{number}": 0.5 for number in range(100)} for kind in range(20) for _ in range(10)]
    with spool(log_of(t=messages), tmp_path) as columns:
        assert channel_named(columns, "t").fields.num_fields == 2_000
        assert not columns.summary.notices


@pytest.mark.parametrize("nested", [False, True])
def test_a_list_whose_items_have_little_in_common_is_text(tmp_path: Path, nested: bool) -> None:
    items = [{f"k{number}": {"x": number} if nested else number} for number in range(2_000)]
    rows, summary = everything(log_of(t=[{"a": items, "b": [{"x": 1}, {"y": 2}]}]), tmp_path)
    assert json.loads(rows["t"][0]["a"]) == items
    assert rows["t"][0]["b"] == [{"x": 1, "y": None}, {"x": None, "y": 2}]
    assert {each.name for each in summary.signals} == {"t.a"}


@pytest.mark.parametrize("first", [True, False])
def test_what_is_thousands_of_times_its_log_is_kept_as_bytes_and_nothing_else_is(
    tmp_path: Path, first: bool
) -> None:
    bomb, good = {"v": [0] * 10_000}, {"a": 1, "l": [1, 2]}
    topics = {"bomb": [bomb] * 30, "good": [good] * 3}
    log = log_of(**(topics if first else dict(reversed(topics.items()))))
    rows, summary = everything(log, tmp_path, memory_bytes=4 * MEGA)
    assert rows["good"] == [good] * 3
    assert [json.loads(row["data"]) for row in rows["bomb"]] == [bomb] * 30
    [notice] = summary.notices
    assert notice.startswith("bomb is kept as bytes: decoded it would be ")
    assert {each.name.split(".")[0] for each in summary.signals} == {"good"}
    assert everything(log, tmp_path, memory_bytes=64 * MEGA)[0]["bomb"] == [bomb] * 30


def test_fields_that_come_late_are_counted_before_there_are_columns_for_them(tmp_path: Path) -> None:
    late = {"a": [{f"k{number}": number for number in range(300)}]}
    messages = [*[{"a": [{"k0": 1}] * 50}] * 200, late]
    rows, summary = everything(log_of(t=messages), tmp_path, memory_bytes=4 * MEGA)
    assert [json.loads(row["data"]) for row in rows["t"]] == messages
    assert "t is kept as bytes: decoded it would be " in summary.notices[0]


def test_a_message_that_alone_is_too_much(tmp_path: Path) -> None:
    wide = {"a": [{f"k{number}": number for number in range(300)}]}
    huge = json.dumps({"a": [{f"k{number}": 0 for number in range(20)}] * 2_000}).encode()
    rows, summary = everything(log_of(t=[wide, huge]), tmp_path, memory_bytes=4 * MEGA)
    assert [row["data"] for row in rows["t"]] == [json.dumps(wide).encode(), huge]
    assert "t is kept as bytes: one of its messages is too large." in summary.notices


def test_signals_with_endless_names_are_columns_only(tmp_path: Path) -> None:
    rows, summary = everything(log_of(t=[{"k" * MAX_NAME: 1, "a": 2}]), tmp_path)
    assert rows["t"] == [{"k" * MAX_NAME: 1, "a": 2}]
    assert [each.name for each in summary.signals] == ["t.a"]
    assert summary.notices == ("t: 1 signals are not listed, their names are too long.",)


def test_the_largest_channel_is_given_up() -> None:
    limits = Limits(160 * MEGA)
    for _ in range(9):
        limits.take_decoded("large", MEGA)
        limits.take_decoded("small", MEGA // 8)
    assert list(limits.over) == ["large"]
    for _ in range(8):
        limits.take_decoded("small", MEGA)
    assert not limits.over.keys() - {"large"}


def test_limits_of_fields() -> None:
    limits = Limits(MEGA)
    with pytest.raises(OverLimit, match="it has more than 4,000 fields"):
        limits.take_fields(4_001)
    for _ in range(2):
        limits.take_fields(4_000)
    assert limits.fields_left == 2_000
    with pytest.raises(OverLimit, match="the log has more than 10,000 fields"):
        limits.take_fields(2_001)


def test_what_arrays_take_as_another_type() -> None:
    array = pa.array([{"a": [{"x": 1}] * 10, "b": 1}] * 5)
    kind = pa.struct([("a", pa.list_(pa.struct([(f"x{n}", pa.float64()) for n in range(4)]))), ("b", pa.int64())])
    assert bytes_as(array, kind) == 5 * 4 + 50 * 4 * 8 + 5 * 8
    assert 1 << 26 < default_memory_bytes() <= 1 << 30


def test_messages_count_before_they_are_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little they become: most of a text that compresses a thousand times is never looked at."""
    seen = 0
    decode = JsonDecoder.decode

    def counted(self: JsonDecoder, payloads: pa.BinaryArray) -> Decoded:
        nonlocal seen
        seen += payloads.nbytes
        return decode(self, payloads)

    monkeypatch.setattr(JsonDecoder, "decode", counted)
    message = json.dumps({"a": 1}).encode() + b" " * 20_000
    _, summary = everything(log_of(t=[message] * 400), tmp_path, memory_bytes=16 * MEGA)
    assert "t is kept as bytes: decoded it would be " in summary.notices[0]
    assert summary.message_count == 400
    assert seen < 4 * MEGA


def test_a_message_whose_values_would_fill_the_memory_is_not_read(tmp_path: Path) -> None:
    message = b'{"a": [1' + b",1" * MEGA + b"]}"
    rows, summary = everything(log_of(t=[message, message]), tmp_path, memory_bytes=64 * MEGA)
    assert summary.notices == ("t is kept as bytes: one of its messages is too large.",)
    assert rows["t"] == [{"data": message}] * 2


def test_an_absurdly_long_topic_is_cut_and_stays_another_than_the_next(tmp_path: Path) -> None:
    log = LogBuilder()
    for number in range(3):
        log.add(log.channel("t" * 100_000 + str(number)), number, {"a": number})
    with spool(log.finish(), tmp_path) as columns:
        topics = [channel.topic for channel in columns.channels]
        assert len(set(topics)) == 3 and max(map(len, topics)) <= 1_000
        assert all(len(signal.name) <= MAX_NAME for signal in columns.summary.signals)
