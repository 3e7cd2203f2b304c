from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.readers.decoders.json_fuzz import difference
from tests.readers.decoders.json_messages import Writer

pytestmark = pytest.mark.slow("random messages")

TOPICS = 40
"""With 150 messages each, in each part; ``tests/scripts/fuzz_json.py`` does a million messages."""


@pytest.mark.parametrize("part", range(4))
def test_what_is_decoded_is_what_pythons_json_says(part: int, tmp_path: Path) -> None:
    for topic in range(TOPICS):
        chance = random.Random(f"{part}-{topic}")
        payloads = Writer(chance).messages(150)
        assert not difference(payloads, chance, tmp_path), f"topic {topic}"
