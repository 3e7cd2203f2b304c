from __future__ import annotations

import random

import pytest

from paddock.domain.catalogue import (
    CarCatalogue,
    Catalogue,
    Entry,
    check_catalogue,
)
from paddock.domain.catalogue_defaults import Role
from paddock.errors import Rejected

HT09 = [
    ("VNData.vn_vel_m_s.x", "float"),
    ("DashboardData.speed_kmh", "uint32"),
    ("VNData.vn_gps.lat", "float"),
    ("VNData.vn_gps.lon", "float"),
    ("GNSSFix.latitude_deg", "double"),
    ("GNSSFix.longitude_deg", "double"),
    *((f"WheelSpeeds.rpm.{wheel}", "float") for wheel in ("FL", "FR", "RL", "RR")),
    *((f"VehicleData.current_rpms.{wheel}", "float") for wheel in ("FL", "FR", "RL", "RR")),
    ("ACUAllData.min_cell_voltage", "float"),
    ("ACUAllData.max_cell_voltage", "float"),
    ("Box.mystery", "float"),
]


def resolved(signals: list[tuple[str, str]], *entries: Entry, car: str = "") -> dict[Role, list[str]]:
    found = CarCatalogue(Catalogue(signals=entries), car).resolve(signals)
    return {role: [one.name for one in played] for role, played in found.items()}


def test_an_empty_catalogue_guesses_the_same_in_any_order() -> None:
    expected = {
        Role.SPEED: ["VNData.vn_vel_m_s.x"],
        Role.WHEEL_SPEED: [f"WheelSpeeds.rpm.{wheel}" for wheel in ("FL", "FR", "RL", "RR")],
        Role.LATITUDE: ["GNSSFix.latitude_deg"],
        Role.LONGITUDE: ["GNSSFix.longitude_deg"],
        Role.CELL_VOLTAGE: ["ACUAllData.max_cell_voltage", "ACUAllData.min_cell_voltage"],
    }
    for seed in range(5):
        shuffled = random.Random(seed).sample(HT09, len(HT09))
        assert resolved(shuffled + shuffled) == expected


def test_the_catalogue_goes_before_any_guess() -> None:
    found = resolved(HT09, Entry("Box.mystery", role=Role.SPEED))
    assert found[Role.SPEED] == ["Box.mystery"]


def test_an_entry_that_the_recording_lacks_leaves_room_for_guesses() -> None:
    assert resolved(HT09, Entry("Old.speed", role=Role.SPEED))[Role.SPEED] == ["VNData.vn_vel_m_s.x"]


def test_the_order_of_entries_is_what_the_team_prefers() -> None:
    first, second = Entry("DashboardData.speed_kmh", role=Role.SPEED), Entry("Box.mystery", role=Role.SPEED)
    assert resolved(HT09, first, second)[Role.SPEED] == ["DashboardData.speed_kmh"]
    assert resolved(HT09, second, first)[Role.SPEED] == ["Box.mystery"]


def test_all_that_the_catalogue_names_play_a_role_of_many() -> None:
    entries = [Entry(name, role=Role.CELL_VOLTAGE) for name in ("Box.mystery", "ACUAllData.min_cell_voltage")]
    assert resolved(HT09, *entries)[Role.CELL_VOLTAGE] == ["Box.mystery", "ACUAllData.min_cell_voltage"]


def test_none_takes_a_wrong_guess_away() -> None:
    found = resolved(HT09, Entry("VNData.vn_vel_m_s.x", role=Role.NONE))
    assert found[Role.SPEED] == ["DashboardData.speed_kmh"]


def test_an_entry_without_a_role_keeps_the_guessed_one() -> None:
    found = CarCatalogue(Catalogue(signals=(Entry("VNData.vn_vel_m_s.x", label="Ground speed", high=35.0),)))
    speed = found.resolve(HT09)[Role.SPEED][0]
    assert (speed.name, speed.label, speed.unit, speed.high) == ("VNData.vn_vel_m_s.x", "Ground speed", "m/s", 35.0)


