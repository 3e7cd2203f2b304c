from __future__ import annotations

import pytest

from paddock.domain.catalogue import CarCatalogue, Catalogue, Entry
from paddock.domain.catalogue_faults import Value, faults

LOOP = {0: "LOOP_UNKNOWN", 1: "LOOP_OPEN", 2: "LOOP_CLOSED"}
NODE = {0: "NODE_NONE", 1: "NODE_BSPD", 2: "NODE_IMD"}
STATE = {0: "STARTUP", 1: "TRACTIVE_SYSTEM_NOT_ACTIVE", 2: "READY_TO_DRIVE", 3: "FAULT", 4: "NO_ERROR"}


@pytest.mark.parametrize(
    ("name", "dtype", "values", "names", "expected"),
    [
        ("ShutdownChain.estop", "int32", list(LOOP), LOOP, [1]),
        ("ShutdownChain.imd", "int32", list(LOOP), LOOP, [1]),
        ("Shutdown.imd_ok", "bool", [False, True], {}, [False]),
        ("Shutdown.bspd", "bool", [False, True], {}, [False]),
        ("Pedals.implausibility", "bool", [False, True], {}, [True]),
        ("BMS.cell_fault", "bool", [False, True], {}, [True]),
        ("BMS.fault_code", "int32", list(NODE), NODE, [1, 2]),
        ("VehicleData.vehicle_state", "int32", list(STATE), STATE, [3]),
        ("Log.text", "string", ["ERROR: cell not read", "no fault", "fault cleared"], {}, ["ERROR: cell not read"]),
        ("Log.text", "string", ["Inverter fault", "ready"], {}, ["Inverter fault"]),
        ("Valve.position", "int32", [0, 1], {0: "CLOSED", 1: "OPEN"}, []),
        ("Dash.start_button", "bool", [False, True], {}, []),
    ],
)
def test_a_fault_is_guessed_from_what_signal_and_value_are_called(
    name: str, dtype: str, values: list[Value], names: dict[int, str], expected: list[Value]
) -> None:
    assert faults(CarCatalogue(Catalogue()).describe(name, dtype), values, names) == expected


@pytest.mark.parametrize(("said", "expected"), [(("loop_closed",), [2]), (("0", "LOOP_OPEN"), [0, 1]), ((), [])])
def test_what_the_catalogue_says_goes_before_a_guess(said: tuple[str, ...], expected: list[Value]) -> None:
    catalogue = CarCatalogue(Catalogue(signals=(Entry("ShutdownChain.imd", faults=said),)))
    assert faults(catalogue.describe("ShutdownChain.imd", "int32"), list(LOOP), LOOP) == expected


def test_the_catalogue_says_of_a_switch_which_way_is_wrong() -> None:
    catalogue = CarCatalogue(Catalogue(signals=(Entry("Pump.running", faults=("off",)),)))
    assert faults(catalogue.describe("Pump.running", "bool"), [False, True], {}) == [False]
