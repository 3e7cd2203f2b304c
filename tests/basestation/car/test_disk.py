"""For how many minutes of recording the disk has room."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from paddock.basestation.car.disk import DiskGauge

S = 10**9


@pytest.fixture
def gauge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DiskGauge:
    free(monkeypatch, 6_000_000_000)
    return DiskGauge(tmp_path)


def free(monkeypatch: pytest.MonkeyPatch, free_bytes: int) -> None:
    blocks = free_bytes // 1000
    status = os.statvfs_result((1000, 1000, 10**8, blocks + 5, blocks, 1, 1, 1, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: status)


def test_at_the_present_rate(gauge: DiskGauge) -> None:
    for second in range(40):
        gauge.sample(second * S, "run.mcap", second * 1_000_000)
    disk = gauge.read()
    assert (disk.free_bytes, disk.total_bytes) == (6_000_000_000, 10**11)
    assert disk.bytes_per_s == 1_000_000
    assert disk.minutes_left == 100
    assert disk.warning == ""


def test_the_last_rate_is_kept_while_nothing_is_recorded(gauge: DiskGauge) -> None:
    for second in range(10):
        gauge.sample(second * S, "run.mcap", second * 1_000_000)
    gauge.sample(3600 * S, None, 0)
    gauge.sample(3601 * S, "next.mcap", 10)
    assert gauge.read().bytes_per_s == 1_000_000


def test_nobody_has_recorded_yet(gauge: DiskGauge, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (gauge.read().minutes_left, gauge.read().warning) == (None, "")
    free(monkeypatch, 300_000_000)
    assert "300 MB left" in gauge.read().warning


def test_a_warning_says_how_many_minutes(gauge: DiskGauge, monkeypatch: pytest.MonkeyPatch) -> None:
    for second in range(10):
        gauge.sample(second * S, "run.mcap", second * 1_000_000)
    free(monkeypatch, 720_000_000)
    assert gauge.read().warning.startswith("The disk is full in about 12 min of recording")
    free(monkeypatch, 0)
    assert gauge.read().warning.startswith("The disk is full: nothing more")


def test_another_log_and_one_that_is_begun_anew_are_measured_anew(gauge: DiskGauge) -> None:
    gauge.sample(0, "1.mcap", 10**9)
    gauge.sample(10 * S, "2.mcap", 2 * 10**9)
    gauge.sample(20 * S, "2.mcap", 10)
    assert gauge.read().bytes_per_s is None
