"""Laps by a beacon or by a counter of laps, where a log has no positions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from paddock.domain.catalogue import CarCatalogue, Catalogue
from paddock.domain.laps import LapSource
from paddock.readers.registry import spool_log
from paddock.usecases.laps.inputs import read_inputs
from paddock.usecases.laps.timing import TimedLaps, time_laps
from tests.logs import STARTED_NS
from tests.web.converted import json_log

STEP_S = 0.1


def _timed(folder: Path, messages: Iterable[Mapping[str, object]], marks_ns: tuple[int, ...] = ()) -> TimedLaps:
    log = json_log(folder / "run.mcap", "Dash", messages)
    with log.open("rb") as file, spool_log(file, folder) as columns:
        summary = columns.summary
        inputs = read_inputs(columns, CarCatalogue(Catalogue()))
    assert summary.started_ns is not None and summary.ended_ns is not None
    return time_laps(inputs, None, (summary.started_ns, summary.ended_ns), marks_ns)


def test_a_counter_of_laps_tells(tmp_path: Path) -> None:
    timed = _timed(tmp_path, ({"lap": 1 + n // 300, "speed_m_s": 20.0} for n in range(1000)))

    assert timed.source is LapSource.COUNTER
    assert [lap.kind.value for lap in timed.laps] == ["out", "lap", "lap", "in"]
    assert [lap.duration_s for lap in timed.laps[1:3]] == pytest.approx([30.0, 30.0])
    assert timed.laps[1].distance_m == pytest.approx(600, rel=0.01)
    assert timed.laps[1].uncertainty_s == pytest.approx(2 * 2**0.5 * STEP_S / 12**0.5)


def test_a_beacon_goes_before_a_counter(tmp_path: Path) -> None:
    timed = _timed(
        tmp_path, ({"lap": n // 300, "lap_beacon": 1 if n % 250 in (100, 101) else 0} for n in range(1000))
    )

    assert timed.source is LapSource.BEACON
    assert [lap.duration_s for lap in timed.laps if lap.is_timed] == pytest.approx([25.0, 25.0, 25.0])
    assert timed.laps[1].distance_m is None


def test_a_persons_marks_go_before_everything(tmp_path: Path) -> None:
    marks = tuple(STARTED_NS + second * 10**9 for second in (10, 42))

    timed = _timed(tmp_path, ({"lap": n // 300} for n in range(1000)), marks)

    assert timed.source is LapSource.HAND
    assert [lap.duration_s for lap in timed.laps if lap.is_timed] == [32.0]


def test_a_log_that_tells_of_no_laps_has_none(tmp_path: Path) -> None:
    timed = _timed(tmp_path, ({"speed_m_s": 20.0} for _ in range(50)))

    assert timed.source is None and timed.laps == ()
