"""Statistics of a span and values at cursors, over HTTP: what NumPy says of the samples that are in the log."""

from __future__ import annotations

from pathlib import Path

import httpx
import numpy as np
import pytest

from paddock.usecases.context import Context
from tests.web.converted import converted, json_log

pytestmark = pytest.mark.anyio

ROWS, RATE_HZ, SILENT_FROM = 900, 10, 600
SIGNALS = ["Car.speed", "Car.gear", "Car.cells[1]"]
RANDOM = np.random.default_rng(16)
SPEED = RANDOM.normal(20.0, 6.0, ROWS)
GEAR = RANDOM.integers(0, 6, ROWS)
SPEED[431] = 250.0  # a spike, and a sample that is missing
SPEED[500] = np.nan


@pytest.fixture
async def address(context: Context, tmp_path: Path) -> str:
    messages = [
        {
            "speed": None if np.isnan(speed) else float(speed),
            "gear": int(gear),
            "cells": [float(speed > 20), int(gear)],
        }
        for speed, gear in zip(SPEED, GEAR, strict=True)
    ]
    log = json_log(tmp_path / "run.mcap", "Car", messages, pause_after=SILENT_FROM)
    return f"/api/recordings/{(await converted(context, log)).id}/statistics"


async def test_statistics_are_those_of_numpy(client: httpx.AsyncClient, address: str) -> None:
    times = np.arange(ROWS) / RATE_HZ + np.where(np.arange(ROWS) >= SILENT_FROM, 60.0, 0.0)
    for _ in range(12):
        start, end = np.sort(RANDOM.uniform(-5, times[-1] + 5, 2)).round(3)
        asked = {"signal": SIGNALS, "start": start, "end": end}
        answer = (await client.get(address, params=asked)).json()
        inside = (times >= start) & (times <= end)
        for item, values in zip(answer["items"], (SPEED, GEAR, GEAR), strict=True):
            known = values[inside & np.isfinite(values)].astype(np.float64)
            assert (item["count"], item["at"]) == (len(known), [])
            figures = [item[each] for each in ("min", "max", "mean", "rms", "std", "first", "last")]
            if not len(known):
                assert figures == [None] * 7
                continue
            expected = known.min(), known.max(), known.mean(), np.sqrt((known**2).mean()), known.std()
            np.testing.assert_allclose(figures, [*expected, known[0], known[-1]])
        # What is drawn of them, in a few points, reaches as far up and down: no spike is lost.
        span = {"start": start, "end": end, "points": 100}
        plot = (await client.get(address.replace("statistics", "plot"), params={"signal": SIGNALS, **span})).json()
        for item, series in zip(answer["items"], plot["series"], strict=True):
            inside = (np.array(series["seconds"]) >= start) & (np.array(series["seconds"]) <= end)
            drawn = np.array(series["values"], np.float64)[inside]
            if item["count"]:
                assert (item["min"], item["max"]) == (np.nanmin(drawn), np.nanmax(drawn)), series["name"]
                assert len(drawn) <= 150
    (whole,) = (await client.get(address, params={"signal": "Car.speed"})).json()["items"]
    assert (whole["max"], whole["count"]) == (250.0, ROWS - 1), "no spike is lost"

    cursors = [0.0, 43.1, 43.1999996, 43.1999994, 43.2, 50.05, 65.0, -1.0, 70.0, 1e6]
    asked = {"signal": ["Car.speed", "Car.gear"], "start": 1, "end": 2, "at": cursors}
    speed, gear = (await client.get(address, params=asked)).json()["items"]
    # Plots say times in microseconds. A missing sample, 60 s of silence and what is beyond the log have no speed.
    near = [0, 431, 432, 431, 432]
    assert speed["at"] == [*SPEED[near], None, None, None, None, None]
    assert gear["at"] == [*GEAR[near], GEAR[500], GEAR[SILENT_FROM - 1], None, GEAR[SILENT_FROM - 1], GEAR[-1]]

    for wrong, code in (
        ({"signal": "Car.speed", "at": list(range(11))}, "bad_plot"),
        ({"signal": "Car.speed", "at": 1e300}, "bad_plot"),
        ({"signal": "Car.cells"}, "bad_plot"),
        ({"signal": "Car.nothing[1]", "at": 1}, "no_such_signal"),
        ({"signal": "Car.speed", "at": "soon"}, "bad_request"),
    ):
        refused = await client.get(address, params=wrong)  # type: ignore[arg-type]
        assert (refused.status_code in (404, 422), refused.json()["code"]) == (True, code), wrong
