"""Parquet and Arrow files: read back equal, by pyarrow itself and as columns again."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from paddock.columns.columns import ColumnChannel, Columns
from paddock.domain.export import ExportRequest
from paddock.formats import arrow, mat, parquet
from paddock.formats.parquet import write_channel
from paddock.formats.registry import RunInfo, find_format, formats, written_as
from tests.columns.plain_rows import plain_rows
from tests.formats.builders import START_NS, MemoryColumns, Topic, every_kind, stored_again, struct_type

EMPTY = pa.struct([])


def messages(columns: Columns, channel: ColumnChannel, fields: list[str] | None = None) -> pa.StructArray:
    return pa.concat_arrays([batch.messages for batch in columns.read(channel, fields)])


def test_columns_come_back_as_they_were() -> None:
    odd = struct_type(
        log_time=pa.int32(),
        log_time_=pa.string(),
        nothing=EMPTY,
        many=pa.list_(EMPTY),
        deep=pa.struct([("e", EMPTY)]),
    )
    hostile = struct_type(**{"": pa.int8(), "a.b": pa.int8(), "a": pa.struct([("b", pa.int8())])})
    rows = [
        {"log_time": 1, "log_time_": "a", "nothing": {}, "many": [{}, {}], "deep": {"e": {}}},
        {"log_time": 2, "log_time_": "b", "nothing": None, "many": None, "deep": None},
        {"log_time": 3, "log_time_": "c", "nothing": {}, "many": [], "deep": {"e": None}},
    ]
    columns = MemoryColumns(
        [
            every_kind(),
            Topic("odd", odd, rows, times_ns=[5, 5, 5]),
            Topic("ping", EMPTY, [{}, {}]),
            Topic("silent", struct_type(x=pa.float64()), []),
            Topic("hostile/../\n'\"", hostile, [{"": 1, "a.b": 2, "a": {"b": 3}}]),
        ],
        batch_rows=2,
    )
    again = stored_again(columns)
    assert [channel.topic for channel in again.channels] == [channel.topic for channel in columns.channels]
    for before, after in zip(columns.channels, again.channels, strict=True):
        assert after.fields == before.fields
        assert (after.slug, after.schema_name, after.enums) == (before.slug, before.schema_name, before.enums)
        assert again.rows(after) == columns.rows(before)
        if columns.rows(before):
            assert repr(plain_rows(messages(again, after))) == repr(plain_rows(messages(columns, before)))
            for name in ("log_time", "publish_time", "sequence"):
                one, other = (
                    np.concatenate([getattr(batch, name) for batch in source.read(channel)])
                    for source, channel in ((columns, before), (again, after))
                )
                assert one.dtype == other.dtype == np.int64
                assert np.array_equal(one, other)


def test_only_the_asked_fields_are_read() -> None:
    columns = MemoryColumns([every_kind()])
    again = stored_again(columns)
    (channel,) = again.channels
    assert messages(again, channel, ["inner", "f64"]).type.num_fields == 2
    assert messages(again, channel, ["f64"]).to_pylist()[3] == {"f64": 1.0}
    assert len(messages(again, channel, [])) == 5


def test_the_file_says_what_it_holds(tmp_path: Path) -> None:
    columns = MemoryColumns([every_kind()])
    write_channel(columns, columns.channels[0], tmp_path / "a.parquet", {"/every.kind.inner.speed": "m/s"})
    file = pq.ParquetFile(tmp_path / "a.parquet")
    about = json.loads(file.schema_arrow.metadata[b"paddock"])
    assert about["topic"] == "/every.kind"
    assert about["enums"] == {"mode": {"0": "OFF", "1": "ON", "-1": "FAULT"}}
    assert about["units"] == {"inner.speed": "m/s"}
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert file.schema_arrow.names[:4] == ["log_time", "publish_time", "sequence", "f32"]


def test_row_groups_are_cut_by_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 4)
    columns = MemoryColumns([Topic("a", struct_type(x=pa.int64()), [{"x": i} for i in range(11)])], batch_rows=3)
    write_channel(columns, columns.channels[0], tmp_path / "a.parquet")
    metadata = pq.ParquetFile(tmp_path / "a.parquet").metadata
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [3, 3, 3, 2]


def test_a_matlab_file_from_stored_columns_is_the_same_file(tmp_path: Path) -> None:
    columns = MemoryColumns([every_kind(), Topic("/b", struct_type(x=pa.float64()), [{"x": 1.0}])])
    again = stored_again(columns)
    for name, source in (("log.mat", columns), ("stored.mat", again)):
        mat.write(source, ExportRequest(), RunInfo(), tmp_path / name, lambda done: None)
    assert (tmp_path / "log.mat").read_bytes() == (tmp_path / "stored.mat").read_bytes()


def export(columns: MemoryColumns, form: Any, path: Path, **request: Any) -> tuple[str, str]:
    form.write(columns, ExportRequest(**request), RunInfo(), path, lambda done: None)
    return written_as(form.FORMAT, path)


def test_one_topic_is_one_file_and_several_are_a_zip(tmp_path: Path) -> None:
    columns = MemoryColumns(
        [
            every_kind(),
            Topic("B", struct_type(x=pa.int8()), [{"x": 7}]),
            Topic("b", struct_type(x=pa.int8()), [{"x": 8}]),
        ]
    )
    for form, suffix, read in (
        (parquet, ".parquet", pq.read_table),
        (arrow, ".arrow", lambda file: pa.ipc.open_file(file).read_all()),
    ):
        one, several = tmp_path / "one", tmp_path / "several"
        assert export(columns, form, one, signals=("B",))[0] == suffix
        assert read(one).column("x").to_pylist() == [7]
        assert export(columns, form, several) == (suffix + ".zip", "application/zip")
        with zipfile.ZipFile(several) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == [f"every.kind{suffix}", f"B{suffix}", f"b_2{suffix}"]
            table = read(io.BytesIO(archive.read(f"every.kind{suffix}")))
            assert table.column("log_time").to_pylist()[1] == START_NS + 10_000_000
            assert table.column("text").to_pylist()[4] == "😀 and back"
        first = several.read_bytes()
        export(columns, form, several)
        assert several.read_bytes() == first


def test_compressed_arrow_and_an_empty_log(tmp_path: Path) -> None:
    columns = MemoryColumns([every_kind()])
    export(columns, arrow, tmp_path / "a", compress=True)
    assert pa.ipc.open_file(tmp_path / "a").read_all().num_rows == 5
    assert export(MemoryColumns([]), parquet, tmp_path / "b")[0] == ".parquet.zip"
    assert zipfile.ZipFile(tmp_path / "b").namelist() == []


def test_the_registry_finds_every_format() -> None:
    assert {"mat", "h5", "csv", "parquet", "arrow"} <= set(formats())
    assert find_format("mat", "hytech-v1").suffix == ".mat"
