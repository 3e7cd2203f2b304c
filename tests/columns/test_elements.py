"""An element of a list is taken away in every format, and read back by programs that know nothing of it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mcap.reader import make_reader
from mcap_protobuf.decoder import DecoderFactory

from paddock.domain.export import ExportRequest
from paddock.formats.registry import RunInfo, find_format, formats
from tests.formats.builders import MemoryColumns, Topic, struct_type
from tests.matlab_files import loadmat

ELEMENT = "ACU.pack.volts[3]"
ROWS = [[3.5 + row / 64 + cell / 8 for cell in range(4 + row % 2)] for row in range(10)]
EXPECTED = [row[3] for row in ROWS]


def read_csv(path: Path) -> list[float]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [float(row["pack.volts[3]"]) for row in csv.DictReader(file)]


def read_table(table: pa.Table) -> list[float]:
    column = next(name for name in table.column_names if name.startswith("pack"))
    values = table[column].to_pylist()
    return [each["volts[3]"] if isinstance(each, dict) else each for each in values]


def read_arrow(path: Path) -> list[float]:
    return read_table(pa.ipc.open_file(path).read_all())


def read_mat(path: Path) -> list[float]:
    return list(loadmat(path, simplify_cells=True)["ACU"]["pack"]["volts_3_"])


def read_hytech(path: Path) -> list[float]:
    return list(loadmat(path, simplify_cells=True)["data"]["ACU"]["pack"]["volts_3_"][:, 1])


def read_hytech_2(path: Path) -> list[float]:
    return list(loadmat(path, simplify_cells=True)["ACU"]["pack"]["volts_3_"]["Data"])


def read_h5(path: Path) -> list[float]:
    with h5py.File(path) as file:
        return list(file["data/chunk_0"]["ACU.pack.volts_3_"]["Data"])


def read_mcap(path: Path) -> list[float]:
    """It has whole topics, so the whole list."""
    with path.open("rb") as file:
        messages = make_reader(file, decoder_factories=[DecoderFactory()]).iter_decoded_messages(["ACU"])
        return [message.pack.volts[3] for *_, message in messages]


READERS: dict[tuple[str, str], Callable[[Path], list[float]]] = {
    ("csv", ""): read_csv,
    ("parquet", ""): lambda path: read_table(pq.read_table(path)),
    ("arrow", ""): read_arrow,
    ("mat", ""): read_mat,
    ("mat", "hytech-v1"): read_hytech,
    ("mat", "hytech-v2"): read_hytech_2,
    ("h5", ""): read_h5,
    ("mcap", ""): read_mcap,
}


def log() -> MemoryColumns:
    pack = pa.struct([("volts", pa.list_(pa.float32())), ("amps", pa.float32())])
    return MemoryColumns(
        [
            Topic("ACU", struct_type(pack=pack), [{"pack": {"volts": row, "amps": 1}} for row in ROWS]),
            Topic("other", struct_type(x=pa.int8()), [{"x": 1}]),
        ]
    )


@pytest.mark.parametrize(("format_name", "layout"), READERS)
def test_an_element_read_back(tmp_path: Path, format_name: str, layout: str) -> None:
    form = find_format(format_name, layout)
    request = ExportRequest(format_name, layout, signals=(ELEMENT,))
    form.write(log(), request, RunInfo(units={ELEMENT: "V"}), tmp_path / "out", lambda _: None)
    np.testing.assert_array_equal(READERS[format_name, layout](tmp_path / "out"), EXPECTED)


def test_every_format_that_is_written_from_columns_is_read_here() -> None:
    assert {name for name, _ in READERS} == {form.name for form in formats().values()}
