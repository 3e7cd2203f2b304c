"""The matrix of requests as MATLAB files and HDF5, read back by the programs that people use."""

from __future__ import annotations

import itertools
import json
import math
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pytest

from paddock.columns.arrow_numpy import (
    is_list,
    is_number,
    is_text,
    is_time,
)
from paddock.columns.columns import Columns
from paddock.formats.mat_layouts import named_channels, note_names
from paddock.formats.matlab_names import RESERVED
from tests.columns.plain_rows import plain_rows
from tests.formats.matrix import REQUESTS, write
from tests.matlab_files import loadmat


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


def by_pymatreader(path: Path) -> dict[str, Any]:
    import pymatreader

    return pymatreader.read_mat(path)


def by_mat73(path: Path) -> dict[str, Any]:
    import mat73

    return mat73.loadmat(str(path))


MAT_READERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "scipy": lambda path: loadmat(path, simplify_cells=True, mat_dtype=True),
    "pymatreader": by_pymatreader,
    "mat73": by_mat73,
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
        name: (loadmat(folder / f"{name}.mat", simplify_cells=True, mat_dtype=True), found[name])
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
