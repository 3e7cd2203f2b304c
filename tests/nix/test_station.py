"""The base station's upload: each log once, whole ones only, and again what did not arrive."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.nix.nix import Nix


class Station:
    """The script with a stand-in for ``paddock`` that notes what it is asked to send."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.logs, self.asked = folder, folder / "logs", folder / "asked"
        for name in ("bin", "logs", "state"):
            (folder / name).mkdir()
        self.answer("exit 0")

    def answer(self, answer: str) -> None:
        program = self.folder / "bin" / "paddock"
        program.write_text(f'#!/bin/bash\nprintf "%s\\n" "$*" >> {self.asked}\n{answer}\n')
        program.chmod(0o755)

    def log(self, name: str, *, age_s: int = 600, text: str = "log") -> Path:
        path = self.logs / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        os.utime(path, (time.time() - age_s,) * 2)
        return path

    def round(self) -> tuple[int, list[str]]:
        """The exit code, and what was asked of ``paddock`` in this round."""
        self.asked.unlink(missing_ok=True)
        run = subprocess.run(
            ["bash", REPOSITORY / "nix" / "station-upload.sh", "--server", "https://site"],
            env={
                "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
                "FOLDER": str(self.logs),
                "STATE_DIRECTORY": str(self.folder / "state"),
            },
            check=False,
        )
        return run.returncode, self.asked.read_text().splitlines() if self.asked.exists() else []


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


def test_each_whole_log_is_sent_once(station: Station) -> None:
    assert station.round() == (0, [])
    first, second = station.log("day one/run 1.mcap"), station.log("run2.MCAP")
    station.log("run3.mcap", age_s=0)
    station.log("notes.txt")
    sent = [f"upload --server https://site -- {path}" for path in (first, second)]
    code, asked = station.round()
    assert (code, sorted(asked)) == (0, sorted(sent))
    assert station.round() == (0, [])


def test_a_log_that_was_written_on_is_sent_again(station: Station) -> None:
    station.log("run.mcap")
    station.round()
    path = station.log("run.mcap", age_s=120, text="longer log")
    assert station.round() == (0, [f"upload --server https://site -- {path}"])


def test_what_did_not_arrive_is_said_and_sent_in_the_next_round(station: Station) -> None:
    paths = [station.log(f"run{number}.mcap") for number in range(3)]
    station.answer('[[ "$*" != *run1.mcap ]]')
    code, asked = station.round()
    assert (code, len(asked)) == (1, 3)
    station.answer("exit 0")
    assert station.round() == (0, [f"upload --server https://site -- {paths[1]}"])


def test_metadata_reaches_paddock_as_it_was_written(nix: Nix) -> None:
    module = """{ services.paddock.station = { enable = true; folder = "/srv/logs"; server = "https://site";
      metadata.notes = "5 % of Adam's $budget"; }; }"""
    unit = nix.value(f'(machine {module}).systemd.units."paddock-station.service".text')
    (start,) = (line for line in unit.splitlines() if line.startswith("ExecStart="))
    assert start.endswith("""--server https://site --set 'notes=5 %% of Adam'\\''s $$budget'""")
