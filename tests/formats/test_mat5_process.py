"""A process of its own writes what threads would."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from paddock.columns.columns import ColumnBatch, ColumnChannel
from paddock.domain.export import ExportRequest
from paddock.errors import Unavailable
from paddock.formats import mat, mat5_process
from paddock.formats.registry import RunInfo
from tests.formats.builders import MemoryColumns, Topic, every_kind, struct_type

pytestmark = pytest.mark.slow("starts processes")

_HERE = os.getpid()


class _Failing(MemoryColumns):
    """Cannot be read in another process."""

    def read(self, channel: ColumnChannel, fields: Sequence[str] | None = None) -> Iterator[ColumnBatch]:
        if os.getpid() != _HERE:
            self.fail()
        return super().read(channel, fields)

    def fail(self) -> None:
        raise OSError(28, "No space left on device")


class _Killed(_Failing):
    def fail(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def _by_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mat5_process, "_FROM_BYTES", 0)
    monkeypatch.setattr(mat5_process, "fork_is_safe", lambda: True)


def _write(columns: MemoryColumns, path: Path) -> bytes:
    steps: list[float] = []
    mat.write(columns, ExportRequest(), RunInfo(), path, steps.append)
    assert steps == sorted(steps)
    assert steps[-1] == 1
    return path.read_bytes()


def _numbers(topics: int) -> list[Topic]:
    kind = struct_type(x=pa.float64(), word=pa.string())
    return [Topic(f"t{number}", kind, [{"x": float(number), "word": "ab"}] * 5) for number in range(topics)]


@pytest.mark.usefixtures("_by_process")
@pytest.mark.parametrize("topics", [[every_kind()], _numbers(200)], ids=["kinds", "many"])
def test_the_file_is_the_same(topics: list[Topic], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_process = _write(MemoryColumns(topics), tmp_path / "process.mat")
    monkeypatch.setattr(mat5_process, "fork_is_safe", lambda: False)
    by_threads = _write(MemoryColumns(topics), tmp_path / "threads.mat")
    assert by_process == by_threads


@pytest.mark.usefixtures("_by_process")
def test_what_fails_there_fails_here(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        _write(_Failing(_numbers(3)), tmp_path / "out.mat")


@pytest.mark.usefixtures("_by_process")
def test_that_it_was_killed_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        _write(_Killed(_numbers(3)), tmp_path / "out.mat")
    assert caught.value.code == "writing_killed"


@pytest.mark.usefixtures("_by_process")
def test_it_is_gone_afterwards(tmp_path: Path) -> None:
    before = _children()
    _write(MemoryColumns(_numbers(3)), tmp_path / "out.mat")
    assert _children() == before


def _children() -> set[str]:
    """The processes that this one has started and not waited for, servers of other tests among them."""
    found = set()
    for each in Path("/proc").glob("[0-9]*/stat"):
        # A process may end meanwhile. After its name, which may have brackets, come state and parent.
        with contextlib.suppress(OSError):
            if each.read_text().rpartition(")")[2].split()[1] == str(os.getpid()):
                found.add(each.parent.name)
    return found
