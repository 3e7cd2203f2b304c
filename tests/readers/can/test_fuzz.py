"""Damaged logs of each kind; ten thousand of each are ``tests/scripts/fuzz_can.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.fuzz_can import kinds, try_kind

KINDS = kinds()


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.slow("hundreds of damaged logs")
def test_a_damaged_log_is_read_as_far_as_it_can_be(name: str, tmp_path: Path) -> None:
    failures: list[str] = []
    try_kind(KINDS[name], 30, 3, tmp_path, lambda why, _: failures.append(why))
    assert not failures
