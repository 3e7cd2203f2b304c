from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.mcap.builders import LogBuilder, channel_named, rows_of, spool


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
