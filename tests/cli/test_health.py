"""``paddock health`` beside a site that runs, and one that does not."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from paddock.cli import health as cli_health
from paddock.cli.health import endpoint_faults
from paddock.device_log.running import ENDPOINT, said_by, take_lock
from paddock.settings import Settings
from tests.broker.process import broker
from tests.cli.running import running, wait_until


def health(data: Path, port: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "paddock", "health", "--data", str(data)],
        env={**os.environ, "PADDOCK_PORT": port},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_well_while_the_site_runs_and_says_what_is_wrong_after(tmp_path: Path) -> None:
    peers = tmp_path / "peers"
    peers.write_text("10.7.0.4 Adam\n")
    with running(tmp_path / "data", "--no-worker", env={**os.environ, "PADDOCK_PEERS_FILE": str(peers)}) as up:
        port = up.url.rsplit(":", 1)[1]
        well = health(tmp_path / "data", port)
        assert (well.returncode, well.stdout) == (0, "All is well.\n"), "although this machine is no member"
        assert up.worker_ids() == []
    assert "/health" not in (tmp_path / "up.log").read_text(), "the machine's own question is no news"
    unwell = health(tmp_path / "data", port)
    assert unwell.returncode == 1
    assert unwell.stderr.startswith(f"paddock: The site does not answer on http://127.0.0.1:{port} (")


def test_a_directory_without_a_paddock_is_said_and_stays_without(tmp_path: Path) -> None:
    said = health(tmp_path, "1")
    assert said.returncode == 1 and "Traceback" not in said.stderr
    assert f"There is no Paddock in {tmp_path} yet: `paddock up` begins one" in said.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_mqtt_endpoint_is_asked_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_health, "STARTS_S", 0.0)
    settings = Settings(data=tmp_path / "data")

    def said() -> list[str]:
        return list(asyncio.run(endpoint_faults(settings)))

    assert said() == []
    with broker(settings.data) as endpoint:
        wait_until(lambda: said_by(settings.data / "device-log", ENDPOINT))
        assert said() == []
        endpoint.end(signal.SIGKILL)
        # Its socket is still there, as that of `paddock up` is when its endpoint died, and takes connections.
        assert [each.partition(":")[0] for each in said()] == ["The MQTT endpoint does not run"]
    with take_lock(settings.data / "device-log", ENDPOINT, "mqtt://127.0.0.1:1") or nullcontext():
        assert [each.partition(" (")[0] for each in said()] == [
            "The MQTT endpoint does not answer on mqtt://127.0.0.1:1"
        ]
