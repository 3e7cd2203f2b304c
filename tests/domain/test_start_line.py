from __future__ import annotations

import numpy as np
import pytest

from paddock.domain.fixes import in_metres
from paddock.domain.start_line import line_at_marks
from tests.domain.lap_runs import ORIGIN_NS, LapRun, simulated


@pytest.fixture(scope="module")
def run() -> LapRun:
    return simulated(12, faults=False, laps=3, sensors=None)


def test_the_line_is_where_the_car_counts_its_laps(run: LapRun) -> None:
    shift_s = (run.motion.fixes.origin_ns - ORIGIN_NS) / 1e9
    late = np.array([0.02, 0.08, 0.05])  # a counter is sent a few times a second
    marks = np.array([each.time_s for each in run.travel.crossings]) - shift_s + late

    found = line_at_marks(run.motion, marks)

    assert found is not None and found.crossings == 3
    true, line = (in_metres(each, run.motion.fixes.plane) for each in (run.course.start, found.line))
    assert 0 < true.ahead(*(np.array([each]) for each in line.middle))[0] < 2.5
    assert np.dot(true.forward, line.forward) == pytest.approx(1, abs=0.01)


def test_a_button_that_is_pressed_anywhere_marks_no_line(run: LapRun) -> None:
    marks = np.array([30.0, 55.0, 91.0])

    assert line_at_marks(run.motion, marks) is None
    assert line_at_marks(run.motion, marks[:1]) is None
