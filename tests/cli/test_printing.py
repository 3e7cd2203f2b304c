"""What commands print: one line per row when piped, JSON for programs, and nothing that commands the terminal."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from paddock.bootstrap import open_context
from paddock.domain.job import JobState
from paddock.domain.recording import Failure
from paddock.settings import Settings
from paddock.usecases.jobs import jobs
from tests.logs import small_log
from tests.readers.mcap.builders import END, channel_record, header, record, text


def paddock(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "paddock", *arguments], capture_output=True, text=True, encoding="utf-8"
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with jobs that died for reasons of two lines."""
    folder = tmp_path / "data"

    async def fill() -> None:
        async with open_context(Settings(data=folder)) as context:
            for number in range(30):
                job = await jobs.enqueue(context, "export", f"{number:064x}")
                failure = Failure("internal_error", "a long sentence " * 20 + "\nof two lines")
                await context.documents.jobs.change(job.id, {"state": JobState.DEAD, "error": failure}, [])

    asyncio.run(fill())
    return folder


def test_piped_jobs_are_a_line_each_with_their_whole_id(data: Path) -> None:
    heading, *rows = paddock("jobs", "--data", data).stdout.splitlines()
    assert heading.split() == ["job", "state", "tries", "since", "why"]
    assert {row.split()[0] for row in rows} == {f"export-{number:064x}" for number in range(30)}
    assert all(row.rstrip().endswith("of two lines") for row in rows)


def test_listings_are_json_for_programs(data: Path, tmp_path: Path) -> None:
    listed = json.loads(paddock("jobs", "--json", "--data", data).stdout)
    assert {each["state"] for each in listed} == {"dead"} and len(listed) == 30
    assert json.loads(paddock("fsck", "--json", "--data", data).stdout) == []
    stray = data / "objects" / "raw" / f"{'ab' * 32}.mcap"
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_bytes(small_log())
    log = tmp_path / "cut.mcap"
    log.write_bytes(small_log(5)[:-50])
    diagnosis = paddock("doctor", "--json", log)
    assert json.loads(diagnosis.stdout)["loss"]["lost_bytes"] and diagnosis.returncode == 3
    run = paddock("fsck", "--json", "--data", data)
    assert (run.returncode, [each["fault"] for each in json.loads(run.stdout)]) == (3, ["original_unknown"])


def test_a_log_cannot_command_the_terminal(tmp_path: Path) -> None:
    """A topic that would clear the screen, and one that ends a table's row."""
    log = tmp_path / "run\x1b[2J.mcap"
    log.write_bytes(small_log(topic="\x1b]0;owned\x07Pedals\x9b2J\nnext"))
    for command in ("info", "doctor", "convert"):
        run = paddock(command, log)
        assert run.returncode == 0
        assert not {character for character in run.stdout + run.stderr if ord(character) < 32} - {"\n"}
        assert "\x9b" not in run.stdout + run.stderr
    assert any("\\x1b]0;owned\\x07Pedals\\x9b2J next" in row for row in paddock("info", log).stdout.splitlines())


def test_of_a_log_of_very_many_channels_and_records_the_first_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "many.mcap"
    many = b"".join(channel_record(number, f"topic{number}") for number in range(2_003))
    log.write_bytes(header() + many + record(12, text("note") + bytes(4)) * 502 + END)
    shown = paddock("info", log).stdout
    assert shown.count("\ntopic") == 1 + 500, "the heading and the channels"
    assert shown.count("\nnote") == 500
    assert "1,503 channels more, see --json" in shown
    assert "2 metadata records more, see --json" in shown
    assert len(json.loads(paddock("info", "--json", log).stdout)["channels"]) == 2_003


def test_a_file_name_that_is_not_utf8_is_shown(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/N\xfcrburgring.mcap"
    Path(os.fsdecode(odd)).write_bytes(small_log())
    run = subprocess.run([sys.executable, "-m", "paddock", "info", "--json", odd], capture_output=True)
    assert run.stderr == b""
    assert json.loads(run.stdout)["name"] == "N\ufffdrburgring.mcap"


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    log, blocked = tmp_path / "run.mcap", tmp_path / "blocked"
    log.write_bytes(small_log())
    blocked.write_text("a file where a folder is wanted")
    run = paddock("convert", log, "-o", blocked / "run.mat")
    assert run.returncode == 1
    assert run.stderr.startswith("paddock: ") and run.stderr.count("\n") == 1
