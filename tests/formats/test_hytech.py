"""The layouts that teams have scripts for; ``test_real_logs.py`` holds one against the old converter's own file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from paddock.domain.export import ExportRequest
from paddock.formats import mat
from paddock.formats.registry import RunInfo
from tests.formats.builders import MemoryColumns, Topic, every_kind, struct_type
from tests.matlab_files import loadmat


def write(columns: MemoryColumns, path: Path, **request: Any) -> dict[str, Any]:
    mat.write(columns, ExportRequest(**request), RunInfo(), path, lambda done: None)
    return loadmat(path, mat_dtype=True)


def test_v1_of_fields_the_example_does_not_have(tmp_path: Path) -> None:
    topic = write(MemoryColumns([every_kind()]), tmp_path / "out.mat", layout="hytech-v1")["data"][0, 0]
    fields = topic["every_kind"][0, 0]
    assert fields["f64"].shape == (5, 2)
    assert fields["cells"].shape == (5, 4)
    assert fields["inner"][0, 0]["speed"][:, 1].tolist()[0] == 0
    assert fields["text"].shape == (5, 2)
    assert fields["text"][0, 0].item() == 0.0
    assert fields["text"][0, 1].item() == "hi"
    assert "t" not in fields.dtype.names


def test_v2_is_data_and_timestamp_since_the_first_message_of_the_file(tmp_path: Path) -> None:
    fields = struct_type(gps=pa.struct([("lat", pa.float64())]), t=pa.int32())
    columns = MemoryColumns(
        [
            Topic("first", struct_type(x=pa.bool_()), [{"x": True}]),
            Topic("INS", fields, [{"gps": {"lat": 1.5}, "t": 3}] * 2, times_ns=[500_000_000, 750_000_000]),
        ]
    )
    loaded = write(columns, tmp_path / "out.mat", layout="hytech-v2")
    assert [name for name in loaded if not name.startswith("__")] == ["INS", "first"]
    lat = loaded["INS"][0, 0]["gps"][0, 0]["lat"][0, 0]
    assert lat.dtype.names == ("Data", "Timestamp")
    assert lat["Data"].tolist() == [[1.5], [1.5]]
    assert lat["Timestamp"].tolist() == [[0.5], [0.75]]
    assert loaded["INS"][0, 0]["t"][0, 0]["Data"].tolist() == [[3], [3]]
