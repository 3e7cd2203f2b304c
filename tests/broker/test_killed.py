"""``tests.scripts.kill_broker`` does it twenty times."""

from __future__ import annotations

from pathlib import Path

from tests.broker.killing import kill


def test_what_was_acknowledged_is_in_the_log_after_kill_9(tmp_path: Path) -> None:
    found = kill(tmp_path, kills=2, seed=1)
    assert found.acknowledged >= 1000
    assert found.missing == 0
