from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paddock.columns.columns import LogSummary
from paddock.columns.limits import Limits
from paddock.columns.spool_file import SpoolFile
from paddock.errors import Unavailable
from paddock.readers.mcap import spool as spool_module
from paddock.readers.mcap.batch import BATCH_BYTES
from paddock.readers.mcap.spool_process import SpoolProcess
from tests.readers.mcap.builders import LogBuilder, car_log, channel_named, rows_of, small_logs, spool


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every log is decoded in a process of its own, however small and whatever the machine."""
    monkeypatch.setattr(spool_module, "_PROCESS_FROM_BYTES", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def everything(log: bytes, folder: Path, statistics: bool = True) -> tuple[LogSummary, list[object]]:
    with spool(log, folder, statistics=statistics) as columns:
        rows: list[object] = []
        for channel in columns.channels:
            rows.append((channel.topic, channel.fields, channel.enums, channel.metadata))
            for batch in columns.read(channel):
                rows.append([batch.log_time.tolist(), batch.publish_time.tolist(), batch.sequence.tolist()])
                rows.append(batch.messages.to_pylist())
        return columns.summary, rows


@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize("number", range(len(small_logs())))
def test_a_process_makes_the_same_columns(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, number: int, statistics: bool
) -> None:
    log = small_logs()[number]
    monkeypatch.setattr(spool_module, "_WAITING_BYTES", 500)
    here = everything(log, tmp_path, statistics)
    request.getfixturevalue("apart")
    assert everything(log, tmp_path, statistics) == here
    assert here[0].message_count == 40


@pytest.mark.skipif(sys.platform != "linux", reason="nowhere else a process is forked")
@pytest.mark.parametrize("number", range(len(small_logs())))
def test_a_process_that_was_forked_ahead_makes_the_same_columns(tmp_path: Path, number: int) -> None:
    log = tmp_path / "log.mcap"
    log.write_bytes(small_logs()[number])
    # In a process without threads, as the command line is.
    code = (
        "import sys; from pathlib import Path\n"
        "from paddock.readers.mcap import spool, spool_process\n"
        "from tests.readers.mcap.test_spool_process import everything\n"
        "log, folder = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])\n"
        "here = everything(log, folder)\n"
        "spool._PROCESS_FROM_BYTES, spool.os.cpu_count = 0, lambda: 2\n"
        "spool_process.start_ahead(); [forked] = spool_process._ahead\n"
        "assert everything(log, folder) == here\n"
        "assert not spool_process._ahead and forked._process.exitcode is not None\n"
        "spool_process.start_ahead()  # for a log that never comes\n"
    )
    folder = tmp_path / "scratch"
    folder.mkdir()
    subprocess.run([sys.executable, "-c", code, log, folder], check=True, timeout=60)
    assert not list(folder.iterdir())


@pytest.mark.usefixtures("apart")
def test_fields_that_are_learnt_late_come_back_from_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "_WAITING_BYTES", 100)
    log = LogBuilder(chunk_size=100)
    channel = log.channel("a")
    for number in range(20):
        log.add(channel, number, {"n": number if number < 10 else number + 0.5})
    with spool(log.finish(), tmp_path) as columns:
        rows = [
            row["n"] for batch in columns.read(channel_named(columns, "a")) for row in batch.messages.to_pylist()
        ]
    assert rows == [float(number) if number < 10 else number + 0.5 for number in range(20)]


@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize("process", [False, True])
def test_a_message_larger_than_a_batch(
    tmp_path: Path, request: pytest.FixtureRequest, process: bool, statistics: bool
) -> None:
    if process:
        request.getfixturevalue("apart")
    image = os.urandom(1 << 10) * (BATCH_BYTES >> 10)
    log = LogBuilder()
    channel = log.channel("camera", encoding="jpeg")
    other = log.channel("a")
    for number, payload in enumerate((b"small", image, b"after")):
        log.add(other, number, {"n": number})
        log.writer.add_message(channel, number, payload, number)
    with spool(log.finish(), tmp_path, statistics=statistics) as columns:
        found = [row["data"] for row in rows_of(columns, "camera")]
        assert columns.rows(channel_named(columns, "a")) == 3
    assert found == [b"small", image, b"after"]


@pytest.mark.usefixtures("apart")
def test_a_process_that_is_killed_is_an_error_to_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[SpoolProcess] = []

    class Killed(SpoolProcess):
        def __init__(self, file: SpoolFile, directory: Path, limits: Limits) -> None:
            super().__init__(file, directory, limits)
            started.append(self)
            os.kill(self._interpreter.pid, signal.SIGKILL)

    monkeypatch.setattr(spool_module, "SpoolProcess", Killed)
    with pytest.raises(Unavailable, match="ended from outside"):
        spool(car_log(400), tmp_path)
    assert started[0]._interpreter.end() == -signal.SIGKILL
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("apart")
@pytest.mark.skipif(sys.platform != "linux", reason="limits another process")
def test_an_error_of_the_process_is_raised_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Limited(SpoolProcess):
        def __init__(self, file: SpoolFile, directory: Path, limits: Limits) -> None:
            super().__init__(file, directory, limits)
            resource.prlimit(self._interpreter.pid, resource.RLIMIT_FSIZE, (10, 10))

    monkeypatch.setattr(spool_module, "SpoolProcess", Limited)
    with pytest.raises(OSError, match="File too large"):
        spool(car_log(400), tmp_path)


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for the process in /proc")
def test_the_process_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from paddock.columns.limits import Limits; from paddock.columns.spool_file import SpoolFile\n"
        "from paddock.readers.mcap.spool_process import SpoolProcess\n"
        "folder = Path(sys.argv[1]); process = SpoolProcess(SpoolFile.temporary(folder), folder, Limits())\n"
        "print(process._interpreter.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    child = Path("/proc", done.stdout.strip())
    assert done.stdout.strip().isdigit()
    for _ in range(200):
        if not child.exists() or "\nState:\tZ" in (child / "status").read_text():
            break
        time.sleep(0.05)
    else:
        pytest.fail("the process outlived its parent")


@pytest.mark.usefixtures("apart")
def test_an_error_while_a_log_is_read_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[SpoolProcess] = []

    class Watched(SpoolProcess):
        def __init__(self, file: SpoolFile, directory: Path, limits: Limits) -> None:
            super().__init__(file, directory, limits)
            started.append(self)

    monkeypatch.setattr(spool_module, "SpoolProcess", Watched)

    def stop(_: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        spool(car_log(400), tmp_path, progress=stop)
    with pytest.raises(ProcessLookupError):
        os.kill(started[0]._interpreter.pid, 0)
