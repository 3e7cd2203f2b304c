"""A real ``paddock up`` in a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from paddock.client import Client

WAIT_S = 90


class Running:
    """One start of ``paddock up``: its address, its process, and how it ends."""

    def __init__(self, data: Path, *arguments: str, **options: Any) -> None:
        self._log = (data.parent / "up.log").open("ab")
        self.process = subprocess.Popen(
            # Without MQTT, unless a test says otherwise: the machine has one port for it.
            [
                sys.executable,
                "-m",
                "paddock",
                "up",
                "--port",
                "0",
                "--mqtt-port",
                "0",
                "--data",
                str(data),
                *arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            **options,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, f"paddock up said {line!r}; see {self._log.name}"
        self.url = found[0]

    def client(self) -> Client:
        return Client(self.url)

    def worker_ids(self) -> list[int]:
        """The processes it has started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def end(self, number: int) -> None:
        """Send a signal to it alone, and wait until it and its worker are gone."""
        workers = self.worker_ids() if self.process.poll() is None else []
        self.process.send_signal(number)
        self.process.wait(WAIT_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()
        wait_until(lambda: not any(_alive(pid) for pid in workers))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # An orphan that nobody reaps stays a zombie in a container without an init.
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


@contextlib.contextmanager
def running(data: Path, *arguments: str, **options: Any) -> Iterator[Running]:
    """Args: as for the command, and for ``Popen``."""
    up = Running(data, *arguments, **options)
    try:
        yield up
    finally:
        if up.process.poll() is None:
            up.end(signal.SIGTERM)


def wait_until(holds: Callable[[], Any]) -> Any:
    """What ``holds`` answers once it is true; a test that waits for ever fails instead."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {WAIT_S} s in vain")
