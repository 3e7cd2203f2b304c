"""Every format × layout × rate × selection × span, read back by the programs that people use."""

from __future__ import annotations

import csv as standard
import dataclasses
import io
import itertools
import json
import math
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import h5py
import mat73
import numpy as np
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pymatreader
import pytest
import scipy.io

from paddock.domain.export import ExportRequest
from paddock.formats.arrow_numpy import (
    is_list,
    is_number,
    is_text,
    is_time,
    json_texts,
    pick,
    plain_rows,
)
from paddock.formats.csv import harmless
from paddock.formats.mat_layouts import named_channels, note_names
from paddock.formats.matlab_names import RESERVED
from paddock.formats.raster import requested
from paddock.formats.registry import Run, find_format
from paddock.formats.signals import leaves
from paddock.mcap.columns import Columns
from tests.formats.builders import MemoryColumns, Topic, every_kind, struct_type

RATES: list[dict[str, Any]] = [{}, {"rate_hz": 100}, {"rate_hz": 100, "interpolation": "linear"}]
SELECTIONS = [
    (),
    ("/every.kind",),
    ("every.kind.inner.*", "late.deep"),
    ("every.kind.cells[1]", "one", "late.many[*]"),
]
SPANS: list[dict[str, float]] = [{}, {"start_s": 0.02}, {"end_s": 0.03}, {"start_s": 0.015, "end_s": 0.035}]
REQUESTS = [
    {**rate, **({"signals": signals} if signals else {}), **span}
    for rate, signals, span in itertools.product(RATES, SELECTIONS, SPANS)
]


def log() -> MemoryColumns:
    """All kinds of fields, gaps, silence, equal names, and types that say that nothing is ever missing."""
    strict = pa.struct([pa.field("FL", pa.float32(), False), pa.field("on", pa.bool_(), False)])
    late = pa.struct(
        [
            pa.field("deep", strict, False),
            pa.field("big", pa.uint64(), False),
            pa.field("small", pa.int8(), False),
            pa.field("many", pa.list_(pa.int16()), False),
            pa.field("when", pa.timestamp("ns"), False),
        ]
    )
    rows = [
        {
            "deep": {"FL": i / 4, "on": i % 2 == 0},
            "big": 2**64 - 1 - i,
            "small": -i,
            "many": [i, i + 1],
            "when": 1_745_000_000_000_000_000 + i,
        }
        for i in range(3)
    ]
    same = pa.struct([("a.b", pa.int32()), ("a", pa.struct([("b", pa.int32())])), ("t", pa.string())])
    kinds = every_kind()
    # scipy garbles characters outside the BMP in MAT v5 (see mat5.py); test_mat73.py and test_octave.py have them.
    texts = [{**row, "text": row["text"].replace("😀", "°C")} for row in kinds.rows if row]
    return MemoryColumns(
        [
            dataclasses.replace(kinds, rows=texts),
            Topic("late", late, rows, times_ns=[25_000_000, 31_000_000, 42_000_000]),
            Topic("one", struct_type(x=pa.float64(), note=pa.string()), [{"x": 1.5, "note": "é"}]),
            Topic("silent", struct_type(x=pa.float64()), []),
            Topic("same", same, [{"a.b": 1, "a": {"b": 2}, "t": "x"}, {"a.b": 3, "a": None, "t": None}]),
            Topic("twice", struct_type(x=pa.int32()), [{"x": 1}], schema_name="one"),
            Topic("twice", struct_type(x=pa.string()), [{"x": "y"}] * 2, schema_name="two"),
        ],
        batch_rows=2,
    )


Signals = dict[tuple[str, tuple[str, ...]], tuple[pa.DataType, pa.Array]]


def expected(columns: Columns) -> dict[str, tuple[list[int], Signals]]:
    """By slug: the times, and the values of every field."""
    found = {}
    for channel in columns.channels:
        if not columns.rows(channel):
            continue
        batches = list(columns.read(channel))
        rows = pa.concat_arrays([batch.messages for batch in batches])
        times = [int(time) for batch in batches for time in batch.log_time]
        signals = {(channel.topic, path): (kind, pick(rows, path)) for path, kind in leaves(channel.fields)}
        found[channel.slug] = (times, signals)
    return found


