from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from paddock.columns.limits import Limits
from paddock.columns.spool_file import SpoolFile
from paddock.readers.decoders.json_arrays import array_of
from paddock.readers.decoders.json_shape import Room, Shape, schema_numbers
from paddock.readers.decoders.json_text import parsed
from tests.readers.mcap.builders import LogBuilder, channel_named, rows_of, spool


def json_log(payloads: list[bytes], schema: bytes | None = b'{"type": "object"}') -> bytes:
    log = LogBuilder()
    channel = log.channel("lap", "json", None if schema is None else ("lap", "jsonschema", schema))
    for number, payload in enumerate(payloads):
        log.add(channel, number, payload)
    return log.finish()


def rows(values: list[Any], tmp_path: Path, **options: Any) -> tuple[list[dict[str, Any]], pa.StructType]:
    payloads = [value if isinstance(value, bytes) else json.dumps(value).encode() for value in values]
    with spool(json_log(payloads, **options), tmp_path) as columns:
        found = rows_of(columns, "lap")
        channel = channel_named(columns, "lap")
        assert all(batch.messages.type == channel.fields for batch in columns.read(channel))
        return found, channel.fields


@pytest.mark.parametrize("schema", [b'{"type": "object"}', None, b"no json"])
def test_objects_nest(tmp_path: Path, schema: bytes | None) -> None:
    values = [
        {"n": n, "a": {"b": {"c": n / 4}}, "s": f"x{n}\u00e9", "l": [n, n + 1], "t": n % 2 == 0} for n in range(500)
    ]
    assert rows(values, tmp_path, schema=schema)[0] == values


def test_integers_beside_floats_are_doubles(tmp_path: Path) -> None:
    found, fields = rows([*({"v": n} for n in range(300)), {"v": 0.5}], tmp_path)
    assert fields == pa.struct([("v", pa.float64())])
    assert found[-2:] == [{"v": 299.0}, {"v": 0.5}]


def test_a_schema_that_says_number_makes_doubles(tmp_path: Path) -> None:
    properties = {"v": {"type": "number"}, "l": {"type": "array", "items": {"type": "number"}}}
    schema = json.dumps({"type": "object", "properties": properties}).encode()
    _, fields = rows([{"v": 1, "l": [1]}], tmp_path, schema=schema)
    assert fields == pa.struct([("v", pa.float64()), ("l", pa.list_(pa.float64()))])


def test_a_field_whose_type_changes_is_json_text(tmp_path: Path) -> None:
    values: list[Any] = [*({"v": n, "w": 1} for n in range(200)), {"v": "on", "w": 2}, {"v": {"x": 1}, "w": 3}]
    found, fields = rows(values, tmp_path)
    assert fields == pa.struct([("v", pa.string()), ("w", pa.int64())])
    assert [json.loads(row["v"]) for row in found] == [value["v"] for value in values]


def test_fields_come_and_go(tmp_path: Path) -> None:
    values = [*({"a": n} for n in range(200)), *({"b": {"c": None, "d": [1]}} for _ in range(200)), {"a": None}]
    found, _ = rows(values, tmp_path)
    assert found[0] == {"a": 0, "b": None}
    assert found[200] == {"a": None, "b": {"c": None, "d": [1]}}
    assert found[-1] == {"a": None, "b": None}


def test_what_json_allows_and_what_writers_add(tmp_path: Path) -> None:
    texts = [
        b'{"n":\n 1}',
        b'{"n": NaN}',
        b'{"n": -Infinity}',
        b'{"n": 1e400}',
        b'{"n": 123456789012345678901234567890}',
    ]
    found, fields = rows(texts, tmp_path)
    assert fields == pa.struct([("n", pa.float64())])
    assert found[0] == {"n": 1.0}
    assert found[1]["n"] != found[1]["n"]
    assert [row["n"] for row in found[2:]] == [float("-inf"), float("inf"), 123456789012345678901234567890.0]


