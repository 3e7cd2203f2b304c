"""The acceptance day, short; ``python -m tests.scripts.acceptance_day`` is the whole one."""

from __future__ import annotations

from pathlib import Path

from tests.scripts import acceptance_day
from tests.servers.link import needed


def test_a_short_day(tmp_path: Path) -> None:
    needed()
    acceptance_day.main(["--short", "--keep", str(tmp_path / "day")])
