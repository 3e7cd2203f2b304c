"""Signals, overview and plots over HTTP."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from paddock.domain.catalogue import Entry
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Recording
from paddock.simulator.log import simulate
from paddock.usecases.catalogue.catalogue import save_catalogue
from paddock.usecases.context import Context
from tests.web.builders import HOSTILE, build_recording
from tests.web.converted import converted, json_log

pytestmark = [pytest.mark.anyio, pytest.mark.slow("converts simulated laps")]

SPEED = "VNData.vn_vel_m_s.x"


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    log = tmp_path_factory.mktemp("logs") / "driven.mcap"
    simulate(log, event="acceleration", duration_s=10.0, rate=0.2)
    return log


@pytest.fixture
async def recording(context: Context, driven: Path) -> Recording:
    return await converted(context, driven)


async def test_signals_have_units_types_and_statistics(client: httpx.AsyncClient, recording: Recording) -> None:
    answer = (await client.get(f"/api/recordings/{recording.id[:10]}/signals")).json()
    by_name = {item["name"]: item for item in answer["items"]}
    assert answer["recording"] == recording.id and list(by_name) == sorted(by_name)
    speed = by_name[SPEED]
    assert (speed["topic"], speed["unit"], speed["dtype"], speed["role"]) == ("VNData", "m/s", "float", "speed")
    assert speed["count"] > 100 and speed["min"] <= speed["mean"] <= speed["max"]


async def test_signals_are_searched_by_words(client: httpx.AsyncClient, recording: Recording) -> None:
    async def found(text: str) -> set[str]:
        answer = await client.get(f"/api/recordings/{recording.id}/signals", params={"q": text})
        return {item["name"] for item in answer.json()["items"]}

    assert SPEED in await found("vndata X")
    assert "BatteryPack.voltage_v" in await found("pack_voltage")  # by what it is used as
    assert await found(".*") == set() and await found(HOSTILE) == set()


async def test_the_overview_chooses_itself(client: httpx.AsyncClient, recording: Recording) -> None:
    panels = (await client.get(f"/api/recordings/{recording.id}/overview")).json()["panels"]
    by_kind = {panel["kind"]: panel["signals"] for panel in panels}
    assert by_kind["speed"] == [SPEED]
    assert by_kind["track"] == ["GNSSFix.latitude_deg", "GNSSFix.longitude_deg", SPEED]
    assert {"pedals", "pack", "cells", "states"} <= set(by_kind)


async def test_a_log_without_any_known_role_shows_what_moves(
    client: httpx.AsyncClient, context: Context, tmp_path: Path
) -> None:
    wobble = [{"wobbling": number / 10} for number in range(20)]
    odd = await converted(context, json_log(tmp_path / "odd.mcap", HOSTILE, wobble))
    (panel,) = (await client.get(f"/api/recordings/{odd.id}/overview")).json()["panels"]
    assert (panel["kind"], panel["signals"]) == ("other", [f"{HOSTILE}.wobbling"])
    plot = await client.get(f"/api/recordings/{odd.id}/plot", params={"signal": f"{HOSTILE}.wobbling"})
    assert plot.json()["series"][0]["values"][:3] == [0.0, 0.1, 0.2]


async def test_a_plot(client: httpx.AsyncClient, recording: Recording) -> None:
    path = f"/api/recordings/{recording.id}/plot"
    params: dict[str, str | list[str]] = {"signal": [SPEED, "VehicleData.vehicle_state", "Notice.text"]}
    plot = (await client.get(path, params=params)).json()
    speed, state, text = plot["series"]
    assert plot["start_s"] == 0 and 9 < plot["end_s"] < 11 and plot["origin_at"].endswith("Z")
    assert (speed["name"], speed["unit"], speed["drawing"]) == (SPEED, "m/s", "line")
    assert len(speed["seconds"]) == len(speed["values"]) == speed["samples"]
    assert all(len(repr(value)) < 16 for value in speed["values"])
    assert state["drawing"] == "steps" and "READY_TO_DRIVE" in " ".join(state["enums"].values()).upper()
    assert text["drawing"] == "segments" and "vehicle state startup" in text["values"]


async def test_a_plot_of_a_span(client: httpx.AsyncClient, recording: Recording) -> None:
    path = f"/api/recordings/{recording.id}/plot"
    plot = (await client.get(path, params={"signal": SPEED, "start": "4", "end": "6"})).json()
    seconds = plot["series"][0]["seconds"]
    assert (plot["start_s"], plot["end_s"]) == (4.0, 6.0)
    assert seconds[0] < 4 <= seconds[1] and seconds[-2] <= 6 < seconds[-1]


async def test_a_missing_value_is_null(client: httpx.AsyncClient, context: Context, tmp_path: Path) -> None:
    gap = await converted(context, json_log(tmp_path / "gap.mcap", "A", [{"x": 0.5}, {"x": None}, {"x": 0.2}]))
    answer = await client.get(f"/api/recordings/{gap.id}/plot", params={"signal": "A.x"})
    assert json.loads(answer.content)["series"][0]["values"] == [0.5, None, 0.2]


async def test_asking_again_costs_nothing_until_something_changed(
    client: httpx.AsyncClient, context: Context, recording: Recording
) -> None:
    path, params = f"/api/recordings/{recording.id}/plot", {"signal": SPEED}
    first = await client.get(path, params=params)
    assert first.headers["content-encoding"] == "gzip" and "no-cache" in first.headers["cache-control"]
    known = {"If-None-Match": first.headers["etag"]}
    again = await client.get(path, params=params, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert (await client.get(path, params={**params, "points": "200"}, headers=known)).status_code == 200
    await save_catalogue(context, LOCAL_USER, [Entry(SPEED, label="v", unit="km/h", high=120.0)], version=0)
    renamed = await client.get(path, params=params, headers={**known, "Accept-Encoding": "identity"})
    series = renamed.json()["series"][0]
    assert (series["label"], series["unit"], series["high"]) == ("v", "km/h", 120.0)


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"signal": "Nothing.here"}, 404, "no_such_signal"),
        ({"signal": SPEED, "start": "5", "end": "4"}, 422, "bad_plot"),
        ({"signal": SPEED, "start": "nan"}, 422, "bad_plot"),
        ({"signal": SPEED, "end": "1e300"}, 422, "bad_plot"),
        ({"signal": SPEED, "start": "soon"}, 422, "bad_request"),
        ({"signals": SPEED}, 422, "unknown_parameter"),
        ({"signal": [f"A.{number}" for number in range(101)]}, 422, "bad_plot"),
    ],
)
async def test_what_cannot_be_drawn_is_refused(
    client: httpx.AsyncClient, recording: Recording, params: dict[str, str], status: int, code: str
) -> None:
    answer = await client.get(f"/api/recordings/{recording.id}/plot", params=params)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_nothing_is_drawn_of_what_was_not_converted(client: httpx.AsyncClient, context: Context) -> None:
    waiting = build_recording()
    await context.documents.recordings.insert(waiting)
    answer = await client.get(f"/api/recordings/{waiting.id}/plot", params={"signal": SPEED})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")
    assert (await client.get(f"/api/recordings/{waiting.id}/signals")).json()["items"] == []
    assert (await client.get(f"/api/recordings/{waiting.id}/overview")).json()["panels"] == []


async def test_coverage_tells_when_a_topic_fell_silent(
    client: httpx.AsyncClient, context: Context, recording: Recording, tmp_path: Path
) -> None:
    whole = (await client.get(f"/api/recordings/{recording.id}/coverage")).json()
    by_topic = {item["topic"]: item for item in whole["items"]}
    ((start, end),) = by_topic["VNData"]["pieces"]
    assert 0 <= start < 0.1 and 9 < end <= whole["duration_s"]
    assert by_topic["CameraStatus"]["pieces"] == []
    broken = json_log(tmp_path / "broken.mcap", "A", [{"x": 1}] * 30, pause_after=20)
    gap = (await client.get(f"/api/recordings/{(await converted(context, broken)).id}/coverage")).json()
    assert [piece for item in gap["items"] for piece in item["pieces"]] == [[0.0, 1.9], [62.0, 62.9]]
