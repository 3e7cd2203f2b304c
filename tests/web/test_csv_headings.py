"""No two columns of a CSV file are called alike, whatever the team calls its fields."""

from __future__ import annotations

import csv
import io

import msgspec

from paddock.domain.fields import Fields
from paddock.domain.laps import Sector
from paddock.domain.own_fields import OwnField, team_fields
from paddock.domain.setup_sheets import SetupFields
from paddock.domain.setup_values import SetupSheet
from paddock.usecases.laps.find import SeasonLap
from paddock.usecases.setups.book import Book, BookEntry
from paddock.web.laps.csv import season_csv
from paddock.web.setups.csv import book_csv
from tests.logs import STARTED_NS
from tests.web.builders import build_recording, metadata
from tests.web.laps import stored_lap


def fields(*names: str) -> Fields:
    return team_fields(OwnField(name, name.capitalize()) for name in names)


def only_row(text: str) -> dict[str, str]:
    headings, row = csv.reader(io.StringIO(text))
    assert len(set(headings)) == len(headings)
    return dict(zip(headings, row, strict=True))


def test_a_field_like_a_sector_is_apart_from_it() -> None:
    recording = build_recording(metadata=metadata(sector_1_s="fast", sector_3_s="slow"))
    stored = stored_lap(recording.id, STARTED_NS, 60.0)
    sectors = (Sector(1, 25.0), Sector(2, 35.0))
    stored = msgspec.structs.replace(stored, lap=msgspec.structs.replace(stored.lap, sectors=sectors))
    laps = [SeasonLap(stored, recording)]

    row = only_row(season_csv(laps, fields("sector_1_s", "sector_3_s"), {recording.id: {}}))

    assert (row["metadata.sector_1_s"], row["sector_3_s"]) == ("fast", "slow")
    assert (float(row["sector_1_s"]), float(row["sector_2_s"])) == (25.0, 35.0)


def test_a_value_of_a_setup_sheet_is_apart_from_what_it_is_called_like() -> None:
    values = {"driver": "85 kg", "changed": "damper", "tire_set": "R25B"}
    recording = build_recording(
        metadata=metadata(driver="Adam", tire_set="Wet", changed="yes"), setup=SetupSheet(values, "")
    )
    book = Book(SetupFields(), (BookEntry(recording, True, {"driver": "85 kg"}),), None)

    row = only_row(book_csv(book, fields("tire_set", "changed")))

    assert (row["driver"], row["setup.driver"], row["changed"]) == ("Adam", "85 kg", "driver")
    assert (row["metadata.tire_set"], row["tire_set"]) == ("Wet", "R25B")
    assert (row["metadata.changed"], row["setup.changed"]) == ("yes", "damper")
