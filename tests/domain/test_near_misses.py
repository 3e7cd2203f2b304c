from __future__ import annotations

import itertools

import pytest

from paddock.domain.near_misses import did_you_mean, near_misses

NAMES = ["ACUAllData.cell_voltages", "ACUAllData.cell_temps", "VNData.vn_vel_m_s.x", "Pedals.brake"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ACUAllData.cell_voltage", "ACUAllData.cell_voltages"),
        ("cell_voltages", "ACUAllData.cell_voltages"),
        ("vn_vel_ms.x", "VNData.vn_vel_m_s.x"),
        ("pedals.break", "Pedals.brake"),
    ],
)
def test_the_closest_name_comes_first(text: str, meant: str) -> None:
    assert near_misses(text, NAMES)[0] == meant


def test_what_is_close_to_nothing_is_told_nothing() -> None:
    assert did_you_mean("zzz", NAMES) == ""
    assert did_you_mean("Pedals.brak", NAMES) == " Did you mean Pedals.brake?"


def test_names_without_end_are_not_all_looked_at() -> None:
    assert near_misses("z" * 100_000, (f"n{number}" * 100 for number in itertools.count())) == []
