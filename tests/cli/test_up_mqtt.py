"""``paddock up`` takes in what devices send by MQTT, in a process of its own that it keeps."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.broker.mqtt import clients
from tests.cli.running import WAIT_S, Running, running, wait_until

REFUSED = b"\x20\x02\x00\x04"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answer(port: int) -> bytes:
    """To a device that nobody knows."""
    with socket.create_connection(("127.0.0.1", port), WAIT_S) as device:
        device.sendall(clients.connect(4, "c", "nobody", "a guess"))
        return device.recv(4)


def broker_of(up: Running) -> int | None:
    for process in up.worker_ids():
        with contextlib.suppress(OSError):
            if b"\0broker\0" in Path(f"/proc/{process}/cmdline").read_bytes():
                return process
    return None


def test_it_answers_where_it_said_and_again_after_kill_9(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path / "data", "--mqtt-port", str(port)) as up:
        assert up.process.stdout is not None
        assert f"mqtt://127.0.0.1:{port} " in up.process.stdout.readline()
        assert broker_of(up) is None, "without a device and a connection there is no such process"
        assert answer(port) == REFUSED
        first = broker_of(up)
        assert first is not None
        os.kill(first, signal.SIGKILL)
        # Who comes while there is none waits, and is not turned away.
        assert answer(port) == REFUSED
        assert wait_until(lambda: broker_of(up)) != first


def test_a_port_that_is_taken_and_one_that_is_none(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for command in (["up", "--port", "0", "--mqtt-port", port], ["broker", "--mqtt-port", port]):
            refused = subprocess.run(
                [sys.executable, "-m", "paddock", *command, "--data", str(tmp_path / "data")],
                capture_output=True,
                text=True,
                check=False,
            )
            assert refused.returncode == 1
            assert re.search(
                rf"Cannot listen on 127.0.0.1:{port} .*: choose another --mqtt-port, or 0", refused.stderr
            )
    nothing = subprocess.run(
        [sys.executable, "-m", "paddock", "broker", "--mqtt-port", "0", "--data", str(tmp_path / "data")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert nothing.stderr == "paddock: PADDOCK_MQTT_PORT is 0: there is nothing to listen on.\n"
