"""The command line reads a log of the second kind by itself.

No service runs in this process here: it would write its log between what a command says.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import msgspec
from click.testing import CliRunner, Result

from paddock.cli import group
from paddock.domain.log_kinds import labels_in_words, suffixes_in_words
from tests.matlab_files import loadmat
from tests.readers.csv_kind.logs import ENGINE, csv_log, engine
from tests.readers.mcap.builders import car_log


def paddock(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, [str(each) for each in arguments])


def test_the_command_line_reads_it_without_a_service(tmp_path: Path) -> None:
    log = tmp_path / "run.csvlog"
    log.write_bytes(csv_log())
    (tmp_path / "other.mcap").write_bytes(car_log())
    told = msgspec.json.decode(paddock("info", "--json", log).output)
    assert (told["kind"], told["message_count"], told["columns"]) == ("csv", 110, "4")
    assert "run.csvlog is intact: 110 messages" in paddock("doctor", log).output
    assert paddock("convert", tmp_path, "-o", tmp_path / "mats/").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "mats").iterdir()) == ["other.mat", "run.mat"]
    assert loadmat(tmp_path / "mats" / "run.mat", simplify_cells=True)["Driver"]["name"].tolist() == ["Ada"] * 10
    assert paddock("convert", log, "-o", tmp_path / "run.mcap").exit_code == 0
    assert engine((tmp_path / "run.mcap").read_bytes()) == ENGINE
    assert paddock("convert", log, "-o", tmp_path / "run.csv.zip").exit_code == 0
    with zipfile.ZipFile(tmp_path / "run.csv.zip") as made:
        assert len(made.namelist()) == 2


def test_what_cannot_be_done_with_it_is_said(tmp_path: Path) -> None:
    log = tmp_path / "run.csvlog"
    log.write_bytes(csv_log(9)[:-5])
    refused = paddock("recover", log, "-o", tmp_path / "clean.csvlog")
    assert refused.exit_code == 1 and not (tmp_path / "clean.csvlog").exists()
    said = paddock("doctor", log)
    assert said.exit_code == 3 and "paddock recover" not in said.output
    (tmp_path / "empty").mkdir()
    assert f"There is no {suffixes_in_words()} file in there." in paddock("convert", tmp_path / "empty").output
    (tmp_path / "text.mcap").write_text("nothing of a log")
    assert f"is no log that Paddock reads ({labels_in_words()})" in str(
        paddock("info", tmp_path / "text.mcap").exception
    )
    assert "of which there is nothing to recover" in str(refused.exception)
