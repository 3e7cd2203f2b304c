from __future__ import annotations

from paddock.domain.catalogue import CarCatalogue, Catalogue
from paddock.domain.overview import PanelKind, panels
from paddock.domain.recording import Signal


def signal(name: str, low: float | None, high: float | None, dtype: str = "float", count: int = 100) -> Signal:
    return Signal(id=name, recording="r", name=name, dtype=dtype, count=count, min=low, max=high)


def roles(*signals: Signal) -> dict:
    return CarCatalogue(Catalogue()).resolve([(one.name, one.dtype) for one in signals])


SPEED = signal("VCU.vehicle_speed_kmh", -36.0, 108.0)
VOLTS = signal("BMS.cell_voltage_mv", 2900.0, 4150.0, "uint16")
WARM = signal("BMS.max_cell_temp_f", 68.0, 131.0)


def test_a_log_with_none_of_it() -> None:
    assert panels({}, []) == ()


def test_panels_choose_themselves() -> None:
    track = [signal("GPS.latitude", 42.0, 42.1, "double"), signal("GPS.longitude", -84.1, -84.0, "double")]
    known = [SPEED, VOLTS, WARM, *track, signal("VCU.state", 0, 3, "int32"), signal("Dash.thing", 0, 1)]
    found = panels(roles(*known), known)
    assert [panel.kind for panel in found] == [
        PanelKind.SPEED,
        PanelKind.TRACK,
        PanelKind.CELLS,
        PanelKind.STATES,
    ]
    assert [one.name for one in found[1].signals] == ["GPS.latitude", "GPS.longitude", "VCU.vehicle_speed_kmh"]


def test_a_signal_without_values_fills_no_panel() -> None:
    silent = signal("GPS.latitude", None, None, "double", count=0)
    known = [silent, signal("GPS.longitude", 1, 2, "double")]
    assert PanelKind.TRACK not in [panel.kind for panel in panels(roles(*known), known)]


def test_without_roles_what_moves_most_is_shown() -> None:
    known = [
        signal("a.still", 1, 1),
        signal("b.slow", 0, 1, count=10),
        signal("c.fast", 0, 1, count=1000),
        signal("d.text", None, None, "string"),
    ]
    (panel,) = panels(roles(*known), known)
    assert panel.kind is PanelKind.OTHER
    assert [one.name for one in panel.signals] == ["c.fast", "b.slow"]


def test_many_of_a_kind_stay_readable() -> None:
    cells = [signal(f"BMS.cell_voltage_{number}", 3.5, 4.1) for number in range(140)]
    (panel,) = panels(roles(*cells), cells)
    assert len(panel.signals) == 8
