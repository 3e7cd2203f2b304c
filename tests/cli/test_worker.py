"""How a worker ends: asked to, and with the process that started it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import wait_until

WAIT_S = 60


@pytest.mark.parametrize("how", ["asked", "left alone"])
def test_it_ends_without_a_word_of_an_error(tmp_path: Path, how: str) -> None:
    command = [sys.executable, "-m", "paddock", "worker", "--until-stdin-closes", "--data", str(tmp_path / "data")]
    with (
        (tmp_path / "said").open("wb") as said,
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=said) as process,
    ):
        assert process.stdin is not None
        wait_until((tmp_path / "data" / "paddock.sqlite").exists)
        if how == "asked":
            process.send_signal(signal.SIGTERM)
        else:
            process.stdin.close()
        assert process.wait(WAIT_S) == 0
    assert b"Fatal" not in (tmp_path / "said").read_bytes()
