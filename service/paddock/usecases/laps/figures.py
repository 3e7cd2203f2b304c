"""What a lap table shows of each lap besides its time: energy, and the extremes of some signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from paddock.columns.arrow_numpy import is_list, pick
from paddock.columns.by_name import Column, columns_by_name, values_of
from paddock.columns.columns import Columns
from paddock.columns.odometer import LONGEST_STEP_S
from paddock.domain.catalogue import CarCatalogue
from paddock.domain.catalogue_defaults import Role
from paddock.domain.fixes import Floats, Int64s
from paddock.domain.instants import NS_PER_S
from paddock.domain.lap_table import Extremes
from paddock.domain.laps import Lap

_WATTS = {("V", "A"): 1.0, ("V", "mA"): 1e-3, ("mV", "A"): 1e-3, ("kV", "A"): 1e3}


def extremes_of(columns: Columns, names: Sequence[str], laps: Sequence[Lap]) -> list[dict[str, Extremes]]:
    """Smallest and largest values of signals over each lap, in the order of the laps."""
    found = columns_by_name(columns)
    made: list[dict[str, Extremes]] = [{} for _ in laps]
    for name in names:
        column = found.get(name)
        if column is None:
            continue
        lows, highs = np.full(len(laps), np.inf), np.full(len(laps), -np.inf)
        for batch in columns.read(column.channel, column.path[:1]):
            field = pick(batch.messages, column.path)
            if is_list(column.kind):
                continue
            _gather(batch.log_time, values_of(field), laps, lows, highs)
        for place in range(len(laps)):
            if lows[place] <= highs[place]:
                made[place][name] = Extremes(float(lows[place]), float(highs[place]))
    return made


def _gather(times: Int64s, values: Floats, laps: Sequence[Lap], lows: Floats, highs: Floats) -> None:
    known = np.isfinite(values)
    times, values = times[known], values[known]
    for place, lap in enumerate(laps):
        first, last = np.searchsorted(times, [lap.started_ns, lap.ended_ns])
        if first < last:
            lows[place] = min(lows[place], values[first:last].min())
            highs[place] = max(highs[place], values[first:last].max())


def energies_of(columns: Columns, catalogue: CarCatalogue, laps: Sequence[Lap]) -> list[float | None]:
    """Joules out of the pack over each lap; None where voltage or current are not logged."""
    found = columns_by_name(columns)
    roles = catalogue.resolve([(name, str(column.kind)) for name, column in found.items()])
    volts, amps = roles.get(Role.PACK_VOLTAGE), roles.get(Role.PACK_CURRENT)
    if not volts or not amps or is_list(found[volts[0].name].kind) or is_list(found[amps[0].name].kind):
        return [None] * len(laps)
    factor = _WATTS.get((volts[0].unit or "V", amps[0].unit or "A"))
    if factor is None:
        return [None] * len(laps)
    times, voltage = _read(columns, found, volts[0].name)
    current_times, current = _read(columns, found, amps[0].name)
    if len(times) < 2 or len(current_times) < 2:
        return [None] * len(laps)
    power = voltage * np.interp(times, current_times, current) * factor
    steps_s = np.diff(times) / NS_PER_S
    known = steps_s <= LONGEST_STEP_S
    joules = np.append(0.0, np.cumsum(np.where(known, (power[1:] + power[:-1]) / 2 * steps_s, 0.0)))
    ends = np.array([[lap.started_ns, lap.ended_ns] for lap in laps]).reshape(-1, 2)
    inside = (ends[:, 0] >= times[0] - NS_PER_S) & (ends[:, 1] <= times[-1] + NS_PER_S)
    used = np.interp(ends[:, 1], times, joules) - np.interp(ends[:, 0], times, joules)
    return [float(energy) if there else None for energy, there in zip(used, inside, strict=True)]


def _read(columns: Columns, found: Mapping[str, Column], name: str) -> tuple[Int64s, Floats]:
    column = found[name]
    parts = [
        (batch.log_time, values_of(pick(batch.messages, column.path)))
        for batch in columns.read(column.channel, column.path[:1])
    ]
    if not parts:
        return np.empty(0, np.int64), np.empty(0)
    times, values = (np.concatenate(each) for each in zip(*parts, strict=True))
    known = np.isfinite(values)
    return times[known], values[known]