def write(form: str, request: dict[str, Any], target: Path) -> tuple[Columns, dict[str, tuple[list[int], Signals]]]:
    columns = log()
    asked = ExportRequest(format=form, **request)
    writer = find_format(form).write
    assert writer is not None
    writer(columns, asked, Run(), target, lambda _: None)
    taken = requested(columns, asked)
    return taken, expected(taken)


def plain(value: Any) -> Any:
    """Values that say the same are the same: NaN and null, a map and its entries."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, list):
        if value and all(isinstance(each, dict) and set(each) == {"key", "value"} for each in value):
            return {plain(str(each["key"])): plain(each["value"]) for each in value}
        return [plain(each) for each in value]
    return {name: plain(each) for name, each in value.items()} if isinstance(value, dict) else value


def whole(target: Path) -> list[bytes]:
    """The file, or those in the zip."""
    if not zipfile.is_zipfile(target):
        return [target.read_bytes()]
    with zipfile.ZipFile(target) as archive:
        return [archive.read(name) for name in archive.namelist()]


def by_duckdb(path: Path) -> pa.Table:
    return duckdb.sql(f"select * from read_parquet('{path}')").to_arrow_table()


TABLE_READERS: dict[str, dict[str, Callable[[Path], pa.Table]]] = {
    "parquet": {
        "pyarrow": pq.read_table,
        "pandas": lambda path: pa.Table.from_pandas(
            pandas.read_parquet(path, dtype_backend="pyarrow"), preserve_index=False
        ),
        "polars": lambda path: polars.read_parquet(path).to_arrow(),
        "duckdb": by_duckdb,
    },
    "arrow": {
        "pyarrow": lambda path: pa.ipc.open_file(path.read_bytes()).read_all(),
        "pandas": lambda path: pa.Table.from_pandas(
            pandas.read_feather(path, dtype_backend="pyarrow"), preserve_index=False
        ),
        "polars": lambda path: polars.read_ipc(path).to_arrow(),
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
    return json_texts(values)


def duckdb_rows(data: bytes) -> list[tuple[Any, ...]]:
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(data)
        file.flush()
        options = """header = true, all_varchar = true, delim = ',', quote = '"', escape = '"'"""
        return duckdb.sql(f"select * from read_csv('{file.name}', {options})").fetchall()


CSV_READERS: dict[str, Callable[[bytes], list[list[str]]]] = {
    "pandas": lambda data: pandas.read_csv(
        io.BytesIO(data), dtype=str, keep_default_na=False, encoding="utf-8-sig"
    ).to_numpy().tolist(),
    "polars": lambda data: [
        ["" if cell is None else cell for cell in row]
        for row in polars.read_csv(io.BytesIO(data), infer_schema=False).rows()
    ],
    "duckdb": lambda data: [
        ["" if cell is None else cell for cell in row]
        for row in duckdb_rows(data)
    ],
}  # fmt: skip


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
    if value is None:
        assert cell == ""
    elif pa.types.is_floating(kind):
        assert float(cell) == pytest.approx(value, rel=1e-6, nan_ok=True)
    elif pa.types.is_boolean(kind):
        assert cell == str(value).lower()
    else:
        assert cell == str(value)


def numbers_of(kind: pa.DataType, values: pa.Array) -> list[float] | None:
    """All numbers of a field end to end as a matrix of doubles has them; None where it is no matrix."""
    if is_number(kind):
        rows = [[value] for value in plain_rows(values)]
        item = kind
    elif is_list(kind) and is_number(kind.value_type):
        lists = plain_rows(values)
        widths = {len(row) for row in lists if row is not None}
        if len(widths) != 1:
            return None
        (width,) = widths
        rows, item = [row if row is not None else [None] * width for row in lists], kind.value_type
    else:
        return None
    scale = 1e-9 if is_time(item) else 1
    return [math.nan if value is None else float(value) * scale for row in rows for value in row]


def ravelled(value: Any) -> list[float]:
    """Row by row."""
    return [float(each) for each in np.asarray(value).ravel()]


def text_of(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if cell is None or np.size(cell) == 0:
        return ""
    return "".join(str(each) for each in np.asarray(cell).ravel().tolist())


def simple_texts(value: Any, rows: int) -> list[str]:
    """Cells of char after a reader has made them simple: of one row it may leave the text alone."""
    if rows == 1:
        return [text_of(value)]
    cells = value if isinstance(value, list) else list(np.asarray(value, object).ravel())
    return [text_of(cell) for cell in cells] or [""] * rows


MAT_READERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "scipy": lambda path: scipy.io.loadmat(path, simplify_cells=True, mat_dtype=True),
    "pymatreader": lambda path: pymatreader.read_mat(path),
    "mat73": lambda path: mat73.loadmat(str(path)),
}
MAT_FILES = [
    ("scipy", {}), ("scipy", {"compress": True}), ("scipy", {"native": True}), ("pymatreader", {}),
    ("mat73", {"mat_version": "7.3"}), ("mat73", {"mat_version": "7.3", "compress": True, "native": True}),
    ("pymatreader", {"mat_version": "7.3"}),
]  # fmt: skip


@pytest.mark.parametrize("layout", ["paddock", "hytech-v1", "hytech-v2"])
@pytest.mark.parametrize(("reader", "options"), MAT_FILES)
def test_mat(tmp_path: Path, reader: str, options: dict[str, Any], layout: str) -> None:
    target = tmp_path / "made.mat"
    # Fifths, because five is prime to the sizes of the matrix: every value of each of its dimensions is there.
    for request in REQUESTS if (reader, options, layout) == ("scipy", {}, "paddock") else REQUESTS[::5]:
        columns, wanted = write("mat", {**request, **options, "layout": layout}, target)
        loaded = MAT_READERS[reader](target)
        loaded = loaded.get("data", {}) if layout == "hytech-v1" else loaded
        for named in named_channels(columns, RESERVED if layout == "paddock" else frozenset()):
            assert_topic(loaded[named.name], named, wanted[named.channel.slug], columns, layout, options)


def assert_topic(
    topic: Any, named: Any, wanted: Any, columns: Columns, layout: str, options: dict[str, Any]
) -> None:
    times, signals = wanted
    note_names(named)
    seconds = [(time - (columns.summary.started_ns or 0)) / 1e9 for time in times]
    if layout == "paddock":
        assert ravelled(topic["t"]) == pytest.approx(seconds)
        assert [int(each) for each in np.asarray(topic["time_ns"]).ravel()] == times
    for matlab, path, kind in named.signals:
        if layout == "paddock" and matlab[0] in RESERVED:
            matlab = (f"{matlab[0]}_", *matlab[1:])
        node = topic
        for name in matlab:
            node = node[name]
        values = signals[(named.channel.topic, path)][1]
        numbers = numbers_of(kind, values)
        if layout == "hytech-v2":
            assert ravelled(node["Timestamp"]) == pytest.approx(seconds)
            node = node["Data"]
        if numbers is not None:
            got = np.asarray(node)
            if options.get("native") and is_time(kind) and got.dtype.kind == "i":
                numbers = [value * 1e9 for value in numbers]
            if layout == "hytech-v1":
                got = got.reshape(len(times), -1)[:, 1:]
            assert ravelled(got) == pytest.approx(numbers, rel=1e-6, nan_ok=True), (path, options)
        elif is_text(kind) and layout != "hytech-v1":
            assert simple_texts(node, len(times)) == values.fill_null("").to_pylist(), (path, options)


@pytest.mark.parametrize("native", [False, True])
def test_h5(tmp_path: Path, native: bool) -> None:
    for request in REQUESTS:
        columns, wanted = write("h5", {**request, "native": native}, tmp_path / "made.h5")
        with h5py.File(tmp_path / "made.h5") as file:
            for named in named_channels(columns, frozenset()):
                note_names(named)
                times, signals = wanted[named.channel.slug]
                for matlab, path, kind in named.signals:
                    rows = file[f"data/chunk_0/{'.'.join((named.name, *matlab))}"][()]
                    assert len(rows) == len(times)
                    values = signals[(named.channel.topic, path)][1]
                    numbers = numbers_of(kind, values)
                    if numbers:
                        scale = 1e9 if native and is_time(kind) and rows["Data"].dtype.kind == "i" else 1
                        numbers = [value * scale for value in numbers]
                        assert ravelled(rows["Data"]) == pytest.approx(numbers, rel=1e-6, nan_ok=True)
                    elif is_text(kind):
                        assert [text.decode() for text in rows["Data"]] == values.fill_null("").to_pylist()


OCTAVE = """
files = glob('*.mat');
out = struct();
function found = walk(found, node, path)
  if isstruct(node)
    names = fieldnames(node);
    for k = 1:numel(names), found = walk(found, node.(names{k}), [path '.' names{k}]); end
  elseif isnumeric(node) || islogical(node)
    values = double(node(:));
    known = values(isfinite(values));
    found(end + 1) = struct('path', path, 'rows', size(node, 1), 'width', size(node, 2), ...
      'total', sum(known), 'missing', sum(isnan(values)));
  end
