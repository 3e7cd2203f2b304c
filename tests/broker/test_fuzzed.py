"""``tests.scripts.fuzz_mqtt`` sends 100,000."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.broker.fuzzing import fuzz


@pytest.mark.anyio
async def test_whatever_comes(tmp_path: Path) -> None:
    found = await fuzz(tmp_path, 2_000, random.Random(20_260_418))
    assert found.let_in > 20
    assert found.ended > 20
