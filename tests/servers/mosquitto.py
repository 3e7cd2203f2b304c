"""mosquitto, as a team that has a broker of its own runs it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


def find_mosquitto() -> str:
    """The program; the test is skipped without."""
    # Debian has it where only the administrator looks.
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        pytest.skip("no mosquitto: install it")
    return program


@contextlib.contextmanager
def mosquitto(folder: Path, *lines: str) -> Iterator[int]:
    """One that keeps all that is not acknowledged; its port.

    Args:
        folder: for its files.
        lines: more of its configuration.
    """
    with mosquitto_process(folder, "max_queued_messages 0", *lines) as (_, port):
        yield port


@contextlib.contextmanager
def mosquitto_process(folder: Path, *lines: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The process and its port.

    Args:
        folder: for its files.
        lines: more of its configuration.
    """
    program = find_mosquitto()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    settings = [f"listener {port} 127.0.0.1", "allow_anonymous true", "set_tcp_nodelay true", *lines]
    if os.geteuid() == 0:
        settings.append("user root")  # it would give its rights up, and could not write here
    (folder / "mosquitto.conf").write_text("\n".join(settings) + "\n")
    with (folder / "mosquitto.log").open("wb") as log:
        process = subprocess.Popen([program, "-c", str(folder / "mosquitto.conf")], stdout=log, stderr=log)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield process, port
    finally:
        process.terminate()
        process.wait(60)
