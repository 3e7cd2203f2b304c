from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.cli.running import WAIT_S, wait_until


def test_a_worker_that_is_told_to_stop_ends_cleanly(tmp_path: Path) -> None:
    """The thread that waits for its parent must not hold what the interpreter wants at its end."""
    data = tmp_path / "data"
    worker = subprocess.Popen(
        [sys.executable, "-m", "paddock", "worker", "--data", str(data), "--until-stdin-closes"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PADDOCK_LOG_FORMAT": "json"},
        text=True,
    )
    try:
        # Signals are heard before the database is opened.
        wait_until((data / "paddock.sqlite").exists)
        worker.send_signal(signal.SIGTERM)
        code = worker.wait(WAIT_S)  # with its stdin open: closing that would end it another way
    finally:
        worker.kill()
        _, said = worker.communicate()
    assert (code, said) == (0, "")
