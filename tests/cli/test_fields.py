"""``paddock fields`` against a served Paddock."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from paddock import Client
from tests.logs import small_log
from tests.web.browsing import served


def test_a_field_is_added_said_of_a_log_changed_and_removed(tmp_path: Path) -> None:
    log = tmp_path / "run.mcap"
    log.write_bytes(small_log())
    with served(tmp_path / "data", with_worker=False) as site:
        server = site.url.removeprefix("http://")

        def paddock(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "paddock", *arguments]
            return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")

        def fields(*arguments: str) -> subprocess.CompletedProcess[str]:
            return paddock("fields", "--server", server, *arguments)

        added = fields("add", "Tyre set", "--choice", "R25B", "--choice", "Wet", "--column")
        assert (added.returncode, "tyre_set" in added.stdout) == (0, True), added.stderr
        refused = fields("add", "Query", "--name", "q")
        assert (refused.returncode, refused.stdout) == (1, "") and "means something else" in refused.stderr
        wrong = paddock("upload", "--server", server, str(log), "--set", "tyre_set=slick")
        assert wrong.returncode == 1 and "Tyre set is one of R25B, Wet" in wrong.stderr
        assert paddock("upload", "--server", server, str(log), "--set", "tyre_set=wet").returncode == 0
        with Client(site.url) as client:
            (found,) = client.search(tyre_set="Wet")
            assert found["tyre_set"] == "Wet"
        assert fields("change", "tyre_set", "--label", "Tyres", "--no-column").returncode == 0
        (row,) = [line for line in fields().stdout.splitlines() if line.startswith("tyre_set")]
        assert row.split() == ["tyre_set", "Tyres", "R25B,", "Wet", "own"]
        assert json.loads(fields("--json").stdout)[-1]["choices"] == ["R25B", "Wet"]
        assert fields("remove", "tyre_set").returncode == 0
        assert fields("remove", "tyre_set").returncode == 1
