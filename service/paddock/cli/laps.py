"""``paddock laps``: the laps of a log, without a service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from paddock.cli.dbc_option import dbc_option
from paddock.cli.spooled import spooled
from paddock.cli.terminal import out, print_json, print_rows
from paddock.columns.columns import LogSummary
from paddock.domain.can_database import Databases
from paddock.domain.catalogue import CarCatalogue, Catalogue
from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.domain.laps import Lap, best_lap, best_sectors, lap_time, theoretical_best_s
from paddock.domain.venues import Course, Line, Place, check_course
from paddock.usecases.intake.open_log import open_log
from paddock.usecases.laps.inputs import LapInputs, read_inputs
from paddock.usecases.laps.timing import TimedLaps, found_course, time_laps


class _LineOption(click.ParamType[Line]):
    """Four numbers: latitude and longitude of a line's left and of its right end, in the direction of driving."""

    name = "lat,lon,lat,lon"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Line:
        try:
            numbers = [float(part) for part in value.split(",")]
            left, right = Place(*numbers[:2]), Place(*numbers[2:])
        except (TypeError, ValueError):
            self.fail(f"{value!r} is no line: give four numbers, as in 42.06640,-84.24150,42.06641,-84.24130")
        return Line(left, right)


@click.command("laps")
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For programs: everything, with the lines that were used.")
@click.option("--line", type=_LineOption(), help="Start line: its left end, then its right, seen by the driver.")
@click.option("--finish", type=_LineOption(), help="A finish elsewhere, as of acceleration and autocross.")
@click.option("--sector", "sectors", type=_LineOption(), multiple=True, help="A line between two sectors.")
@dbc_option
def command(
    log: Path,
    as_json: bool,
    line: Line | None,
    finish: Line | None,
    sectors: tuple[Line, ...],
    databases: Databases,
) -> None:
    """Show the laps of LOG.

    They are timed by its GPS, with its speed and yaw rate. Without --line the start line is where a beacon or a
    counter of laps in the log says, else where the car came by most regularly at speed. Without GPS a beacon or a
    counter times the laps.
    """
    if line is None and (finish is not None or sectors):
        raise click.UsageError("Give the start with --line, too.")
    course = None if line is None else check_course(Course(start=line, finish=finish, sectors=sectors))
    with open_log(log) as opened, spooled(opened, log.name, databases) as columns:
        summary = columns.summary
        inputs = read_inputs(columns, CarCatalogue(Catalogue()))
    span = (summary.started_ns or 0, summary.ended_ns or 0)
    timed = time_laps(inputs, course or found_course(inputs), span)
    if as_json:
        print_json(_as_dict(timed, inputs))
    else:
        _print(timed, inputs, summary)


def _as_dict(timed: TimedLaps, inputs: LapInputs) -> dict[str, Any]:
    best = best_lap(timed.laps)
    return {
        "source": timed.source,
        "items": [_lap(each) for each in timed.laps],
        "best": None if best is None else best.number,
        "theoretical_best_s": theoretical_best_s(timed.laps),
        "course": timed.course,
        "signals": inputs.names,
    }


def _lap(lap: Lap) -> dict[str, Any]:
    return {
        "number": lap.number,
        "kind": lap.kind,
        "started_at": to_rfc3339(lap.started_ns),
        "ended_at": to_rfc3339(lap.ended_ns),
        "duration_s": lap.duration_s,
        "uncertainty_s": lap.uncertainty_s,
        "estimate_s": lap.estimate_s,
        "distance_m": lap.distance_m,
        "sectors": lap.sectors,
        "notice": lap.notice,
    }


def _print(timed: TimedLaps, inputs: LapInputs, summary: LogSummary) -> None:
    if not timed.laps:
        out.print(_why_none(timed, inputs))
        return
    sectors = len(best_sectors(timed.laps))
    best = best_lap(timed.laps)
    names = tuple(f"S{number}" for number in range(1, sectors + 1))
    numbers = ("lap", "start", "time", "±", *names, "distance m")
    rows = [
        (
            {"lap": str(lap.number)}.get(lap.kind, lap.kind.value),
            f"{(lap.started_ns - (summary.started_ns or 0)) / NS_PER_S:.1f} s",
            _time(lap),
            "" if lap.uncertainty_s is None else f"{lap.uncertainty_s:.3f}",
            *_sector_times(lap, sectors),
            "" if lap.distance_m is None else f"{lap.distance_m:.0f}",
            "best" if best is not None and lap.number == best.number else "",
            lap.notice,
        )
        for lap in timed.laps
    ]
    print_rows((*numbers, "", "notice"), rows, numbers=numbers)
    out.print()
    theoretical = theoretical_best_s(timed.laps)
    if sectors and theoretical is not None:
        out.print(f"theoretical best {lap_time(theoretical)}")
    out.print(f"timed by {_by(timed, inputs)}")


def _time(lap: Lap) -> str:
    if lap.duration_s is not None:
        return lap_time(lap.duration_s)
    return "" if lap.estimate_s is None else f"about {lap_time(lap.estimate_s)}"


def _sector_times(lap: Lap, count: int) -> list[str]:
    known = {sector.number: sector.duration_s for sector in lap.sectors}
    times = [known.get(number) for number in range(1, count + 1)]
    return ["" if time is None else lap_time(time) for time in times]


def _by(timed: TimedLaps, inputs: LapInputs) -> str:
    names = inputs.names
    if timed.source == "gps" and inputs.motion is not None:
        motion = inputs.motion
        used = {"speed": motion.step_m is not None, "yaw_rate": motion.placed is not None}
        also = "".join(f", {names[name]}" for name, is_used in used.items() if is_used)
        rate = 1 / motion.fixes.step_s
        return f"{names['latitude']}, {names['longitude']} ({rate:.0f} fixes a second){also}"
    return names.get(timed.source or "", "nothing")


def _why_none(timed: TimedLaps, inputs: LapInputs) -> str:
    if inputs.motion is not None:
        fixes = f"{len(inputs.motion.fixes):,} fixes"
        return f"No laps: in {fixes} the car came by no place twice in the same direction. Give --line."
    return (
        "No laps: there is no position in this log, and no signal that tells of laps. "
        "Once it is uploaded, they can be marked by hand on its page."
    )