end
for k = 1:numel(files)
  S = load(files{k});
  found = struct('path', {'S', 'S'}, 'rows', 0, 'width', 0, 'total', 0, 'missing', 0);
  found = walk(found, S, 'S');
  out.(files{k}(1:end - 4)) = found;
end
handle = fopen('out.json', 'w'); fputs(handle, jsonencode(out)); fclose(handle);
"""


@pytest.fixture(scope="module")
def octave(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[dict[str, Any], list[Any]]]]:
    """Every request in every layout, loaded by one session of GNU Octave: sizes and sums of what it saw."""
    program = shutil.which("octave-cli") or shutil.which("octave")
    if program is None:
        pytest.skip("GNU Octave is not installed (apt install octave)")
    folder = tmp_path_factory.mktemp("octave")
    requests = {}
    for number, (request, layout) in enumerate(
        itertools.product(REQUESTS[::5], ("paddock", "hytech-v1", "hytech-v2"))
    ):
        requests[f"f{number}"] = {**request, "layout": layout}
        write("mat", requests[f"f{number}"], folder / f"f{number}.mat")
    (folder / "session.m").write_text("1;\n" + OCTAVE)
    done = subprocess.run(
        [program, "--no-gui", "--quiet", "--norc", "session.m"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (folder / "out.json").exists(), done.stderr
    found = json.loads((folder / "out.json").read_text())
    yield {
        name: (scipy.io.loadmat(folder / f"{name}.mat", simplify_cells=True, mat_dtype=True), found[name])
        for name in requests
    }


def test_octave_sees_what_scipy_sees(octave: dict[str, tuple[dict[str, Any], list[Any]]]) -> None:
    for name, (loaded, found) in octave.items():
        seen = 0
        for one in found:
            path, rows, width, total, missing = (one[key] for key in ("path", "rows", "width", "total", "missing"))
            node: Any = loaded if path != "S" else ""
            for part in path.split(".")[1:]:
                node = node[part]
            if isinstance(node, str | list) or np.asarray(node).dtype.kind not in "fiub":
                continue
            values = np.asarray(node, np.float64).ravel()
            known = values[np.isfinite(values)]
            assert len(values) == rows * width, (name, path)
            assert total == pytest.approx(float(known.sum()), abs=1e-6 + 1e-9 * np.abs(known).sum()), (name, path)
            assert missing == int(np.isnan(values).sum()), (name, path)
            seen += 1
        assert seen or not [key for key in loaded if not key.startswith("__")]
