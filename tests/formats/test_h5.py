from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pytest

from paddock.domain.export import ExportRequest
from paddock.formats import h5
from paddock.formats.registry import RunInfo
from tests.formats.builders import MemoryColumns, Topic, every_kind, struct_type


def write(columns: MemoryColumns, path: Path, **request: Any) -> None:
    h5.write(columns, ExportRequest(**request), RunInfo(), path, lambda done: None)


@pytest.mark.parametrize("compress", [False, True])
def test_every_kind_read_back(tmp_path: Path, compress: bool) -> None:
    write(MemoryColumns([every_kind()]), tmp_path / "out.h5", compress=compress)
    with h5py.File(tmp_path / "out.h5") as file:
        chunk = file["data/chunk_0"]
        speed = chunk["every_kind.inner.speed"][()]
        assert speed.dtype.names == ("Data", "Timestamp")
        assert np.array_equal(speed["Data"], [0, 1, np.nan, 3, 4], equal_nan=True)
        assert speed["Timestamp"].tolist() == [0, 0.01, 0.02, 0.03, 0.04]
        assert chunk["every_kind.on"]["Data"].tolist() == [1, 0, 1, 0, 1]
        texts = [text.decode() for text in chunk["every_kind.text"]["Data"]]
        assert texts == ["hi", "", "grüß", "日本", "😀 and back"]
        assert chunk["every_kind.cells"]["Data"].tolist() == [[i, 2, 3] for i in range(5)]
        assert chunk["every_kind.ragged"]["Data"][2] == b"[0,1]"


def test_long_signals_go_on_in_the_next_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(h5, "CHUNK_ROWS", 4)
    columns = MemoryColumns(
        [
            Topic("/long", struct_type(x=pa.int32()), [{"x": i} for i in range(10)]),
            Topic("short", struct_type(x=pa.int32(), text=pa.string()), [{"x": 1, "text": "a\0b"}]),
        ]
    )
    write(columns, tmp_path / "out.h5", native=True)
    with h5py.File(tmp_path / "out.h5") as file:
        chunks = [file[f"data/chunk_{n}"] for n in range(3)]
        assert np.concatenate([chunk["long.x"]["Data"] for chunk in chunks]).tolist() == list(range(10))
        assert chunks[0]["long.x"].dtype["Data"] == np.int32
        assert list(chunks[1]) == ["long.x"]
        assert chunks[0]["short.text"]["Data"][0].decode() == "a\ufffdb"
