"""What devices send, through ``kill -9`` of each process: the short form of ``tests.scripts.live_kills``."""

from __future__ import annotations

from pathlib import Path

from tests.cli.live_killing import kill_live


def test_each_acknowledged_message_is_in_exactly_one_recording(tmp_path: Path) -> None:
    found = kill_live(tmp_path, kills=3, seed=1)
    assert set(found.kills) == {"broker", "recorder", "site"}
    assert found.acknowledged > 0 and (found.missing, found.twice) == (0, 0), found