def test_texts_that_look_like_times_stay_texts(tmp_path: Path) -> None:
    values = [{"at": "2026-04-18T14:32:00Z"}] * 300
    assert rows(values, tmp_path)[0] == values


def test_what_is_no_object_is_a_value(tmp_path: Path) -> None:
    assert rows([1, 2.5, None], tmp_path)[0] == [{"value": 1.0}, {"value": 2.5}, {"value": None}]


def test_a_message_that_is_no_json_costs_that_message_only(tmp_path: Path) -> None:
    payloads = [b'{"n": %d}' % n for n in range(400)]
    payloads[7] = b'{"n": '
    payloads[300] = b"\xff\xfe"
    payloads[301] = b""
    with spool(json_log(payloads), tmp_path) as columns:
        assert [row["n"] for row in rows_of(columns, "lap")] == [n for n in range(400) if n not in (7, 300, 301)]
        assert columns.summary.loss.undecodable == {"lap": 3}


def test_values_that_nest_too_deep_are_json_text(tmp_path: Path) -> None:
    deep = {"v": 1}
    for _ in range(60):
        deep = {"v": deep}  # type: ignore[dict-item]
    found, _ = rows([deep], tmp_path)
    row: Any = found[0]
    while isinstance(row, dict):
        row = row["v"]
    while isinstance(row, str):
        row = json.loads(row)
    while isinstance(row, dict):
        row = row["v"]
    assert row == 1


FEW, MANY = 3, 400
"""Messages one by one, and so many that they are decoded at once."""


def among(odd: bytes, count: int, at: int, plain: bytes = b'{"a": %d, "s": "x"}') -> list[bytes]:
    payloads = [plain.replace(b"%d", b"%d" % number) for number in range(count)]
    payloads[at] = odd
    return payloads


@pytest.mark.parametrize(("count", "at"), [(FEW, 1), (FEW, 2), (MANY, 0), (MANY, 200), (MANY, MANY - 1)])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"23 \xb0C", "23 \ufffdC"),
        (b"cut \\ud83d", "cut \ufffd"),
        (b"\\ude00 low", "\ufffd low"),
        (b"\\ud800x", "\ufffdx"),
        (b"\xed\xa0\x80", "\ufffd" * 3),
        (b"\\ud83d\\ude00 \xff", "\U0001f600 \ufffd"),
        (b"\\u0000 \xc2\xb0", "\0 \u00b0"),
    ],
)
def test_what_is_no_text_becomes_a_replacement_character(
    tmp_path: Path, count: int, at: int, text: bytes, value: str
) -> None:
    found, _ = rows(among(b'{"a": -1, "s": "%s"}' % text, count, at), tmp_path)
    assert found[at] == {"a": -1, "s": value}
    assert [row["a"] for row in found] == [-1 if number == at else number for number in range(count)]


def test_a_key_that_is_no_text_too(tmp_path: Path) -> None:
    assert rows([b'{"\\ud83d": 1, "\xff": 2}'], tmp_path)[0] == [{"\ufffd": 2}]
    assert rows([b'{"a\\ud83d": 1, "\xff": {"\xb0": 2}}'], tmp_path)[0] == [{"a\ufffd": 1, "\ufffd": {"\ufffd": 2}}]


@pytest.mark.parametrize("count", [6, MANY])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (b'{"a": -1, "s": "x"}{"a": -2, "s": "x"}', b""),
        (b"", b'{"a": -1, "s": "x"}{"a": -2, "s": "x"}'),
        (b'{"a": -1, "s": "x"}\n{"a": -2, "s": "x"}', b" "),
        (b'{"a": -1, "s": "x', b'"}{"a": -2, "s": "x"}'),
        (b'{"a": -1, ', b'"s": "x"} {"a": -2, "s": "x"}'),
        (b'{"a": -1, "s": "}', b'{"}{"a": -2, "s": "x"}'),
        (b'{"a": -1, "s": "x"}}', b'{{"a": -2, "s": "x"}'),
    ],
)
def test_messages_that_are_two_or_none_move_no_other(
    tmp_path: Path, count: int, first: bytes, second: bytes
) -> None:
    for at in (3, 4):
        payloads = among(first, count, 2)
        payloads[at] = second
        with spool(json_log(payloads), tmp_path) as columns:
            assert [row["a"] for row in rows_of(columns, "lap")] == [n for n in range(count) if n not in (2, at)]
            assert columns.summary.loss.undecodable == {"lap": 2}


