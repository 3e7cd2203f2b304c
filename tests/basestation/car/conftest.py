"""A garage for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.basestation.car.cars import Garage


@pytest.fixture
def garage(tmp_path: Path) -> Iterator[Garage]:
    made = Garage(tmp_path)
    yield made
    made.close()
