"""A server's process on this machine or on one of ``link.py``, which tests kill and start again."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.servers.namespaces import ENDS_WITH_US, Machine, wait_until


class Daemon:
    """A program that listens at one address.

    Args:
        command: what stays in the foreground, and whose end is the server's end.
        log: takes what it says.
        machine: where it runs; this one where None.
        environment: more of it.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        address: str,
        port: int,
        machine: Machine | None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command = command
        self._log = log
        self._where = (address, port)
        self._machine = machine
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        if self._machine is None:
            with self._log.open("ab") as file:
                self._process = subprocess.Popen(
                    [*ENDS_WITH_US, *self._command], stdout=file, stderr=file, env=self._environment
                )
            self._wait()
        else:
            self._process = self._machine.start(*self._command, log=self._log, env=self._environment)
            self._machine.within(self._wait)

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _wait(self) -> bool:
        wait_until(self._listens, f"{self._command[0]} on {self._where} (see {self._log})")
        return True

    def _listens(self) -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(self._where, 1).close()
            return True
        return False


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