def test_a_renamed_signal_is_the_same_signal() -> None:
    entry = Entry("VNData.vn_vel_m_s.x", aliases=("vn.velocity", "old.v"), unit="m/s", role=Role.SPEED)
    catalogue = CarCatalogue(Catalogue(signals=(entry,)))
    for name in entry.names:
        speed = catalogue.resolve([(name, "float")])[Role.SPEED][0]
        assert (speed.name, speed.signal, speed.unit) == (name, entry.name, "m/s")
    both = catalogue.resolve([("old.v", "float"), ("vn.velocity", "float")])
    assert both[Role.SPEED][0].name == "vn.velocity"


def test_an_entry_for_the_car_goes_before_the_one_for_all() -> None:
    everybody = Entry("Box.mystery", unit="V")
    ours = Entry("Box.mystery", unit="A", cars=("HT09", "HT10"))
    catalogue = Catalogue(signals=(everybody, ours))
    check_catalogue(catalogue)
    assert CarCatalogue(catalogue, "ht09 ").describe("Box.mystery").unit == "A"
    assert CarCatalogue(catalogue, "HT08").describe("Box.mystery").unit == "V"
    assert CarCatalogue(catalogue).describe("Box.mystery").unit == "V"
    assert CarCatalogue(Catalogue(signals=(ours,))).describe("Box.mystery").unit == ""


def test_latitude_and_longitude_are_of_one_receiver() -> None:
    signals = [("A.lat", "float"), ("A.lon", "float"), ("B.longitude", "double")]
    assert resolved(signals)[Role.LONGITUDE] == ["A.lon"]


def test_unknown_signals_come_with_a_guess() -> None:
    catalogue = CarCatalogue(Catalogue(signals=(Entry("a", aliases=("b_v",)),)))
    unknown = catalogue.unknown([("c_rpm", "float"), ("b_v", "float"), ("a", "float")])
    assert [(one.name, one.guess.unit) for one in unknown] == [("c_rpm", "rpm")]


def test_units_alone_are_those_of_the_whole_description() -> None:
    entries = (Entry("a_m", unit="ft"), Entry("b_m", label="B"), Entry("c_m", unit=""), Entry("list", unit="bar"))
    of_car = CarCatalogue(Catalogue(entries))
    names = ["a_m", "b_m", "c_m", "d_m", "list", "list[3]", "cells_mv[0]", "a_m[1]", "state", "x.vel_ms", "list[0"]
    signals = [(name, dtype) for name in names for dtype in ("", "float", "bool", "list<item: float>")]
    for signal in signals:
        unit = of_car.describe(*signal).unit
        assert of_car.units([signal]) == ({signal[0]: unit} if unit else {})


def test_units_of_all_that_have_one() -> None:
    catalogue = CarCatalogue(Catalogue(signals=(Entry("a_rpm", unit=""), Entry("b", unit="µT"))))
    assert catalogue.units([("a_rpm", "float"), ("b", "float"), ("c_v", "float"), ("d", "float")]) == {
        "b": "µT",
        "c_v": "V",
    }


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([Entry("")], "no signal's name"),
        ([Entry("a\nb")], "no signal's name"),
        ([Entry("a", aliases=("a",))], "twice"),
        ([Entry("a", low=2.0, high=1.0)], "no range"),
        ([Entry("a", low=float("nan"))], "no range"),
        ([Entry("a", cars=("",))], "car without a name"),
        ([Entry("a", unit="\x00")], "control characters"),
        ([Entry("a"), Entry("b", aliases=("a",))], "a is in two entries for all cars, a and b"),
        ([Entry("a", cars=("HT09",)), Entry("a", cars=("HT08", "ht09 "))], "for car ht09"),
    ],
)
def test_what_cannot_mean_anything_is_refused(entries: list[Entry], says: str) -> None:
    with pytest.raises(Rejected, match=says) as refused:
        check_catalogue(Catalogue(signals=tuple(entries)))
    assert refused.value.code == "bad_catalogue"
