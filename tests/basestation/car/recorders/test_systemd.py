"""A recorder that is a unit of systemd: what ``systemctl`` prints is from systemd 252."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from paddock.basestation.car.recorders.recorder import Doing
from paddock.basestation.car.recorders.systemd import SystemdRecorder
from paddock.errors import Unavailable

RUNS = "LoadState=loaded\nActiveState=active\nSubState=running\nResult=success\nExecMainStatus=0\nStatusText=\n"


class Systemctl:
    """Stands in for the program: says what it is told to, and writes down how it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.says(RUNS)

    def says(self, text: str, code: int = 0) -> None:
        (self.folder / "said").write_text(text)
        stream = 2 if code else 1
        script = f'#!/bin/sh\necho "$@" >> {self.folder}/asked\ncat {self.folder}/said >&{stream}\nexit {code}\n'
        program = self.folder / "systemctl"
        program.write_text(script)
        program.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systemctl:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return Systemctl(tmp_path)


@pytest.mark.parametrize(
    ("changes", "doing", "detail"),
    [
        ({}, Doing.RECORDING, ""),
        ({"StatusText": "bus can0, 4000 frames/s"}, Doing.RECORDING, "bus can0, 4000 frames/s"),
        ({"ActiveState": "activating", "SubState": "start"}, Doing.STARTING, ""),
        ({"ActiveState": "deactivating", "SubState": "stop-sigterm"}, Doing.STOPPING, ""),
        ({"ActiveState": "inactive", "SubState": "dead"}, Doing.STOPPED, ""),
        (
            {"ActiveState": "failed", "SubState": "failed", "Result": "exit-code", "ExecMainStatus": "3"},
            Doing.DIED,
            "The recorder has died: it ended with code 3. `journalctl -u recorder` on the car has more.",
        ),
        (
            {"ActiveState": "activating", "SubState": "auto-restart", "Result": "oom-kill"},
            Doing.DIED,
            "The recorder has died: the machine had no memory left; systemd starts it again.",
        ),
        ({"LoadState": "not-found", "ActiveState": "inactive"}, Doing.UNKNOWN, "systemd knows no unit recorder."),
    ],
)
def test_what_it_does(systemctl: Systemctl, changes: dict[str, str], doing: Doing, detail: str) -> None:
    said = dict(line.split("=", 1) for line in RUNS.splitlines()) | changes
    systemctl.says("".join(f"{name}={value}\n" for name, value in said.items()))
    state = SystemdRecorder("recorder").state()
    assert (state.doing, state.detail) == (doing, detail)


def test_start_and_stop(systemctl: Systemctl) -> None:
    recorder = SystemdRecorder("recorder.service")
    recorder.start({"driver": "Adam"})
    recorder.stop()
    SystemdRecorder("-x", user=True).start({})
    assert systemctl.asked == [
        "--no-ask-password start -- recorder.service",
        "--no-ask-password stop -- recorder.service",
        "--user --no-ask-password start -- -x",
    ]


def test_what_systemd_refuses_is_said(systemctl: Systemctl) -> None:
    systemctl.says("Failed to start recorder.service: Access denied\n", 4)
    with pytest.raises(Unavailable, match=r"systemd does not start recorder: Failed to start .*: Access denied"):
        SystemdRecorder("recorder").start({})
    assert SystemdRecorder("recorder").state().doing is Doing.UNKNOWN


def test_a_machine_without_systemd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="no systemd"):
        SystemdRecorder("recorder").stop()


def test_one_that_hangs(systemctl: Systemctl, monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("systemctl", 60)

    monkeypatch.setattr(subprocess, "run", hangs)
    with pytest.raises(Unavailable, match="did not stop recorder within 60 s"):
        SystemdRecorder("recorder").stop()
