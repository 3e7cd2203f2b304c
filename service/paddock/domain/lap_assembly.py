"""Laps from the crossings of lines: which crossings make a lap, and what keeps one from having a time."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import hypot
from statistics import median

from paddock.domain.crossings import Crossing
from paddock.domain.laps import Lap, LapKind, Sector

SHORTEST_LAP_M = 40.0
"""The circle of a skid pad has 57 m."""
_SHORTEST_WAY_M = 5.0
_ONE_LAP = 1.7
"""A lap during which the car was out of sight may have been two; not so if it cannot have driven so many laps."""
_LONGEST_GAP = 0.5
"""A share of the time of a lap."""
_BACK_AGAIN = 0.25
"""Out of sight so many laps before a crossing, the car may have crossed before and come back."""
_BACKWARDS = "driven backwards over the line"


@dataclass(frozen=True)
class Gap:
    """A time without fixes in which the car may have crossed the start line unseen."""

    begin_s: float
    end_s: float
    most_m: float
    """How far it can have driven meanwhile."""

    @property
    def length_s(self) -> float:
        """How long."""
        return self.end_s - self.begin_s


@dataclass(frozen=True)
class Drive:
    """What laps are made from; times in seconds since one origin, distances in metres along the way."""

    starts: Sequence[Crossing]
    finishes: Sequence[Crossing] | None
    """None on a circuit, where the start is the finish."""
    sectors: Sequence[Sequence[Crossing]]
    """For each line between sectors."""
    begin_s: float
    """When the car began to move."""
    end_s: float
    """When it stood at last."""
    driven_m: Callable[[float], float]
    """How far it drove until an instant."""
    at_ns: Callable[[float], int]
    breaks: Sequence[float] = ()
    """When the receiver jumped for good."""
    gaps: Sequence[Gap] = ()


@dataclass(frozen=True)
class _Stretch:
    """From one crossing to the next that ends a lap."""

    begin: Crossing
    end: Crossing
    back: bool = False
    """It was driven back over the line and forward again meanwhile."""
    faults: tuple[str, ...] = field(default=())


def assemble(drive: Drive) -> tuple[Lap, ...]:
    """All laps in their order: on a circuit with the ways out and in, on a course from start to finish each run."""
    stretches = _rounds(drive) if drive.finishes is None else _runs(drive)
    stretches = [_with_faults(each, drive) for each in stretches]
    clean = [each for each in stretches if not each.faults and not _gaps_in(each, drive)]
    stretches = [_unseen(each, drive, clean) for each in stretches]
    laps = [_lap(number, each, drive) for number, each in enumerate(stretches, 1)]
    if drive.finishes is not None:
        return tuple(laps)
    marks = [each for each in drive.starts if each.forward]
    return (*_way_out(drive, marks), *laps, *_way_in(drive, stretches, marks, len(laps) + 1))


def _rounds(drive: Drive) -> list[_Stretch]:
    """Laps of a circuit: from each forward crossing to the next, where the car went round in between."""
    half_m = _usual_way(drive) / 2
    stretches: list[_Stretch] = []
    begin: Crossing | None = None
    backward: list[Crossing] = []
    returned, doubtful = False, False
    for crossing in drive.starts:
        if not crossing.forward:
            backward.append(crossing)
            continue
        way_m = None if begin is None else drive.driven_m(crossing.time_s) - drive.driven_m(begin.time_s)
        if begin is not None and way_m is not None:
            seen = not any(each.no_fix_s for each in backward)
            if (
                len(backward) == 1
                and seen
                and drive.driven_m(crossing.time_s) - drive.driven_m(backward[0].time_s) < half_m
            ):
                # Back over the line and forward again: it is the same lap that goes on.
                backward, returned = [], True
                continue
            if not backward and way_m < SHORTEST_LAP_M:
                begin = crossing if crossing.timed and not begin.timed else begin
                continue
            faults = (_BACKWARDS,) if backward or doubtful else ()
            stretches.append(_Stretch(begin, crossing, returned, faults))
        # Who came back unseen may have crossed before, unseen as well.
        doubtful = any(each.no_fix_s for each in backward)
        begin, backward, returned = crossing, [], False
    return stretches


def _usual_way(drive: Drive) -> float:
    """Metres of a usual lap, as far as the crossings tell."""
    marks = list(drive.starts)
    ways = [
        drive.driven_m(after.time_s) - drive.driven_m(before.time_s)
        for before, after in pairwise(marks)
        if before.forward and after.forward
    ]
    whole = [way for way in ways if way >= SHORTEST_LAP_M]
    return median(whole) if whole else 2 * SHORTEST_LAP_M


def _runs(drive: Drive) -> list[_Stretch]:
    """Runs of a course: from the last crossing of the start before a finish to that finish."""
    starts = [each for each in drive.starts if each.forward]
    stretches = []
    last = float("-inf")
    for finish in drive.finishes or ():
        if not finish.forward:
            continue
        before = [each for each in starts if last < each.time_s < finish.time_s]
        last = finish.time_s
        if before:
            stretches.append(_Stretch(before[-1], finish))
    return stretches


def _with_faults(stretch: _Stretch, drive: Drive) -> _Stretch:
    """What keeps a lap from having a time."""
    faults = list(stretch.faults)
    begin_s, end_s = stretch.begin.time_s, stretch.end.time_s
    if any(begin_s < jump < end_s for jump in drive.breaks):
        faults.append("the position jumped")
    for crossing in (stretch.begin, stretch.end):
        if not crossing.timed and not crossing.no_fix_s:
            faults.append("stood on the line")
    faults += [_no_fix(crossing.no_fix_s) for crossing in (stretch.begin, stretch.end) if crossing.no_fix_s]
    return replace(stretch, faults=tuple(dict.fromkeys(faults)))


def _unseen(stretch: _Stretch, drive: Drive, clean: Sequence[_Stretch]) -> _Stretch:
    """A stretch with the fault that it may be two laps, if the car may have crossed the line unseen.

    It cannot have if even the longest way that it may have driven unseen makes no two laps.
    """
    gaps = _gaps_in(stretch, drive)
    usual_m = min((_way_m(each, drive) for each in clean), default=0.0)
    marks = [mark for mark in (stretch.begin, stretch.end) if not mark.no_fix_s]
    before = [gap for mark in marks for gap in drive.gaps if _may_have_come_back(gap, mark, drive, usual_m)]
    if before:
        return _perhaps(stretch, before)
    if not gaps:
        return stretch
    seen_m = _way_m(stretch, drive) - sum(drive.driven_m(gap.end_s) - drive.driven_m(gap.begin_s) for gap in gaps)
    usual_s = min((each.end.time_s - each.begin.time_s for each in clean), default=0.0)
    # Out of sight for half as long as a lap takes, it may have turned round.
    is_short = max(gap.length_s for gap in gaps) < _LONGEST_GAP * usual_s
    if is_short and seen_m + sum(gap.most_m for gap in gaps) < _ONE_LAP * usual_m:
        return stretch
    return _perhaps(stretch, gaps)


def _may_have_come_back(gap: Gap, mark: Crossing, drive: Drive, usual_m: float) -> bool:
    """Whether the car came into sight right before a crossing, having perhaps crossed unseen and come back."""
    near_m = max(_BACK_AGAIN * usual_m, SHORTEST_LAP_M)
    return gap.end_s <= mark.time_s and drive.driven_m(mark.time_s) - drive.driven_m(gap.end_s) < near_m


def _perhaps(stretch: _Stretch, gaps: Sequence[Gap]) -> _Stretch:
    longest = max(gap.length_s for gap in gaps)
    return replace(stretch, faults=(*stretch.faults, f"{_no_fix(longest)}, perhaps over the line"))


def _gaps_in(stretch: _Stretch, drive: Drive) -> list[Gap]:
    """Dropouts within a lap, less those in which it began or ended."""
    begin_s, end_s = stretch.begin.time_s, stretch.end.time_s
    gaps = [gap for gap in drive.gaps if gap.begin_s < end_s and gap.end_s > begin_s]
    return [gap for gap in gaps if not any(_is_over(gap, mark) for mark in (stretch.begin, stretch.end))]


def _way_m(stretch: _Stretch, drive: Drive) -> float:
    return drive.driven_m(stretch.end.time_s) - drive.driven_m(stretch.begin.time_s)


def _is_over(gap: Gap, crossing: Crossing) -> bool:
    return bool(crossing.no_fix_s) and crossing.between_s[0] <= gap.begin_s and gap.end_s <= crossing.between_s[1]


def _no_fix(length_s: float) -> str:
    return f"no fix for {length_s:.1f} s"


def _lap(number: int, stretch: _Stretch, drive: Drive) -> Lap:
    begin, end = stretch.begin, stretch.end
    duration = end.time_s - begin.time_s
    estimated = all(fault.startswith("no fix") and "perhaps" not in fault for fault in stretch.faults)
    off = sum(_bound(crossing) for crossing in (begin, end))
    notices = (*stretch.faults, *(("drove back over the line",) if stretch.back else ()))
    return Lap(
        number=number,
        kind=LapKind.LAP,
        started_ns=drive.at_ns(begin.time_s),
        ended_ns=drive.at_ns(end.time_s),
        duration_s=None if stretch.faults else duration,
        estimate_s=duration if stretch.faults and estimated else None,
        uncertainty_s=off if estimated and stretch.faults else None if stretch.faults else _two_sigma(begin, end),
        distance_m=drive.driven_m(end.time_s) - drive.driven_m(begin.time_s),
        sectors=_sectors(begin, end, drive),
        notice="; ".join(notices),
    )


def _bound(crossing: Crossing) -> float:
    """The most that a crossing is off: of one without fixes, to the further end of the gap."""
    if crossing.no_fix_s:
        return max(crossing.time_s - crossing.between_s[0], crossing.between_s[1] - crossing.time_s)
    return 2 * crossing.sigma_s


def _two_sigma(begin: Crossing, end: Crossing) -> float:
    return 2 * hypot(begin.sigma_s, end.sigma_s)


def _sectors(begin: Crossing, end: Crossing, drive: Drive) -> tuple[Sector, ...]:
    """Times between the lines; each line is crossed after the one before it."""
    if not drive.sectors:
        return ()
    marks: list[Crossing | None] = [begin if begin.timed else None]
    last = begin.time_s
    for crossings in drive.sectors:
        place = bisect.bisect_right(crossings, last, key=lambda each: each.time_s)
        found = next((each for each in crossings[place:] if each.forward and each.time_s < end.time_s), None)
        if found is not None:
            last = found.time_s
        marks.append(found if found is not None and found.timed else None)
    marks.append(end if end.timed else None)
    broken = [jump for jump in drive.breaks if begin.time_s < jump < end.time_s]
    sectors = []
    for number, (one, other) in enumerate(pairwise(marks), 1):
        if one is None or other is None or any(one.time_s < jump < other.time_s for jump in broken):
            sectors.append(Sector(number, None))
        else:
            sectors.append(Sector(number, other.time_s - one.time_s, _two_sigma(one, other)))
    return tuple(sectors)


def _way_out(drive: Drive, marks: Sequence[Crossing]) -> list[Lap]:
    if not marks:
        return []
    return _way(drive, LapKind.OUT, 0, drive.begin_s, marks[0].time_s)


def _way_in(drive: Drive, stretches: Sequence[_Stretch], marks: Sequence[Crossing], number: int) -> list[Lap]:
    if not marks:
        return []
    last = stretches[-1].end.time_s if stretches else marks[-1].time_s
    return _way(drive, LapKind.IN, number, last, drive.end_s)


def _way(drive: Drive, kind: LapKind, number: int, begin_s: float, end_s: float) -> list[Lap]:
    """A way out or in; none where the car did not drive it."""
    if end_s <= begin_s:
        return []
    way_m = drive.driven_m(end_s) - drive.driven_m(begin_s)
    if way_m < _SHORTEST_WAY_M:
        return []
    return [
        Lap(
            number=number,
            kind=kind,
            started_ns=drive.at_ns(begin_s),
            ended_ns=drive.at_ns(end_s),
            duration_s=end_s - begin_s,
            distance_m=way_m,
        )
    ]
