"""A recorder that is a command: real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from paddock.basestation.car.recorders.command import CommandRecorder, TwoCommandsRecorder
from paddock.basestation.car.recorders.named import recorder_named
from paddock.basestation.car.recorders.recorder import Doing, Recorder
from paddock.basestation.car.store import Store
from paddock.errors import PaddockError, Rejected, Unavailable
from tests.cli.running import wait_until

RECORDS = "exec sleep 60"


class Bench:
    """A folder of state, and recorders that are gone when the test has ended."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, Store(folder)
        self.made: list[Recorder] = []

    def recorder(self, command: str, stop: str = "", status: str = "") -> Recorder:
        made = recorder_named(f"command:{command}", stop, status, store=self.store, state=self.folder)
        self.made.append(made)
        return made


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    for each in made.made:
        each.stop()


def test_runs_until_it_is_told_to_end(bench: Bench) -> None:
    log = bench.folder / "run.mcap"
    recorder = bench.recorder(
        f"trap 'echo closed >> {log}; exit 0' INT; echo begun > {log}; while :; do sleep 0.05; done"
    )
    assert recorder.state().doing is Doing.STOPPED
    recorder.start({})
    assert recorder.state().doing is Doing.RECORDING
    wait_until(lambda: log.exists() and log.read_text())
    recorder.stop()
    assert recorder.state().doing is Doing.STOPPED
    assert log.read_text() == "begun\nclosed\n"


def test_starting_and_stopping_twice_is_harmless(bench: Bench) -> None:
    begun = bench.folder / "begun"
    recorder = bench.recorder(f"echo x >> {begun}; {RECORDS}", "TERM")
    for _ in range(3):
        recorder.start({})
    wait_until(begun.exists)
    for _ in range(3):
        recorder.stop()
    assert begun.read_text() == "x\n"
    recorder.start({})
    assert recorder.state().doing is Doing.RECORDING


def test_metadata_are_in_its_environment(bench: Bench) -> None:
    said = bench.folder / "said"
    recorder = bench.recorder(f'echo "$RUN_DRIVER|$RUN_TYRE_SET|$RUN_METADATA" > {said}; {RECORDS}', "KILL")
    recorder.start({"driver": "Zoë $HOME", "tyre_set": "R25B"})
    wait_until(lambda: said.exists() and said.read_text())
    assert said.read_text() == 'Zoë $HOME|R25B|{"driver":"Zoë $HOME","tyre_set":"R25B"}\n'


def test_one_that_does_not_start_says_why(bench: Bench) -> None:
    recorder = bench.recorder("echo no such bus: can0 >&2; exit 3")
    with pytest.raises(Unavailable, match=r"did not start: it ended with code 3\. It said: no such bus: can0"):
        recorder.start({})


def test_one_that_dies_is_seen(bench: Bench) -> None:
    recorder = bench.recorder("echo disk full; sleep 2; kill -SEGV $$", "TERM")
    recorder.start({})
    wait_until(lambda: recorder.state().doing is Doing.DIED)
    assert recorder.state().detail == "The recorder has died: it was killed by signal 11. It said: disk full"
    recorder.stop()
    assert recorder.state().doing is Doing.STOPPED


def test_one_that_ends_by_itself_in_good_order_has_stopped(bench: Bench) -> None:
    recorder = bench.recorder("sleep 2", "TERM")
    recorder.start({})
    wait_until(lambda: recorder.state().doing is Doing.STOPPED)
    assert recorder.state().detail == "The recorder has ended by itself."


def test_it_goes_on_when_the_car_program_is_killed_and_is_found_again(bench: Bench) -> None:
    start = (
        "import sys; from pathlib import Path\n"
        "from paddock.basestation.car.recorders.named import recorder_named\n"
        "from paddock.basestation.car.store import Store\n"
        f"folder = Path({str(bench.folder)!r})\n"
        f"recorder_named('command:{RECORDS}', 'TERM', '', store=Store(folder), state=folder).start({{}})\n"
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", start], check=False)
    assert killed.returncode == -signal.SIGKILL
    recorder = bench.recorder(RECORDS, "TERM")
    assert recorder.state().doing is Doing.RECORDING
    recorder.start({})
    recorder.stop()
    assert recorder.state().doing is Doing.STOPPED


def test_a_number_that_another_process_has_by_now_is_left_alone(bench: Bench) -> None:
    recorder = bench.recorder(RECORDS, "TERM")
    recorder.start({})
    pid = recorder._child.pid  # type: ignore[attr-defined]
    os.killpg(pid, signal.SIGKILL)
    wait_until(lambda: recorder.state().doing is Doing.DIED)
    with subprocess.Popen(["sleep", "60"]) as other:
        bench.store.keep_fact("recorder process", {"pid": other.pid, "started": "12345"})
        later = bench.recorder(RECORDS, "TERM")
        assert later.state().doing is Doing.STOPPED
        later.stop()
        assert other.poll() is None
        other.kill()


def test_one_command_to_start_and_one_to_stop(bench: Bench) -> None:
    runs = bench.folder / "runs"
    recorder = bench.recorder(f"echo $RUN_DRIVER > {runs}", f"rm -f {runs}", f"test -e {runs}")
    assert recorder.state().doing is Doing.STOPPED
    recorder.start({"driver": "Adam"})
    assert (recorder.state().doing, runs.read_text()) == (Doing.RECORDING, "Adam\n")
    recorder.start({"driver": "Maya"})
    assert runs.read_text() == "Adam\n", "it recorded already"
    runs.unlink()
    assert recorder.state().doing is Doing.DIED
    recorder.stop()
    assert recorder.state().doing is Doing.STOPPED


def test_without_a_third_command_it_does_what_it_was_told(bench: Bench) -> None:
    recorder = bench.recorder("true", "true")
    assert isinstance(recorder, TwoCommandsRecorder)
    assert recorder.state().doing is Doing.UNKNOWN
    recorder.start({})
    assert recorder.state().doing is Doing.RECORDING
    recorder.stop()
    assert recorder.state().doing is Doing.STOPPED


def test_commands_that_fail(bench: Bench) -> None:
    recorder = bench.recorder("echo broken; exit 1", "true")
    with pytest.raises(Unavailable, match=r"did not start: it ended with code 1\. It said: broken"):
        recorder.start({})


def test_a_value_that_no_command_can_be_given(bench: Bench) -> None:
    with pytest.raises(PaddockError):
        bench.recorder(RECORDS, "TERM").start({"driver": "a\0b"})


@pytest.mark.parametrize(
    ("start", "stop", "status"),
    [
        ("frob", "", ""),
        ("systemd:", "", ""),
        ("command:", "", ""),
        ("http://10.0.0.7/start", "", ""),
        ("systemd:recorder.service", "TERM", ""),
        ("systemd:recorder.service", "", "http://10.0.0.7/status"),
        ("", "http://10.0.0.7/stop", ""),
        (f"command:{RECORDS}", "TERM", "true"),
    ],
)
def test_what_nobody_understands_is_refused(tmp_path: Path, start: str, stop: str, status: str) -> None:
    with pytest.raises(Rejected, match=r"--recorder|URL"):
        recorder_named(start, stop, status, store=Store(tmp_path), state=tmp_path)


@pytest.mark.parametrize(
    ("stop", "number"), [("", signal.SIGINT), ("TERM", signal.SIGTERM), ("sigusr1", signal.SIGUSR1)]
)
def test_signals_by_name(bench: Bench, stop: str, number: signal.Signals) -> None:
    recorder = bench.recorder(RECORDS, stop)
    assert isinstance(recorder, CommandRecorder)
    assert recorder._signal is number
