from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.readers.mcap.builders import mutated, official_messages, small_logs, spool

pytestmark = pytest.mark.slow("random damage")

CASES = 60
"""Per kind of log; ``tests/scripts/fuzz_mcap.py`` does 10,000."""


@pytest.mark.parametrize("kind", range(len(small_logs())))
def test_damage_never_costs_more_messages_than_the_official_reader_loses(kind: int, tmp_path: Path) -> None:
    log = small_logs()[kind]
    chance = random.Random(kind)
    for case in range(CASES):
        damaged = mutated(log, chance)
        with spool(damaged, tmp_path) as columns:
            summary = columns.summary
            rows = sum(len(batch) for channel in columns.channels for batch in columns.read(channel))
        assert rows == summary.message_count
        had = summary.message_count + sum(summary.loss.undecodable.values())
        assert had >= official_messages(damaged), f"case {case}"
    assert not list(tmp_path.iterdir())
