from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap.records import Metadata
from mcap.stream_reader import StreamReader

from paddock.domain.instants import from_rfc3339
from paddock.errors import Rejected
from paddock.simulator.demo import demo_day, recorder_name


@pytest.mark.slow("a whole day")
def test_a_day_has_driven_runs_a_parked_car_and_a_power_cut(tmp_path: Path) -> None:
    steps: list[float] = []
    logs = demo_day(tmp_path, progress=steps.append)
    assert logs == sorted(tmp_path.iterdir())
    assert sum(log.stat().st_size for log in logs) < 40_000_000
    assert steps[-1] == 1.0

    states: Counter[str] = Counter()
    runs = set()
    for log in logs:
        with log.open("rb") as stream:
            records = StreamReader(stream, emit_chunks=True).records
            setup = next(record for record in records if isinstance(record, Metadata)).metadata
        states[state_of(log)] += 1
        assert setup["date"] == "04-18-2026"
        runs.add((setup["driver"], setup["eventType"]))
    assert states == {"driven": 4, "parked": 2, "cut": 1}
    assert {("Adam", "endurance"), ("Maya", "endurance"), ("Adam", "acceleration")} <= runs


def state_of(log: Path) -> str:
    try:
        with log.open("rb") as stream:
            summary = make_reader(stream).get_summary()
    except McapError:
        return "cut"
    assert summary is not None
    length_s = (summary.statistics.message_end_time - summary.statistics.message_start_time) / 1e9
    return "parked" if length_s < 15 else "driven"


def test_names_are_those_of_a_recorder() -> None:
    assert recorder_name(from_rfc3339("2026-04-18T14:32:00Z")) == "04_18_2026_14_32_00.mcap"


def test_refuses_a_day_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(Rejected):
        demo_day(tmp_path, date="2026-02-30")
