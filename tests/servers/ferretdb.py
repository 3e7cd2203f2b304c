"""FerretDB 1.24 over SQLite, a real MongoDB-wire server in Go, built from ``ferretdb/`` and started for the tests.

It listens on loopback and ends with the tests, however they end. It shows that our commands mean what we think; it
has no transactions, no users and no indexes that it uses, so it shows nothing about those or about speed.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.servers.building import built_from

SOURCE = Path(__file__).with_name("ferretdb")


class FerretServer:
    """A server that may be killed and started again; it keeps its address and its data."""

    def __init__(self, data: Path) -> None:
        self._program = built_from(SOURCE)
        self._data = data
        self._data.mkdir(parents=True, exist_ok=True)
        self._address = "127.0.0.1:0"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with self._data.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, self._address, str(self._data)],
                # Its end of file, when this process is gone, ends the server.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        self._address = self._process.stdout.readline().strip()
        assert self._address, f"FerretDB does not start: see {self._data.with_suffix('.log')}"

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._process.communicate()

    def url(self, database: str) -> str:
        """The URL of one of its databases."""
        return f"mongodb://{self._address}/{database}"


@contextlib.contextmanager
def running(data: Path) -> Iterator[FerretServer]:
    """A server that keeps its databases below ``data``."""
    server = FerretServer(data)
    server.start()
    try:
        yield server
    finally:
        server.kill()
