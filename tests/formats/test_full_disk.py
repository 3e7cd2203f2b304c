"""A disk that is full in the middle of a file is an error of the file, and never the end of the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY

SCRIPT = """
import resource, signal
from pathlib import Path
import pyarrow as pa
from paddock.domain.export import ExportRequest
from paddock.formats.registry import RunInfo, find_format
from tests.formats.builders import MemoryColumns, Topic, struct_type

rows = [{"x": float(i), "text": str(i % 7)} for i in range(2_000)]
columns = MemoryColumns([Topic(name, struct_type(x=pa.float64(), text=pa.string()), rows) for name in "abc"], 500)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
for form, version in (("mat", "5"), ("mat", "7.3"), ("h5", ""), ("csv", ""), ("parquet", ""), ("arrow", "")):
    for compress in (False, True):
        request = ExportRequest(format=form, mat_version=version, compress=compress)
        write = find_format(form).write
        write(columns, request, RunInfo(), Path("made"), lambda done: None)
        whole = Path("made").stat().st_size
        for limit in (1_000, whole // 2, whole - 500):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))
            try:
                write(columns, request, RunInfo(), Path("made"), lambda done: None)
            except OSError as error:
                print(form, version, compress, error.errno)
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
print("alive")
"""


def test_every_writer_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    said = done.stdout.splitlines()
    assert said[-1:] == ["alive"], done.stderr[-2_000:]
    assert len(said) == 1 + 6 * 2 * 3 and all(line.endswith(" 27") for line in said[:-1]), said
