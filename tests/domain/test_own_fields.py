"""Fields that a team adds: what they may be called, and what they may say."""

from __future__ import annotations

import inspect

import msgspec
import pytest

from paddock.client import Client, FoundRecording
from paddock.domain.fields import EVERY_TEAMS, FIELDS, Fields
from paddock.domain.own_fields import (
    MAX_CHOICES,
    MAX_COLUMNS,
    MAX_FIELDS,
    RESERVED,
    OwnField,
    OwnFieldValues,
    check_own,
    name_of,
    team_fields,
)
from paddock.errors import Rejected
from paddock.formats.matlab_names import KEYWORDS
from paddock.usecases.find.search import sorts
from paddock.web.find.facets_api import FacetsResource

TYRES = OwnField("tyre_set", "Tyre set", ("R25B", "Wet weather"), column=True)


def tyres() -> Fields:
    return team_fields([TYRES])


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Tyre set", "tyre_set"),
        ("  Öl: Temperatur (°C) ", "ol_temperatur_c"),
        ("Größe", "grosse"),
        ("Front ARB / 2nd hole", "front_arb_2nd_hole"),
        ("2nd driver", ""),
        ("タイヤ", ""),
        ("x" * 60, "x" * 40),
    ],
)
def test_a_label_suggests_a_name(label: str, name: str) -> None:
    assert name_of(label) == name


def test_a_name_works_in_matlab_in_python_and_in_addresses() -> None:
    for name in ("Tyre", "2nd", "_x", "tyre set", "tyre-set", "tyré", "", "x" * 41, "a.b", "tyre\n"):
        with pytest.raises(Rejected, match="cannot be a field's name"):
            check_own(name, OwnFieldValues(label="Something"), ())
    for name in ("end", "class", "otherwise", "def"):
        with pytest.raises(Rejected, match="means something else"):
            check_own(name, OwnFieldValues(label="Something"), ())
    with pytest.raises(Rejected, match="Every team has"):
        check_own("driver", OwnFieldValues(label="Something"), ())
    assert {name for name in KEYWORDS if name.islower()} <= RESERVED


def test_no_name_is_one_that_has_a_meaning_already() -> None:
    taken = {*sorts(EVERY_TEAMS), *FacetsResource.__struct_fields__}
    for method in (Client.search, FoundRecording.edit):
        kinds = inspect.signature(method).parameters.values()
        taken |= {each.name for each in kinds if each.kind is not inspect.Parameter.VAR_KEYWORD}
    assert taken <= RESERVED | set(EVERY_TEAMS.by_name)


def test_labels_choices_and_numbers_have_limits() -> None:
    def refused(match: str, others: tuple[OwnField, ...] = (), **said: object) -> None:
        values = msgspec.convert({"label": "Tyres", **said}, OwnFieldValues)
        with pytest.raises(Rejected, match=match):
            check_own("tyres", values, others)

    refused("label is empty", label="   ")
    refused("longer than 40", label="x" * 41)
    refused("cannot be printed", label="Tyres\u202e")
    refused("field Driver already", label="driver ")
    refused("field Tyre set already", (TYRES,), label="tyre  SET")
    refused("is there twice", choices=["Soft", "soft "])
    refused("at most 50", choices=[str(number) for number in range(MAX_CHOICES + 1)])
    many = tuple(OwnField(f"f{number}", f"F {number}") for number in range(MAX_FIELDS))
    refused("at most 30", many)
    wide = tuple(OwnField(f"f{number}", f"F {number}", column=True) for number in range(MAX_COLUMNS))
    refused("room for 4 columns", wide, column=True)
    made = check_own("tyres", OwnFieldValues(label=" Tyre  set ", choices=(" soft ", "", "hard")), ())
    assert (made.label, made.choices) == ("Tyre set", ("soft", "hard"))


def test_a_choice_is_one_in_any_case_and_nothing_else_is() -> None:
    assert tyres().check({"tyre_set": " wet  WEATHER"}) == {"tyre_set": "Wet weather"}
    assert tyres().check({"tyre_set": ""}) == {}
    with pytest.raises(Rejected, match="Tyre set is one of R25B, Wet weather: 'slick' is none of them"):
        tyres().check({"tyre_set": "slick"})


def test_the_logs_setup_record_fills_own_fields_with_what_they_may_say() -> None:
    assert tyres().from_setup_record({"Tyre Set": "r25b"})["tyre_set"].value == "R25B"
    assert tyres().from_setup_record({"TYRE_SET": "R25B"})["tyre_set"].value == "R25B"
    assert "tyre_set" not in tyres().from_setup_record({"tyre_set": "slick"})


def test_a_field_that_every_team_got_later_is_that_one() -> None:
    fields = team_fields([OwnField("session", "Our sessions", ("am", "pm")), TYRES])
    assert (fields.label("session"), fields.by_name["session"].choices) == ("Session", ())
    assert [field.name for field in fields].count("session") == 1


def test_own_columns_stand_behind_those_of_every_team() -> None:
    assert [field.name for field in tyres().columns] == ["driver", "event", "venue", "car", "tyre_set"]
    assert [field.name for field in tyres()] == [*(field.name for field in FIELDS), "tyre_set"]
    assert tyres().named({"gone": 1}, {"car": 1})[-2:] == ("tyre_set", "gone")
    assert (tyres().label("tyre_set"), tyres().label("gone")) == ("Tyre set", "gone")
