from __future__ import annotations

import csv as standard
import io
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from paddock.domain.export import ExportRequest
from paddock.formats import csv
from paddock.formats.registry import RunInfo, written_as
from tests.formats.builders import START_NS, MemoryColumns, Topic, every_kind, struct_type


def write(columns: MemoryColumns, path: Path, **request: Any) -> None:
    csv.write(columns, ExportRequest(**request), RunInfo(), path, lambda done: None)


def rows(data: bytes) -> list[dict[str, str]]:
    return list(standard.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def test_one_topic_read_back(tmp_path: Path) -> None:
    write(MemoryColumns([every_kind()]), tmp_path / "out.csv")
    data = (tmp_path / "out.csv").read_bytes()
    read = rows(data)
    assert data.count(b"\r\n") == 6
    assert list(read[0])[:3] == ["t", "log_time", "f32"]
    assert [float(row["t"]) for row in read] == [0, 0.01, 0.02, 0.03, 0.04]
    assert [int(row["log_time"]) for row in read] == [START_NS + i * 10_000_000 for i in range(5)]
    assert [float(row["f64"]) for row in read] == [i / 3 for i in range(5)]
    assert read[0]["f32"] == "0.1"
    assert read[1]["f32"] == "", "NaN is as empty as a missing value"
    assert [int(row["i64"]) for row in read][:2] == [2**63 - 1, -(2**63)]
    assert [row["optional"] for row in read] == ["1", "", "3", "", "5"]
    assert [row["on"] for row in read] == ["true", "false"] * 2 + ["true"]
    assert [row["text"] for row in read] == ["hi", "", "grüß", "日本", "😀 and back"]
    assert [row["cells[0]"] for row in read] == ["0", "1", "2", "3", "4"]
    assert [row["ragged"] for row in read][:3] == ["[]", "[0]", "[0,1]"]
    assert [row["inner.speed"] for row in read] == ["0", "1", "", "3", "4"]
    assert read[2]["table"] == '{"k":2,"z":null}'


def test_several_topics_are_a_zip(tmp_path: Path) -> None:
    columns = MemoryColumns([every_kind(), Topic("con", struct_type(x=pa.int8()), [{"x": 7}])])
    write(columns, tmp_path / "out")
    assert written_as(csv.FORMAT, tmp_path / "out")[0] == ".csv.zip"
    with zipfile.ZipFile(tmp_path / "out") as archive:
        assert archive.namelist() == ["every.kind.csv", "_con.csv"]
        assert rows(archive.read("_con.csv"))[0]["x"] == "7"


def test_a_rate_makes_one_aligned_table(tmp_path: Path) -> None:
    topics = [
        Topic("a", struct_type(x=pa.float64()), [{"x": float(i)} for i in range(5)]),
        Topic("b", struct_type(gear=pa.int32(), s=pa.string()), [{"gear": 3, "s": "on"}], times_ns=[25_000_000]),
    ]
    write(MemoryColumns(topics), tmp_path / "out.csv", rate_hz=100, interpolation="linear")
    read = rows((tmp_path / "out.csv").read_bytes())
    assert list(read[0]) == ["t", "log_time", "a.x", "b.gear", "b.s"]
    assert [row["a.x"] for row in read] == ["0", "1", "2", "3", "4"]
    assert [row["b.gear"] for row in read] == ["", "", "", "3", "3"]
    assert [float(row["t"]) for row in read] == [0, 0.01, 0.02, 0.03, 0.04]


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "\t=1", "\r=1", "--5", "-"])
def test_text_that_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    assert csv.harmless(pa.array([text, None, "ok"])).to_pylist() == ["'" + text, None, "ok"]


@pytest.mark.parametrize("text", ["-5", "+1.5e-3", "-.5", "a=b", "", "1-2", '"', "a\r\n"])
def test_other_text_stays(text: str) -> None:
    assert csv.harmless(pa.array([text, None])).to_pylist() == [text, None]


def test_hostile_names_and_texts_read_back(tmp_path: Path) -> None:
    fields = struct_type(**{'a,"b"\r\n': pa.string(), "=cmd()": pa.string(), "t": pa.int8()})
    columns = MemoryColumns([Topic("x", fields, [{'a,"b"\r\n': 'say "hi",\r\nbye', "=cmd()": "=1", "t": 3}])])
    write(columns, tmp_path / "out.csv")
    lines = list(
        standard.reader(io.StringIO((tmp_path / "out.csv").read_bytes().decode(), newline=""), strict=True)
    )
    assert lines[0] == ["t", "log_time", 'a,"b"\r\n', "'=cmd()", "t_"]
    assert lines[1][2:] == ['say "hi",\r\nbye', "'=1", "3"]


def test_an_empty_log_on_a_raster_has_a_header(tmp_path: Path) -> None:
    write(MemoryColumns([]), tmp_path / "out.csv", rate_hz=10)
    assert rows((tmp_path / "out.csv").read_bytes()) == []
