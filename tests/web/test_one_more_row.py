"""A metadata field is one row, truly."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import REPOSITORY


def test_everything_follows_from_one_more_row() -> None:
    command = [sys.executable, "-m", "tests.web.one_more_row"]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
