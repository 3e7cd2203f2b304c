"""``paddock health`` beside a site that runs, and one that does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.running import running


def health(data: Path, port: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "paddock", "health", "--data", str(data)],
        env={**os.environ, "PADDOCK_PORT": port},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_well_while_the_site_runs_and_says_what_is_wrong_after(tmp_path: Path) -> None:
    peers = tmp_path / "peers"
    peers.write_text("10.7.0.4 Adam\n")
    with running(tmp_path / "data", "--no-worker", env={**os.environ, "PADDOCK_PEERS_FILE": str(peers)}) as up:
        port = up.url.rsplit(":", 1)[1]
        well = health(tmp_path / "data", port)
        assert (well.returncode, well.stdout) == (0, "All is well.\n"), "although this machine is no member"
        assert up.worker_ids() == []
    assert "/health" not in (tmp_path / "up.log").read_text(), "the machine's own question is no news"
    unwell = health(tmp_path / "data", port)
    assert unwell.returncode == 1
    assert unwell.stderr.startswith(f"paddock: The site does not answer on http://127.0.0.1:{port} (")
