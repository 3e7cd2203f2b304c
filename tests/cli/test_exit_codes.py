import subprocess
import sys
from pathlib import Path

import pytest


def paddock(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "paddock", *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_help_lists_every_command() -> None:
    run = paddock("--help")
    assert run.returncode == 0
    for command in ("up", "upload", "convert", "info", "jobs", "simulate"):
        assert f"  {command} " in run.stdout


@pytest.mark.parametrize("content", [b"", b"not a log at all" * 100])
@pytest.mark.parametrize("command", ["convert", "info"])
def test_what_is_no_log_is_one_line_and_exit_code_1(tmp_path: Path, command: str, content: bytes) -> None:
    log = tmp_path / "run.mcap"
    log.write_bytes(content)
    run = paddock(command, log)
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr.startswith("paddock: ")
    assert run.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == [log]


def test_a_missing_file_and_an_unknown_format_say_so(tmp_path: Path) -> None:
    run = paddock("convert", tmp_path / "nowhere.mcap")
    assert (run.returncode, run.stderr) == (
        1,
        f"paddock: nowhere.mcap: There is no file {tmp_path}/nowhere.mcap.\n",
    )
    run = paddock("convert", tmp_path / "nowhere.mcap", "-f", "docx")
    assert run.returncode == 1
    assert "mat" in run.stderr


def test_wrong_usage_is_exit_code_2() -> None:
    assert paddock("convert").returncode == 2


def test_an_upload_without_a_service_says_what_to_do(tmp_path: Path) -> None:
    log = tmp_path / "run.mcap"
    log.write_bytes(b"\x89MCAP0\r\n")
    run = paddock("upload", log, "--server", "http://127.0.0.1:9")
    assert run.returncode == 1
    assert "paddock up" in run.stderr
