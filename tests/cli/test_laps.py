import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from paddock.cli.laps import command as laps
from paddock.cli.simulate import command as simulate

pytestmark = pytest.mark.slow("drives whole runs of laps")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lap run of three laps."""
    target = tmp_path_factory.mktemp("laps") / "run.mcap"
    options = ["--laps", "3", "--rate", "0.05", "--lap-run"]
    made = CliRunner().invoke(simulate, ["-o", str(target), *options], catch_exceptions=False)
    assert made.exit_code == 0
    return target


def _laps(log: Path, *options: str) -> Any:
    found = CliRunner().invoke(laps, [str(log), "--json", *options], catch_exceptions=False)
    return json.loads(found.stdout)


def test_a_lap_run_is_timed_as_it_was_driven(log: Path) -> None:
    truth = json.loads(log.with_name("run.laps.json").read_text())

    said = _laps(log)

    assert said["source"] == "gps"
    assert [said["items"][0]["kind"], said["items"][-1]["kind"]] == ["out", "in"]
    timed = [each["duration_s"] for each in said["items"] if each["kind"] == "lap"]
    assert timed == pytest.approx([each["duration_s"] for each in truth["laps"]], abs=0.005)


def test_laps_over_the_true_line_take_as_long_as_they_truly_did(log: Path) -> None:
    truth = json.loads(log.with_name("run.laps.json").read_text())

    said = _laps(log, "--line", truth["line"])

    timed = [lap["duration_s"] for lap in said["items"] if lap["kind"] == "lap"]
    assert timed == pytest.approx([lap["duration_s"] for lap in truth["laps"]], abs=0.005)
    assert {"speed", "yaw_rate"} <= said["signals"].keys()


def test_laps_over_a_given_line(log: Path) -> None:
    found = _laps(log)
    line = found["course"]["start"]
    ends = [line[end][axis] for end in ("left", "right") for axis in ("latitude", "longitude")]

    assert _laps(log, "--line", ",".join(map(str, ends)))["items"] == found["items"]


def test_the_table_says_by_what_it_was_timed(log: Path) -> None:
    table = CliRunner().invoke(laps, [str(log)], catch_exceptions=False).stdout

    assert "timed by GNSSFix.latitude_deg" in table
    assert "best" in table


def test_what_is_no_line_is_refused() -> None:
    refused = CliRunner().invoke(laps, ["run.mcap", "--line", "1,2,3"])

    assert refused.exit_code == 2
    assert "four numbers" in refused.output
