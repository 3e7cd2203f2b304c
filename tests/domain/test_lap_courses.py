"""Courses with a finish elsewhere, lines the wrong way round, and what must not change a lap time."""

from __future__ import annotations

import numpy as np
import pytest

from paddock.domain.fixes import Floats, Plane, clean_fixes, line_at
from paddock.domain.instants import NS_PER_S
from paddock.domain.lap_timing import laps_by_gps
from paddock.domain.laps import Lap, LapKind
from paddock.domain.motion import Motion, motion_of
from paddock.domain.running_total import RunningTotal
from paddock.domain.start_line import find_line
from paddock.domain.venues import Course, Line, Place
from paddock.simulator.lap_run import Receiver, fixes_of
from paddock.simulator.track import DEFAULT_VENUE, VENUES, to_wgs84, track_for
from paddock.simulator.vehicle import Motion as Drive
from paddock.simulator.vehicle import drive
from tests.domain.lap_runs import ORIGIN_NS, simulated

pytestmark = pytest.mark.slow("drives whole runs of laps")
START_M, FINISH_M = 0.3, 75.3


def _driven(event: str, laps: int, seed: int = 1) -> tuple[Drive, Motion]:
    rng = np.random.default_rng(seed)
    car = drive(track_for(event, seed), laps, rng)
    fixes = fixes_of(car.time_s, car.columns["east_m"], car.columns["north_m"], Receiver(), rng)
    latitude, longitude, _ = to_wgs84(fixes.east_m, fixes.north_m, DEFAULT_VENUE)
    cleaned = clean_fixes(ORIGIN_NS + (fixes.time_s * NS_PER_S).astype(np.int64), latitude, longitude)
    assert cleaned is not None
    shift_s = (cleaned.origin_ns - ORIGIN_NS) / NS_PER_S
    way = RunningTotal(car.time_s - shift_s, car.columns["distance_m"], np.zeros(len(car.time_s)))
    return car, motion_of(cleaned, way)


def _across(east_m: float) -> Line:
    """A line across the strip of the acceleration, which leads to the east."""
    return line_at(Plane(Place(*VENUES[DEFAULT_VENUE][:2])), east_m, 0.0, 0.0, 6.0)


def _passed(car: Drive, east_m: float) -> Floats:
    east, near = car.columns["east_m"], np.abs(car.columns["north_m"]) < 3
    over = np.flatnonzero((east[:-1] < east_m) & (east[1:] >= east_m) & near[1:])
    shares = (east_m - east[over]) / (east[over + 1] - east[over])
    passed: Floats = car.time_s[over] + shares * np.diff(car.time_s)[over]
    return passed


def _timed(laps: tuple[Lap, ...]) -> list[float]:
    return [lap.duration_s for lap in laps if lap.is_timed and lap.duration_s is not None]


def test_an_acceleration_is_timed_from_standstill_to_its_finish() -> None:
    car, motion = _driven("acceleration", 3)

    laps = laps_by_gps(motion, Course(start=_across(START_M), finish=_across(FINISH_M)))

    true = _passed(car, FINISH_M) - _passed(car, START_M)
    assert {lap.kind for lap in laps} == {LapKind.LAP}
    assert len(laps) == len(true) == 4
    for lap, took in zip(laps, true, strict=True):
        assert lap.duration_s is not None and lap.uncertainty_s is not None
        assert abs(lap.duration_s - took) < 2 * lap.uncertainty_s
        assert lap.distance_m == pytest.approx(FINISH_M - START_M, abs=1)


def test_the_circles_of_a_skid_pad_are_laps() -> None:
    _, motion = _driven("skidpad", 2)
    found = find_line(motion)

    assert found is not None
    times = _timed(laps_by_gps(motion, Course(start=found.line)))
    assert len(times) >= 4
    assert max(times) < 2 * min(times)


def test_a_line_the_wrong_way_round_has_no_laps() -> None:
    run = simulated(3, faults=False)

    assert _timed(laps_by_gps(run.motion, run.course.reversed())) == []


def test_sectors_are_as_long_as_their_lap() -> None:
    run = simulated(4, faults=False)
    fixes = run.motion.fixes
    rows = [len(fixes) // 2 + shift for shift in (0, 220)]
    lines = tuple(
        line_at(
            fixes.plane,
            float(fixes.east_m[row]),
            float(fixes.north_m[row]),
            float(run.motion.heading_rad[row]),
            10.0,
        )
        for row in rows
    )
    for sectors in (lines, lines[::-1]):
        laps = laps_by_gps(run.motion, Course(start=run.course.start, sectors=sectors))
        whole = [lap for lap in laps if lap.is_timed and all(each.duration_s is not None for each in lap.sectors)]
        for lap in whole:
            assert sum(each.duration_s or 0 for each in lap.sectors) == pytest.approx(lap.duration_s)
        if whole:
            return
    pytest.fail("neither order of the lines is that of driving")


def test_where_and_when_it_was_driven_changes_no_lap_time() -> None:
    run = simulated(5, faults=False)
    fixes = run.motion.fixes
    expected = _timed(laps_by_gps(run.motion, run.course))
    for origin, later_ns in ((Place(-33.0, 179.9999), 0), (Place(64.0, -21.0), 10**15)):
        plane = Plane(origin)
        places = [plane.to_place(x, y) for x, y in zip(fixes.east_m, fixes.north_m, strict=True)]
        moved = clean_fixes(
            fixes.origin_ns + later_ns + np.round(fixes.time_s * NS_PER_S).astype(np.int64),
            np.array([place.latitude for place in places]),
            np.array([place.longitude for place in places]),
        )
        assert moved is not None
        start = run.course.start
        ends = []
        for end in (start.left, start.right):
            east, north = fixes.plane.to_metres(np.array([end.latitude]), np.array([end.longitude]))
            ends.append(plane.to_place(float(east[0]), float(north[0])))
        laps = laps_by_gps(motion_of(moved, None), Course(start=Line(*ends)))
        without_speed = _timed(laps_by_gps(motion_of(fixes, None), run.course))
        assert _timed(laps) == pytest.approx(without_speed, abs=0.002)
    assert len(expected) == 3


def test_a_bus_that_repeats_the_last_fix_changes_no_lap_time() -> None:
    run = simulated(6, faults=False, sensors=None)
    fixes = run.motion.fixes
    places = [fixes.plane.to_place(x, y) for x, y in zip(fixes.east_m, fixes.north_m, strict=True)]
    times = fixes.origin_ns + np.round(fixes.time_s * NS_PER_S).astype(np.int64)
    repeated = np.repeat(np.arange(len(places)), 4)
    held = clean_fixes(
        times[repeated] + np.tile(np.arange(4) * 9_000_000, len(places)),
        np.array([places[row].latitude for row in repeated]),
        np.array([places[row].longitude for row in repeated]),
    )
    assert held is not None and len(held) == len(fixes)

    assert _timed(laps_by_gps(motion_of(held, None), run.course)) == pytest.approx(
        _timed(laps_by_gps(run.motion, run.course)), abs=1e-4
    )
