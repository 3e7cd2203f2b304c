from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.broker.at import At, endpoint_at


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[At]:
    """An endpoint with two devices."""
    async with endpoint_at(tmp_path) as running:
        await running.device("car")
        await running.device("box")
        yield running
