"""The default MAT v5 file, read back by scipy. Octave's reading of the same is in ``test_octave.py``."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from paddock.domain.export import ExportRequest
from paddock.domain.recording import Loss, LossReport
from paddock.formats import mat, mat5, mat5_compress, mat5_elements, mat5_rows
from paddock.formats.mat5_elements import cell_records
from paddock.formats.matlab_cells import string_cells
from paddock.formats.registry import RunInfo
from tests.formats.builders import START_NS, MemoryColumns, Topic, every_kind, struct_type
from tests.matlab_files import loadmat


def write(columns: MemoryColumns, path: Path, run: RunInfo | None = None, **request: Any) -> dict[str, Any]:
    steps: list[float] = []
    mat.write(columns, ExportRequest(**request), run or RunInfo(), path, steps.append)
    assert steps == sorted(steps)
    assert not steps or steps[-1] == 1
    return load(path)


def load(path: Path) -> dict[str, Any]:
    """As MATLAB would have it: classes kept, structs with attributes."""
    return loadmat(path, chars_as_strings=True, struct_as_record=False, mat_dtype=True)


def field(loaded: dict[str, Any], path: str) -> Any:
    """``VNData.x.y`` of a loaded file."""
    first, *rest = path.split(".")
    value = loaded[first]
    for name in rest:
        value = getattr(value[0, 0], name)
    return value


def texts(cells: np.ndarray) -> list[str]:
    return ["".join(cell.ravel().tolist()) for cell in cells[:, 0]]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    columns = MemoryColumns(
        [every_kind(), Topic("/silent", struct_type(x=pa.float64()), [])],
        metadata=(("setup", {"driver": "Adam"}),),
        loss=LossReport(("footer",), (Loss("bad_crc", 100, 20, 3),), {"/every.kind": 2}, 1, 20, 3, 5_000_000),
        notices=("The clock jumps.",),
    )
    run = RunInfo("ab" * 32, "run_1.mcap", {"driver": "Ädám", "car": "HT09"}, {"/every.kind.inner.speed": "m/s"})
    return write(columns, tmp_path_factory.mktemp("mat5") / "out.mat", run)


def test_times_count_from_the_start_of_the_recording(tmp_path: Path) -> None:
    fields = struct_type(x=pa.float64())
    columns = MemoryColumns(
        [
            Topic("early", fields, [{"x": 1.0}], times_ns=[0]),
            Topic("late", fields, [{"x": 1.0}, {"x": 2.0}], times_ns=[2_500_000_000, 2_500_000_001]),
        ]
    )
    loaded = write(columns, tmp_path / "out.mat")
    assert field(loaded, "late.t").tolist() == [[2.5], [2.500000001]]
    stamps = field(loaded, "late.time_ns")
    assert stamps.dtype == np.int64
    assert stamps.tolist() == [[START_NS + 2_500_000_000], [START_NS + 2_500_000_001]]


def test_numbers_are_double_and_missing_ones_nan(loaded: dict[str, Any]) -> None:
    for name in ("f32", "f64", "i64", "u8", "mode", "optional", "at", "took"):
        column = field(loaded, f"every_kind.{name}")
        assert column.dtype == np.float64, name
        assert column.shape == (5, 1), name
    assert np.array_equal(
        field(loaded, "every_kind.f32")[:, 0], np.float32([0.1, np.nan, np.inf, -np.inf, 3]), True
    )
    assert np.array_equal(field(loaded, "every_kind.optional")[:, 0], [1, np.nan, 3, np.nan, 5], equal_nan=True)
    assert field(loaded, "every_kind.i64")[0, 0] == 2**63  # int64's largest, rounded to a double
    assert field(loaded, "every_kind.took")[:, 0].tolist() == [0, 1.5, 3, 4.5, 6]
    assert field(loaded, "every_kind.at")[2, 0] == 1745000000.5


def test_booleans_are_logical_unless_one_is_missing(loaded: dict[str, Any]) -> None:
    on = field(loaded, "every_kind.on")
    assert on.dtype == np.bool_
    assert on[:, 0].tolist() == [True, False, True, False, True]
    assert np.array_equal(field(loaded, "every_kind.maybe")[:, 0], [1, 0, np.nan, 0, 1], equal_nan=True)


def test_nested_messages_are_nested_structs(loaded: dict[str, Any]) -> None:
    assert np.array_equal(field(loaded, "every_kind.inner.speed")[:, 0], [0, 1, np.nan, 3, 4], equal_nan=True)
    assert texts(field(loaded, "every_kind.inner.end_")) == ["", "x", "", "xxx", "xxxx"]


def test_strings_are_cells_of_char(loaded: dict[str, Any]) -> None:
    cells = field(loaded, "every_kind.text")
    assert cells.shape == (5, 1)
    assert texts(cells)[:4] == ["hi", "", "grüß", "日本"]
    assert cells[0, 0].shape == (1,)  # one row of char, for scipy one string


def test_repeated_fields(loaded: dict[str, Any]) -> None:
    assert field(loaded, "every_kind.cells").tolist() == [[i, 2.0, 3.0] for i in range(5)]
    ragged = field(loaded, "every_kind.ragged")
    assert [cell.ravel().tolist() for cell in ragged[:, 0]] == [list(range(i)) for i in range(5)]
    assert [cell.shape for cell in ragged[:, 0]] == [(0, 0), (1, 1), (2, 1), (3, 1), (4, 1)]
    names = field(loaded, "every_kind.names")
    assert [texts(cell) if cell.size else [] for cell in names[:, 0]] == [[], ["a"], ["a", "a"], [], ["a"]]
    assert [cell.ravel().tolist() for cell in field(loaded, "every_kind.raw")[:, 0]] == [
        [0, 255] * i for i in range(5)
    ]


def test_messages_in_lists_and_maps_are_json(loaded: dict[str, Any]) -> None:
    assert texts(field(loaded, "every_kind.points"))[1] == '[{"a":1,"at":1745000000000000001,"n":null}]'
    assert texts(field(loaded, "every_kind.table"))[2] == '{"k":2,"z":null}'


def test_meta_tells_run_loss_names_units_and_enums(loaded: dict[str, Any]) -> None:
    meta = "meta."
    assert field(loaded, meta + "run.driver").item() == "Ädám"
    assert field(loaded, meta + "run.car").item() == "HT09"
    assert field(loaded, meta + "run.started").item() == "2025-04-18T18:13:20Z"
    assert field(loaded, meta + "run.duration_s").item() == 0.04
    assert field(loaded, meta + "run.health").item() == "recovered"
    assert field(loaded, meta + "run.file_name").item() == "run_1.mcap"
    assert field(loaded, meta + "loss.lost_s").item() == 0.005
    assert field(loaded, meta + "loss.losses.size_bytes").item() == 20
    assert texts(field(loaded, meta + "loss.undecodable.topic")) == ["/every.kind"]
    assert texts(field(loaded, meta + "channels.name")) == ["every_kind", ""]
    assert texts(field(loaded, meta + "channels.topic")) == ["/every.kind", "/silent"]
    assert field(loaded, meta + "channels.messages").ravel().tolist() == [5, 0]
    names, originals = (texts(field(loaded, f"meta.signals.{column}")) for column in ("name", "original"))
    table = dict(zip(names, originals, strict=True))
    assert table["every_kind.inner.end_"] == "/every.kind.inner.end"
    assert field(loaded, meta + "units.every_kind.inner.speed").item() == "m/s"
    assert field(loaded, "every_kind.meta.units.inner.speed").item() == "m/s"
    assert field(loaded, meta + "enums.every_kind.mode.values").ravel().tolist() == [0, 1, -1]
    assert texts(field(loaded, meta + "enums.every_kind.mode.names")) == ["OFF", "ON", "FAULT"]
    assert texts(field(loaded, meta + "records.value")) == ["Adam"]
    assert "silent" not in loaded


def test_native_keeps_the_types_of_the_log(tmp_path: Path) -> None:
    loaded = write(MemoryColumns([every_kind()]), tmp_path / "out.mat", native=True)
    kinds = {"f32": "f4", "f64": "f8", "i64": "i8", "u8": "u1", "mode": "i4", "on": "?", "at": "i8", "took": "i8"}
    for name, kind in kinds.items():
        assert field(loaded, f"every_kind.{name}").dtype == np.dtype(kind), name
    assert field(loaded, "every_kind.i64")[:2, 0].tolist() == [2**63 - 1, -(2**63)]
    assert field(loaded, "every_kind.at")[1, 0] == 1_745_000_000_250_000_000
    assert field(loaded, "every_kind.optional").dtype == np.float64  # it has a missing value: NaN needs a double
    assert field(loaded, "every_kind.ragged")[2, 0].dtype == np.int32


def test_an_empty_log_has_only_meta(tmp_path: Path) -> None:
    loaded = write(MemoryColumns([]), tmp_path / "out.mat")
    assert [name for name in loaded if not name.startswith("__")] == ["meta"]
    assert field(loaded, "meta.run.messages").item() == 0
    assert field(loaded, "meta.run.started_ns").size == 0


def test_equal_topics_and_topics_that_collide_get_numbers(tmp_path: Path) -> None:
    columns = MemoryColumns(
        [
            Topic("/a/b", struct_type(x=pa.float64()), [{"x": 1.0}]),
            Topic("a.b", struct_type(x=pa.float64()), [{"x": 2.0}]),
            Topic("a.b", struct_type(y=pa.float64()), [{"y": 3.0}], schema_name="other"),
            Topic(
                "'); rm -rf ~;\n\0 ('", struct_type(**{"": pa.bool_(), "é": pa.bool_()}), [{"": True, "é": False}]
            ),
        ]
    )
    loaded = write(columns, tmp_path / "out.mat")
    assert field(loaded, "a_b.x").item() == 1
    others = [loaded[name][0, 0] for name in ("a_b_2", "a_b_3")]
    assert {getattr(topic, topic._fieldnames[2]).item() for topic in others} == {2, 3}
    assert texts(field(loaded, "meta.channels.topic"))[0] == "'); rm -rf ~;\n\0 ('"


def test_messages_without_fields_have_times(tmp_path: Path) -> None:
    columns = MemoryColumns(
        [Topic("ping", pa.struct([]), [{}, {}]), Topic("in", struct_type(e=pa.struct([])), [{"e": {}}])]
    )
    loaded = write(columns, tmp_path / "out.mat")
    assert loaded["ping"][0, 0]._fieldnames == ["t", "time_ns"]


def test_field_names_of_63_characters(tmp_path: Path) -> None:
    name = "a" * 63
    loaded = write(
        MemoryColumns([Topic(name, struct_type(**{name: pa.int8()}), [{name: 1}])]), tmp_path / "out.mat"
    )
    assert field(loaded, f"{name}.{name}").item() == 1


def test_every_column_is_read_in_few_passes(tmp_path: Path) -> None:
    columns = MemoryColumns([Topic("a", struct_type(x=pa.float64(), y=pa.int32()), [{"x": 1.0, "y": 1}] * 9)])
    write(columns, tmp_path / "out.mat")
    assert columns.reads == [("a", ("x", "y"))]


def test_a_variable_over_the_limit_is_refused_when_v5_is_forced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mat5, "MAX_VARIABLE_BYTES", 20_000)
    numbers = MemoryColumns([Topic("a", struct_type(x=pa.float64()), [{"x": 1.0}] * 3_000)])
    words = MemoryColumns([Topic("a", struct_type(x=pa.string()), [{"x": "word"}] * 300)])
    for columns in (numbers, words):
        with pytest.raises(mat5_elements.VariableTooLarge):
            write(columns, tmp_path / "out.mat", mat_version="5")


def test_long_columns_of_texts_are_built_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mat5_elements, "_PIECE_BYTES", 200)
    monkeypatch.setattr(mat5_rows, "_TAKEN_BYTES", 100)
    rows = [{"x": "ab" * (i % 7), "y": ["é"] * (i % 3)} for i in range(40)]
    columns = MemoryColumns([Topic("a", struct_type(x=pa.string(), y=pa.list_(pa.string())), rows)], batch_rows=40)
    loaded = write(columns, tmp_path / "out.mat")
    assert texts(field(loaded, "a.x")) == [row["x"] for row in rows]
    assert [cell.size for cell in field(loaded, "a.y")[:, 0]] == [i % 3 for i in range(40)]


def test_compressed_holds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mat5_compress, "_BLOCK_BYTES", 1_000)  # several blocks to a variable
    columns = MemoryColumns([every_kind(), every_kind("again")])
    write(columns, tmp_path / "plain.mat")
    write(columns, tmp_path / "compressed.mat", compress=True)
    plain, compressed = (tmp_path / name for name in ("plain.mat", "compressed.mat"))
    elements, rest = [], compressed.read_bytes()[128:]
    while rest:
        kind, size = struct.unpack("<II", rest[:8])
        assert kind == 15
        elements.append(zlib.decompress(rest[8 : 8 + size]))
        rest = rest[8 + size :]
    assert len(elements) == 3
    assert b"".join(elements) == plain.read_bytes()[128:]
    assert field(load(compressed), "again.cells").tolist() == [[i, 2.0, 3.0] for i in range(5)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["compressed.mat", "plain.mat"]


@pytest.mark.parametrize("large", [0, 1, 5_000])
def test_cells_small_and_large_hold_what_they_were_made_of(large: int) -> None:
    values = ["", "a", "bc" * large, "\u00e9", "", "x" * large, "last"]
    records, begins = cell_records(string_cells(pa.array(values)))
    for text, begin, end in zip(values, begins.tolist(), begins[1:].tolist(), strict=False):
        data = text.encode("utf-16-le")
        assert records[begin:end].tobytes().rstrip(b"\0").endswith(data.rstrip(b"\0"))
        assert (end - begin) % 8 == 0 and end - begin >= len(data)
