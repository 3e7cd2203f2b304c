"""``paddock broker`` as a process of its own, on a socket that outlives it, as ``paddock up`` starts it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from paddock.bootstrap import open_context
from paddock.device_log.entry import Entry
from paddock.device_log.reader import Reader
from paddock.domain.devices import Device
from paddock.domain.principal import LOCAL_USER
from paddock.settings import Settings
from paddock.usecases.devices.devices import add_device
from paddock.usecases.devices.tokens import mint_token


@dataclass
class Broker:
    """The endpoint of a data directory."""

    data: Path
    listener: socket.socket
    tokens: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def start(self) -> None:
        descriptor = self.listener.fileno()
        command = [
            "broker",
            "--data",
            str(self.data),
            "--plain-descriptor",
            str(descriptor),
            "--until-stdin-closes",
        ]
        with (self.data / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "paddock", *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[descriptor],
            )

    def end(self, number: int = signal.SIGTERM) -> None:
        assert self.process is not None and self.process.stdin is not None
        self.process.send_signal(number)
        self.process.stdin.close()
        self.process.wait(60)
        self.process = None

    def entries(self) -> list[Entry]:
        with Reader(self.data / "device-log") as reader:
            return list(reader.entries())

    @property
    def cpu_s(self) -> float:
        """How long its process computed."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory_bytes(self) -> int:
        """What it has of the machine's memory now."""
        assert self.process is not None
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def broker(data: Path, *devices: str) -> Iterator[Broker]:
    """One that runs, with these devices."""
    data.mkdir(exist_ok=True)
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        running = Broker(data, listener, asyncio.run(_tokens(data, devices)))
        running.start()
        try:
            yield running
        finally:
            if running.process is not None:
                running.end()


async def _tokens(data: Path, devices: tuple[str, ...]) -> dict[str, str]:
    async with open_context(Settings(data=data)) as context:
        for each in devices:
            await add_device(context, LOCAL_USER, Device(id=each, name=each))
        return {each: (await mint_token(context, LOCAL_USER, each)).token for each in devices}
