"""Simulated runs with all that goes wrong, and whether the laps that are found are the true ones."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from paddock.domain.dead_reckoning import with_yaw_rate
from paddock.domain.fixes import clean_fixes
from paddock.domain.instants import NS_PER_S
from paddock.domain.lap_timing import laps_by_gps
from paddock.domain.laps import Lap, LapKind
from paddock.domain.motion import Motion, motion_of
from paddock.domain.running_total import RunningTotal
from paddock.domain.start_line import find_line
from paddock.domain.venues import Course
from paddock.simulator.lap_run import Dropout, Receiver, Reverse, Stop, Teleport, Travel, fixes_of, travel
from paddock.simulator.track import DEFAULT_VENUE, Track, start_line, to_wgs84, track_for
from paddock.simulator.vehicle import drive

ORIGIN_NS = 1_776_522_720 * NS_PER_S
BEFORE_S = 30.0
"""A car that was out of sight so shortly before a crossing may have crossed before, and come back."""
SAME_S = 0.4
"""A lap that is found is the true one whose ends are so near its own."""


@dataclass(frozen=True)
class Sensors:
    """What a log says beside its fixes, with white noise; as ``paddock simulate`` writes it."""

    rate_hz: float = 400.0
    speed_noise_m_s: float = 0.02
    yaw_noise_rad_s: float = 0.006
    speed_factor: float = 1.0
    yaw_factor: float = 1.0
    """For units other than rad/s, or -1 for clockwise."""
    yaw_bias_rad_s: float = 0.0
    yaw: bool = True
    """Whether there is a yaw rate at all."""
    late_s: float = 0.0
    """How much later than the fixes its samples are stamped."""


@dataclass(frozen=True, eq=False)
class LapRun:
    """A run, as it was and as it was seen."""

    track: Track
    travel: Travel
    faults: tuple[object, ...]
    motion: Motion
    course: Course


@dataclass
class Verdict:
    """What came of one run."""

    errors_s: list[float] = field(default_factory=list)
    """Those of the laps with a time, against the true ones."""
    off_by_sigma: list[float] = field(default_factory=list)
    """The same in the standard deviations that the laps say."""
    estimates: int = 0
    without_time: int = 0
    wrong: list[str] = field(default_factory=list)
    """Laps with a time that nobody drove, and estimates that are off by more than they say."""
    missed: list[str] = field(default_factory=list)
    """True laps during which nothing went wrong, and that have no time."""


def simulated(
    seed: int,
    *,
    faults: bool = True,
    laps: int = 4,
    sensors: Sensors | None = Sensors(),
    receiver: Receiver | None = None,
    event: str = "endurance",
    line: bool = True,
) -> LapRun:
    """One run of a seed.

    Args:
        faults: whether things go wrong.
        laps: from standstill to standstill.
        sensors: beside the receiver; None for none.
        receiver: another one, with its own faults.
        event: of ``track_for``.
        line: whether the start line is where it truly is, or found by the fixes.
    """
    rng = np.random.default_rng([seed, 16])
    track = track_for(event, seed)
    motion = drive(track, laps, rng)
    events = _events(rng, track.length_m, laps) if faults else ()
    way = travel(motion, track, events)
    if receiver is None:
        receiver = _receiver(rng, way) if faults else Receiver()
    fixes = fixes_of(way.time_s, way.east_m, way.north_m, receiver, rng)
    latitude, longitude, _ = to_wgs84(fixes.east_m, fixes.north_m, DEFAULT_VENUE)
    cleaned = clean_fixes(ORIGIN_NS + (fixes.time_s * NS_PER_S).astype(np.int64), latitude, longitude)
    assert cleaned is not None
    shift_s = (cleaned.origin_ns - ORIGIN_NS) / NS_PER_S
    totals = _totals(way, sensors, shift_s, rng) if sensors else [None, None]
    seen = with_yaw_rate(motion_of(cleaned, totals[0]), *totals)
    course = Course(start=start_line(track, DEFAULT_VENUE))
    if not line:
        found = find_line(seen)
        assert found is not None
        course = Course(start=found.line)
    return LapRun(track, way, (*events, *receiver.dropouts, *receiver.teleports), seen, course)


def _totals(way: Travel, sensors: Sensors, shift_s: float, rng: np.random.Generator) -> list[RunningTotal | None]:
    """What the speed adds up to, and the yaw rate where there is one."""
    time = np.arange(0.0, way.time_s[-1], 1 / sensors.rate_hz)
    noise = rng.standard_normal((2, len(time)))
    speed = np.abs(np.interp(time, way.time_s, way.speed_m_s) + sensors.speed_noise_m_s * noise[0])
    yaw = np.interp(time, way.time_s, way.yaw_rate_rad_s) + sensors.yaw_noise_rad_s * noise[1]
    signals = [sensors.speed_factor * speed, sensors.yaw_factor * (yaw + sensors.yaw_bias_rad_s)]
    totals = [np.append(0.0, np.cumsum((each[1:] + each[:-1]) / 2 * np.diff(time))) for each in signals]
    time = time - shift_s + sensors.late_s
    way_of, turning = (RunningTotal(time, total, np.zeros(len(time))) for total in totals)
    return [way_of, turning if sensors.yaw else None]


def _events(rng: np.random.Generator, lap_m: float, laps: int) -> tuple[Stop | Reverse, ...]:
    found: list[Stop | Reverse] = []
    end_m = laps * lap_m
    for _ in range(rng.integers(0, 3)):
        kind = rng.integers(5)
        line_m = lap_m * rng.integers(1, laps)
        if kind == 0:
            found.append(Stop(line_m + rng.uniform(-2.5, 2.5), rng.uniform(3, 40)))
        elif kind == 1:
            found.append(Stop(rng.uniform(0.1, 0.95) * end_m, rng.uniform(3, 40)))
        elif kind == 2:
            found.append(Reverse(line_m + rng.uniform(0, 30), rng.uniform(5, 60)))
        elif kind == 3:
            found.append(Reverse(rng.uniform(0.3, 0.9) * end_m, rng.uniform(5, 100)))
        else:
            found.append(Reverse(line_m + rng.uniform(0, 0.5) * lap_m, rng.uniform(0.6, 1.2) * lap_m))
    return tuple(found)


def _receiver(rng: np.random.Generator, way: Travel) -> Receiver:
    end_s = float(way.time_s[-1])
    crossed = [each.time_s for each in way.crossings] or [end_s / 2]

    def moment() -> float:
        near = rng.random() < 0.5
        return float(rng.choice(crossed) + rng.normal(0, 2.0)) if near else float(rng.uniform(0, end_s))

    dropouts, teleports = [], []
    for _ in range(rng.integers(0, 3)):
        begin = moment()
        dropouts.append(
            Dropout(begin, begin + float(rng.choice([0.3, 1.0, 2.1, 5.0, 15.0, 50.0]) * rng.uniform(0.7, 1.3)))
        )
    for _ in range(rng.integers(0, 3)):
        begin = moment()
        far = rng.choice([8.0, 30.0, 300.0, 1e5]) * rng.uniform(0.8, 1.25)
        angle = rng.uniform(0, 2 * np.pi)
        lasts = float(rng.choice([0.03, 0.5, 3.0, 8.0]))
        teleports.append(Teleport(begin, begin + lasts, float(far * np.cos(angle)), float(far * np.sin(angle))))
    return Receiver(dropouts=tuple(dropouts), teleports=tuple(teleports))


def judged(run: LapRun) -> Verdict:
    """The laps that are found in a run, held against the true ones. The line is the true one."""
    verdict = Verdict()
    laps = laps_by_gps(run.motion, run.course)
    true = run.travel.laps()
    matched: set[int] = set()
    for lap in laps:
        if lap.kind is not LapKind.LAP:
            continue
        begin_s, end_s = ((each - ORIGIN_NS) / NS_PER_S for each in (lap.started_ns, lap.ended_ns))
        if lap.duration_s is not None:
            _judge_time(verdict, lap, begin_s, end_s, true, matched)
        elif lap.estimate_s is not None:
            _judge_estimate(verdict, lap, begin_s, end_s, run, true, matched)
        else:
            verdict.without_time += 1
    for place, (begin_s, end_s) in enumerate(true):
        if place not in matched and not _touched(run, begin_s, end_s):
            verdict.missed.append(f"{begin_s:.2f} to {end_s:.2f} s")
    return verdict


def _judge_time(
    verdict: Verdict, lap: Lap, begin_s: float, end_s: float, true: list[tuple[float, float]], matched: set[int]
) -> None:
    same = [i for i, (a, b) in enumerate(true) if abs(a - begin_s) < SAME_S and abs(b - end_s) < SAME_S]
    if not same or lap.duration_s is None or lap.uncertainty_s is None:
        verdict.wrong.append(f"lap {lap.number} of {lap.duration_s:.3f} s from {begin_s:.2f} to {end_s:.2f} s")
        return
    matched.add(same[0])
    error = lap.duration_s - (true[same[0]][1] - true[same[0]][0])
    verdict.errors_s.append(error)
    verdict.off_by_sigma.append(error / (lap.uncertainty_s / 2))


def _judge_estimate(
    verdict: Verdict,
    lap: Lap,
    begin_s: float,
    end_s: float,
    run: LapRun,
    true: list[tuple[float, float]],
    matched: set[int],
) -> None:
    verdict.estimates += 1
    off = lap.uncertainty_s or 0.0
    for place, (a, b) in enumerate(true):
        if abs(a - begin_s) <= off + SAME_S and abs(b - end_s) <= off + SAME_S:
            matched.add(place)
            if lap.estimate_s is not None and abs(lap.estimate_s - (b - a)) <= off:
                return
    verdict.wrong.append(f"lap {lap.number}, about {lap.estimate_s:.2f} s ± {off:.2f}, from {begin_s:.2f} s")


def _touched(run: LapRun, begin_s: float, end_s: float) -> bool:
    """Whether something goes wrong during a lap, right after it, or in the quarter of a lap before it."""
    for fault in run.faults:
        if isinstance(fault, (Dropout, Teleport)):
            if fault.begin_s < end_s + 8 and fault.end_s > begin_s - BEFORE_S:
                return True
        elif isinstance(fault, (Stop, Reverse)):
            inside = (run.travel.time_s > begin_s - 1) & (run.travel.time_s < end_s + 1)
            way = run.travel.track_m[inside]
            if way.min() - 20 < fault.at_m < way.max() + 20:
                return True
    return False