@pytest.mark.parametrize("end", [b"\0", b"\0\0\0", b" \0", b"\0\r\n\0"])
def test_nuls_at_the_end_and_a_mark_in_front_are_no_content(tmp_path: Path, end: bytes) -> None:
    found, _ = rows([b'{"a": %d}' % number + end for number in range(MANY)], tmp_path)
    assert found == [{"a": number} for number in range(MANY)]
    assert rows([b'\xef\xbb\xbf{"a": 1}' + end, b"7" + end, '{"a": 2}'.encode("utf-16")], tmp_path)[0] == [
        {"a": 1, "value": None},
        {"a": None, "value": 7},
        {"a": 2, "value": None},
    ]


def test_numbers_as_c_writes_them(tmp_path: Path) -> None:
    words = [b"nan", b"-nan", b"NaN", b"nan(0x7ff)", b"inf", b"-inf", b"INF", b"Infinity", b"-Infinity", b"+inf"]
    payloads = [b'{"v": %s, "s": "-nan, \\" inf"}' % word for word in words]
    found, fields = rows([*payloads, *([b'{"v": 0.5, "s": "nan"}'] * MANY), *payloads], tmp_path)
    assert fields == pa.struct([("v", pa.float64()), ("s", pa.string())])
    assert [str(row["v"]) for row in found[: len(words)]] == ["nan"] * 4 + [
        "inf",
        "-inf",
        "inf",
        "inf",
        "-inf",
        "inf",
    ]
    assert [str(row["v"]) for row in found[-len(words) :]] == [str(row["v"]) for row in found[: len(words)]]
    assert found[0]["s"] == '-nan, " inf'
    payloads = [b'{"v": %s}' % word for word in (b"nano", b"anan", b"infinit", b"nan.0", b"--inf", b"n an", b"+1")]
    with spool(json_log(payloads), tmp_path) as columns:
        assert columns.summary.loss.undecodable == {"lap": len(payloads)}


@pytest.mark.parametrize("before", [0, MANY])
def test_whole_numbers_are_exact(tmp_path: Path, before: int) -> None:
    ids = [2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1]
    found, fields = rows([{"id": number} for number in [*range(before), *ids]], tmp_path)
    assert fields == pa.struct([("id", pa.uint64())])
    assert [row["id"] for row in found[before:]] == ids
    for odd in (-1, 2**64, -(2**63) - 1, 10**400):
        with spool(
            json_log([b'{"id": %d}' % number for number in [*range(before), *ids, odd]]), tmp_path
        ) as columns:
            assert [row["id"] for row in rows_of(columns, "lap")] == [str(n) for n in [*range(before), *ids, odd]]
            assert columns.summary.notices == ("lap has whole numbers of more than 64 bits in id, which is text.",)
    negative = [{"id": number} for number in (*range(200), *range(-200, 0), 2**63)]
    assert [row["id"] for row in rows(negative, tmp_path)[0]] == [str(each["id"]) for each in negative]


@pytest.mark.parametrize("before", [0, MANY])
def test_whole_numbers_that_are_rounded_are_named(tmp_path: Path, before: int) -> None:
    payloads = [b'{"v": 0.5}'] * before + [b'{"v": 0.25}', b'{"v": 9007199254740993}', b'{"v": %s}' % (b"9" * 5000)]
    with spool(json_log(payloads), tmp_path) as columns:
        assert [row["v"] for row in rows_of(columns, "lap")][before:] == [0.25, 2.0**53, float("inf")]
        assert columns.summary.notices == (
            "lap has whole numbers above 2^53 beside fractions in v, they are rounded.",
        )


