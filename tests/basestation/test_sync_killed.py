"""Syncs that end anywhere, and people who do whatever they like meanwhile: nothing is lost, nothing is there twice.

``python -m tests.scripts.kill_syncs`` goes through every request and many seeds.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.basestation.sync_people import by_chance, killed_after_each_request

pytestmark = pytest.mark.slow("killed after every request")


def test_killed_after_any_request_nothing_is_lost_or_twice(tmp_path: Path) -> None:
    assert killed_after_each_request(tmp_path, step=7) > 4


def test_whatever_people_do_and_whenever_it_ends_all_come_to_say_the_same(tmp_path: Path) -> None:
    by_chance(tmp_path, 13, deeds=60)
