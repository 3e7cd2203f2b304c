"""Worksheets open on any recording: by name, by the team's name, by role."""

from __future__ import annotations

import pytest

from paddock.domain.catalogue import CarCatalogue, Catalogue, Described, Entry
from paddock.domain.catalogue_defaults import Role
from paddock.domain.worksheets import MAX_PLOTS, Fitted, SheetSignal, check_worksheet, fit, remembered
from paddock.errors import Rejected


def signals(*names: str, entries: tuple[Entry, ...] = ()) -> list[Described]:
    catalogue = CarCatalogue(Catalogue(signals=entries))
    return [catalogue.describe(name, "float") for name in names]


def test_what_is_saved_opens_as_it_was() -> None:
    here = signals("VNData.vn_vel_m_s.x", "Pedals.brake", "Odd.thing")
    plots = [["VNData.vn_vel_m_s.x", "Odd.thing"], [], ["Pedals.brake"]]
    kept = remembered(plots, here)
    assert kept[0] == (SheetSignal("VNData.vn_vel_m_s.x", Role.SPEED), SheetSignal("Odd.thing"))
    assert fit(kept, here) == Fitted((("VNData.vn_vel_m_s.x", "Odd.thing"), ("Pedals.brake",)), ())


def test_a_car_that_calls_a_signal_otherwise_has_it_by_alias_or_role() -> None:
    entries = (Entry("Motor.temperature", aliases=("Inverter.motor_temp",)),)
    kept = remembered(
        [["Motor.temperature"], ["VNData.vn_vel_m_s.x"]],
        signals("Motor.temperature", "VNData.vn_vel_m_s.x", entries=entries),
    )
    other = signals("Inverter.motor_temp", "Gps.speed", entries=entries)
    assert fit(kept, other) == Fitted((("Inverter.motor_temp",), ("Gps.speed",)), ())


def test_signals_of_one_role_are_each_taken_once() -> None:
    wheels = [f"Wheels.rpm_{place}" for place in ("FL", "FR", "RL", "RR")]
    kept = remembered([wheels], signals(*wheels))
    assert {each.role for each in kept[0]} == {Role.WHEEL_SPEED}
    other = [f"Ecu.wheel_rpm_{place}" for place in ("FL", "FR", "RL", "RR")]
    fitted = fit(kept, signals(*other))
    assert sorted(fitted.plots[0]) == sorted(other) and not fitted.missing
    assert len(fit(kept, signals(*other[:3])).missing) == 1


def test_what_a_log_has_nothing_for_is_named() -> None:
    kept = remembered([["Odd.thing"], ["Pedals.brake"]], signals("Odd.thing", "Pedals.brake"))
    assert fit(kept, signals("Gps.altitude")) == Fitted((), ("Odd.thing", "Pedals.brake"))


@pytest.mark.parametrize(
    ("name", "plots"),
    [("", [["a"]]), ("x" * 121, [["a"]]), ("x", []), ("x", [[]]), ("x", [["a"]] * (MAX_PLOTS + 1))],
)
def test_what_is_no_worksheet_is_refused(name: str, plots: list[list[str]]) -> None:
    with pytest.raises(Rejected) as refused:
        check_worksheet(name, plots)
    assert refused.value.code == "bad_worksheet"