def test_of_two_equal_keys_the_last_counts(tmp_path: Path) -> None:
    found, _ = rows([b'{"a": %d, "a": %d}' % (n, n + 1) for n in range(MANY)], tmp_path)
    assert found == [{"a": n + 1} for n in range(MANY)]


def test_texts_of_what_does_not_fit_together_are_the_same_however_many_messages(tmp_path: Path) -> None:
    odd: list[Any] = ["on", None, [1, {"z": 1.0, "a": None}], {"b": 1, "a": [0.5, "x"]}, True, 2**63, -0.0]
    few = [row["v"] for row in rows([{"v": value} for value in odd], tmp_path)[0]]
    assert few == ['"on"', None, '[1,{"z":1}]', '{"a":[0.5,"x"],"b":1}', "true", str(2**63), "-0.0"]
    for value in odd:
        many = rows([*([{"v": value}] * MANY), *({"v": each} for each in odd)], tmp_path)[0]
        assert [row["v"] for row in many[MANY:]] == few
        assert many[0] == many[MANY + odd.index(value)]


def test_what_is_not_json_or_too_deep_costs_the_message(tmp_path: Path) -> None:
    texts = [
        b"[" * 100_000,
        b'{"a":' * 5_000,
        b'{"a": 1} // lap',
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": "x\ny"}',
        b"\0\0",
    ]
    texts += [b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b'"\\' * 100_000, b'{"s": "\\x"}', b'{"a": 01}']
    with spool(json_log([*texts, b'{"a": 1}']), tmp_path) as columns:
        assert rows_of(columns, "lap") == [{"a": 1}]
        assert columns.summary.loss.undecodable == {"lap": len(texts)}


@pytest.mark.parametrize("filler", [0, 100])
def test_sparse_objects_are_the_same_columns(filler: int) -> None:
    chance = random.Random(3)
    values: list[Any] = [None, {}]
    for _ in range(200):
        keys = chance.sample(range(60), 2 + filler // 2)
        values.append({f"k{key}": chance.choice([1, None, 2]) for key in keys} | {"o": {"x": 0.5}, "l": [1, 2]})
    values += [{"t": "a"}, {"t": "b", "o": None}]
    limits = Limits()
    shape = Shape({})
    for value in values:
        shape.absorb(value, Room(limits))
    array = array_of(values, shape)
    array.validate(full=True)
    names = list(shape.fields)
    expected = [value if value is None else {name: value.get(name) for name in names} for value in values]
    assert array.to_pylist() == expected


def test_what_is_nested_too_deep_is_known_before_it_is_read() -> None:
    assert parsed(b'{"a":' * 300 + b"1" + b"}" * 300)
    for deep in (b'{"a":' * 301 + b"1" + b"}" * 301, b"[" * 100_000):
        with pytest.raises(ValueError, match="nested too deep"):
            parsed(deep)
    text = "[" * 1_000 + '\\"{' * 1_000
    assert parsed(json.dumps({"a": text}).encode()) == {"a": text}
    assert parsed(json.dumps([[1]] * 1_000).encode()) == [[1]] * 1_000


def test_messages_of_one_type_are_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = LogBuilder()
    channel = log.channel("t")
    for number in range(300):
        log.add(channel, number, {"a": number, "s": "x"})
    read: list[int] = []
    monkeypatch.setattr(SpoolFile, "read", lambda *_: read.append(1))
    with spool(log.finish(), tmp_path) as columns:
        assert columns.summary.message_count == 300
    assert not read


def test_a_schema_that_channels_share_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = LogBuilder()
    schema = ("o", "jsonschema", json.dumps({"properties": {"a": {"type": "number"}}}).encode())
    for number in range(20):
        log.add(log.channel(f"t{number}", schema=schema), number, {"a": 1})
    schema_numbers.cache_clear()
    with spool(log.finish(), tmp_path) as columns:
        assert {str(signal.dtype) for signal in columns.summary.signals} == {"double"}
    assert schema_numbers.cache_info().misses == 1
