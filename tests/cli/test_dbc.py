"""``--dbc``: a log of CAN frames on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from paddock.cli import group
from tests.matlab_files import loadmat
from tests.readers.can.dbc import SMALL

LOG = "".join(f"(10.{number:06d}) can0 100#{number:02X}000A0100000000\n" for number in range(50))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run.log").write_text(LOG)
    (tmp_path / "car.dbc").write_text(SMALL)
    return tmp_path


def paddock(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, [str(each) for each in arguments])


def test_a_log_of_frames_becomes_a_matlab_file(folder: Path) -> None:
    done = paddock("convert", folder / "run.log", "--dbc", folder / "car.dbc")
    assert done.exit_code == 0, done.output
    engine = loadmat(folder / "run.mat", simplify_cells=True)["Engine"]
    assert engine["Rpm"].tolist() == list(range(50)) and set(engine["Water"].tolist()) == {-35.0}
    said = json.loads(paddock("info", folder / "run.log", "--dbc", folder / "car.dbc", "--json").output)
    assert said["kind"] == "candump" and said["frames"] == said["decoded"] == "50"
    assert "50 (50 decoded, 0 unknown)" in paddock("info", folder / "run.log", "--dbc", folder / "car.dbc").output


def test_frames_kept_as_bytes_are_said_when_a_log_is_converted(folder: Path) -> None:
    done = paddock("convert", folder / "run.log")
    assert done.exit_code == 0 and "There is no database for this log: 50 frames" in done.stderr
    (folder / "car.dbc").write_text(SMALL.replace("BO_ 256 ", "BO_ 257 "))
    done = paddock("convert", folder / "run.log", "--dbc", folder / "car.dbc")
    assert done.exit_code == 0 and "The database does not know 50 frames" in done.stderr


def test_a_log_without_a_clock_began_when_its_name_says_or_nobody_knows_when(folder: Path) -> None:
    for name, started in (("run.csv", ""), ("run_2026-04-18_1432.csv", "2026-04-18T14:32:00Z")):
        (folder / name).write_text("time,id,data\n00001311,00000100,01000a0100000000\n")
        assert paddock("convert", folder / name).exit_code == 0
        meta = loadmat((folder / name).with_suffix(".mat"), simplify_cells=True)["meta"]
        run = meta["run"]
        assert ("".join(run["started"]), np.size(run["started_ns"])) == (started, int(bool(started)))
        assert "had no clock" in str(meta["notices"])


def test_a_database_may_be_that_of_one_bus(folder: Path) -> None:
    (folder / "run.log").write_text(LOG + "(11.000000) can1 100#0000000000000000\n")
    said = json.loads(paddock("info", folder / "run.log", "--dbc", f"can1={folder / 'car.dbc'}", "--json").output)
    assert [each["topic"] for each in said["channels"]] == ["can0/0x100", "can1/Engine"]


def test_what_is_no_database_is_refused_in_words(folder: Path) -> None:
    done = paddock("convert", folder / "run.log", "--dbc", folder / "run.log")
    assert done.exit_code == 2 and "run.log is no CAN database" in done.output
    assert "cannot be read" in paddock("info", folder / "run.log", "--dbc", folder / "none.dbc").output
    twice = paddock("info", folder / "run.log", "--dbc", folder / "car.dbc", "--dbc", folder / "car.dbc")
    assert "two databases for all buses" in twice.output


def test_lines_that_cannot_be_read_are_said(folder: Path) -> None:
    (folder / "car.dbc").write_text(SMALL.replace("16|8@1-", "16|99@1-"))
    done = paddock("info", folder / "run.log", "--dbc", folder / "car.dbc")
    assert done.exit_code == 0 and "car.dbc: Line 14: Water has 99 bits" in done.output


def test_in_a_folder_only_text_files_that_are_logs_are_taken(folder: Path) -> None:
    (folder / "notes.log").write_text("Drove well.\n")
    (folder / "export.csv").write_text("time,rpm\n1,2\n")
    done = paddock("convert", folder, "-o", folder / "held/")
    assert done.exit_code == 0, done.output
    assert [path.name for path in (folder / "held").iterdir()] == ["run.mat"]
