"""What a service tells systemd, heard by a socket like systemd's; site and worker each by itself."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from paddock.client import Client
from paddock.service_manager import Watchdog, tell, with_priority
from tests.cli.running import wait_until
from tests.logs import small_log

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")


class Manager:
    """Hears what services say."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.address = str(folder / "notify")
        self.heard: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while (said := self._socket.recv(4096)) != b"END":
            self.heard.append(said.decode())

    def hears(self, word: str) -> None:
        wait_until(lambda: word in self.heard)

    def close(self) -> None:
        """All that was sent before has been heard then."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"END", self.address)
        self._thread.join()
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    manager = Manager(tmp_path)
    monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
    yield manager
    if manager._thread.is_alive():
        manager.close()


def test_nobody_is_told_where_nobody_listens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    tell("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    tell("READY=1")


def test_the_watchdog_hears_of_it_three_times_in_its_time_and_no_more(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    watchdog = Watchdog()
    assert watchdog.every_s == 10
    watchdog.works()
    watchdog.works()
    manager.close()
    assert manager.heard == ["WATCHDOG=1"]


@pytest.mark.parametrize(("usec", "pid"), [("", ""), ("x", ""), ("30000000", "1")])
def test_no_watchdog_waits_for_us(manager: Manager, monkeypatch: pytest.MonkeyPatch, usec: str, pid: str) -> None:
    """The worker that ``paddock up`` starts has its environment, and is not who is meant."""
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid)
    Watchdog().works()
    manager.close()
    assert not manager.heard


def test_priorities_are_those_of_the_journal() -> None:
    assert [with_priority("x", level) for level in ("error", "warning", "info", "strange")] == [
        "<3>x",
        "<4>x",
        "<6>x",
        "<6>x",
    ]


class Units:
    """The site and the worker as a service manager starts them, on one data directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.heard = {name: Manager(folder / name) for name in ("site", "worker")}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        command = {
            "site": ["up", "--no-worker", "--port", "0"],
            "worker": ["worker", "--owner", "unit"],
        }[name]
        log = (self.folder / f"{name}.log").open("wb")
        stream = os.fstat(log.fileno())
        self.heard[name].heard.clear()
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", "paddock", *command, "--data", str(self.folder / "data")],
            stdout=log,
            stderr=log,
            env={
                **os.environ,
                "PADDOCK_LOG_FORMAT": "json",
                "NOTIFY_SOCKET": self.heard[name].address,
                "WATCHDOG_USEC": "1500000",
                "JOURNAL_STREAM": f"{stream.st_dev}:{stream.st_ino}",
            },
        )
        log.close()
        self.heard[name].hears("READY=1")

    def client(self) -> Client:
        found = re.search(r"http://\S+", (self.folder / "site.log").read_text())
        assert found
        return Client(found[0])

    def end(self, name: str, number: int) -> int:
        process = self.processes.pop(name)
        process.send_signal(number)
        return process.wait(60)


@pytest.fixture
def units(tmp_path: Path) -> Iterator[Units]:
    units = Units(tmp_path)
    try:
        yield units
    finally:
        for name in list(units.processes):
            units.end(name, signal.SIGKILL)
        for heard in units.heard.values():
            heard.close()


def test_site_and_worker_each_killed_on_their_own(units: Units, tmp_path: Path) -> None:
    log = tmp_path / "long.mcap"
    log.write_bytes(small_log(100_000))
    units.start("site")
    units.start("worker")
    with units.client() as client:
        sent = client.upload(log)
        assert sent.id == hashlib.sha256(log.read_bytes()).hexdigest()
        wait_until(lambda: client.get(sent.id).status == "converting")
    # The worker goes on while the site is gone, and loses neither its lease nor its files when it comes back.
    units.end("site", signal.SIGKILL)
    units.start("site")
    units.end("worker", signal.SIGKILL)
    units.start("worker")
    with units.client() as client:
        wait_until(lambda: client.get(sent.id).status == "ready")
        # The first worker may have been done before it was killed: this one is the second's own.
        short = tmp_path / "short.mcap"
        short.write_bytes(small_log(10))
        sent = client.upload(short)
        wait_until(lambda: client.get(sent.id).status == "ready")
    for name in ("site", "worker"):
        units.heard[name].hears("WATCHDOG=1")
        assert units.end(name, signal.SIGTERM) == 0
        units.heard[name].hears("STOPPING=1")
    said = (tmp_path / "worker.log").read_text().splitlines()
    assert said
    for line in said:
        assert re.match(r"<[3-6]>\{", line), line
        json.loads(line[3:])
