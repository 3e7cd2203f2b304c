"""The notebook about the season, cell by cell, against a served Paddock with simulated runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paddock import Client
from paddock.simulator.lap_run import Receiver
from paddock.simulator.log import simulate
from tests.conftest import REPOSITORY
from tests.web.browsing import served

NOTEBOOK = REPOSITORY / "service" / "notebooks" / "season.ipynb"
ADDRESS = "http://127.0.0.1:8080"


def run_cells(url: str) -> dict[str, Any]:
    """What is defined after the last code cell."""
    notebook = json.loads(NOTEBOOK.read_text())
    assert notebook["nbformat"] == 4
    names: dict[str, Any] = {}
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            assert not cell["outputs"], "it is kept without answers of somebody's season"
            text = "".join(cell["source"]).replace(ADDRESS, url)
            exec(compile(text, f"cell {number}", "exec"), names)
    return names


def test_it_finds_the_pressure_of_the_best_laps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with served(tmp_path / "data", with_worker=True) as site, Client(site.url) as client:
        for driver, day in (("Adam", 0), ("Maya", 86_400)):
            log = tmp_path / f"{driver}.mcap"
            started_ns = (1_776_522_720 + day) * 1_000_000_000
            simulate(
                log, driver=driver, laps=2, rate=0.1, seed=7, started_ns=started_ns, receiver=Receiver(25, 0.1)
            )
            client.upload(log, metadata={"driver": driver}).wait()
        found = run_cells(site.url)

        assert [row["driver"] for row in found["season"].to_pylist()] == ["Adam", "Maya"]
        rows = found["pressures"].to_pylist()
        assert len(rows) == 4 and [row["loss_s"] for row in rows[:2]] == [0, 0]
        for run in client.search():
            lasted = {lap.number: lap for lap in run.laps() if lap.kind == "lap"}
            best_s = min(lap.duration_s for lap in lasted.values())
            ends = {number: found_lap(found["laps"], run.id, number) for number in lasted}
            sides = run.signals(["TirePressures.pressure_kpa.FL", "TirePressures.pressure_kpa.FR"])
            for row in (each for each in rows if each["recording"] == run.id):
                first, last = ends[row["number"]]
                of_lap = [
                    side.values.to_numpy(zero_copy_only=False)[(side.time_ns >= first) & (side.time_ns <= last)]
                    for side in sides.values()
                ]
                values = np.concatenate(of_lap)
                assert row["samples"] == len(values)
                assert row["pressure_kpa"] == pytest.approx(values.mean(), rel=1e-6)
                assert row["loss_s"] == pytest.approx(lasted[row["number"]].duration_s - best_s, abs=1e-9)
        of_step = [row["loss_s"] for row in rows if row["pressure_kpa"] // 2 * 2 == found["best"]["from_kpa"]]
        assert found["best"]["loss_s_mean"] == pytest.approx(np.mean(of_step))
        assert f"{found['best']['from_kpa']:.0f} to" in capsys.readouterr().out


def found_lap(laps: Any, recording: str, number: int) -> tuple[int, int]:
    """When it began and ended, in nanoseconds."""
    (row,) = (each for each in laps.to_pylist() if (each["recording"], each["number"]) == (recording, number))
    return row["started_ns"], row["ended_ns"]
