from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from paddock.domain.catalogue import Catalogue, Entry
from paddock.domain.catalogue_defaults import Role
from paddock.domain.recording import RunFigures
from paddock.readers.mcap.spool import spool_log
from paddock.simulator.log import simulate
from paddock.usecases.conversion.run_figures import run_figures
from tests.formats.builders import MemoryColumns, Topic, every_kind, struct_type

SECONDS = np.arange(0, 60, 0.1)
SPEEDS = ("VNData.vn_vel_m_s.x", "VehicleData.current_body_vel_ms.x", "DashboardData.speed_kmh")
TIMES = (SECONDS * 1e9).astype(np.int64).tolist()


def topic(name: str, **columns: tuple[pa.DataType, list]) -> Topic:
    fields = struct_type(**{field: kind for field, (kind, _) in columns.items()})
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*(v for _, v in columns.values()), strict=True)]
    return Topic(name, fields, rows, TIMES)


def speeds(value: float, unit: str = "kmh") -> Topic:
    return topic("VCU", **{f"vehicle_speed_{unit}": (pa.float32(), [value] * len(TIMES))})


def fixes(east_m_s: float) -> Topic:
    longitudes = -84.0 + np.degrees(SECONDS * east_m_s / 6_371_008.8)
    return topic(
        "GPS", latitude=(pa.float64(), [0.001] * len(TIMES)), longitude=(pa.float64(), longitudes.tolist())
    )


def of(*topics: Topic, catalogue: Catalogue | None = None) -> RunFigures:
    return run_figures(MemoryColumns(topics, batch_rows=97), catalogue or Catalogue(), "HT09")


def test_distance_is_the_integral_of_the_speed() -> None:
    found = of(speeds(36.0), fixes(3.0))
    assert found.distance_m == pytest.approx(599, rel=1e-3)
    assert found.distance_from == "VCU.vehicle_speed_kmh"
    assert found.max_speed_m_s == pytest.approx(10)
    assert found.driven is True


def test_without_a_speed_the_way_is_taken_from_gps() -> None:
    found = of(fixes(10.0))
    assert found.distance_m == pytest.approx(599, rel=0.02)
    assert found.distance_from == "GPS.latitude"
    assert (found.max_speed_m_s, found.driven) == (None, True)
    assert of(fixes(0.0)).driven is False


def test_without_both_a_wheel_counts() -> None:
    wheel = {wheel: (pa.float32(), [5.0] * len(TIMES)) for wheel in ("FL", "FR")}
    found = of(topic("WheelSpeeds_m_s", **wheel))
    assert found.distance_m == pytest.approx(299.5)
    assert found.driven is True


def test_turning_wheels_tell_driven_but_no_distance() -> None:
    found = of(topic("WheelSpeeds_rpm", FL=(pa.float32(), [400.0] * len(TIMES))))
    assert found == RunFigures(driven=True)
    assert of(topic("WheelSpeeds_rpm", FL=(pa.float32(), [0.0] * len(TIMES)))).driven is False


def test_cells_are_looked_at_one_by_one() -> None:
    volts = [[4.0, 3.9, 0.0]] * len(TIMES)
    volts[300] = [4.0, 3.1, 0.0]
    degrees: list = [[30, 31]] * len(TIMES)
    degrees[10], degrees[11] = [30, 58], None
    found = of(topic("BMS", cell_v=(pa.list_(pa.float64()), volts), cell_temps_c=(pa.list_(pa.int16()), degrees)))
    assert found.min_cell_voltage_v == pytest.approx(3.1)
    assert found.max_cell_temperature_c == 58
    assert found.driven is None


def test_the_catalogue_decides() -> None:
    mystery = topic("Box", x=(pa.int32(), [20] * len(TIMES)))
    entry = Entry("Old.speed", aliases=("Box.x",), cars=("HT09",), unit="m/s", role=Role.SPEED)
    found = of(mystery, speeds(36.0), catalogue=Catalogue(signals=(entry,)))
    assert (found.max_speed_m_s, found.distance_from) == (20, "Box.x")


def test_only_the_fields_that_are_needed_are_read_and_once() -> None:
    columns = MemoryColumns([speeds(36.0), every_kind(), fixes(1.0)])
    run_figures(columns, Catalogue())
    assert sorted(columns.reads) == [("GPS", ("latitude", "longitude")), ("VCU", ("vehicle_speed_kmh",))]


@pytest.mark.slow("simulates and converts a whole run")
def test_a_simulated_run_is_as_long_as_its_laps(tmp_path: Path) -> None:
    simulate(tmp_path / "run.mcap", laps=1, rate=0.2, seed=3, event="skidpad")
    with (tmp_path / "run.mcap").open("rb") as log, spool_log(log, tmp_path) as columns:
        found = run_figures(columns, Catalogue(), "HT09")
        no_speed = Catalogue(signals=tuple(Entry(name, role=Role.NONE) for name in SPEEDS))
        by_gps = run_figures(columns, no_speed, "HT09")
    assert found.distance_from == "VNData.vn_vel_m_s.x"
    assert by_gps.distance_from == "GNSSFix.latitude_deg"
    assert found.distance_m is not None
    assert by_gps.distance_m == pytest.approx(found.distance_m, rel=0.03)
    assert found.max_speed_m_s is not None and 5 < found.max_speed_m_s < 35
    assert found.min_cell_voltage_v is not None and 2.5 < found.min_cell_voltage_v < 4.2
    assert found.max_cell_temperature_c is not None and 20 < found.max_cell_temperature_c < 70
    assert found.driven is True and by_gps.driven is True


@pytest.mark.slow("simulates and converts a whole run")
def test_a_simulated_parked_car_was_not_driven(tmp_path: Path) -> None:
    simulate(tmp_path / "run.mcap", parked=True, rate=0.2)
    with (tmp_path / "run.mcap").open("rb") as log, spool_log(log, tmp_path) as columns:
        found = run_figures(columns, Catalogue())
    assert (found.driven, found.distance_m) == (False, 0)


def test_a_log_with_none_of_it_has_no_figures() -> None:
    assert of() == RunFigures()
    assert of(Topic("silent", struct_type(vehicle_speed_kmh=pa.float32()), [])) == RunFigures()
    assert of(topic("T", text=(pa.string(), ["x"] * len(TIMES)))) == RunFigures()
