"""Lap tables for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from paddock.domain.fields import EVERY_TEAMS, Fields
from paddock.domain.recording import Recording
from paddock.domain.setup_values import Value, text_of
from paddock.usecases.laps.find import SeasonLap

_BEFORE_SAID = ("recording", "day")
_BEFORE_SECTORS = ("lap", "kind", "time_s", "uncertainty_s")
_BEFORE_EXTREMES = ("distance_m", "energy_j")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def season_csv(found: Sequence[SeasonLap], fields: Fields, setups: Mapping[str, Mapping[str, Value]]) -> str:
    """One row a lap, with metadata, sectors, extremes and the values of setup sheets as columns.

    Args:
        fields: those of the team.
        setups: the sheet of each recording, by its id.
    """
    sheets = {each.recording.id: setups[each.recording.id] for each in found}
    on_sheets = list(dict.fromkeys(name for sheet in sheets.values() for name in sheet))
    sectors = max((len(each.stored.lap.sectors) for each in found), default=0)
    of_sectors = [f"sector_{number}_s" for number in range(1, sectors + 1)]
    signals = list(dict.fromkeys(name for each in found for name in each.stored.extremes))
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(
        [
            *_BEFORE_SAID,
            *said_headings(fields, (*_BEFORE_SAID, *_BEFORE_SECTORS, *of_sectors, *_BEFORE_EXTREMES, "notice")),
            *_BEFORE_SECTORS,
            *of_sectors,
            *_BEFORE_EXTREMES,
            *(harmless_text(f"{end} {name}") for name in signals for end in ("min", "max")),
            *(f"setup.{name}" for name in on_sheets),
            "notice",
        ]
    )
    for each in found:
        on_sheet = [setup_cell(sheets[each.recording.id].get(name)) for name in on_sheets]
        writer.writerow(_row(each, fields, sectors, signals, on_sheet))
    return target.getvalue()


def said_headings(fields: Fields, others: Iterable[str]) -> list[str]:
    """The headings of the metadata fields by which recordings are filtered.

    A field of the team's own never has that of another column.
    """
    taken = {name for name in others if name not in EVERY_TEAMS.by_name}
    return [f"metadata.{field.name}" if field.name in taken else field.name for field in fields.short]


def said_cells(fields: Fields, recording: Recording) -> list[str]:
    """What a recording says in these fields."""
    return [harmless_text(field.of(recording.metadata)) for field in fields.short]


def _row(
    found: SeasonLap, fields: Fields, sectors: int, signals: Iterable[str], on_sheet: Iterable[str]
) -> list[object]:
    stored, lap = found.stored, found.stored.lap
    times = {sector.number: sector.duration_s for sector in lap.sectors}
    extremes = [stored.extremes.get(name) for name in signals]
    return [
        found.recording.id,
        stored.day,
        *said_cells(fields, found.recording),
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
