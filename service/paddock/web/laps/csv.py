"""Lap tables for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from paddock.domain.setup_values import Value, text_of
from paddock.usecases.laps.find import SeasonLap
from paddock.web.laps.resources import said_of

SAID = ("car", "driver", "event")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def season_csv(found: Sequence[SeasonLap], setups: Mapping[str, Mapping[str, Value]]) -> str:
    """One row a lap, with sectors, extremes and the values of setup sheets as columns.

    Args:
        setups: the sheet of each recording, by its id.
    """
    sheets = {each.recording.id: setups[each.recording.id] for each in found}
    on_sheets = list(dict.fromkeys(name for sheet in sheets.values() for name in sheet))
    sectors = max((len(each.stored.lap.sectors) for each in found), default=0)
    signals = list(dict.fromkeys(name for each in found for name in each.stored.extremes))
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(
        [
            "recording",
            "day",
            *SAID,
            "lap",
            "kind",
            "time_s",
            "uncertainty_s",
            *(f"sector_{number}_s" for number in range(1, sectors + 1)),
            "distance_m",
            "energy_j",
            *(harmless_text(f"{end} {name}") for name in signals for end in ("min", "max")),
            *(f"setup.{name}" for name in on_sheets),
            "notice",
        ]
    )
    for each in found:
        on_sheet = [setup_cell(sheets[each.recording.id].get(name)) for name in on_sheets]
        writer.writerow(_row(each, sectors, signals, on_sheet))
    return target.getvalue()


def _row(found: SeasonLap, sectors: int, signals: Iterable[str], on_sheet: Iterable[str]) -> list[object]:
    stored, lap, said = found.stored, found.stored.lap, said_of(found.recording)
    times = {sector.number: sector.duration_s for sector in lap.sectors}
    extremes = [stored.extremes.get(name) for name in signals]
    return [
        found.recording.id,
        stored.day,
        *(harmless_text(said.get(name, "")) for name in SAID),
        lap.number,
        lap.kind,
        _number(lap.duration_s, 4),
        _number(lap.uncertainty_s, 4),
        *(_number(times.get(number), 4) for number in range(1, sectors + 1)),
        _number(lap.distance_m, 1),
        _number(stored.energy_j, 0),
        *(_number(end, 6) for each in extremes for end in ((each.min, each.max) if each else (None, None))),
        *on_sheet,
        lap.notice,
    ]


def setup_cell(value: Value | None) -> str:
    """One value of a setup sheet as a cell."""
    return "" if value is None else harmless_text(value) if isinstance(value, str) else text_of(value)


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def harmless_text(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value
