"""MAT v7.3 read by h5py with MATLAB's conventions spelled out; Octave's reading is in ``test_octave.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pytest

from paddock.domain.export import ExportRequest
from paddock.formats import mat, mat5
from paddock.formats.registry import RunInfo
from tests.formats.builders import MemoryColumns, Topic, every_kind, struct_type


def write(columns: MemoryColumns, path: Path, **request: Any) -> None:
    mat.write(columns, ExportRequest(**request), RunInfo(metadata={"driver": "Ädám"}), path, lambda done: None)


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "deflated"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("mat73") / "out.mat"
    write(MemoryColumns([every_kind()]), target, mat_version="7.3", compress=request.param)
    return target


@pytest.fixture
def file(path: Path) -> Iterator[h5py.File]:
    with h5py.File(path) as opened:
        yield opened


def as_matlab(file: h5py.File, dataset: h5py.Dataset) -> Any:
    """What MATLAB makes of a dataset: an array of its class, text, or a list of cells (of one column)."""
    kind = dataset.attrs["MATLAB_class"].decode()
    if "MATLAB_empty" in dataset.attrs:
        shape = tuple(int(extent) for extent in dataset[()])
        return {"char": "", "cell": []}.get(kind, np.empty(shape))
    if kind == "cell":
        return [as_matlab(file, file[reference]) for reference in dataset[()].T[:, 0]]
    if kind == "char":
        assert dataset.attrs["MATLAB_int_decode"] == 2
        assert dataset.shape[1] == 1
        return dataset[()].tobytes().decode("utf-16-le")
    values = dataset[()].T
    if kind == "logical":
        assert dataset.attrs["MATLAB_int_decode"] == 1
        return values.astype(bool)
    return values


def test_the_head_says_matlab_7_3(path: Path) -> None:
    head = path.read_bytes()[:520]
    assert head.startswith(b"MATLAB 7.3 MAT-file")
    assert head[124:128] == b"\x00\x02IM"
    assert head[512:] == b"\x89HDF\r\n\x1a\n"


def test_structs_name_their_fields_in_order(file: h5py.File) -> None:
    group = file["every_kind"]
    assert group.attrs["MATLAB_class"] == b"struct"
    names = [b"".join(letters).decode() for letters in group.attrs["MATLAB_fields"]]
    assert names[:4] == ["t", "time_ns", "f32", "f64"]
    assert set(names) == set(group)


def test_every_kind_of_field(file: h5py.File) -> None:
    group = file["every_kind"]
    values = {name: as_matlab(file, item) for name, item in group.items() if isinstance(item, h5py.Dataset)}
    assert values["t"].shape == (5, 1)
    assert values["time_ns"].dtype == np.int64
    assert np.array_equal(values["f32"][:, 0], np.float32([0.1, np.nan, np.inf, -np.inf, 3]), equal_nan=True)
    assert values["f32"].dtype == np.float64
    assert values["on"][:, 0].tolist() == [True, False, True, False, True]
    assert np.array_equal(values["optional"][:, 0], [1, np.nan, 3, np.nan, 5], equal_nan=True)
    assert values["text"] == ["hi", "", "grüß", "日本", "😀 and back"]
    assert values["cells"].tolist() == [[i, 2, 3] for i in range(5)]
    assert [cell.ravel().tolist() for cell in values["ragged"]] == [list(range(i)) for i in range(5)]
    assert values["ragged"][3].shape == (3, 1)
    assert [cell.ravel().tolist() for cell in values["raw"]] == [[0, 255] * i for i in range(5)]
    assert values["raw"][3].shape == (1, 6)
    assert values["names"] == [["a"] * (i % 3) for i in range(5)]
    assert values["table"][2] == '{"k":2,"z":null}'
    assert np.array_equal(as_matlab(file, group["inner/speed"])[:, 0], [0, 1, np.nan, 3, 4], equal_nan=True)


def test_meta(file: h5py.File) -> None:
    assert as_matlab(file, file["meta/run/driver"]) == "Ädám"
    assert as_matlab(file, file["meta/run/car"]) == ""
    assert as_matlab(file, file["meta/enums/every_kind/mode/names"]) == ["OFF", "ON", "FAULT"]
    assert as_matlab(file, file["meta/channels/topic"]) == ["/every.kind"]
    assert as_matlab(file, file["meta/notices"]) == []
    units = file["meta/units"]
    assert units.attrs["MATLAB_class"] == b"struct" and units.attrs["MATLAB_empty"] == 1
    assert units[()].tolist() == [1, 1], "a struct without fields, not a bare group"


def test_a_variable_over_the_limit_of_v5_makes_it_7_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mat5, "MAX_VARIABLE_BYTES", 20_000)
    columns = MemoryColumns([Topic("a", struct_type(x=pa.float64()), [{"x": float(i)} for i in range(3_000)])], 500)
    target = tmp_path / "out.mat"
    write(columns, target)
    with h5py.File(target) as file:
        assert np.array_equal(file["a/x"][0], np.arange(3_000))


def test_native_logical_lists_and_an_empty_log(tmp_path: Path) -> None:
    write(MemoryColumns([every_kind()]), tmp_path / "native.mat", mat_version="7.3", native=True)
    with h5py.File(tmp_path / "native.mat") as file:
        assert file["every_kind/i64"][0, :2].tolist() == [2**63 - 1, -(2**63)]
        assert file["every_kind/u8"].attrs["MATLAB_class"] == b"uint8"
    write(MemoryColumns([]), tmp_path / "empty.mat", mat_version="7.3")
    with h5py.File(tmp_path / "empty.mat") as file:
        assert list(file) == ["#refs#", "meta"] or list(file) == ["meta"]
