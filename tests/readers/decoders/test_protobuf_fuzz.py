"""The fast path is google.protobuf's value, and its refusal, for random schemas and payloads."""

from __future__ import annotations

import pytest

from tests.readers.decoders.protobuf_fuzzing import fuzz

pytestmark = pytest.mark.slow("random messages")

MESSAGES = 10_000
"""Per seed; ``tests/scripts/fuzz_protobuf.py`` does a million."""


@pytest.mark.parametrize("seed", range(4))
def test_batches_of_random_messages_are_as_google_protobuf_has_them(seed: int) -> None:
    tally = fuzz(seed, MESSAGES)
    assert not tally.differences, tally.differences[0]
    assert tally.refused and tally.refused < tally.messages / 2
    assert sum(count for path, count in tally.schemas.items() if path.endswith("fast")) > 1
