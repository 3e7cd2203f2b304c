"""The base station's unit: what it runs is run here, against a Paddock; how it is held is read."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from tests.cli.running import Running
from tests.logs import small_log
from tests.nix.nix import Nix

STATION = """{ services.paddock.station = { enable = true;
  sources = [ "/media/team's stick" "sftp://pi@10.0.0.5/100%20logs" ];
  servers = [ "http://127.0.0.1:8080" "https://site" ];
  keyFile = "/etc/paddock/car"; webhookFile = "/etc/paddock/webhook";
  tokenFile = "/etc/paddock/token"; keepFree = "5GB";
  removeFromCar = true; limits = [ "1MB/s" "08:00-18:00=0" ]; }; }"""


def unit(nix: Nix, module: str = STATION) -> str:
    found: str = nix.value(f'(machine {module}).systemd.units."paddock-station.service".text')
    return found


def command(text: str) -> list[str]:
    """The arguments as systemd would pass them on, without the program."""
    (start,) = (line for line in text.splitlines() if line.startswith("ExecStart="))
    read = start.partition("=")[2].replace("%%", "\0").replace("%d", "/run/credentials").replace("$$", "$")
    return shlex.split(read.replace("\0", "%"))[1:]


def test_what_is_configured_reaches_the_command_as_it_was_written(nix: Nix) -> None:
    assert command(unit(nix)) == [
        *("offload", "--data", "/var/lib/paddock-station"),
        *("--source", "/media/team's stick", "--source", "sftp://pi@10.0.0.5/100%20logs"),
        *("--server", "http://127.0.0.1:8080", "--server", "https://site"),
        *("--limit", "1MB/s", "--limit", "08:00-18:00=0"),
        *("--settle", "30s", "--screen", "127.0.0.1:8090", "--keep-free", "5GB"),
        "--remove-from-car",
        *("--key", "/run/credentials/key", "--webhook-file", "/run/credentials/webhook"),
    ]


def test_it_starts_without_waiting_for_cars_or_the_internet_and_again_whatever_ends_it(nix: Nix) -> None:
    text = unit(nix)
    assert "Restart=always" in text and "StartLimitIntervalSec=0" in text
    assert "RequiresMountsFor" not in text and "network-online" not in text
    assert "StateDirectory=paddock-station" in text
    assert "LoadCredential=key:/etc/paddock/car" in text
    assert 'Environment="PADDOCK_TOKEN_FILE=%d/token"' in text and "LoadCredential=token:/etc/paddock/token" in text
    assert "PADDOCK_TOKEN" not in unit(nix, STATION.replace('tokenFile = "/etc/paddock/token"; ', ""))
    assert "ReadWritePaths=-/media/team's stick\n" in text
    assert "ReadWritePaths" not in unit(nix, STATION.replace("removeFromCar = true", "removeFromCar = false"))


def test_its_command_takes_logs_off_a_folder_and_ends_at_once(nix: Nix, tmp_path: Path) -> None:
    up = Running(tmp_path / "up")
    module = f"""{{ services.paddock.station = {{ enable = true; settle = "1s"; screen = "none";
      sources = [ "{tmp_path}/stick" ]; servers = [ "{up.url}" ]; }}; }}"""
    asked = command(unit(nix, module))
    asked[asked.index("/var/lib/paddock-station")] = str(tmp_path / "state")
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick/1.mcap").write_bytes(small_log(5))
    station = subprocess.Popen(
        [sys.executable, "-m", "paddock", *asked],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOME": str(tmp_path / "state"), "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert station.stdout is not None
        said = []
        while not said or "is stored at" not in said[-1]:
            line = station.stdout.readline()
            assert line, said
            said.append(line)
        station.send_signal(signal.SIGTERM)
        assert station.wait(60) == 0
        with up.client() as client:
            assert [recording.name for recording in client.search()] == ["1.mcap"]
    finally:
        station.kill()
        station.wait()
        up.end(signal.SIGTERM)
