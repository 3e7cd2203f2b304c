"""The matrix of requests as tables, read back by the programs that people use."""

from __future__ import annotations

import csv as standard
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from paddock.columns.arrow_numpy import (
    is_list,
    is_number,
    is_text,
    is_time,
)
from paddock.formats.csv import harmless
from tests.columns.plain_rows import json_rows, plain_rows
from tests.formats.matrix import REQUESTS, Signals, plain, whole, write

pytestmark = pytest.mark.slow("every request in every format")


# Each imports its program itself: together they take a second, which those who collect the tests need not wait.
def by_pandas(reader: str) -> Callable[[Path], pa.Table]:
    def read(path: Path) -> pa.Table:
        import pandas

        return pa.Table.from_pandas(getattr(pandas, reader)(path, dtype_backend="pyarrow"), preserve_index=False)

    return read


def by_polars(reader: str) -> Callable[[Path], pa.Table]:
    def read(path: Path) -> pa.Table:
        import polars

        return getattr(polars, reader)(path).to_arrow()

    return read


def by_duckdb(path: Path) -> pa.Table:
    import duckdb

    return duckdb.sql(f"select * from read_parquet('{path}')").to_arrow_table()


TABLE_READERS: dict[str, dict[str, Callable[[Path], pa.Table]]] = {
    "parquet": {
        "pyarrow": pq.read_table,
        "pandas": by_pandas("read_parquet"),
        "polars": by_polars("read_parquet"),
        "duckdb": by_duckdb,
    },
    "arrow": {
        "pyarrow": lambda path: pa.ipc.open_file(path.read_bytes()).read_all(),
        "pandas": by_pandas("read_feather"),
        "polars": by_polars("read_ipc"),
    },
}


def nanoseconds(column: pa.ChunkedArray) -> list[Any]:
    array = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if is_time(array.type) and array.type.unit != "ns":
        factor = {"us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}[array.type.unit]
        return [None if value is None else value * factor for value in array.view(pa.int64()).to_pylist()]
    return plain_rows(array)


@pytest.mark.parametrize(
    ("form", "layout", "reader"),
    [
        (form, layout, reader)
        for form in TABLE_READERS
        for layout in ("messages", "flat")
        for reader in TABLE_READERS[form]
    ],
)
def test_tables(tmp_path: Path, form: str, layout: str, reader: str) -> None:
    for request in REQUESTS:
        columns, wanted = write(form, {**request, "layout": layout}, tmp_path / "made")
        files = whole(tmp_path / "made")
        assert len(files) == len(wanted)
        for data, (times, signals) in zip(files, wanted.values(), strict=True):
            (tmp_path / "one").write_bytes(data)
            table = TABLE_READERS[form][reader](tmp_path / "one")
            seconds = [(time - (columns.summary.started_ns or 0)) / 1e9 for time in times]
            assert table.column("t").to_pylist() == pytest.approx(seconds)
            assert nanoseconds(table.column("log_time")) == times
            if layout == "flat":
                assert pa.types.is_timestamp(table.schema.field("log_time").type)
                assert not any(pa.types.is_struct(field.type) for field in table.schema)
            taken = {"t", "log_time"}
            for (_, path), (_, values) in signals.items():
                name = ".".join(path)
                if layout == "flat":
                    name = (
                        name if name not in taken else f"{name}_2" if name not in ("t", "log_time") else f"{name}_"
                    )
                    taken.add(name)
                    got = nanoseconds(table.column(name))
                else:
                    first = f"{path[0]}_" if path[0] in ("t", "log_time") else path[0]
                    got = nanoseconds(table.column(first))
                    for part in path[1:]:
                        got = [None if row is None else row[part] for row in got]
                assert plain(got) == plain(plain_rows(values)), (request, name)


def cells_of(kind: pa.DataType, values: pa.Array) -> list[Any]:
    if is_text(kind):
        return harmless(values.cast(pa.string())).fill_null("").to_pylist()
    if is_number(kind):
        return plain_rows(values)
    return ["" if text is None else text for text in json_rows(values)]


def pandas_rows(data: bytes) -> list[list[str]]:
    import pandas

    read = pandas.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    return read.to_numpy().tolist()


def polars_rows(data: bytes) -> list[list[str]]:
    import polars

    return emptied(polars.read_csv(io.BytesIO(data), infer_schema=False).rows())


def duckdb_rows(data: bytes) -> list[list[str]]:
    import duckdb

    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(data)
        file.flush()
        options = """header = true, all_varchar = true, delim = ',', quote = '"', escape = '"'"""
        return emptied(duckdb.sql(f"select * from read_csv('{file.name}', {options})").fetchall())


def emptied(rows: list[tuple[Any, ...]]) -> list[list[str]]:
    """With an empty text for each cell that is missing."""
    return [["" if cell is None else cell for cell in row] for row in rows]


CSV_READERS: dict[str, Callable[[bytes], list[list[str]]]] = {
    "pandas": pandas_rows,
    "polars": polars_rows,
    "duckdb": duckdb_rows,
}


def test_csv(tmp_path: Path) -> None:
    for request in REQUESTS:
        _, wanted = write("csv", request, tmp_path / "made")
        files = whole(tmp_path / "made")
        if "rate_hz" in request:
            together: Signals = {}
            for slug, (_, signals) in wanted.items():
                together |= {(slug, (topic, *path)): kind for (topic, path), kind in signals.items()}
            tables = [(next(iter(wanted.values()))[0] if wanted else [], together)]
        else:
            tables = list(wanted.values())
        for data, (times, signals) in zip(files, tables, strict=True):
            assert data.startswith(b"\xef\xbb\xbf") == (not data.isascii())
            header, *rows = standard.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
            assert len(set(header)) == len(header)
            assert [int(row[1]) for row in rows] == times
            for name, reader in CSV_READERS.items():
                assert reader(data) == rows, (name, request)
            place = 2
            for (_, path), (kind, values) in signals.items():
                width = 1
                if is_list(kind) and f"{'.'.join(path)}[0]" in header:
                    width = len(next(row for row in plain_rows(values) if row is not None))
                if width > 1 or header[place].endswith("[0]"):
                    read = str if is_text(kind.value_type) else float
                    got = [[read(c) if c else None for c in row[place : place + width]] for row in rows]
                    assert got == [row or [None] * width for row in plain(plain_rows(values))], (request, path)
                else:
                    got = [row[place] for row in rows]
                    for cell, value in zip(got, cells_of(kind, values), strict=True):
                        assert_cell(cell, value, kind)
                place += width
            assert place == len(header)


def assert_cell(cell: str, value: Any, kind: pa.DataType) -> None:
    if value is None or value != value:  # what is missing, and NaN
        assert cell == ""
    elif pa.types.is_floating(kind):
        assert float(cell) == pytest.approx(value, rel=1e-6)
    elif pa.types.is_boolean(kind):
        assert cell == str(value).lower()
    else:
        assert cell == str(value)
